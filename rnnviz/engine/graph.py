"""Graph: the operations of a cell, each value once; every function with its derivative."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import reduce
from typing import TypeVar

T = TypeVar("T")

#: The sizes of a value: a scalar, one number for each input of the layer, or one for each unit.
ONE, INPUTS, UNITS = "1", "D", "H"


@dataclass(frozen=True, eq=False, slots=True)
class Node:
    """One value at a token: a function, ``kind``, of its ``args``.

    ``name`` is that of a state before the token ("state"), of weights ("vector"), of the matrix of
    a "product", or the comparison of "mask" and "where". ``value`` is that of a "number", or the
    exponent of a "power". ``depth`` is the height of the expression below it, ``kinds`` are those
    of all values in it, its own included. ``sums``: a product with a matrix is one of its terms.
    """

    kind: str
    args: tuple[Node, ...]
    name: str
    value: float
    size: str
    index: int
    depth: int
    kinds: frozenset[str]
    sums: bool

    def is_number(self, value: float) -> bool:
        """Whether it is this number."""
        return self.kind == "number" and self.value == value

    @property
    def varies(self) -> bool:
        """Whether it depends on the input or on a state."""
        return not self.kinds.isdisjoint(("input", "state"))

    @property
    def remembers(self) -> bool:
        """Whether it depends on a state before the token."""
        return "state" in self.kinds


class Graph:
    """Makes nodes: equal values are the same node, in their simplest form.

    The values of ``lines`` stay as they are, so that each reader adds to their gradients.
    """

    def __init__(self) -> None:
        self._nodes: dict[tuple[object, ...], Node] = {}
        self.lines: set[Node] = set()

    @property
    def nodes(self) -> list[Node]:
        """All nodes that were made."""
        return [*self._nodes.values()]

    def make(
        self, kind: str, *args: Node, name: str = "", value: float = 0.0, size: str = ""
    ) -> Node:
        """The node of this kind. By default it has the size of its arguments."""
        key = (kind, *(arg.index for arg in args), name, value)
        if key not in self._nodes:
            size = size or next((arg.size for arg in args if arg.size != ONE), ONE)
            depth = 1 + max((arg.depth for arg in args), default=0)
            kinds = frozenset((kind,)).union(*(arg.kinds for arg in args))
            # A sum with such a term is computed unchanged.
            sums = kind == "product" or (kind in ("add", "sub") and any(arg.sums for arg in args))
            index = len(self._nodes)
            self._nodes[key] = Node(kind, args, name, value, size, index, depth, kinds, sums)
        return self._nodes[key]

    def number(self, value: float) -> Node:
        """A number."""
        return self.make("number", value=float(value))

    def mask(self, left: Node, comparison: str, right: Node) -> Node:
        """1 where the comparison is true, else 0."""
        return self.make("mask", left, right, name=comparison)

    def _negates(self, a: Node) -> bool:
        return a.kind == "neg" and a not in self.lines

    def neg(self, a: Node) -> Node:
        """The negative, -a."""
        if a.kind == "number":
            return self.number(-a.value)
        if self._negates(a):
            return a.args[0]
        if a.kind == "sub" and not a.sums and a not in self.lines:
            return self.sub(a.args[1], a.args[0])
        return self.make("neg", a)

    def add(self, a: Node, b: Node) -> Node:
        """The sum a + b."""
        if a.kind == b.kind == "number":
            return self.number(a.value + b.value)
        if a.is_number(0) or b.is_number(0):
            return b if a.is_number(0) else a
        if self._negates(b):
            return self.sub(a, b.args[0])
        if self._negates(a):
            return self.sub(b, a.args[0])
        return self.mul(self.number(2), a) if a is b else self.make("add", a, b)

    def sub(self, a: Node, b: Node) -> Node:
        """The difference a - b."""
        if a.kind == b.kind == "number":
            return self.number(a.value - b.value)
        if a is b:
            return self.number(0)
        if b.is_number(0):
            return a
        if a.is_number(0):
            return self.neg(b)
        return self.add(a, b.args[0]) if self._negates(b) else self.make("sub", a, b)

    def mul(self, a: Node, b: Node) -> Node:
        """The product a * b, element by element."""
        if a.kind == b.kind == "number":
            return self.number(a.value * b.value)
        for one, other in ((a, b), (b, a)):
            if one.is_number(1):
                return other
            if one.is_number(-1):
                return self.neg(other)
            if one.is_number(0):
                return one
            if self._negates(one):
                return self.neg(self.mul(one.args[0], other))
        return self.make("mul", *((a, b) if a.index <= b.index else (b, a)))

    def div(self, a: Node, b: Node) -> Node:
        """The quotient a / b, element by element; raises ZeroDivisionError if b is the number 0."""
        if b.is_number(0):
            raise ZeroDivisionError
        if a.kind == b.kind == "number":
            return self.number(a.value / b.value)
        if self._negates(a):
            return self.neg(self.div(a.args[0], b))
        return a if b.is_number(1) else self.make("div", a, b)

    def power(self, a: Node, exponent: float) -> Node:
        """The power a ** exponent, element by element."""
        if a.kind == "number":
            return self.number(math.pow(a.value, exponent))
        if exponent in (0, 1):
            return a if exponent else self.number(1)
        return self.mul(a, a) if exponent == 2 else self.make("power", a, value=exponent)

    def total(self, nodes: Iterable[Node]) -> Node:
        """The sum of all nodes."""
        return reduce(self.add, nodes, self.number(0))

    def slopes(self, y: Node) -> tuple[Node, ...]:
        """dy/da for each argument a of ``y``."""
        return SLOPES[y.kind](self, y)


#: The functions of a cell's text, and how many arguments they have.
FUNCTIONS = {
    "sigmoid": 1, "tanh": 1, "relu": 1, "softplus": 1, "exp": 1, "log": 1, "sqrt": 1, "cos": 1,
    "sin": 1, "max": 2, "where": 3,
}  # fmt: skip

#: The derivative of every function by each argument, from its value y where that is simpler.
SLOPES: dict[str, Callable[[Graph, Node], tuple[Node, ...]]] = {
    "add": lambda g, y: (g.number(1), g.number(1)),
    "sub": lambda g, y: (g.number(1), g.number(-1)),
    "neg": lambda g, y: (g.number(-1),),
    "mul": lambda g, y: (y.args[1], y.args[0]),
    "div": lambda g, y: (g.div(g.number(1), y.args[1]), g.neg(g.div(y, y.args[1]))),
    "power": lambda g, y: (g.mul(g.number(y.value), g.power(y.args[0], y.value - 1)),),
    "sigmoid": lambda g, y: (g.mul(y, g.sub(g.number(1), y)),),
    "tanh": lambda g, y: (g.sub(g.number(1), g.mul(y, y)),),
    "relu": lambda g, y: (g.mask(y, ">", g.number(0)),),
    "softplus": lambda g, y: (g.make("sigmoid", y.args[0]),),
    "exp": lambda g, y: (y,),
    "log": lambda g, y: (g.div(g.number(1), y.args[0]),),
    "sqrt": lambda g, y: (g.div(g.number(0.5), y),),
    "cos": lambda g, y: (g.neg(g.make("sin", y.args[0])),),
    "sin": lambda g, y: (g.make("cos", y.args[0]),),
    "max": lambda g, y: _either(g, g.mask(y.args[0], ">=", y.args[1])),
    "where": lambda g, y: (
        g.number(0), g.number(0), *_either(g, g.mask(y.args[0], y.name, y.args[1])),
    ),
}  # fmt: skip


def _either(graph: Graph, mask: Node) -> tuple[Node, Node]:
    return mask, graph.sub(graph.number(1), mask)


def topological(
    roots: Iterable[Node], ends: Callable[[Node], bool] = lambda node: False
) -> list[Node]:
    """All nodes of these expressions, each after its arguments, and none below ``ends``."""
    order: dict[Node, None] = {}
    stack = [*roots][::-1]
    while stack:
        node = stack[-1]
        missing = [] if ends(node) else [arg for arg in node.args if arg not in order]
        if missing:
            stack += reversed(missing)
        else:
            order[stack.pop()] = None
    return [*order]


def fold(root: Node, value: Callable[[Node, Mapping[Node, T]], T]) -> T:
    """Compute a value of a node from those of the nodes below it, each of them once."""
    known: dict[Node, T] = {}
    for node in topological([root]):
        known[node] = value(node, known)
    return known[root]
