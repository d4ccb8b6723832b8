"""The kinds of cells, by name, and cells of one's own."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import lru_cache

from rnnviz.config import Activation, CellKind
from rnnviz.engine.cell_check import define
from rnnviz.engine.cell_text import CellError
from rnnviz.engine.cells import CELLS, ELMAN, CellText
from rnnviz.engine.derived_cell import DerivedCell
from rnnviz.engine.equations import LARGEST


def cell_of(
    kind: CellKind, activation: Activation, equations: str = "", constants: str = ""
) -> DerivedCell:
    """The cell of that kind; raises CellError if ``equations`` of one's own make no cell.

    Only an Elman cell has a choice of activation. One of one's own begins as an Elman cell.
    ``constants`` such as "a=0.3" replace numbers in the equations.
    """
    relu = kind is CellKind.ELMAN and activation is Activation.RELU
    return _derived("elman-relu" if relu else kind.value, equations, constants)


@lru_cache(64)
def _derived(name: str, equations: str, constants: str) -> DerivedCell:
    if name not in CELLS:
        return DerivedCell(define(equations or ELMAN.text))
    cell = CELLS[name]
    return DerivedCell(replace(cell, constants={**cell.constants, **numbers(cell, constants)}))


def numbers(cell: CellText, constants: str) -> dict[str, float]:
    """The numbers of a text such as "dt=0.1, gamma=1.3"; raises CellError."""
    found = {}
    for part in filter(None, map(str.strip, constants.split(","))):
        name, _, value = map(str.strip, part.partition("="))
        if name not in cell.constants:
            known = ", ".join(cell.constants) or "it has none"
            raise CellError(1, 1, f"{name[:20]!r} is no constant of {cell.name}: {known}")
        found[name] = _number(name, value)
    return found


def _number(name: str, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not abs(value) <= LARGEST:
        raise CellError(1, 1, f"{name} must be a number, such as {name}=0.2, not {text[:20]!r}")
    return value
