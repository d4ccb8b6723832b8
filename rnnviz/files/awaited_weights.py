"""AwaitedWeights: a state_dict of PyTorch without its words; it opens when they are given."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import PurePath

from rnnviz.files.run_archive import MAX_RUN
from rnnviz.files.tensor_file import tensors_of
from rnnviz.files.weights_reader import Known, network_in, words_of
from rnnviz.probe.session import Session
from rnnviz.tasks.upload_store import UploadStore


@dataclass(eq=False)
class AwaitedWeights:
    """The file of the weights, and the words once they are given."""

    name: str
    content: bytes
    _words: list[str] = field(default_factory=list)

    def take(self, name: str, content: bytes) -> bool:
        """Take a text with one word a line; return whether the file is one. Raises TaskError."""
        is_text = PurePath(name).suffix.lower() in ("", ".txt")
        if is_text:
            self._words = words_of(content, name)
        return is_text

    @property
    def missing(self) -> str:
        """What is still to be given, as text."""
        return "" if self._words else "its words, a text file with one word a line"

    def session(self, store: UploadStore | None = None) -> Session:
        """The session over the weights, once nothing is missing; raises TransferError.

        Words that don't fit are forgotten, so that others can be given.
        """
        words, self._words = self._words, []
        file = tensors_of(self.content, self.name, MAX_RUN)
        return network_in(file, self.name, Known(words)).session()
