"""Kernels: a plan's calls as a Python function that runs them on arrays.

The functions are small straight loops of NumPy calls. Their source is made from the plan alone.
They are bound to tuples of arrays, which garbage collection doesn't visit. It would visit each
variable of a closure and each bound method.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import starmap
from typing import Any, NamedTuple

import numpy as np

from rnnviz.engine.layer_buffers import Array
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
