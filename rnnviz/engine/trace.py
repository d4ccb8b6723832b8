"""Trace: the record of one pass through the network, forwards and back."""

from __future__ import annotations

import numpy as np

from rnnviz.engine.parameters import Array, Sizes


class Trace:
    """Everything computed for T tokens of B phrases; the engine writes straight into its rows.

    Time-major arrays. Row t of ``z`` (T + 1, B, 1 + H + V) is [1, h_{t-1}, one-hot of token t];
    ``h`` (T, B, H) are views into it, so a state is written once, where the next step reads it.
    Forwards: ``a``, ``h``, ``logits``, ``probs`` (B, C). Backwards: ``dlogits`` (B, C), ``dh``,
    ``slope`` and ``da`` (T, B, H), where ``dh`` is the whole dL/dh_t, ``da`` is dL/da_t.

    ``tokens`` is (T, B), ``targets`` (B,). With ``share`` all but the phrase and ``z`` lie in the
    other trace's memory: right for training, where each pass overwrites the last.
    """

    def __init__(
        self,
        sizes: Sizes,
        tokens: Array,
        targets: Array,
        dtype: type = float,
        share: Trace | None = None,
    ) -> None:
        inputs, hidden, outputs = self.sizes = sizes
        steps, batch = self.shape = tokens.shape
        self.tokens, self.targets = tokens, targets
        self.z = np.zeros((steps + 1, batch, 1 + hidden + inputs), dtype)
        self.z[:, :, 0] = 1
        columns = np.arange(batch)
        self.z[np.arange(steps)[:, None], columns, 1 + hidden + tokens] = 1
        self.onehot = np.zeros((batch, outputs))
        self.onehot[columns, targets] = 1
        self._allocate(dtype) if share is None else self._borrow(share)
        self.h = self.z[1:, :, 1 : 1 + hidden]
        self.h_before = self.z[:-1, :, 1 : 1 + hidden]
        self.slope = self.squares[1:, :, 1 : 1 + hidden]
        self.top = self.z[steps, :, : 1 + hidden]

    def _allocate(self, dtype: type) -> None:
        state, readout = (*self.shape, self.sizes.hidden), (self.shape[1], self.sizes.outputs)
        self.a: Array = np.empty(state, dtype)
        self.dh: Array = np.empty(state, dtype)
        self.da: Array = np.empty(state, dtype)
        self.squares: Array = np.empty_like(self.z)
        self.logits: Array = np.empty(readout, dtype)
        self.probs: Array = np.empty(readout, dtype)
        self.dlogits: Array = np.empty(readout, dtype)

    def _borrow(self, other: Trace) -> None:
        self.a, self.dh, self.da, self.squares = other.a, other.dh, other.da, other.squares
        self.logits, self.probs, self.dlogits = other.logits, other.probs, other.dlogits

    def freeze(self) -> Trace:
        """Make every array read-only, and return the trace."""
        for array in vars(self).values():
            if isinstance(array, np.ndarray):
                array.flags.writeable = False
        return self

    @property
    def dh_local(self) -> Array:
        """What reaches h_t from the loss directly, (T, B, H); only the last token has an output."""
        local = np.zeros_like(self.dh)
        local[-1] = self.dh[-1]
        return local

    @property
    def dh_future(self) -> Array:
        """What reaches h_t from t + 1, (T, B, H); ``dh_local + dh_future`` is ``dh``."""
        future = self.dh.copy()
        future[-1] = 0
        return future
