"""The kinds of cells, by name, and cells of one's own."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import lru_cache

from rnnviz.cells import CELLS, ELMAN, ELMAN_RELU, CellText
from rnnviz.config import Activation, SettingError
from rnnviz.engine.cell_check import define
from rnnviz.engine.cell_text import CACHED, CellError
from rnnviz.engine.derived_cell import DerivedCell
from rnnviz.engine.equations import LARGEST, equations_of


def cell_of(
    kind: str, activation: Activation, equations: str = "", constants: str = ""
) -> DerivedCell:
    """The cell of that kind; raises CellError if ``equations`` of one's own make no cell.

    Raises SettingError for other constants than the cell has.

    Only an Elman cell has a choice of activation. One of one's own begins as an Elman cell.
    ``constants`` such as "a=0.3" replace numbers in the equations.
    """
    relu = kind == ELMAN.name and activation is Activation.RELU
    return _derived(ELMAN_RELU.name if relu else kind, equations, constants)


@lru_cache(CACHED)
def _derived(name: str, equations: str, constants: str) -> DerivedCell:
    if name not in CELLS:
        return DerivedCell(define(equations or ELMAN.text))
    cell = CELLS[name]
    made = replace(cell, constants={**cell.constants, **numbers(cell, constants)})
    if constants and not _is_whole(made):
        raise SettingError(f"Constants (constants): with {constants} a part of the cell vanishes.")
    return DerivedCell(made)


def _is_whole(cell: CellText) -> bool:
    """Whether all weights of a cell have an effect."""
    try:
        return not equations_of(cell).idle
    except CellError:
        return False


def numbers(cell: CellText, constants: str) -> dict[str, float]:
    """The numbers of a text such as "dt=0.1, gamma=1.3"; raises SettingError."""
    found = {}
    for part in filter(None, map(str.strip, constants.split(","))):
        name, _, value = map(str.strip, part.partition("="))
        if name not in cell.constants:
            known = ", ".join(cell.constants) or "none"
            raise SettingError(
                f"Constants (constants): {name[:20]!r} is unknown; {cell.name} has {known}."
            )
        found[name] = _number(name, value)
    return found


def _number(name: str, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not abs(value) <= LARGEST:
        raise SettingError(f"Constants (constants): write {name}=0.2, not {name}={text[:20]}.")
    return value
