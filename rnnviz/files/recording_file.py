"""The file of a recording of a training loop, written, read, and followed as a session."""

from __future__ import annotations

import json
import math
import re
import struct
import weakref
import zipfile
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import nullcontext, suppress
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from rnnviz.config import Activation, brief
from rnnviz.engine.evaluation import Score
from rnnviz.engine.layer_buffers import Array
from rnnviz.engine.parameters import Parameters
from rnnviz.files.bounds import TIME
from rnnviz.files.foreign_network import GATES, LAYER, ForeignNetwork, TransferError
from rnnviz.files.run_archive import FORMAT, VERSION, check_header
from rnnviz.files.tensor_file import TensorFile, parsed
from rnnviz.files.weights_file import answered, noted
from rnnviz.files.whole_file import named, whole_file
from rnnviz.probe.session import Session
from rnnviz.run.recording import Recording
from rnnviz.tasks.data.csv_table import name_of
from rnnviz.tasks.dataset import Dataset
from rnnviz.tasks.given_examples import GivenExamples, Signature, place_of, signature_of

RECORDING = "recording"
#: The most snapshots, and the most bytes of the header and of a snapshot.
MOST_SNAPSHOTS, _MOST_HEADER, _MOST_SNAPSHOT = 2_000, 20_000_000, 200_000_000
_RUN, _SNAPSHOT = "run.json", re.compile(r"snapshots/(\d{7,12})\.safetensors", re.ASCII)
#: The local header of a part of a zip: signature, method, CRC-32, two sizes, two lengths.
_HEAD = struct.Struct("<4s4xH4xLLLHH")
_PART, _TABLE = b"PK\x03\x04", b"PK\x01\x02"
#: The kind as it is written in the header, among its first bytes.
_KIND, _HEAD_SIZE = f'"kind": "{RECORDING}"'.encode(), 200
#: The most bytes of a part's name.
_MOST_NAME = 64


class _Part(NamedTuple):
    """A part of the file: its name, the position and bytes of its local header, and its content."""

    name: str
    place: int
    head: bytes
    start: int
    end: int
    checksum: int

    def content(self, file: BinaryIO) -> bytes:
        """Its bytes; fewer if the file ends earlier."""
        file.seek(self.start)
        return file.read(self.end - self.start)


class RecordingFile:
    """The complete snapshots of a recording, by step; ``look`` finds new ones.

    The recording is in a file, which is open only while it is read, or in ``content``. ``header``
    is its run.json. Raises TransferError.
    """

    def __init__(self, path: Path | None, content: bytes = b"") -> None:
        self._path, self._content = path, content
        self.header: dict[str, Any] = {}
        #: Whether the writer closed the file. One that was killed never does.
        self.closed = False
        self._forget()
        if not self.look():
            raise TransferError("there is no complete recording in the file.")

    def _forget(self) -> None:
        self._parts: dict[int, _Part] = {}
        #: The steps with a snapshot, ascending.
        self.steps: list[int] = []
        self._heads: tuple[_Part, ...] = ()
        self._end = 0

    def look(self) -> bool:
        """Read the parts that were added, or all if the file was rewritten.

        Returns whether this recording is there; another one may have replaced it.
        """
        with self._opened() as file:
            # The first and the last part have the same positions and checksums as before.
            same = all(_head(file, part.place) == part.head for part in self._heads)
            if not (self._heads and same):
                self._forget()
                if not self._begin(file):
                    return False
            while part := _part(file, self._end, _MOST_SNAPSHOT):
                found, last = _SNAPSHOT.fullmatch(part.name), next(reversed(self._parts), -1)
                if not found or int(found[1]) <= last or len(self._parts) >= MOST_SNAPSHOTS:
                    raise TransferError(
                        f"it has a part {part.name[:40]!r}, which no recording has here."
                    )
                self._parts[int(found[1])] = part
                self._heads, self._end = (self._heads[0], part), part.end
            # The page reads the list at every turn, so it is rebuilt only if it grew.
            if len(self.steps) < len(self._parts):
                self.steps = list(self._parts)
            file.seek(self._end)
            self.closed = self._path is None or file.read(4) == _TABLE
        return True

    def read(self, step: int) -> TensorFile:
        """A snapshot; raises TransferError, also if the writer has dropped it."""
        for _ in range(2):
            if (part := self._parts.get(step)) is None:
                break
            with self._opened() as file:
                content = part.content(file)
            if zlib.crc32(content) == part.checksum:
                snapshot = TensorFile.of(content)
                # The name of a part is not in the checksum, but the step in the metadata is.
                if snapshot.metadata.get("step") != str(step):
                    raise TransferError("the part belongs to another step.")
                return snapshot
            self.look()  # It may have been rewritten, or replaced: then it has no steps.
        raise TransferError(f"step {step:,} is no longer in the file.")

    def _opened(self) -> BinaryIO:
        if self._path is None:
            return BytesIO(self._content)
        try:
            # To open a named pipe would wait for its writer.
            if self._path.exists() and not self._path.is_file():
                raise TransferError("it is not a file any more.")
            return self._path.open("rb")
        except OSError as problem:
            raise TransferError(f"it can't be read ({problem.strerror}).") from None

    def _begin(self, file: BinaryIO) -> bool:
        """Read the header; return whether it is whole, and of the same recording."""
        part = _part(file, 0, _MOST_HEADER)
        if part is None:
            return False
        header = _header(part.content(file)) if part.name == _RUN else None
        if header is None:
            raise TransferError("this is not a recording: it doesn't begin with run.json.")
        if self.header and header != self.header:
            return False
        self.header, self._heads, self._end = header, (part, part), part.end
        return True


def _part(file: BinaryIO, place: int, most: int) -> _Part | None:
    """The part at a position, if it is whole and has at most ``most`` bytes."""
    head = _head(file, place)
    if len(head) < _HEAD.size:
        return None
    mark, method, checksum, packed, size, name, extra = _HEAD.unpack(head)
    if mark != _PART or method != zipfile.ZIP_STORED or packed != size or name > _MOST_NAME:
        return None
    if not 0 < size <= most:
        return None
    title = file.read(name).decode(errors="replace")
    start = file.tell() + extra
    part = _Part(title, place, head, start, start + size, checksum)
    return part if zlib.crc32(part.content(file)) == checksum else None


def _head(file: BinaryIO, place: int) -> bytes:
    file.seek(place)
    return file.read(_HEAD.size)


def is_recording(file: BinaryIO) -> bool:
    """Whether a file begins as a recording does, whatever follows."""
    part = _part(file, 0, _MOST_HEADER)
    # The writer's header begins with its kind; a large one would take long to parse.
    return part is not None and part.name == _RUN and _KIND in part.content(file)[:_HEAD_SIZE]


def _header(content: bytes) -> dict[str, Any]:
    """The run.json of a recording; raises TransferError for anything else."""
    header: dict[str, Any] = parsed(content, dict) or {}
    check_header(header, RECORDING)
    return header


class RecordingWriter:
    """Writes snapshots to a file of at most about ``most`` bytes; each can be read at once.

    The first snapshot creates the file; until then an old file stays. If it is full, every other
    snapshot is dropped, and ``stride`` doubles: the remaining snapshots are at multiples of it, and
    the last. ``close`` ends the file; without it the end of the program does. Raises OSError, and
    TransferError for a header that could not be read.
    """

    def __init__(self, path: Path, header: Mapping[str, Any], stride: int, most: int) -> None:
        self._path, self._most, self.stride = path, most, stride
        whole = {"format": FORMAT, "version": VERSION, "kind": RECORDING, **header}
        self._header = json.dumps(whole).encode()
        if len(self._header) > _MOST_HEADER:
            raise TransferError(
                f"The probe examples and the names have {len(self._header) / 1e6:,.1f} MB in the "
                f"recording, and {_MOST_HEADER // 1_000_000} MB are the most. Give fewer probe "
                "examples."
            )
        _header(self._header)
        self._sizes: dict[int, int] = {}
        self._end: weakref.finalize[Any, RecordingWriter]

    def _begin(self, parts: Iterable[tuple[str, bytes]]) -> None:
        """Rewrite the file with these parts, and open it for more."""
        with whole_file(self._path) as file:
            with zipfile.ZipFile(file, "w") as other:
                for name, content in parts:
                    other.writestr(zipfile.ZipInfo(name, TIME), content)
            if self._sizes:
                self._end()
        self._file = self._path.open("r+b")
        self._zip = zipfile.ZipFile(self._file, "a")
        self._file.truncate()  # Drop the directory at the end: more follows.
        #: Called at the end of a program that doesn't close it. The disk may be full then.
        self._end = weakref.finalize(self, _close, self._zip, self._file, quietly=True)

    def close(self) -> None:
        """End the file."""
        if not self._sizes:
            self._begin([(_RUN, self._header)])
        self._end.detach()
        _close(self._zip, self._file)

    @property
    def last(self) -> int:
        """The last step with a snapshot; -1 if there is none."""
        return next(reversed(self._sizes), -1)

    def add(self, step: int, snapshot: TensorFile) -> None:
        """Write a snapshot; steps only grow."""
        content = snapshot.content()
        while len(self._sizes) > 2 and (
            sum(self._sizes.values()) + len(content) > self._most
            or len(self._sizes) >= MOST_SNAPSHOTS // 4
        ):  # Drop every other snapshot.
            self.stride *= 2
            kept = {s: size for s, size in self._sizes.items() if s % self.stride == 0}
            self._begin((name, self._zip.read(name)) for name in (_RUN, *map(_name, kept)))
            self._sizes = kept
        if self._sizes:
            with named(self._path):
                self._zip.writestr(zipfile.ZipInfo(_name(step), TIME), content)
                self._file.flush()
        else:
            self._begin([(_RUN, self._header), (_name(step), content)])
        self._sizes[step] = len(content)


def _close(archive: zipfile.ZipFile, file: BinaryIO, quietly: bool = False) -> None:
    """End a file with the central directory of a zip, which a reader of recordings doesn't need."""
    with suppress(OSError) if quietly else nullcontext():
        try:
            archive.close()
        finally:
            file.close()


def _name(step: int) -> str:
    return f"snapshots/{step:07}.safetensors"


# A recording as a session that follows it

_ENDS = ("readout.weight", "readout.bias", "embedding.weight")
_UNSEEN = "The module's own forward could not be compared: its layers alone are shown."
#: The most characters of a name that is shown.
_SHOWN = 60


class TorchSnapshots:
    """The snapshots of a file as networks here; raises TransferError or TaskError."""

    def __init__(self, file: RecordingFile) -> None:
        self._file, header = file, file.header
        self._kind = _member(header, "cell", GATES)
        words, classes, inputs, outputs = (
            _listed(header, part, _is_name) if part in header else None
            for part in ("vocabulary", "classes", "inputs", "outputs")
        )
        for name, other in (("vocabulary", "inputs"), ("classes", "outputs")):
            if name not in header and other not in header:
                raise TransferError(f"its run.json has no {name}.")
        self.signature = signature_of(
            words, classes, inputs, outputs, header.get("characters") is True
        )
        self._activation = Activation(_member(header, "activation", Activation))

    @property
    def steps(self) -> Sequence[int]:
        """The steps that were found at the last look, ascending."""
        return self._file.steps

    @property
    def closed(self) -> bool:
        """Whether the training loop closed the file."""
        return self._file.closed

    def look(self) -> str:
        """Look for more; return an error as a sentence, or an empty text."""
        try:
            if self._file.look():
                return ""
        except TransferError as problem:
            return f"The recording can't be followed any more: {problem}"
        return "This recording is no longer in the file: reload this page."

    @property
    def last(self) -> Parameters:
        """The last weights that can be read; raises TransferError."""
        *others, first = reversed(self.steps)
        for step in others:
            with suppress(TransferError):
                return self.read(step)[0]
        return self.read(first)[0]

    def read(self, step: int) -> tuple[Parameters, Score]:
        """The weights, and the loop's own score; raises TransferError."""
        found = self._file.read(step)

        def number(name: str, least: float = -math.inf, most: float = math.inf) -> float:
            try:
                value = float(found.metadata.get(name, "nan")[:40])
            except ValueError:
                return math.nan
            return value if least <= value <= most else math.nan

        score = Score(number("loss"), number("accuracy", 0, 1))
        return self.network(found.tensors).parameters(), score

    def network(self, tensors: Mapping[str, Array]) -> ForeignNetwork:
        """The network with these arrays, by the names of ``HeldLayers``; raises TransferError."""
        layers = {name: array for name, array in tensors.items() if LAYER.fullmatch(name)}
        for name in tensors.keys() - layers.keys() - {*_ENDS}:
            raise TransferError(
                f"{name[:_SHOWN]} is not part of a recurrent layer, embedding or readout."
            )
        readout, bias, embedding = (tensors.get(name) for name in _ENDS)
        if readout is None:
            raise TransferError("there is no readout.")
        of = self.signature
        return ForeignNetwork(
            self._kind, layers, readout, bias, embedding, self._activation, of.tokens, of.loss
        )


def recording_session(name: str, path: Path | None, content: bytes = b"") -> Session:
    """A session over the recording in a file or in ``content``, at its last snapshot.

    It follows the recording by itself. Raises TransferError, beginning with the ``name``.
    """
    try:
        file = RecordingFile(path, content)
        if not file.steps:
            raise TransferError("there is no complete snapshot in it yet.")
        source = TorchSnapshots(file)
        first = source.network(file.read(file.steps[0]).tensors)
        dataset = _dataset(file.header, name, source.signature, first.precision)
        first.check_sizes(len(dataset.vocabulary), len(dataset.classes))
        if not dataset.labelled:
            dataset = answered(dataset, source.last)
        recording = Recording(source, dataset, first.config(), "PyTorch")
        return Session(first.config(), dataset, run=recording)
    except ValueError as problem:
        raise TransferError(f"{name[:_SHOWN]}: {problem}") from None


def open_recording(path: str | Path) -> Session:
    """A session over a recording of ``rnnviz.torch.Recorder``, even while it grows.

    Raises TransferError.
    """
    return recording_session(name_of(Path(path)), Path(path))


def _dataset(header: Mapping[str, Any], name: str, signature: Signature, dtype: str) -> Dataset:
    examples = _listed(header, "examples", _is_example)
    given = [one if isinstance(one, str) else tuple(one) for one in examples]
    reads = place_of(brief(header.get("reads")))
    assert reads is not None, "a text has a position"
    title = brief(header.get("name", ""), _SHOWN) or name
    read = GivenExamples(signature, given, dtype=dtype)
    dataset = replace(read.dataset(f"{title} from PyTorch", reads), role="probe")
    return noted(dataset, [] if header.get("checked") is True else [_UNSEEN])


def _member(header: Mapping[str, Any], name: str, known: Iterable[str]) -> str:
    """A fact in the header, one of ``known``; raises TransferError."""
    found, names = header.get(name), [*map(str, known)]
    if found not in names:
        raise TransferError(f"The {name} {brief(found, _SHOWN)!r} is not {' or '.join(names)}.")
    return str(found)


def _listed(
    header: Mapping[str, Any], name: str, valid: Callable[[Any], bool]
) -> list[Any]:  # fmt: skip
    values = header.get(name)
    if not isinstance(values, list) or not all(map(valid, values)):
        raise TransferError(f"its run.json has no {name}.")
    return values


def _is_name(value: Any) -> bool:
    return isinstance(value, str)


def _is_example(value: Any, depth: int = 4) -> bool:
    """Whether it is a text, or lists of texts and numbers: steps of values have three levels."""
    if not isinstance(value, list):
        return depth < 4 or isinstance(value, str)
    return depth > 0 and all(_is_example(part, depth - 1) for part in value)
