"""PhraseInput: the typed text and the last phrase that the network can read."""

from __future__ import annotations

from rnnviz.lab.probe import most_typed, read
from rnnviz.tasks.csv_table import TaskError
from rnnviz.tasks.dataset import Dataset


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
