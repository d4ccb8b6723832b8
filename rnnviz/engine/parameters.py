"""Parameters: the weights of a network, and anything of the same shape (a gradient, an update)."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

#: Streams of ``np.random.default_rng((seed, stream, ...))``; every kind of chance has its own.
INITIALISATION, SHUFFLING = 1, 2


class Sizes(NamedTuple):
    """How large a network is: V words, H hidden units, C classes."""

    inputs: int
    hidden: int
    outputs: int


class Parameters:
    """W_xh (H, V), W_hh (H, H), b_h (H,), W_hy (C, H), b_y (C,), all views of one flat ``theta``.

    ``cell`` (1 + H + V, H) and ``readout`` (1 + H, C) hold them fused, so that
    ``[1, h, x] @ cell`` is W_xh x + W_hh h + b_h in one product, and so is its gradient;
    ``[1, h] @ readout`` is W_hy h + b_y.
    """

    def __init__(self, sizes: Sizes, theta: Array | None = None) -> None:
        inputs, hidden, outputs = self.sizes = sizes
        rows = 1 + hidden + inputs
        split = rows * hidden
        size = split + outputs * (1 + hidden)
        self.theta: Array = np.zeros(size) if theta is None else theta
        self.cell = self.theta[:split].reshape(rows, hidden)
        self.readout = self.theta[split:].reshape(1 + hidden, outputs)
        self.b_h = self.cell[0]
        self.W_hh = self.cell[1 : 1 + hidden].T
        self.W_xh = self.cell[1 + hidden :].T
        self.b_y = self.readout[0]
        self.W_hy = self.readout[1:].T

    def named(self) -> dict[str, Array]:
        """The arrays by their names, in the order of the formulas; views, not copies."""
        names = ("W_xh", "W_hh", "b_h", "W_hy", "b_y")
        return {name: getattr(self, name) for name in names}

    def copy(self) -> Parameters:
        """Parameters with the same values and their own memory."""
        return Parameters(self.sizes, self.theta.copy())


def initial_parameters(sizes: Sizes, scale: float, seed: int) -> Parameters:
    """Weights drawn from a normal distribution of standard deviation ``scale``; biases zero."""
    parameters = Parameters(sizes)
    rng = np.random.default_rng((seed, INITIALISATION))
    for name in ("W_xh", "W_hh", "W_hy"):
        weights = getattr(parameters, name)
        weights[...] = scale * rng.standard_normal(weights.shape)
    return parameters
