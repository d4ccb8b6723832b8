"""PhraseInput: the typed text and the last phrase that the network can read."""

from __future__ import annotations

from itertools import chain

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
