"""PhraseInput: what the reader has typed, and the phrase that is read of it."""

from __future__ import annotations

from rnnviz.lab.probe import MAX_TYPED, read
from rnnviz.tasks.dataset import Dataset
from rnnviz.tasks.table import TaskError


class PhraseInput:
    """The text as ``typed``, the last ``phrase`` that could be read, and a ``problem``, if any."""

    def __init__(self, phrase: str) -> None:
        self.typed = self.phrase = phrase
        self.problem = ""

    def ask(self, text: str, dataset: Dataset) -> None:
        """Make ``text`` the phrase; if it can't be read, the last one stays."""
        # Of what is too long to be read the beginning is kept, to be shortened.
        self.typed, self.problem = text[: MAX_TYPED + 1], ""
        try:
            read(dataset, text)
            self.phrase = text
        except TaskError as problem:
            self.problem = f"{problem} The pictures still show: {self.phrase}"

    def fits(self, dataset: Dataset) -> bool:
        """Whether these data have every word of what was typed."""
        try:
            return not read(dataset, self.typed).unknown
        except TaskError:
            return False
