"""Layer: the arrays of one layer's forward and backward pass."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property, partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


class Dims(NamedTuple):
    """The sizes of a layer: T tokens, B sequences, H units, D inputs."""

    steps: int
    batch: int
    hidden: int
    inputs: int


class Layer:
    """One layer's arrays for T tokens of B sequences, the longest sequence first.

    Row t of ``z`` is [h_{t-1}, 1, x_t], (T + 1, B, H + 1 + D): its product with a fused weight is
    W_h h_{t-1} + b + W_x x_t, and each state is written where the next token reads it. ``rows`` are
    the states in it; the last one is the output, which the next layer and the readout read, ``h``.
    At token t only the first ``counts[t]`` sequences are computed; ``ragged`` says whether these
    become fewer. The cell adds its own ``arrays`` by name.
    ``first`` are the gradients of the states before the first token. ``ends`` are the gradients,
    (B, H), that a decoder adds to the last states other than h. With ``share``, all arrays but
    ``z`` are those of another layer.
    """

    def __init__(
        self,
        extent: Dims,
        counts: tuple[int, ...],
        dtype: Any,
        share: Layer | None = None,
        rows: tuple[str, ...] = ("h",),
    ) -> None:
        steps, batch, hidden, inputs = self.extent = extent
        self.counts, self.dtype, self.out = counts, np.dtype(dtype), rows[-1]
        self.ragged = counts[-1] < batch
        one = len(rows) * hidden
        self.z: Array = np.zeros((steps + 1, batch, one + 1 + inputs), dtype)
        self.z[:, :, one] = 1
        self.x = self.z[:-1, :, one + 1 :]
        self.ends: dict[str, Array] = {}
        self._share = share
        self.first: dict[str, Array] = {self.out: self.scratch()} if share is None else share.first
        self.arrays: dict[str, Array] = {**share.arrays} if share else {}
        for k, name in enumerate(rows):
            states = self.z[:, :, k * hidden : (k + 1) * hidden]
            self.arrays |= {name: states[1:], f"{name}_before": states[:-1]}
        self.h, self.h_before = self.arrays[self.out], self.arrays[f"{self.out}_before"]

    @cached_property
    def dh(self) -> Array:
        """dL/dh_t, (T, B, H); allocated when a backward pass is first bound."""
        return self.empty() if self._share is None else self._share.dh

    @property
    def rows(self) -> Array:
        """The rows [..., h_{t-1}, 1, x_t] of all tokens, (T * B, n H + 1 + D)."""
        return self.z[:-1].reshape(-1, self.z.shape[-1])

    @property
    def after(self) -> Array:
        """The rows that begin with h_t, (T * B, H + 1 + D)."""
        rows: Array = self.z[1:].reshape(-1, self.z.shape[-1])
        return rows[:, -(self.extent.hidden + 1 + self.extent.inputs) :]

    def empty(self) -> Array:
        """An array (T, B, H); zero where sequences have ended."""
        single: Array = self.gates(1)[0]
        return single

    def gates(self, count: int) -> Array:
        """An array (count, T, B, H); zero where sequences have ended."""
        steps, batch, hidden, _ = self.extent
        shape = (count, steps, batch, hidden)
        return np.zeros(shape, self.dtype) if self.ragged else np.empty(shape, self.dtype)

    def scratch(self) -> Array:
        """An array (B, H) of zeros."""
        return np.zeros((self.extent.batch, self.extent.hidden), self.dtype)

    def number(self, value: float) -> Array:
        """A number of the layer's dtype, which ufuncs take faster than a Python float."""
        return np.array(value, self.dtype)


#: A function without arguments, bound to its arrays.
Kernel = Callable[[], object]


def in_order(kernels: Sequence[Kernel]) -> Kernel:
    """One function that runs the kernels in order.

    Two or three are called without a loop, whose overhead is noticeable in small networks.
    """
    match kernels:
        case [only]:
            return only
        case [first, second]:
            return partial(_two, first, second)
        case [first, second, third]:
            return partial(_three, first, second, third)
    return partial(_run, kernels)


def _run(kernels: Sequence[Kernel]) -> None:
    for kernel in kernels:
        kernel()


def _two(first: Kernel, second: Kernel) -> None:
    first()
    second()


def _three(first: Kernel, second: Kernel, third: Kernel) -> None:
    first()
    second()
    third()
