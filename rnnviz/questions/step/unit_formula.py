"""UnitFormula: how a value of a cell is made, in symbols and in the numbers of one unit."""

from __future__ import annotations

import re
from typing import NamedTuple

from rnnviz.engine.cell_writer import Writer
from rnnviz.engine.graph import Node, topological
from rnnviz.probe.cell_parts import Notation, at_token, typeset
from rnnviz.probe.formatting import number
from rnnviz.questions.step.step_cell import StepCell

#: What is written as its number.
_NUMBERS = {"state", "product", "vector"}


class UnitFormula(NamedTuple):
    """A value's name (empty if it has none), its formula, the formula in numbers, and its value."""

    name: str
    symbols: str
    numbers: str
    value: str


def unit_formula(cell: StepCell, node: Node, t: int, unit: int) -> UnitFormula:
    """How one unit of a value is made at token ``t``."""
    named = {n: name for name, n in reversed(cell.parts.equations.nodes.items())}
    notation = Notation(named, cell.unrolled.name)
    name = at_token(named[node], t) if node in named else ""
    numbers = {
        below: _bracketed(cell.value_at(below, t, unit))
        for below in topological([node])
        if below is not node and (below in named or below.kind in _NUMBERS)
    }
    writer = Writer(numbers, str, str, str, str)
    written = _plain(typeset(writer.value(node))) if node.args else ""
    symbols = notation.value(node, t, whole=True)
    written, symbols = (text.replace("sqrt", "√") for text in (written, symbols))
    return UnitFormula(name, symbols, written, short_number(cell.value_at(node, t, unit)))


def _bracketed(value: float) -> str:
    """A number; a negative one in brackets."""
    return f"({short_number(value)})" if value < 0 else short_number(value)


def short_number(value: float) -> str:
    """A number with three digits."""
    return number(value, 3)


def _plain(text: str) -> str:
    """A formula without the brackets that nobody needs."""
    text = re.sub(r"\((\(−[^()]*\))\)", r"\1", text)
    text = re.sub(r"\+ \(−([^()]*)\)", r"− \1", text.replace("+ −", "− "))
    return re.sub(r"(^|\()\((−[^()]*)\)(?= [+−·]|$)", r"\1\2", text)
