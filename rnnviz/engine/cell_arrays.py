"""CellArrays: the arrays that a cell's calls read and write, cut for tokens and for chunks."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from rnnviz.config import Gradient
from rnnviz.engine.kernels import Kernel
from rnnviz.engine.layer_backward import LayerBackward, Sums
from rnnviz.engine.layer_buffers import Array, Layer
from rnnviz.engine.layout import Layout
from rnnviz.engine.operations import Place
from rnnviz.engine.program import CONSTANT, Program, View, view_of


class CellArrays:
    """The arrays of one layer's pass, at all tokens or at those of a chunk.

    A place is named by its kind and what follows: "number 0.5"; weights are "P b" (a vector),
    "W 0" (of a block), "back ..." (transposed), "once 3" (made of weights alone). "row 0" is what a
    block reads, "to c" where the gradient of a state before the token goes, "carry c" the sums that
    add what arrives for one. "K 1" lives for a chunk, "temporary ..." for a call, "U ..." and
    "E ..." are products side by side. All other places are arrays of the layer.
    """

    def __init__(
        self,
        layout: Layout,
        weights: Sequence[Array],
        layer: Layer,
        plan: LayerBackward | None = None,
    ) -> None:
        self._layout, self._weights, self._layer, self._plan = layout, weights, layer, plan
        self._made: dict[str, Array] = {}

    def take(self, tokens: range) -> CellArrays:
        """Take these tokens, in the order in which they are computed."""
        self._tokens, counts = tokens, self._layer.counts
        self._counts = [counts[t] for t in tokens] if self._layer.ragged else []
        first, last = sorted((tokens[0], tokens[-1]))
        self._chunk = slice(first, last + 1)
        self._destinations = [self._plan.destination(t) for t in tokens] if self._plan else []
        self._columns: dict[Place, list[Any]] = {}
        return self

    def at_once(self, made: Program) -> Kernel:
        """The calls for all tokens."""
        return partial(made.run, *map(self._whole, made.fixed))

    def by_token(self, made: Program, some: slice = slice(None)) -> Kernel:
        """The calls for one token after the other, for some of the tokens."""
        columns = [self._column(view)[some] for view in made.views]
        fixed = [self._constant(view, many=False) for view in made.fixed]
        return partial(made.run, tuple(zip(*columns, strict=True)), *fixed)

    def all(self, place: Place) -> Array:
        """A place at all tokens."""
        return self._whole(view_of(place))

    # One token

    def _column(self, view: View) -> list[Any]:
        """What the calls need of a place, for every token."""
        if view.place not in self._columns:
            self._columns[view.place] = self._new_column(view)
        return self._columns[view.place]

    def _new_column(self, view: View) -> list[Any]:
        match view.kind:
            case "carry" if view.rest == self._layer.out:
                return [sums for _, sums in self._destinations]
            case "carry":
                return [self._carrying(view.rest, t) for t in self._tokens]
            case "to" if view.rest == self._layer.out:
                return [to for to, _ in self._destinations]
        return self._cut_ragged(view) if self._layer.ragged else self._cut(view)

    def _cut(self, view: View) -> list[Array]:
        """The parts of an array at the tokens, where all sequences are there."""
        if view.kind in _PASSING:
            return [self._passing(view)] * len(self._tokens)
        rows = self._rows(view)
        rows = rows[: len(self._tokens)] if view.kind == "K" else rows[self._chunk]
        return [*rows[:: self._tokens.step]]

    def _cut_ragged(self, view: View) -> list[Array]:
        """The parts of an array at the tokens, of the sequences that are there."""
        if view.kind in _PASSING:
            array = self._passing(view)
            return [array[..., :n, :] for n in self._counts]
        rows, start = self._rows(view), self._chunk.start if view.kind == "K" else 0
        pairs = zip(self._tokens, self._counts, strict=True)
        if rows.ndim == 3:
            return [rows[t - start, :n] for t, n in pairs]
        return [rows[t - start, :, :n] for t, n in pairs]

    def _passing(self, view: View) -> Array:
        """An array that has no tokens."""
        if view.kind == "to":
            return self._layer.first[view.rest]
        array = self._array(view, many=False)
        return array if view.gates is None else array[view.gates]

    def _rows(self, view: View) -> Array:
        """An array whose first axis are the tokens."""
        if view.kind == "row":
            return self._layer.z[:, :, self._read(view)]
        array = self._array(view, many=False)
        if view.gates is None:
            return array
        gates = array[view.gates]
        return gates if gates.ndim == 3 else gates.swapaxes(0, 1)

    def _read(self, view: View) -> slice:
        """The columns of a row that a block reads."""
        return self._layout.blocks[int(view.rest)].columns(self._layer.extent.hidden)

    def _carrying(self, state: str, t: int) -> Sums:
        """What arrives from the token after, and where a sequence ends."""
        layer, plan = self._layer, self._plan
        if plan is None:
            return ()
        n, m, longer = layer.counts[t], plan.continuing(t), plan.longer(t)
        gradient, carry = layer.arrays[f"d_{state}"][t, :n], layer.first[state]
        sums: Sums = ((gradient[:m], carry[:m], gradient[:m]),) if m else ()
        if state in layer.ends and n > longer:
            end = layer.ends[state][longer:n]
            sums += ((gradient[longer:], end, gradient[longer:]),)
        return sums

    # Many tokens

    def _whole(self, view: View) -> Array:
        if view.kind in CONSTANT:
            return self._constant(view, many=True)
        if view.kind == "row":
            rows = self._layer.z[self._chunk]
            return rows.reshape(-1, rows.shape[-1])[:, self._read(view)]
        array = self._over(view)
        return array.reshape(*array.shape[:-3], -1, array.shape[-1]) if view.flat else array

    def _over(self, view: View) -> Array:
        array, chunk = self._array(view, many=True), self._chunk
        if view.kind in _CHUNK_LONG:
            chunk = slice(0, chunk.stop - chunk.start)
        return array[chunk] if view.gates is None else array[view.gates, chunk]

    # Arrays

    def _constant(self, view: View, many: bool) -> Array:
        """A number, weights, or what is made of weights alone."""
        kind, rest = view.kind, view.rest
        if kind == "number":
            return self._layer.number(float(rest))
        if kind == "P":
            vector: Array = self._layer.arrays[VECTORS][self._layout.vectors.index(rest)]
            return vector
        if kind == "once":
            return self._layer.arrays[view.name]
        fused = self._weights[int(rest)] if kind == "W" else self._turned(rest)
        if kind == "back" and many:
            return fused[:, None]
        return fused if len(fused) > 1 else fused[0]

    def _turned(self, rest: str) -> Array:
        """The transposed weights of a product: a view, or a copy that every pass renews."""
        if rest not in self._made and self._plan is not None:
            who, k, first, stop = rest.split()
            block, hidden = self._layout.blocks[int(k)], self._layer.extent.hidden
            gates = slice(int(first) - block.first, int(stop) - block.first)
            source = who.removeprefix("d_").removesuffix("_before")
            start = hidden * (block.reads.states.index(source) if block.reads.states else 0)
            part = self._weights[int(k)][gates, start : start + hidden]
            exact = self._plan.options.gradient is Gradient.EXACT
            self._made[rest] = self._plan.transposed(part) if exact else part
        return self._made[rest]

    def _array(self, view: View, many: bool) -> Array:
        """The array of a place; ``many`` for all tokens, else for one."""
        if view.kind not in _CHUNK_LONG:
            return self._layer.arrays[view.name]
        steps, batch, hidden, _ = self._layer.extent
        tokens = (steps, batch, hidden) if many or view.kind == "K" else (batch, hidden)
        if view.gates is None:
            return self._new(view.name, tokens)
        own = len(self._layout.blocks[int(view.rest)].matrices) if view.kind == "E" else 0
        return self._new(view.name, (own or int(view.rest.split()[-1]), *tokens))

    def _new(self, name: str, shape: tuple[int, ...]) -> Array:
        if name not in self._made:
            self._made[name] = np.zeros(shape, self._layer.dtype)
        return self._made[name]


#: The layer's array with the vectors of weights that stand in no block.
VECTORS = "all vectors"
#: The kinds of places that live for a chunk, and of those that live for a token.
_CHUNK_LONG = {"temporary", "U", "E", "K"}
_PASSING = {"temporary", "U", "E", "to"}
