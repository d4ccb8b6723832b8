"""LayerBackward: options of a backward pass, and where it writes each token's gradient."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

import numpy as np

from rnnviz.config import Gradient
from rnnviz.engine.layer_buffers import Array, Kernel, Layer, in_order

#: Memory limit of one chunk of the backward pass, so that it fits the cache of a core.
_CACHE_BYTES = 400_000
#: Batch size from which a transposed copy of the weights is faster.
_COPY_FROM = 8
#: Most tokens of a chunk, by item size in bytes; the backward pass can stop between chunks.
_CHUNK_TOKENS = {4: 5, 8: 16, 16: 16}

#: Arguments of np.add: two terms and where their sum goes. Garbage collection visits no arrays.
Sums = tuple[tuple[Array, Array, Array], ...]


class BackwardOptions(NamedTuple):
    """How to backpropagate: the rule, and ``cut``, truncating before every cut-th token (0: never).

    With ``adds``, dh already holds a direct part of dL/dh_t at every token. With ``first``, the
    gradient of the state before the first token is computed too.
    """

    gradient: Gradient = Gradient.EXACT
    cut: int = 0
    adds: bool = False
    first: bool = False


class LayerBackward:
    """Where the backward pass of a layer writes the gradient of each token."""

    def __init__(self, layer: Layer, options: BackwardOptions) -> None:
        self.layer, self.options = layer, options
        self._scratch, self._zero = layer.scratch(), layer.number(0)
        self._fill: list[Kernel] = []

    def transposed(self, weights: Array) -> Array:
        """Weights (G, H, H), each transposed; a view, or a copy that is renewed in every pass."""
        view = weights.swapaxes(-1, -2)
        if self.layer.extent.batch < _COPY_FROM:
            return view
        copy = np.empty(view.shape, weights.dtype)
        self._fill.append(partial(np.copyto, copy, view))
        return copy

    def chunks(self, arrays: int) -> list[slice]:
        """Chunks of tokens, the last first, of which this number of (B, H) arrays fit the cache."""
        steps, batch, hidden, _ = self.layer.extent
        fitting = _CACHE_BYTES // (arrays * batch * hidden * self.layer.dtype.itemsize)
        length = min(_CHUNK_TOKENS[self.layer.dtype.itemsize], max(1, fitting))
        return [slice(max(0, end - length), end) for end in range(steps, 0, -length)]

    def continuing(self, t: int) -> int:
        """How many sequences carry a gradient from token t + 1 to token t."""
        cut = self.options.cut
        return 0 if cut and (t + 1) % cut == 0 else self.longer(t)

    def longer(self, t: int) -> int:
        """How many sequences are longer than t + 1 tokens."""
        return 0 if t + 1 == len(self.layer.counts) else self.layer.counts[t + 1]

    def destination(self, t: int) -> tuple[Array, Sums]:
        """Where token t writes dL/dh_{t-1}, and the sums that come afterwards.

        Unneeded gradients go to a scratch buffer.
        """
        n, cut, adds = self.layer.counts[t], self.options.cut, self.options.adds
        scratch = self._scratch[:n]
        if t == 0:
            return self.layer.first[self.layer.out][:n] if self.options.first else scratch, ()
        dh_before = self.layer.dh[t - 1, :n]
        if cut and t % cut == 0:
            return scratch, () if adds else ((self._zero, self._zero, dh_before),)
        return (scratch, ((dh_before, scratch, dh_before),)) if adds else (dh_before, ())

    def chain(self, chunks: list[slice], kernels: list[Kernel], errors: Sequence[Array]) -> Kernel:
        """Run the chunks' kernels; once the gradient is negligible, set the rest to zero.

        This avoids products of denormal numbers, which are slow.
        """
        if len(kernels) == 1:
            return in_order([*self._fill, *kernels])
        dh, layer, options = self.layer.dh, self.layer, self.options
        may_stop = not (options.adds or options.first or layer.ragged or layer.ends)
        # Below it, the next chunk would compute with denormal numbers.
        tiny = np.finfo(dh.dtype).tiny ** 0.5
        steps = [
            (kernel, chunk.start - 1 if may_stop and chunk.start > 1 else 0)
            for chunk, kernel in zip(chunks, kernels, strict=True)
        ]

        def backward() -> None:
            for kernel, rest in steps:
                kernel()
                if rest and all(
                    float(np.abs(array).max()) < tiny
                    for array in (dh[rest], *(error[..., rest + 1, :, :] for error in errors))
                ):
                    dh[:rest] = 0
                    for error in errors:
                        error[..., : rest + 1, :, :] = 0
                    return

        return in_order([*self._fill, backward])
