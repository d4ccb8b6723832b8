"""PyTorch's recurrent layers: their arrays by PyTorch's names, and the same weights here.

A layer has weight_ih (G H, D), weight_hh (G H, H), bias_ih and bias_hh (G H,): the rows of its G
gates stand below each other. Its number follows the names: weight_ih_l0.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from rnnviz.engine.layer_buffers import Array
from rnnviz.engine.parameters import Parameters

#: The order of the gates in PyTorch's stacked arrays.
GATES = {"elman": "h", "gru": "rzn", "lstm": "ifgo"}
#: The arrays of a layer that has biases, without the layer's number.
NAMES = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")


def write_layers(arrays: Mapping[str, Array], parameters: Parameters) -> None:
    """Write PyTorch's arrays into the parameters; missing biases are 0.

    Two biases become their sum, but for those of GRU's n.
    """
    kind = parameters.architecture.kind
    for number, named in enumerate(parameters.by_layer()):
        layer = {name: arrays.get(f"{name}_l{number}") for name in NAMES}
        weight_ih, weight_hh, *biases = layer.values()
        _unstack(weight_ih, [named[f"W_x{gate}"] for gate in GATES[kind]])
        _unstack(weight_hh, [named[f"W_h{gate}"] for gate in GATES[kind]])
        first, second = (np.zeros(len(_known(weight_hh))) if b is None else b for b in biases)
        hidden = parameters.architecture.hidden
        if kind == "gru":
            named["b_hn"][...] = second[-hidden:]
            second = np.concatenate([second[:-hidden], np.zeros(hidden)])
        # In the precision of the biases, as PyTorch has it: they are summed before they are added.
        _unstack(first + second, [named[name] for name in _biases(kind)])


def torch_layers(parameters: Parameters) -> dict[str, Array]:
    """PyTorch's arrays with the same weights; of bias_hh only GRU's n is not 0."""
    kind, arrays = parameters.architecture.kind, dict[str, Array]()
    for number, named in enumerate(parameters.by_layer()):
        first = np.concatenate([named[name] for name in _biases(kind)])
        second = np.zeros_like(first)
        if kind == "gru":
            second[-parameters.architecture.hidden :] = named["b_hn"]
        stacks = (_stack(named, "W_x", kind), _stack(named, "W_h", kind), first, second)
        arrays |= {f"{name}_l{number}": stack for name, stack in zip(NAMES, stacks, strict=True)}
    return arrays


def _biases(kind: str) -> list[str]:
    """The names of what is PyTorch's first bias here, or the sum of both."""
    return ["b_r", "b_z", "b_xn"] if kind == "gru" else [f"b_{g}" for g in GATES[kind]]


def _stack(named: Mapping[str, Array], prefix: str, kind: str) -> Array:
    return np.concatenate([named[f"{prefix}{gate}"] for gate in GATES[kind]])


def _unstack(stacked: Array | None, parts: Sequence[Array]) -> None:
    """Write the rows of a stack into arrays of equal size."""
    for part, rows in zip(parts, np.split(_known(stacked), len(parts)), strict=True):
        part[...] = rows


def _known(array: Array | None) -> Array:
    assert array is not None, "a layer has weights"
    return array
