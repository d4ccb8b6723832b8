"""CellArrays: the arrays that a cell's calls read and write, cut for tokens and for chunks."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from rnnviz.config import Gradient
from rnnviz.engine.kernels import Kernel
from rnnviz.engine.layer_backward import LayerBackward
from rnnviz.engine.layer_buffers import Array, Layer
from rnnviz.engine.layout import Layout
from rnnviz.engine.operations import Place
from rnnviz.engine.program import CONSTANT, Program, View, view_of


class CellArrays:
    """The arrays of one layer's pass.

    A place is named by its kind and what follows: "number 0.5"; weights are "P b" (a vector),
    "W 0" (of a block), "back ..." (transposed), "once 3" (made of weights alone). "row 0" is what a
    block reads, "to c" where the gradient of a state before the token goes, "then" what adds it,
    "carry c" what arrives for one. "K 1" lives for a chunk, "temporary ..." for a call, "U ..." and
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
        self.chunk, self.ragged = slice(0, layer.extent.steps), layer.ragged
        self._made: dict[str, Array] = {}

    def at_once(self, made: Program) -> Kernel:
        """The calls for all tokens of the chunk."""
        return made.make((), tuple(map(self._whole, made.fixed)))

    def by_token(self, made: Program, tokens: Sequence[tuple[int, int]]) -> Kernel:
        """The calls for one token after the other; each comes with its count of sequences."""
        columns = [self._column(view, tokens) for view in made.views]
        fixed = tuple(self._constant(view, many=False) for view in made.fixed)
        return made.make([*zip(*columns, strict=True)], fixed)

    def all(self, place: Place) -> Array:
        """A place at all tokens of the chunk."""
        return self._whole(view_of(place))

    # One token

    def _column(self, view: View, tokens: Sequence[tuple[int, int]]) -> list[Any]:
        """What the calls need of a place, for every token."""
        special = {"carry": self._carrying, "to": self._destination, "then": self._then}
        if view.kind in special:
            return [special[view.kind](view.rest, t, n) for t, n in tokens]
        cut = self._cut(view, tokens)
        return [array.dot for array in cut] if view.dot else cut

    def _cut(self, view: View, tokens: Sequence[tuple[int, int]]) -> list[Array]:
        """The parts of an array at these tokens, of the sequences that are there."""
        batch = self._layer.extent.batch
        if view.kind in _PASSING:
            array = self._array(view, many=False)
            array = array if view.gates is None else array[view.gates]
            if not self.ragged:
                return [array] * len(tokens)
            return [array[..., :n, :] if n < batch else array for _, n in tokens]
        rows, start = self._by_tokens(view), self.chunk.start if view.kind == "K" else 0
        if not self.ragged:
            return [rows[t - start] for t, _ in tokens]
        return [rows[t - start][..., :n, :] if n < batch else rows[t - start] for t, n in tokens]

    def _by_tokens(self, view: View) -> Array:
        """An array whose first axis are the tokens."""
        if view.kind == "row":
            return self._layer.z[:, :, self._columns(view)]
        array = self._array(view, many=False)
        if view.gates is None:
            return array
        gates = array[view.gates]
        return gates if gates.ndim == 3 else gates.swapaxes(0, 1)

    def _columns(self, view: View) -> slice:
        """The columns of a row that a block reads."""
        return self._layout.blocks[int(view.rest)].columns(self._layer.extent.hidden)

    def _destination(self, state: str, t: int, n: int) -> Any:
        if self._plan is None or state != self._layout.equations.out:
            return self._layer.first[state][:n]
        return self._plan.destination(t)[0]

    def _then(self, _: str, t: int, n: int) -> Any:
        """What adds the gradient that went to the output's state, if it has a part already."""
        return self._plan.destination(t)[1] if self._plan else None

    def _carrying(self, state: str, t: int, n: int) -> Any:
        """Kernels that add what arrives from the token after, and where a sequence ends."""
        layer, plan = self._layer, self._plan
        if plan is None:
            return []
        gradient, carry = layer.arrays[f"d_{state}"][t, :n], layer.first[state]
        m, longer = plan.continuing(t), plan.longer(t)
        add = [partial(np.add, gradient[:m], carry[:m], gradient[:m])] if m else []
        if state in layer.ends and n > longer:
            end = layer.ends[state][longer:n]
            add.append(partial(np.add, gradient[longer:], end, gradient[longer:]))
        return add

    # Many tokens

    def _whole(self, view: View) -> Array:
        if view.kind in CONSTANT:
            return self._constant(view, many=True)
        if view.kind == "row":
            rows = self._layer.z[self.chunk]
            return rows.reshape(-1, rows.shape[-1])[:, self._columns(view)]
        array = self._over(view)
        return array.reshape(*array.shape[:-3], -1, array.shape[-1]) if view.flat else array

    def _over(self, view: View) -> Array:
        array, chunk = self._array(view, many=True), self.chunk
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
            out = view.name == f"d_{self._layout.equations.out}"
            return self._layer.dh if out else self._layer.arrays[view.name]
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
VECTORS = "vectors"
#: The kinds of places that live for a call: they have no tokens. Others live for a chunk.
_PASSING = {"temporary", "U", "E"}
_CHUNK_LONG = {*_PASSING, "K"}
