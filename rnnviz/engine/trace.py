"""Trace: the record of one pass through the network, forwards and back."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from rnnviz.engine.losses import cross_entropy
from rnnviz.engine.parameters import Array, Parameters, Sizes


class Trace:
    """Everything computed for T tokens of B phrases; the engine writes straight into its rows.

    Time-major arrays. Row t of ``z`` (T + 1, B, 1 + H + V) is [1, h_{t-1}, one-hot of token t];
    ``h`` (T, B, H) are views into it, so a state is written once, where the next step reads it.
    Forwards: ``a``, ``h``, ``logits``, ``probs`` (B, C). Backwards: ``dlogits`` (B, C), ``dh``,
    ``slope`` and ``da`` (T, B, H), where ``dh`` is the whole dL/dh_t, ``da`` is dL/da_t. The loss,
    the gradients and each timestep's share of them follow from these and are made when asked for.

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

    def bind_gradient(self, out: Parameters) -> Callable[[], None]:
        """A function that writes dL/dW, summed over time, of every parameter into ``out``.

        One product for each fused block.
        """
        z_dot = self.z[:-1].reshape(-1, self.z.shape[-1]).T.dot
        da = self.da.reshape(-1, self.da.shape[-1])
        top_dot, dlogits = self.top.T.dot, self.dlogits
        cell, readout = out.cell, out.readout

        def gradient() -> None:
            z_dot(da, cell)
            top_dot(dlogits, readout)

        return gradient

    @property
    def gradient(self) -> Parameters:
        """dL/dW of every parameter, before clipping."""
        out = Parameters(self.sizes)
        self.bind_gradient(out)()
        return out

    @property
    def shares(self) -> dict[str, Array]:
        """What each timestep adds to every parameter's gradient, (T, *its shape); they sum to it.

        Only the last token feeds the readout.
        """
        words = self.z[:-1, :, 1 + self.sizes.hidden :]
        W_hy = np.zeros((len(self.dh), self.sizes.outputs, self.sizes.hidden))
        b_y = np.zeros((len(self.dh), self.sizes.outputs))
        W_hy[-1], b_y[-1] = self.dlogits.T @ self.h[-1], self.dlogits.sum(axis=0)
        return {
            "W_xh": np.einsum("tbh,tbv->thv", self.da, words),
            "W_hh": np.einsum("tbh,tbk->thk", self.da, self.h_before),
            "b_h": self.da.sum(axis=1),
            "W_hy": W_hy,
            "b_y": b_y,
        }

    @property
    def loss(self) -> Array:
        """The cross-entropy of each phrase in nats, (B,)."""
        with np.errstate(divide="ignore"):
            return cross_entropy(self.probs, self.targets)

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
