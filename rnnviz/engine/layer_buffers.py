"""Layer: the arrays of one layer's forward and backward pass, and options of the latter."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from copy import copy
from functools import cached_property, partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rnnviz.config import Gradient

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
        self, extent: Dims, counts: tuple[int, ...], dtype: Any, share: Layer | None = None,
        rows: tuple[str, ...] = ("h",),
    ) -> None:  # fmt: skip
        steps, batch, hidden, inputs = self.extent = extent
        self.counts, self.dtype, self.out = counts, np.dtype(dtype), rows[-1]
        self.ragged = counts[-1] < batch
        one = len(rows) * hidden
        self.z: Array = np.zeros((steps + 1, batch, one + 1 + inputs), dtype)
        self.z[:, :, one] = 1
        self.x = self.z[:-1, :, one + 1 :]
        self.ends: dict[str, Array] = {}
        self._share = share
        #: Scratch arrays: nothing in them outlives a layer's pass, so layers can share them.
        self.workspace: dict[Hashable, Array] = share.workspace if share else {}
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

    def again(self, forward: dict[str, Array]) -> Layer:
        """A layer with these arrays of a forward pass, and without those of a backward pass."""
        other = copy(self)
        vars(other).pop("dh", None)
        other.arrays, other.ends, other._share = forward, {}, None
        other.first = {name: self.scratch() for name in self.first}
        return other

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
        return (np.zeros if self.ragged else np.empty)(self.extent[:3], self.dtype)

    def gates(self, count: int) -> Array:
        """An array (count, T, B, H); zero where sequences have ended."""
        return (np.zeros if self.ragged else np.empty)((count, *self.extent[:3]), self.dtype)

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
        case [_, _]:
            return partial(_two, *kernels)
        case [_, _, _]:
            return partial(_three, *kernels)
    return partial(_all, kernels)


def _two(first: Kernel, second: Kernel) -> None:
    first()
    second()


def _three(first: Kernel, second: Kernel, third: Kernel) -> None:
    first()
    second()
    third()


def _all(kernels: Sequence[Kernel]) -> None:
    for kernel in kernels:
        kernel()


# The backward pass

#: Memory limit of one chunk of the backward pass, so that it fits the cache of a core.
_CACHE_BYTES = 400_000
#: Batch size from which a transposed copy of the weights is faster.
_COPY_FROM = 8
#: Most tokens of a chunk, by item size in bytes; the backward pass can stop between chunks.
_CHUNK_TOKENS = {4: 5, 8: 16, 16: 16}
#: Arguments of np.add: two terms and where their sum goes. Garbage collection visits no arrays.
Sums = tuple[tuple[Array, Array, Array], ...]


class BackwardOptions(NamedTuple):
    """How to backpropagate: the rule, and ``cut``: truncate before every cut-th token (0: never).

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
        """Chunks of tokens, the last first, so that this many (B, H) arrays fit the cache."""
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
        """Run the kernels of the chunks; once the gradient is negligible, set the rest to zero.

        This avoids products of denormal numbers, which are slow.
        """
        if len(kernels) == 1:
            return in_order([*self._fill, *kernels])
        dh, layer, options = self.layer.dh, self.layer, self.options
        may_stop = not (options.adds or options.first or layer.ragged or layer.ends)
        # The next chunk would compute with denormal numbers.
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
