"""RunArchive: the file of a run, a zip of JSON and safetensors. Nothing in it is pickled.

    run.json                        settings, changes, position and data: see ``run_file``
    history.safetensors             loss and metric after every epoch, from epoch 0
    ghost.safetensors               the same for the run that a branch left
    first.safetensors               imported weights that the run began with
    data/train, data/test           the user's own files, if included
    data.json                       given examples, if included
    second/run.json, ...            a second run beside it, without the data
    snapshots/0000120.safetensors   the state at the start of epoch 120

``run.json`` has the "format", "rnnviz run", and its "version". The "kind" is "run" if the run can
be replayed from its snapshots. (A "recording" has snapshots only: see ``recording_file``.) A
snapshot has the weights by name, and the arrays of the optimizer as ``slots.0.W_hh``; its metadata
have "epoch", "optimizer" and "steps".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import orjson

from rnnviz.config import brief
from rnnviz.files.bounds import members_of, zip_content
from rnnviz.files.foreign_network import TransferError, problems_of
from rnnviz.files.tensor_file import TensorFile, parsed

FORMAT, VERSION, RUN = "rnnviz run", 1, "run"
#: The most bytes of a file, packed and unpacked.
MAX_RUN = 100_000_000
#: The most bytes of a part in JSON, and the most changes of a run.
MAX_JSON, MOST_CHANGES = 20_000_000, 10_000
_RUN, _SNAPSHOT = "run.json", re.compile(r"snapshots/(\d{7})\.safetensors", re.ASCII)
_SECOND = "second/"
_OTHERS = {
    _RUN, "history.safetensors", "ghost.safetensors", "first.safetensors", "data/train",
    "data/test", "data.json",
}  # fmt: skip


def check_header(header: Mapping[str, Any], kind: str) -> None:
    """Raise TransferError unless ``run.json`` is that of a file of ``kind``, in this version."""
    if header.get("format") != FORMAT:
        raise TransferError(f"this is not a {kind} of rnnviz: its run.json has another format.")
    if (version := header.get("version")) != VERSION:
        raise TransferError(
            f"its format has the version {brief(version, 20)}, and this rnnviz reads version "
            f"{VERSION}: open it with the rnnviz that wrote it."
        )
    if (found := header.get("kind")) != kind:
        raise TransferError(f"it is a {brief(found, 20)!r}, not a {kind}.")


@dataclass(frozen=True, eq=False)
class RunArchive:
    """The members of the file by name."""

    members: Mapping[str, bytes]

    @classmethod
    def made(
        cls, run: Mapping[str, Any], tensors: Mapping[str, TensorFile], files: Mapping[str, bytes]
    ) -> RunArchive:
        """An archive of ``run.json``, tensors by the name of their part, and files."""
        header = {"format": FORMAT, "version": VERSION, **run}
        named = {f"{name}.safetensors": file.content() for name, file in tensors.items()}
        return cls({_RUN: orjson.dumps(header, option=orjson.OPT_INDENT_2), **files, **named})

    def content(self) -> bytes:
        """The file; tensors are not compressed."""
        return zip_content(self.members)

    @classmethod
    def of(cls, content: bytes) -> RunArchive:
        """Read a file; raises TransferError, with a lower-case sentence."""

        def is_part(name: str) -> bool:
            own = name.removeprefix(_SECOND)
            return own in _OTHERS or _SNAPSHOT.fullmatch(own) is not None

        read = cls(members_of(content, MAX_RUN, is_part))
        check_header(read.run, RUN)
        return read

    @property
    def second(self) -> RunArchive | None:
        """The archive of the second run, with the data of the first; None if there is one run."""
        if f"{_SECOND}{_RUN}" not in self.members:
            return None
        data = {name: content for name, content in self.members.items() if name.startswith("data")}
        own = {
            name.removeprefix(_SECOND): content
            for name, content in self.members.items()
            if name.startswith(_SECOND)
        }
        archive = RunArchive(data | own)
        check_header(archive.run, RUN)
        return archive

    def beside(self, second: RunArchive) -> RunArchive:
        """The archive of two runs."""
        own = {f"{_SECOND}{name}": content for name, content in second.members.items()}
        return RunArchive({**self.members, **own})

    @cached_property
    def run(self) -> dict[str, Any]:
        """``run.json``."""
        return self.table(_RUN)

    @property
    def snapshots(self) -> dict[int, str]:
        """The names of the snapshots by epoch, ascending; for ``tensors``."""
        found = {int(m[1]): m[0] for name in self.members if (m := _SNAPSHOT.fullmatch(name))}
        return {epoch: found[epoch].removesuffix(".safetensors") for epoch in sorted(found)}

    def table(self, name: str) -> dict[str, Any]:
        """A part in JSON; raises TransferError."""
        content = self._member(name)
        if len(content) > MAX_JSON:
            raise TransferError(f"its {name} has more than {MAX_JSON // 1_000_000} MB.")
        table = parsed(content, object)
        if table is None:
            raise TransferError(f"its {name} can't be read as JSON.")
        if not isinstance(table, dict):
            raise TransferError(f"its {name} is not a table.")
        return table

    def tensors(self, name: str) -> TensorFile:
        """A part with tensors; raises TransferError."""
        content = self._member(f"{name}.safetensors")
        with problems_of(name):
            return TensorFile.of(content)

    def _member(self, name: str) -> bytes:
        if name not in self.members:
            raise TransferError(f"it has no {name}.")
        return self.members[name]


def snapshot_name(epoch: int) -> str:
    """The name of a snapshot's part."""
    return f"snapshots/{epoch:07}"
