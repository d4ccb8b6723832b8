"""Programs: small functions of NumPy calls, and the arrays to which they are bound."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from itertools import starmap
from typing import Any, NamedTuple

import numpy as np

from rnnviz.config import Gradient
from rnnviz.engine import memory
from rnnviz.engine.layer_buffers import Array, Kernel, Layer, LayerBackward, Sums
from rnnviz.engine.layout import Layout
from rnnviz.engine.operations import COMPARISONS, Op, Operand

#: The layer's array of the vectors of weights outside of blocks.
VECTORS = "all vectors"
#: An operand, and whether its tokens and sequences are one axis: (T * B, H), not (T, B, H).
_Read = tuple[Operand, bool]


class Program(NamedTuple):
    """Calls as a function ``run``, and the operands that it takes.

    The ``varying`` ones come first, as a tuple of arrays for each token, then the ``fixed`` ones.
    """

    varying: tuple[Operand, ...]
    fixed: tuple[_Read, ...]
    run: Callable[..., None]


def program(ops: Sequence[Op], by_token: bool) -> Program:
    """Compile the calls; ``by_token`` for one token of (B, H) at a time, else for all at once."""
    writer = _Writer(by_token)
    lines = [writer.line(op) for op in ops] or ["pass"]
    head = f"def run({', '.join([*['steps'] * by_token, *writer.fixed.values()])}):"
    loop = f" for ({''.join(f'{name}, ' for name in writer.varying.values())}) in steps:"
    source = "\n".join([head, *[loop] * by_token, *(f"  {line}" for line in lines)])
    space: dict[str, Any] = {name: _FUNCTIONS[name] for name in writer.functions}
    exec(compile(source, "<cell>", "exec"), space)
    return Program(tuple(writer.varying), tuple(writer.fixed), space["run"])


#: Equal operands of all programs are the same object, so that its id can be a key.
_EQUAL: dict[Operand, Operand] = {}


class _Writer:
    def __init__(self, by_token: bool) -> None:
        self._by_token = by_token
        self.varying: dict[Operand, str] = {}
        self.fixed: dict[_Read, str] = {}
        self.functions: set[str] = set()

    def line(self, op: Op) -> str:
        """One call as a line of Python."""
        match op.function:
            case "zero":
                return f"{self._name(op.out)}.fill(0)"
            case "carry":
                self.functions.add("add")
                return f"for terms in {self._name(op.args[0])}: add(*terms)"
            case "total":
                self.functions.add("total")
                return f"total({self._name(op.args[0])}, 0, None, {self._name(op.out)})"
            case "product" | "back":
                left, weights = op.args
                if self._by_token and not isinstance(op.out.gates, slice):
                    return f"{self._name(left)}.dot({self._name(weights)}, {self._name(op.out)})"
                self.functions.add("matmul")
                flat = not self._by_token and op.function == "product"
                read, out = self._name(left, flat), self._name(op.out, flat)
                return f"matmul({read}, {self._name(weights)}, {out})"
        self.functions.add(op.function)
        names = ", ".join(self._name(operand) for operand in (*op.args, op.out))
        return f"{op.function}({names})"

    def _name(self, operand: Operand, flat: bool = False) -> str:
        if self._by_token and not isinstance(operand.array, memory.Constant):
            operand = _EQUAL.setdefault(operand, operand)
            return self.varying.setdefault(operand, f"v{len(self.varying)}")
        return self.fixed.setdefault((operand, flat), f"c{len(self.fixed)}")


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


def _where(compare: np.ufunc, *arrays: Array) -> None:
    left, right, yes, no, out = arrays
    np.copyto(out, np.where(compare(left, right), yes, no))


_UFUNCS = (
    "multiply", "square", "add", "subtract", "divide", "negative", "positive", "tanh", "exp",
    "log", "sqrt", "cos", "sin", "matmul", *COMPARISONS.values(),
)  # fmt: skip
_FUNCTIONS: dict[str, Callable[..., object]] = {
    **{name: getattr(np, name) for name in _UFUNCS},
    **{f"where_{name}": partial(_where, getattr(np, name)) for name in COMPARISONS.values()},
    "softplus": _softplus, "relu": _relu, "power": _power, "largest": _largest,
    "total": np.add.reduce,
}  # fmt: skip


class CellArrays:
    """The arrays of one layer's pass, at all tokens or at those of a chunk."""

    def __init__(
        self, layout: Layout, weights: Sequence[Array], layer: Layer,
        plan: LayerBackward | None = None,
    ) -> None:  # fmt: skip
        self._layout, self._weights, self._layer, self._plan = layout, weights, layer, plan
        self._transposed: dict[memory.TransposedWeights, Array] = {}

    def take(self, tokens: range) -> CellArrays:
        """Select these tokens, in the order in which they are computed."""
        self._tokens, counts = tokens, self._layer.counts
        self._counts = [counts[t] for t in tokens] if self._layer.ragged else []
        first, last = sorted((tokens[0], tokens[-1]))
        self._chunk = slice(first, last + 1)
        self._destinations = [self._plan.destination(t) for t in tokens] if self._plan else []
        self._columns: dict[int, list[Any]] = {}
        return self

    def at_once(self, made: Program) -> Kernel:
        """The calls for all tokens."""
        return partial(made.run, *starmap(self.all, made.fixed))

    def by_token(self, made: Program, some: slice = slice(None)) -> Kernel:
        """The calls for one token after the other, for some of the tokens."""
        columns = []
        for operand in made.varying:
            if id(operand) not in self._columns:
                self._columns[id(operand)] = self._column(operand)
            columns.append(self._columns[id(operand)][some])
        fixed = [self._constant(operand.array, many=False) for operand, _ in made.fixed]
        return partial(made.run, tuple(zip(*columns, strict=True)), *fixed)

    def _column(self, operand: Operand) -> list[Any]:
        """An operand at each token."""
        array, gates, out = operand.array, operand.gates, self._layer.out
        chunk = self._chunk
        match array:
            case memory.Stored(name):
                rows = self._layer.arrays[name]
            case memory.Arrival(state):
                sums = [sums for _, sums in self._destinations]
                return sums if state == out else [self._arriving(state, t) for t in self._tokens]
            case memory.GradientBefore(state):
                before = [array for array, _ in self._destinations]
                return before if state == out else self._repeated(self._layer.first[state])
            case memory.BlockInput(block):
                rows = self._layer.z[:, :, self._read(block)]
            case memory.Factor():  # It begins with the chunk.
                rows, chunk = self._array(array, many=True), slice(len(self._tokens))
            case _:
                one = self._array(array, many=False)
                return self._repeated(one if gates is None else one[gates])
        if gates is not None:
            rows = rows[gates]
            rows = rows if rows.ndim == 3 else rows.swapaxes(0, 1)
        rows = rows[chunk][:: self._tokens.step]
        if not self._layer.ragged:
            return [*rows]
        return [row[..., :n, :] for row, n in zip(rows, self._counts, strict=True)]

    def _repeated(self, array: Array) -> list[Array]:
        if self._layer.ragged:
            return [array[..., :n, :] for n in self._counts]
        return [array] * len(self._tokens)

    def _read(self, block: int) -> slice:
        return self._layout.blocks[block].columns(self._layer.extent.hidden)

    def _arriving(self, state: str, t: int) -> Sums:
        """Sums of the gradient from the next token, and from a decoder where a sequence ends."""
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

    def all(self, operand: Operand, flat: bool = False) -> Array:
        """An operand at all tokens."""
        array, gates, chunk = operand.array, operand.gates, self._chunk
        if isinstance(array, memory.Constant):
            return self._constant(array, many=True)
        if isinstance(array, memory.BlockInput):
            rows = self._layer.z[chunk]
            return rows.reshape(-1, rows.shape[-1])[:, self._read(array.number)]
        found = self._array(array, many=True)
        if isinstance(array, memory.Scratch):
            chunk = slice(0, chunk.stop - chunk.start)
        found = found[chunk] if gates is None else found[gates, chunk]
        return found.reshape(*found.shape[:-3], -1, found.shape[-1]) if flat else found

    def _constant(self, array: memory.Array, many: bool) -> Array:
        match array:
            case memory.Number(value):
                return self._layer.number(value)
            case memory.Vector(name):
                vector: Array = self._layer.arrays[VECTORS][self._layout.vectors.index(name)]
                return vector
            case memory.BlockWeights(block):
                fused = self._weights[block]
            case memory.TransposedWeights():
                fused = self._turned(array)
                if many:
                    return fused[:, None]
            case _:
                return self._array(array, many)
        return fused if len(fused) > 1 else fused[0]

    def _turned(self, of: memory.TransposedWeights) -> Array:
        if of not in self._transposed:
            hidden, plan = self._layer.extent.hidden, self._plan
            start = hidden * of.position
            weights = self._weights[of.block][of.first : of.stop, start : start + hidden]
            if plan and plan.options.gradient is Gradient.EXACT:
                weights = plan.transposed(weights)
            self._transposed[of] = weights
        return self._transposed[of]

    def _array(self, array: memory.Array, many: bool) -> Array:
        """An array of the layer, or a scratch array for ``many`` tokens or for one."""
        if isinstance(array, memory.Stored):
            return self._layer.arrays[array.name]
        steps, batch, hidden, _ = self._layer.extent
        shape = (steps, batch, hidden) if many else (batch, hidden)
        shape = (array.count, *shape) if isinstance(array, memory.SideBySide) else shape
        key = array, shape
        if key not in self._layer.workspace:
            self._layer.workspace[key] = np.zeros(shape, self._layer.dtype)
        return self._layer.workspace[key]
