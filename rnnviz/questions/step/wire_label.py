"""Wire label: what is done to a value on its way from one symbol of a cell to another."""

from __future__ import annotations

from rnnviz.engine.equations import Equations
from rnnviz.engine.graph import Node
from rnnviz.probe.cell_parts import typeset, untimed
from rnnviz.questions.step.cell_diagram import Wire

#: A longer label is cut.
LONGEST = 16


def wire_label(equations: Equations, wire: Wire) -> str:
    """The functions in a wire, with its sign; empty if there are none."""
    text = _written(equations, wire) if wire.through else ""
    if len(text) > LONGEST:
        text = f"{text[: LONGEST - 1]}…"
    return f"− {text}".strip() if wire.sign < 0 else text


def _written(equations: Equations, wire: Wire) -> str:
    if len(wire.through) == 1:
        return function_label(wire.through[0], wire.source.node)
    named = {node: name for name, node in reversed(equations.nodes.items())}
    return untimed(named).value(wire.through[-1], 0)


def function_label(node: Node, read: Node) -> str:
    """One function, without what it reads: tanh, 1 −, 0.1 ·, ²."""
    number = next((f"{a.value:.4g}" for a in node.args if a.kind == "number"), "")
    number = number.replace("-", "−")
    first = node.args[0] is not read
    before, after = {
        "sub": (f"{number} −", f"− {number}"),
        "div": (f"{number} ÷", f"÷ {number}"),
        "mul": (f"{number} ·", f"{number} ·") if number else ("²", "²"),
        "add": (f"+ {number}",) * 2,
        "power": (f"^{node.value:g}",) * 2,
        "max": (f"max {number}",) * 2,
        "neg": ("−",) * 2,
    }.get(node.kind, (typeset(node.kind),) * 2)
    return before if first else after
