"""Programs: small functions made of calls of NumPy, and the arrays they are bound to."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import starmap
from typing import Any, NamedTuple

import numpy as np

from rnnviz.config import Gradient
from rnnviz.engine.layer_backward import LayerBackward, Sums
from rnnviz.engine.layer_buffers import Array, Kernel, Layer
from rnnviz.engine.layout import Layout
from rnnviz.engine.operations import Op, Place

#: The kinds of places that are the same at every token.
CONSTANT = {"number", "P", "once", "W", "back"}


class View(NamedTuple):
    """What a call needs of a place: the array, or its rows (..., T B, H).

    ``kind`` is that of the place, ``rest`` what follows it in the array's ``name``; ``gates`` are
    those that are needed of an array of gates.
    """

    place: Place
    name: str
    kind: str
    rest: str
    gates: int | slice | None
    flat: bool = False


def view_of(place: Place, flat: bool = False) -> View:
    """The view of a place; of one gate it has an axis less."""
    rest = place.array.partition(" ")[2]
    gates = None if place.first < 0 else slice(place.first, place.stop)
    one = place.stop - place.first == 1
    return View(place, place.array, place.kind, rest, place.first if gates and one else gates, flat)


class Program(NamedTuple):
    """The views that the calls need, and the function ``run`` that makes them.

    By token it takes the tuples of arrays of all tokens first; then come the arrays that are the
    same at every token.
    """

    views: tuple[View, ...]
    fixed: tuple[View, ...]
    run: Callable[..., None]


#: A place, and in which form it is read: see ``View``.
_Read = tuple[Place, bool]


def program(ops: Sequence[Op], by_token: bool) -> Program:
    """The calls as a function; ``by_token`` for one token of (B, H), else for many at once."""
    writer = _Writer(by_token)
    lines = [writer.line(op) for op in ops] or ["pass"]
    head = f"def run({', '.join([*['steps'] * by_token, *writer.fixed.values()])}):"
    loop = f" for ({''.join(f'{name}, ' for name in writer.names.values())}) in steps:"
    source = "\n".join([head, *[loop] * by_token, *(f"  {line}" for line in lines)])
    space: dict[str, Any] = {name: _FUNCTIONS[name] for name in writer.functions}
    exec(compile(source, "<cell>", "exec"), space)
    views, fixed = (tuple(starmap(view_of, names)) for names in (writer.names, writer.fixed))
    return Program(views, fixed, space["run"])


class _Writer:
    """Writes calls, and collects the views and the functions that they need."""

    def __init__(self, by_token: bool) -> None:
        self._by_token = by_token
        self.names: dict[_Read, str] = {}
        self.fixed: dict[_Read, str] = {}
        self.functions: set[str] = set()

    def line(self, op: Op) -> str:
        """One call."""
        kind = op.function.partition(" ")[0]
        if kind in ("product", "back"):
            return self._product(op)
        if kind == "zero":
            return f"{self._name(op.out)}.fill(0)"
        if kind == "carry":
            self.functions.add("add")
            return f"for terms in {self._name(Place(op.function))}: add(*terms)"
        if kind == "total":
            self.functions.add("total")
            return f"total({self._name(op.args[0])}, 0, None, {self._name(op.out)})"
        self.functions.add(kind)
        places = ", ".join(self._name(place) for place in (*op.args, op.out))
        return f"{kind}({places})"

    def _product(self, op: Op) -> str:
        left, weights = op.args
        width = op.out.stop - op.out.first
        if self._by_token and (op.out.first < 0 or width == 1):
            return f"{self._name(left)}.dot({self._name(weights)}, {self._name(op.out)})"
        self.functions.add("matmul")
        flat = not self._by_token and op.function.startswith("product")
        read, out = self._name(left, flat=flat), self._name(op.out, flat=flat)
        return f"matmul({read}, {self._name(weights)}, {out})"

    def _name(self, place: Place, flat: bool = False) -> str:
        if self._by_token and place.kind not in CONSTANT:
            return self.names.setdefault((place, flat), f"v{len(self.names)}")
        return self.fixed.setdefault((place, flat), f"c{len(self.fixed)}")


def _softplus(a: Array, out: Array) -> None:
    """log(1 + exp(a)), without overflow; of a complex a the real part decides."""
    np.copyto(out, np.maximum(a, 0) + np.log1p(np.exp(np.where(a.real > 0, -a, a))))


def _relu(a: Array, out: Array) -> None:
    """max(a, 0), with slope 0 at 0; of a complex a (gradient check) the real part decides."""
    np.multiply(a, a.real > 0, out=out)


def _largest(a: Array, b: Array, out: Array) -> None:
    """The larger one; of complex numbers (gradient check) the real parts decide."""
    np.maximum(a, b, out=out)


def _power(a: Array, exponent: Array, out: Array) -> None:
    """A power; a whole exponent by multiplication, which keeps complex steps exact."""
    whole = int(exponent.real)
    if whole != exponent:
        np.power(a, exponent, out)
        return
    result = np.ones_like(a)
    for _ in range(abs(whole)):
        result = result * a
    np.copyto(out, result if whole > 0 else 1 / result)


def _where(compare: Callable[[Array, Array], Array]) -> Callable[..., None]:
    def where(left: Array, right: Array, yes: Array, no: Array, out: Array) -> None:
        np.copyto(out, np.where(compare(left, right), yes, no))

    return where


def _named() -> Iterator[tuple[str, Callable[..., object]]]:
    for name in (
        "multiply", "square", "add", "subtract", "divide", "negative", "positive", "tanh", "exp",
        "log", "sqrt", "cos", "sin", "matmul",
    ):  # fmt: skip
        yield name, getattr(np, name)
    for name in ("greater", "greater_equal", "less", "less_equal"):
        yield name, getattr(np, name)
        yield f"where_{name}", _where(getattr(np, name))


_FUNCTIONS: dict[str, Callable[..., object]] = {
    **dict(_named()), "softplus": _softplus, "relu": _relu, "power": _power,
    "largest": _largest, "total": np.add.reduce,
}  # fmt: skip


# The arrays that a cell's calls read and write, cut for tokens and for chunks


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
