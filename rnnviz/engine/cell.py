"""Cell: what every kind of cell offers, and the backward pass that they share.

A cell is bound once to its weights and to the layer that it writes, when all views are cut; its
way there and its way back then cost little but their arithmetic.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, NamedTuple, Protocol

import numpy as np

from rnnviz.config import Gradient
from rnnviz.engine.layer_buffers import Array, Layer

Kernel = Callable[[], object]

#: What one stretch of the way back should need at most, so that it stays in a core's cache.
_CACHE_BYTES = 400_000
#: From so many sequences on a transposed copy of the weights pays.
_MANY = 8
#: The longest stretch, by the bytes of a number; between two of them the way back may stop.
_LONGEST = {4: 5, 8: 16, 16: 16}


def in_order(acts: Sequence[Kernel]) -> Kernel:
    """A function that does them one after the other.

    For a small network a loop over two or three takes a noticeable part of the time of a product.
    """
    match acts:
        case [only]:
            return only
        case [first, second]:

            def both() -> None:
                first()
                second()

            return both
        case [first, second, third]:

            def three() -> None:
                first()
                second()
                third()

            return three

    def run() -> None:
        for act in acts:
            act()

    return run


def grouped(steps: Sequence[tuple[Any, ...]]) -> list[tuple[list[tuple[Any, ...]], Kernel | None]]:
    """Steps whose last item is what is to be done after them, if anything, in runs without that."""
    groups: list[tuple[list[tuple[Any, ...]], Kernel | None]] = []
    run: list[tuple[Any, ...]] = []
    for *step, then in steps:
        run.append(tuple(step))
        if then:
            groups.append((run, then))
            run = []
    return [*groups, (run, None)] if run else groups


class GateBlock(NamedTuple):
    """Gates whose sums are products with the rows [h, 1, x], or with [h, 1] or [1, x] alone.

    Their fused weights lie one behind the other, (G, rows, H).
    """

    gates: tuple[str, ...]
    state: bool = True
    inputs: bool = True

    def columns(self, hidden: int) -> slice:
        """The part of a row [h, 1, x] that is read."""
        return slice(0 if self.state else hidden, None if self.inputs else hidden + 1)

    def rows(self, hidden: int, columns: Array) -> Array:
        """The rows of the fused weights that are read where only these columns of x are there."""
        fixed = hidden * self.state + 1
        return np.concatenate([np.arange(fixed), fixed + columns])

    def shape(self, inputs: int, hidden: int) -> tuple[int, int, int]:
        """The shape of the fused weights."""
        return len(self.gates), hidden * self.state + 1 + inputs * self.inputs, hidden


class BackwardOptions(NamedTuple):
    """How the gradient goes back: by which rule, cut before every ``cut``-th token (0: nowhere).

    With ``adds`` dL/dh_t has a part of its own at every token, which stands in dh already; with
    ``first`` the gradient of the state before the first token is wanted too.
    """

    gradient: Gradient = Gradient.EXACT
    cut: int = 0
    adds: bool = False
    first: bool = False


class Cell(Protocol):
    """One kind of cell; its names are those on the screen.

    ``states`` pass on from token to token; ``gates`` are what is shown of each token besides.
    """

    @property
    def blocks(self) -> tuple[GateBlock, ...]:
        """The products of which the cell consists."""

    @property
    def states(self) -> tuple[str, ...]:
        """The names of what passes on from token to token."""

    @property
    def gates(self) -> tuple[str, ...]:
        """The names of the arrays (T, B, H) that are worth showing besides the states."""

    def allocate(self, layer: Layer) -> None:
        """Add the arrays that this cell writes on the way there."""

    def bind_forward(self, weights: Sequence[Array], layer: Layer) -> Kernel:
        """A function that reads all tokens: from x to the states."""

    def bind_backward(
        self, weights: Sequence[Array], layer: Layer, back: BackwardOptions
    ) -> Kernel:
        """A function that goes from dL/dh of the outputs back to every token.

        What it writes is added to the layer, where it isn't there yet.
        """

    def errors(self, layer: Layer) -> tuple[Array, ...]:
        """dL/d(sum) of every block, (G, T, B, H) for its G gates."""


class BackwardPlan:
    """Where the gradient goes from token to token of a layer."""

    def __init__(self, layer: Layer, back: BackwardOptions) -> None:
        self.layer, self.back = layer, back
        self.spare, self._scratch = layer.scratch(), layer.scratch()
        self._fill: list[Kernel] = []
        self._scratches: dict[int, Array] = {}

    def turned(self, weights: Array) -> Array:
        """Weights (G, H, H), each transposed, as they are from pass to pass.

        For many sequences they are copied at the beginning of each: products are then faster.
        """
        turned = weights.swapaxes(-1, -2)
        if self.layer.extent.batch < _MANY:
            return turned
        copy = np.empty(turned.shape, weights.dtype)
        self._fill.append(partial(np.copyto, copy, turned))
        return copy

    def scratches(self, count: int) -> Array:
        """Memory for so many states of every sequence, (count, B, H), used by all tokens."""
        if count not in self._scratches:
            self._scratches[count] = np.stack([self.layer.scratch()] * count)
        return self._scratches[count]

    def parts(self, arrays: int) -> list[slice]:
        """Stretches of tokens, the last first, that fit a cache with so many (B, H) arrays."""
        steps, batch, hidden, _ = self.layer.extent
        room = _CACHE_BYTES // (arrays * batch * hidden * self.layer.dtype.itemsize)
        length = min(_LONGEST[self.layer.dtype.itemsize], max(1, room))
        return [slice(max(0, end - length), end) for end in range(steps, 0, -length)]

    def tokens(self, part: slice) -> Iterator[tuple[int, int]]:
        """The tokens of a stretch, the last first, each with how many sequences go on there."""
        for t in reversed(range(part.start, part.stop)):
            yield t, self.layer.counts[t]

    def later(self, t: int) -> int:
        """How many sequences the gradient reaches token t in from t + 1."""
        return 0 if self.back.cut and (t + 1) % self.back.cut == 0 else self.ended(t)

    def ended(self, t: int) -> int:
        """From which sequence on token t is the last one."""
        return 0 if t + 1 == len(self.layer.counts) else self.layer.counts[t + 1]

    def on(self, t: int) -> tuple[Array, Kernel | None]:
        """Where what token t gives to the state before it is written, and what is done then.

        What nobody asks for is written where it is in nobody's way.
        """
        n, adds = self.layer.counts[t], self.back.adds
        carried = self._scratch[:n]
        if t == 0:
            return self.layer.first["h"][:n] if self.back.first else carried, None
        before = self.layer.dh[t - 1, :n]
        if self.back.cut and t % self.back.cut == 0:
            return carried, None if adds else partial(before.fill, 0)
        return (carried, partial(np.add, before, carried, before)) if adds else (before, None)

    def chain(self, parts: list[slice], stretches: list[Kernel], errors: Sequence[Array]) -> Kernel:
        """All stretches one after the other; where nothing is left to carry back, the rest is zero.

        Long before that, products with denormal numbers would be slow.
        """
        if len(stretches) == 1:
            return in_order([*self._fill, *stretches])
        dh, layer = self.layer.dh, self.layer
        stops = not (self.back.adds or self.back.first or layer.ragged or layer.ends)
        walks = [
            (stretch, part.start - 1 if stops and part.start > 1 else 0)
            for part, stretch in zip(parts, stretches, strict=True)
        ]

        def backward() -> None:
            for stretch, rest in walks:
                stretch()
                if rest and _negligible(dh[rest], *(e[..., rest + 1, :, :] for e in errors)):
                    dh[:rest] = 0
                    for error in errors:
                        error[..., : rest + 1, :, :] = 0
                    return

        return in_order([*self._fill, backward])


def _negligible(*arrays: Array) -> bool:
    """Whether the next stretch would meet denormal numbers."""
    return all(float(np.abs(array).max()) < np.finfo(array.dtype).tiny ** 0.5 for array in arrays)
