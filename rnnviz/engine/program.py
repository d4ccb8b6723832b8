"""Kernels: a plan's calls as a Python function that runs them on arrays.

The functions are small straight loops of NumPy calls. Their source is made from the plan alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from rnnviz.engine.layer_buffers import Array
from rnnviz.engine.operations import Op, Place


class View(NamedTuple):
    """What a call needs of a place: the array, its method ``dot``, or its rows (..., T B, H)."""

    place: Place
    dot: bool = False
    flat: bool = False


class Program(NamedTuple):
    """The views that the calls need, and a function of their tuples, one for each token."""

    views: tuple[View, ...]
    make: Callable[[Sequence[tuple[Any, ...]]], Callable[[], None]]


def program(ops: Sequence[Op], by_token: bool) -> Program:
    """The calls as a function; ``by_token`` for one token of (B, H), else for many at once."""
    writer = _Writer(by_token)
    lines = [writer.line(op) for op in ops]
    names = ", ".join(writer.names.values())
    functions = sorted(writer.functions)
    source = "\n".join([
        f"def make(steps{''.join(f', {name}={name}' for name in functions)}):",
        "    def run():",
        f"        for {names or 'nothing'}{',' * (len(writer.names) == 1)} in steps:",
        *(f"            {line}" for line in lines or ["pass"]),
        "    return run",
    ])  # fmt: skip
    space: dict[str, Any] = {name: _FUNCTIONS[name] for name in functions}
    exec(compile(source, "<cell>", "exec"), space)
    return Program(tuple(writer.names), space["make"])


class _Writer:
    """Writes calls, and collects the views and the functions that they need."""

    def __init__(self, by_token: bool) -> None:
        self._by_token = by_token
        self.names: dict[View, str] = {}
        self.functions: set[str] = set()

    def line(self, op: Op) -> str:
        """One call."""
        kind = op.function.partition(" ")[0]
        if kind in ("product", "back"):
            return self._product(op)
        if kind == "zero":
            return f"{self._name(op.out)}.fill(0)"
        if kind == "then":
            then = self._name(op.out)
            return f"if {then}: {then}()"
        if kind == "carry":
            kernels = self._name(Place(op.function))
            return f"for kernel in {kernels}: kernel()"
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
            dot = self.names.setdefault(View(left, dot=True), f"v{len(self.names)}")
            return f"{dot}({self._name(weights)}, {self._name(op.out)})"
        self.functions.add("matmul")
        flat = not self._by_token and op.function.startswith("product")
        read, out = self._name(left, flat), self._name(op.out, flat)
        return f"matmul({read}, {self._name(weights)}, {out})"

    def _name(self, place: Place, flat: bool = False) -> str:
        return self.names.setdefault(View(place, flat=flat), f"v{len(self.names)}")


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
        "multiply", "add", "subtract", "divide", "negative", "positive", "tanh", "exp", "log",
        "sqrt", "cos", "sin", "matmul",
    ):  # fmt: skip
        yield name, getattr(np, name)
    for name in ("greater", "greater_equal", "less", "less_equal"):
        yield name, getattr(np, name)
        yield f"where_{name}", _where(getattr(np, name))


_FUNCTIONS: dict[str, Callable[..., object]] = {
    **dict(_named()), "softplus": _softplus, "relu": _relu, "power": _power,
    "largest": _largest, "total": np.add.reduce,
}  # fmt: skip
