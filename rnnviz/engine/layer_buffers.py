"""Layer: the arrays that one layer of cells writes its forward and backward pass into."""

from __future__ import annotations

from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


class Dims(NamedTuple):
    """How large a layer is: T tokens, B sequences, H units, D numbers that come in."""

    steps: int
    batch: int
    hidden: int
    inputs: int


class Layer:
    """One layer's record for T tokens of B sequences, the longest sequence first.

    Row t of ``z`` (T + 1, B, H + 1 + D) is [h_{t-1}, 1, x_t], so that a product with a fused weight
    is W_h h_{t-1} + b + W_x x_t, and a state is written once, where the next step reads it. At
    token t only the first ``counts[t]`` sequences go on; what lies beyond isn't computed. The cell
    adds ``arrays`` of its own by name; ``first`` are gradients of the states before the first
    token, ``ends`` gradients of states other than h at the end of each sequence, (B, H), which come
    from what reads them again. With ``share`` all but ``z`` lies in another layer's memory.
    """

    def __init__(
        self, extent: Dims, counts: tuple[int, ...], dtype: Any, share: Layer | None = None
    ) -> None:
        steps, batch, hidden, inputs = self.extent = extent
        self.counts, self.dtype = counts, np.dtype(dtype)
        self.z: Array = np.zeros((steps + 1, batch, hidden + 1 + inputs), dtype)
        self.z[:, :, hidden] = 1
        self.h = self.z[1:, :, :hidden]
        self.h_before = self.z[:-1, :, :hidden]
        self.x = self.z[:-1, :, hidden + 1 :]
        self.ends: dict[str, Array] = {}
        self._share = share
        self.first: dict[str, Array] = {"h": self.scratch()} if share is None else share.first
        self.arrays: dict[str, Array] = {**share.arrays} if share else {}
        self.arrays |= {"h": self.h, "h_before": self.h_before}

    @cached_property
    def dh(self) -> Array:
        """dL/dh_t, (T, B, H); memory is taken when the way back is first bound."""
        return self.empty() if self._share is None else self._share.dh

    @property
    def ragged(self) -> bool:
        """Whether some sequences are shorter than others."""
        return self.counts[-1] < self.extent.batch

    @property
    def rows(self) -> Array:
        """The rows [h_{t-1}, 1, x_t] of all tokens, one below the other, (T * B, H + 1 + D)."""
        return self.z[:-1].reshape(-1, self.z.shape[-1])

    @property
    def after(self) -> Array:
        """The rows that begin with h_t, one below the other, (T * B, H + 1 + D)."""
        return self.z[1:].reshape(-1, self.z.shape[-1])

    def empty(self) -> Array:
        """Memory for one number of every unit, (T, B, H); zero where sequences have ended."""
        alone: Array = self.gates(1)[0]
        return alone

    def gates(self, count: int) -> Array:
        """Memory for so many gates, (count, T, B, H); zero where sequences have ended."""
        steps, batch, hidden, _ = self.extent
        shape = (count, steps, batch, hidden)
        return np.zeros(shape, self.dtype) if self.ragged else np.empty(shape, self.dtype)

    def scratch(self) -> Array:
        """Memory for one state of every sequence, (B, H)."""
        return np.zeros((self.extent.batch, self.extent.hidden), self.dtype)

    def number(self, value: float) -> Array:
        """A number of the layer's own kind, which is quicker to compute with than Python's."""
        return np.array(value, self.dtype)
