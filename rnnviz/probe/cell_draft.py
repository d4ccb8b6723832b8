"""CellDraft: a text of equations as it is typed, and what came of the check."""

from __future__ import annotations

from dataclasses import dataclass

from rnnviz.engine.cell_text import CHARACTERS, CellError
from rnnviz.engine.derived_cell import DerivedCell
from rnnviz.engine.own_cell import own_cell


@dataclass(frozen=True, eq=False)
class CellDraft:
    """A text with either its ``problem`` or the ``cell`` that it makes.

    ``before`` is the cell of the last text that made one, if this has a problem.
    """

    text: str
    problem: CellError | None = None
    cell: DerivedCell | None = None
    before: DerivedCell | None = None

    @property
    def last(self) -> DerivedCell | None:
        """The cell, or the one before the problem."""
        return self.cell or self.before


def checked(text: str, before: CellDraft | None = None) -> CellDraft:
    """The text, read and checked after ``before``; of one too long the beginning is kept."""
    text = text[: CHARACTERS + 1]
    try:
        # Without any text the cell would be an Elman cell.
        return CellDraft(text, cell=own_cell(text or " "))
    except CellError as problem:
        return CellDraft(text, problem, before=before.last if before else None)
