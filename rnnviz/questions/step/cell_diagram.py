"""CellDiagram: a cell's equations as symbols and wires of a flow drawing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from rnnviz.engine.cell_text import CACHED
from rnnviz.engine.equations import Equations
from rnnviz.engine.graph import Node, topological
from rnnviz.probe.cell_parts import typeset, untimed

#: Operations that keep a state; of a difference it is the first operand.
_PASSED = {"add", "sub", "mul", "max"}


class StatePath(NamedTuple):
    """A state's path from its old value to its new one: the operations in order."""

    state: str
    before: Node
    ops: tuple[Node, ...]

    def operand(self, op: Node) -> Node:
        """The other argument of an operation on the state."""
        k = self.ops.index(op)
        previous = self.ops[k - 1] if k else self.before
        return op.args[1] if op.args[0] is previous else op.args[0]


def state_paths(equations: Equations) -> list[StatePath]:
    """The state paths of a cell, the deepest first; no operation is on two."""
    order = topological(equations.nodes.values())
    before = {node.name: node for node in order if node.kind == "state"}
    found, taken = list[StatePath](), set[Node]()
    for name in reversed(equations.states):
        if name not in before:  # It cancels out once numbers are worked out, as in 0 * s.
            continue
        ops = _operations_between(equations.nodes[name], before[name], taken)
        if ops is not None:
            found.append(StatePath(name, before[name], ops))
            taken.update(ops)
    return sorted(found, key=lambda path: -max((op.depth for op in path.ops), default=0))


def _operations_between(end: Node, before: Node, taken: set[Node]) -> tuple[Node, ...] | None:
    """The operations from ``before`` to ``end``; None if there is no such path."""
    known: dict[Node, tuple[Node, ...] | None] = {before: ()}

    def walk(node: Node) -> tuple[Node, ...] | None:
        if node not in known:
            known[node] = None
            if node.kind in _PASSED and node not in taken and len({*node.args}) > 1:
                args = node.args[:1] if node.kind == "sub" else node.args
                paths = (path for arg in args if (path := walk(arg)) is not None)
                first = next(paths, None)
                known[node] = None if first is None else (*first, node)
        return known[node]

    return walk(end)


# Symbols and wires


_SUMS = {"add", "sub"}


@dataclass(frozen=True, eq=False)
class Symbol:
    """A value in the drawing.

    ``kind`` is "before" or "after" (a state), "input", "weights", "line" (what matrices make), the
    operation "sum", "product", "div", "max" or "where", or "function". ``total`` is the value
    before ``functions`` of it are taken. ``path`` is the state path that it is on.
    """

    kind: str
    node: Node
    wires: tuple[Wire, ...] = ()
    names: tuple[str, ...] = ()
    total: Node | None = None
    path: StatePath | None = None
    #: The terms of a part of a sum, which is no value of the graph itself.
    terms: tuple[Node, ...] = ()

    @property
    def is_source(self) -> bool:
        """Whether it is the input, or a state before the token."""
        return self.kind in ("before", "input")

    @property
    def is_leaf(self) -> bool:
        """Whether it reads nothing that the cell computes at the token."""
        plain = self.kind == "line" and all(wire.source.is_source for wire in self.wires)
        return plain or self.kind == "weights"


class Wire(NamedTuple):
    """What a symbol reads: a source, through functions of it in the order of their application.

    ``reader`` is the operation that reads the source; None if it is the symbol itself, or its sum.
    """

    source: Symbol
    reader: Node | None
    through: tuple[Node, ...] = ()
    sign: int = 1


class Diagram(NamedTuple):
    """The symbols in the order of computation, and the state paths."""

    symbols: tuple[Symbol, ...]
    paths: tuple[StatePath, ...]

    def of(self, node: Node) -> Symbol:
        """The symbol of a value that has one."""
        return next(s for s in self.symbols if s.node is node and s.kind != "after")


@lru_cache(CACHED)
def cell_diagram(equations: Equations) -> Diagram:
    """The diagram of a cell. In a cell of one line every term has a symbol."""
    whole = _DiagramBuilder(equations).diagram
    lines = [symbol for symbol in whole.symbols if symbol.kind == "line"]
    return _DiagramBuilder(equations, split=True).diagram if len(lines) == 1 else whole


def operand(node: Node) -> Node | None:
    """The argument of a function of one value; None for other operations."""
    read = {arg for arg in node.args if arg.kind != "number"}
    return read.pop() if len(read) == 1 and node.kind != "product" else None


#: A longer label of a wire is cut.
LONGEST = 16


def wire_label(equations: Equations, wire: Wire) -> str:
    """The functions in a wire, with its sign; empty if there are none."""
    text = ""
    if len(wire.through) == 1:
        text = function_label(wire.through[0], wire.source.node)
    elif wire.through:
        named = {node: name for name, node in reversed(equations.nodes.items())}
        text = untimed(named).value(wire.through[-1], 0)
    if len(text) > LONGEST:
        text = f"{text[: LONGEST - 1]}…"
    return f"− {text}".strip() if wire.sign < 0 else text


def function_label(node: Node, read: Node) -> str:
    """One function, without its argument: tanh, 1 −, 0.1 ·, ²."""
    number = next((f"{a.value:.4g}" for a in node.args if a.kind == "number"), "")
    number = number.replace("-", "−")
    before, after = {
        "sub": (f"{number} −", f"− {number}"),
        "div": (f"{number} ÷", f"÷ {number}"),
        "mul": (f"{number} ·", f"{number} ·") if number else ("²", "²"),
        "add": (f"+ {number}",) * 2,
        "power": (f"^{node.value:g}",) * 2,
        "max": (f"max {number}",) * 2,
        "neg": ("−",) * 2,
    }.get(node.kind, (typeset(node.kind),) * 2)
    return before if node.args[0] is not read else after


class _DiagramBuilder:
    """Makes the symbols of a cell; with ``split``, every product has its own."""

    def __init__(self, equations: Equations, split: bool = False) -> None:
        self._equations, self._split = equations, split
        self._order = topological(equations.nodes.values())
        self._uses = Counter(arg for node in self._order for arg in {*node.args})
        self._names: dict[Node, tuple[str, ...]] = {}
        for name, node in equations.nodes.items():
            self._names[node] = (*self._names.get(node, ()), name)
        self._paths = state_paths(equations)
        self._path_of = {op: path for path in self._paths for op in path.ops}
        self._made: dict[Node, Symbol] = {}

    @property
    def diagram(self) -> Diagram:
        """All symbols."""
        nodes, after = self._equations.nodes, list[Symbol]()
        for node in (*(path.before for path in self._paths), *nodes.values()):
            self._symbol(node)
        kept = {path.state for path in self._paths}
        for name in dict.fromkeys((*self._equations.states, self._equations.out)):
            if name not in kept:
                wire = Wire(self._symbol(nodes[name]), None)
                after.append(Symbol("after", nodes[name], (wire,), (name,)))
        return Diagram((*self._made.values(), *after), tuple(self._paths))

    def _own(self, node: Node) -> bool:
        """Whether a value always has a symbol: it has a name, or several values read it."""
        known = node in self._names or node in self._path_of or self._uses[node] > 1
        return known or node.kind in ("state", "input")

    def _symbol(self, node: Node) -> Symbol:
        if node not in self._made:
            made = self._make(node)  # Its sources are added first.
            self._made[node] = made
        return self._made[node]

    def _make(self, node: Node) -> Symbol:
        names = self._names.get(node, ())
        if node.kind in ("state", "input"):
            return Symbol("before" if node.kind == "state" else "input", node, names=names)
        if not node.varies:
            return Symbol("weights", node, names=names)
        if node in self._path_of:
            return self._passed(node, self._path_of[node])
        # The argument of the functions, unless it has a symbol of its own.
        total = node
        while (inner := operand(total)) is not None and not self._own(inner):
            total = inner
        kind, wires = self._opened(total)
        return Symbol(kind, node, tuple(wires), names, total)

    def _passed(self, node: Node, path: StatePath) -> Symbol:
        """An operation of a state path: its first wire is the state; a number needs no wire."""
        k, other = path.ops.index(node), path.operand(node)
        previous = self._symbol(path.ops[k - 1] if k else path.before)
        sign = -1 if node.kind == "sub" else 1
        wires = [Wire(previous, node)]
        if other.kind != "number":
            wires.append(self._wire(other, node, sign))
        kind = {"mul": "product", "max": "max"}.get(node.kind, "sum")
        return Symbol(kind, node, tuple(wires), self._names.get(node, ()), node, path)

    def _opened(self, total: Node) -> tuple[str, list[Wire]]:
        """The kind of a symbol, and its wires."""
        if (inner := operand(total)) is not None:
            return "function", [self._wire(inner, total)]
        if total.kind == "product":
            return "line", [self._wire(total.args[0], total)]
        if total.kind in _SUMS:
            return self._sum(total)
        if total.kind == "mul":
            return "product", [self._wire(*pair) for pair in self._factors(total)]
        args = [arg for arg in dict.fromkeys(total.args) if arg.kind != "number"]
        return total.kind, [self._wire(arg, total) for arg in args]

    def _factors(self, node: Node) -> Iterator[tuple[Node, Node]]:
        """The factors of a product, each with its reader."""
        for arg in node.args:
            if arg.kind == "mul" and operand(arg) is None and not self._own(arg) and arg.varies:
                yield from self._factors(arg)
            else:
                yield arg, node

    def _terms(self, node: Node, sign: int = 1) -> Iterator[tuple[Node, Node, int]]:
        """The terms of a sum, each with its reader and its sign."""
        left, right = node.args
        for arg, own in ((left, sign), (right, sign if node.kind == "add" else -sign)):
            inner = arg.kind in _SUMS and operand(arg) is None and arg.varies
            if inner and not self._own(arg):
                yield from self._terms(arg, own)
            else:
                yield arg, node, own

    def _sum(self, total: Node) -> tuple[str, list[Wire]]:
        """A line if it consists of matrix products and biases; else a sum with one line."""
        terms = [*self._terms(total)]
        products = [row for row in terms if row[0].kind == "product" and self._joins(row)]
        joined = [row for row in terms if row in products or (products and self._is_bias(row))]
        if self._split or not products:
            return "sum", [self._wire(*row) for row in terms]
        if len(joined) == len(terms):
            return "line", [*self._reads(joined)]
        rest = [self._wire(*row) for row in terms if row not in joined]
        nodes = tuple(term for term, *_ in joined)
        node, wires = self._equations.graph.total(nodes), tuple(self._reads(joined))
        self._made.setdefault(node, Symbol("line", node, wires, total=node, terms=nodes))
        return "sum", [Wire(self._made[node], None), *rest]

    def _joins(self, term: tuple[Node, Node, int]) -> bool:
        return term[2] > 0 and not self._own(term[0])

    def _is_bias(self, term: tuple[Node, Node, int]) -> bool:
        """Whether a term is a vector of weights, or one times a state, as a peephole is."""
        node = term[0]
        if node.kind == "vector":
            return term[2] > 0
        seen = [arg for arg in node.args if arg.varies]
        scaled = node.kind == "mul" and len(seen) == 1 and operand(node) is None
        return scaled and self._own(seen[0]) and self._joins(term)

    def _reads(self, terms: list[tuple[Node, Node, int]]) -> Iterator[Wire]:
        """The wires of the terms of a line."""
        for node, *_ in terms:
            for arg in node.args:
                if node.kind == "product" or arg.varies:
                    yield self._wire(arg, node)

    def _wire(self, node: Node, reader: Node, sign: int = 1) -> Wire:
        """A wire to a value, or through functions to one with a symbol of its own."""
        base, through = node, list[Node]()
        while not self._own(base) and base.varies and (inner := operand(base)) is not None:
            through.insert(0, base)
            base = inner
        if through and self._own(base):
            return Wire(self._symbol(base), through[0], tuple(through), sign)
        return Wire(self._symbol(node), reader, (), sign)
