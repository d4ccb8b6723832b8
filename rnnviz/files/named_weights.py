"""Named weights: arrays from a file as the parameters of a network."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from rnnviz.engine.layer_buffers import Array
from rnnviz.engine.parameters import Architecture, Parameters
from rnnviz.files.foreign_network import TransferError


def named_weights(tensors: Mapping[str, Array], of: Architecture, dtype: str) -> Parameters:
    """The weights by name, all that the network has and no others; raises TransferError."""
    parameters = Parameters(of, dtype=dtype)
    named = parameters.named()
    for name in [*named, *tensors]:
        if name not in named or name not in tensors:
            lacks = "has" if name in tensors else "lacks"
            raise TransferError(f"it {lacks} {name[:60]}, unlike a network of these settings.")
        given, own = tensors[name], named[name]
        if given.shape != own.shape or given.dtype != own.dtype:
            raise TransferError(
                f"{name} is {given.dtype} of the shape {given.shape}, and must be {own.dtype} of "
                f"{own.shape}."
            )
        own[...] = given
    if not np.isfinite(parameters.theta).all():
        names = (name for name, array in named.items() if not np.isfinite(array).all())
        raise TransferError(f"{next(names)} has values that are not finite numbers.")
    return parameters
