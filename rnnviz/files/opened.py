"""Files that open as a session, and files that need another one first."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import PurePath

from rnnviz.files.foreign_network import TransferError
from rnnviz.files.recording_file import is_recording, recording_session
from rnnviz.files.run_archive import MAX_RUN
from rnnviz.files.run_file import run_of
from rnnviz.files.tensor_file import tensors_of
from rnnviz.files.weights_file import WeightsHints, network_in, words_of
from rnnviz.probe.pair import Pair
from rnnviz.probe.session import Session
from rnnviz.tasks.data_source import UploadStore
from rnnviz.tasks.upload import File, Upload

#: The endings of runs and recordings, and of all files that open.
RUN_ENDS = (".rnnviz", ".zip")
OPENS = (*RUN_ENDS, ".npz", ".safetensors")


def session_of(
    content: bytes, name: str, upload: Upload | None = None, store: UploadStore | None = None
) -> Session | Pair:
    """The session in a file's content, or two; raises TransferError or TaskError, with a sentence.

    ``upload`` are the data of a run that doesn't include them.
    """
    if len(content) > MAX_RUN:
        raise TransferError(f"{name[:60]}: the file has more than {MAX_RUN // 1_000_000} MB.")
    if is_run(name):
        if is_recording(BytesIO(content)):
            return recording_session(name, None, content)
        return run_of(content, name, upload).opened(store)
    return network_in(tensors_of(content, name, MAX_RUN), name, WeightsHints()).session()


def is_run(name: str) -> bool:
    """Whether a file of that name holds a run."""
    return PurePath(name).suffix.lower() in RUN_ENDS


@dataclass(eq=False)
class AwaitedRun:
    """The file of a run without its data, and those data files that were given so far.

    ``wanted`` has the name and the SHA-256 of each, by role.
    """

    name: str
    content: bytes
    wanted: Mapping[str, Mapping[str, str]]
    _found: dict[str, File] = field(default_factory=dict)

    def take(self, name: str, content: bytes) -> bool:
        """Take a file if it is wanted, under any ``name``; return whether it is."""
        digest = hashlib.sha256(content).hexdigest()
        roles = [role for role, file in self.wanted.items() if file["sha256"] == digest]
        self._found |= {role: File(self.wanted[role]["name"], content) for role in roles}
        return bool(roles)

    @property
    def missing(self) -> str:
        """The names of the missing files, as text."""
        names = [file["name"][:60] for role, file in self.wanted.items() if role not in self._found]
        return " and ".join(names)

    def session(self, store: UploadStore | None = None) -> Session | Pair:
        """The run, or both, once nothing is missing; raises TransferError."""
        upload = Upload(self._found["train"], self._found.get("test"))
        return run_of(self.content, self.name, upload).opened(store)


@dataclass(eq=False)
class AwaitedWeights:
    """A state_dict of PyTorch without its words, and the words once they are given."""

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
        """The missing file, as text."""
        return "" if self._words else "its words, a text file with one word a line"

    def session(self, store: UploadStore | None = None) -> Session:
        """The session over the weights, once nothing is missing; raises TransferError.

        Words that don't fit are forgotten, so that others can be given.
        """
        words, self._words = self._words, []
        file = tensors_of(self.content, self.name, MAX_RUN)
        return network_in(file, self.name, WeightsHints(words)).session()
