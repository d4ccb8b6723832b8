"""What the reader typed and marked: a phrase, a unit and a token, the equations of a cell."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain

from rnnviz.engine.cell_text import CHARACTERS, CellError
from rnnviz.engine.derived_cell import DerivedCell
from rnnviz.engine.gradcheck import own_cell
from rnnviz.probe.probe import most_typed, read, readable, start_of
from rnnviz.tasks.csv_table import TaskError
from rnnviz.tasks.dataset import Dataset


def first_phrase(dataset: Dataset, text: str) -> str:
    """``text``, or else the first example, as much of it as the network can read."""
    examples = (example.text for part in (dataset.test, dataset.train) for example in part)
    parts = (part for one in chain([text], examples) for part in (one, start_of(dataset, one)))
    return next((part for part in parts if readable(dataset, part)), text[: most_typed(dataset)])


class PhraseInput:
    """The text as ``typed``, the last readable ``phrase``, and the ``problem`` with the text."""

    def __init__(self, phrase: str) -> None:
        self.typed = self.phrase = phrase
        self.problem = ""

    def ask(self, text: str, dataset: Dataset) -> None:
        """Make ``text`` the phrase; if it can't be read, the last phrase stays."""
        # The start of a text that is too long stays in the box, to be shortened.
        self.typed, self.problem = text[: most_typed(dataset) + 1], ""
        try:
            read(dataset, text)
            self.phrase = text
        except TaskError as problem:
            self.problem = f"{problem} Still shown: {self.phrase}"

    def fits(self, dataset: Dataset) -> bool:
        """Whether the vocabulary of ``dataset`` has every word of the typed text."""
        try:
            return not read(dataset, self.typed).unknown
        except TaskError:
            return False


@dataclass
class Selection:
    """The number of a unit and the index of a token, both from 0; None if none is selected."""

    unit: int | None = None
    token: int | None = None

    def unit_of(self, hidden: int) -> int | None:
        """The unit, if a layer of ``hidden`` units has it."""
        return self.unit if self.unit is not None and self.unit < hidden else None


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
