"""Highways: the ways on which a cell's states are kept, through products and sums alone."""

from __future__ import annotations

from typing import NamedTuple

from rnnviz.engine.equations import Equations
from rnnviz.engine.graph import Node, topological

#: What a state may pass on its way; of a difference it is the first part.
_PASSED = {"add", "sub", "mul", "max"}


class Highway(NamedTuple):
    """A state's way from its old value to its new one: the operations in order."""

    state: str
    before: Node
    ops: tuple[Node, ...]

    def operand(self, op: Node) -> Node:
        """What an operation does to the state: its other argument."""
        k = self.ops.index(op)
        path = self.ops[k - 1] if k else self.before
        return op.args[1] if op.args[0] is path else op.args[0]


def highways(equations: Equations) -> list[Highway]:
    """The highways of a cell, those that depend on most first; no operation is on two."""
    order = topological(equations.nodes.values())
    before = {node.name: node for node in order if node.kind == "state"}
    found, taken = list[Highway](), set[Node]()
    for name in reversed(equations.states):
        if name not in before:  # It cancels out once numbers are worked out, as in 0 * s.
            continue
        ops = _way(equations.nodes[name], before[name], taken)
        if ops is not None:
            found.append(Highway(name, before[name], ops))
            taken.update(ops)
    return sorted(found, key=lambda way: -max((op.depth for op in way.ops), default=0))


def _way(end: Node, before: Node, taken: set[Node]) -> tuple[Node, ...] | None:
    """The operations from ``before`` to ``end``; None if there is no such way."""
    known: dict[Node, tuple[Node, ...] | None] = {before: ()}

    def walk(node: Node) -> tuple[Node, ...] | None:
        if node not in known:
            known[node] = None
            if node.kind in _PASSED and node not in taken and len({*node.args}) > 1:
                args = node.args[:1] if node.kind == "sub" else node.args
                ways = (way for arg in args if (way := walk(arg)) is not None)
                first = next(ways, None)
                known[node] = None if first is None else (*first, node)
        return known[node]

    return walk(end)
