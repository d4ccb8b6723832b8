"""AwaitedRun: a run whose data are not in its file; it opens when they are given."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

from rnnviz.files.run_reader import run_of
from rnnviz.probe.session import Session
from rnnviz.tasks.upload import File, Upload
from rnnviz.tasks.upload_store import UploadStore


@dataclass(eq=False)
class AwaitedRun:
    """The file of a run, and the files it learned from, as far as they were given.

    ``wanted`` has the name and the SHA-256 of each, by its role.
    """

    name: str
    content: bytes
    wanted: Mapping[str, Mapping[str, str]]
    _found: dict[str, File] = field(default_factory=dict)

    def take(self, name: str, content: bytes) -> bool:
        """Take a file if it is one of those wanted, whatever its ``name``; return whether it is."""
        digest = hashlib.sha256(content).hexdigest()
        roles = [role for role, file in self.wanted.items() if file["sha256"] == digest]
        self._found |= {role: File(self.wanted[role]["name"], content) for role in roles}
        return bool(roles)

    @property
    def missing(self) -> str:
        """The names of the files that are still to be given, as text."""
        names = [file["name"][:60] for role, file in self.wanted.items() if role not in self._found]
        return " and ".join(names)

    def session(self, store: UploadStore | None = None) -> Session:
        """The session that goes on with the run, once nothing is missing; raises TransferError."""
        upload = Upload(self._found["train"], self._found.get("test"))
        return run_of(self.content, self.name, upload).session(store)
