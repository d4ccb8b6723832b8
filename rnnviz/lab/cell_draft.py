"""CellDraft: a text of equations as it is typed, and what came of the check."""

from __future__ import annotations

from dataclasses import dataclass

from rnnviz.engine.cell_text import CHARACTERS, CellError
from rnnviz.engine.derived_cell import DerivedCell
from rnnviz.engine.own_cell import own_cell


@dataclass(frozen=True, eq=False)
class CellDraft:
    """A text with either its ``problem`` or the ``cell`` that it makes."""

    text: str
    problem: CellError | None = None
    cell: DerivedCell | None = None


def checked(text: str) -> CellDraft:
    """The text, read and checked; of one that is too long the beginning is kept."""
    text = text[: CHARACTERS + 1]
    try:
        # Without any text the cell would be an Elman cell.
        return CellDraft(text, cell=own_cell(text or " "))
    except CellError as problem:
        return CellDraft(text, problem)
