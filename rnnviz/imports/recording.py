"""A recording of a PyTorch training loop as a session that follows it."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from rnnviz.analysis.own_answers import answered
from rnnviz.config import Activation, brief
from rnnviz.engine.evaluation import Score
from rnnviz.engine.layer_buffers import Array
from rnnviz.engine.parameters import Parameters
from rnnviz.exchange.foreign_network import ForeignNetwork, TransferError
from rnnviz.exchange.recording_file import RecordingFile
from rnnviz.exchange.torch_layers import GATES
from rnnviz.imports.imported_network import noted
from rnnviz.session import Session
from rnnviz.tasks.csv_table import TaskError
from rnnviz.tasks.dataset import Dataset
from rnnviz.tasks.given_examples import GivenExamples
from rnnviz.tasks.signature import Signature, place_of, signature_of
from rnnviz.training.recording import Recording

Kind = TypeVar("Kind", str, Activation)
_LAYER = re.compile(r"(weight|bias)_(ih|hh)_l\d", re.ASCII)
_ORDER = ("readout.weight", "readout.bias", "embedding.weight")
_UNSEEN = "The module's own forward could not be called: its layers alone are shown."
#: Most characters of a name that is shown.
_SHOWN = 60


@dataclass(eq=False)
class TorchSnapshots:
    """The snapshots of a file, as networks of this program."""

    file: RecordingFile
    kind: str
    activation: Activation
    signature: Signature

    @property
    def steps(self) -> Sequence[int]:
        """The steps that were found at the last look, ascending."""
        return self.file.steps

    @property
    def closed(self) -> bool:
        """Whether the training loop closed the file."""
        return self.file.closed

    def look(self) -> str:
        """Look for more; return why that is not possible, in a sentence, or an empty text."""
        try:
            if self.file.look():
                return ""
        except TransferError as problem:
            return f"The recording can't be followed any more: {problem}"
        return "Another recording has taken the place of this one in the file: reload this page."

    @property
    def last(self) -> Parameters:
        """The last weights that can be read; raises TransferError."""
        *others, first = reversed(self.steps)
        for step in others:
            with suppress(TransferError):
                return self.read(step)[0]
        return self.read(first)[0]

    def read(self, step: int) -> tuple[Parameters, Score]:
        """The weights, and what the loop said of them; raises TransferError."""
        found = self.file.read(step)
        said = (_number(found.metadata, name) for name in ("loss", "accuracy"))
        return self._network(found.tensors).parameters(), Score(*said)

    def network(self, step: int) -> ForeignNetwork:
        """The network with the weights of a step; raises TransferError."""
        return self._network(self.file.read(step).tensors)

    def _network(self, tensors: Mapping[str, Array]) -> ForeignNetwork:
        """The network whose arrays these are, by the names of ``HeldLayers``."""
        layers = {name: array for name, array in tensors.items() if _LAYER.fullmatch(name)}
        for name in tensors.keys() - layers.keys() - {*_ORDER}:
            raise TransferError(
                f"{name[:_SHOWN]} belongs to no recurrent layer, embedding or readout."
            )
        if "readout.weight" not in tensors:
            raise TransferError("there is no readout.")
        readout, bias, embedding = (tensors.get(name) for name in _ORDER)
        assert readout is not None, "it was looked for"
        of = self.signature
        return ForeignNetwork(
            self.kind, layers, readout, bias, embedding, self.activation, of.tokens, of.loss
        )


@dataclass(frozen=True, eq=False)
class StoredRecording:
    """A recording in a file, or in the ``content`` of one; every session follows it by itself."""

    name: str
    path: Path | None
    content: bytes = b""

    def session(self) -> Session:
        """A session that shows the last snapshot; raises TransferError."""
        try:
            return self._session()
        except (TransferError, TaskError, ValueError) as problem:
            raise TransferError(f"{self.name[:_SHOWN]}: {problem}") from None

    def _session(self) -> Session:
        file = RecordingFile(self.path, self.content)
        header = file.header
        if not file.steps:
            raise TransferError("there is no whole snapshot in it yet.")
        kind = _member(header, "cell", [*GATES])
        signature = _signature(header)
        activation = _member(header, "activation", [*Activation])
        source = TorchSnapshots(file, kind, activation, signature)
        first = source.network(file.steps[0])
        config, dataset = first.config(), _dataset(header, self.name, signature, first.precision)
        first.check_sizes(len(dataset.vocabulary), len(dataset.classes))
        if not dataset.labelled:
            dataset = answered(dataset, source.last)
        return Session(config, dataset, recording=Recording(source, dataset, config, "PyTorch"))


def open_recording(path: str | Path) -> Session:
    """A session over a recording of ``rnnviz.torch.Recorder``, also while it grows.

    Raises TransferError.
    """
    return StoredRecording(Path(path).name, Path(path)).session()


def _number(metadata: Mapping[str, str], name: str) -> float:
    """A number that the loop handed over; NaN if there is none."""
    try:
        return float(metadata.get(name, "nan")[:40])
    except ValueError:
        return math.nan


def _signature(header: Mapping[str, Any]) -> Signature:
    """What the network reads and answers; raises TaskError or TransferError."""
    words, classes, inputs, outputs = (
        _listed(header, part) if part in header else None
        for part in ("vocabulary", "classes", "inputs", "outputs")
    )
    if words is None and inputs is None:
        raise TransferError("its run.json has no vocabulary.")
    if classes is None and outputs is None:
        raise TransferError("its run.json has no classes.")
    return signature_of(words, classes, inputs, outputs, header.get("characters") is True)


def _dataset(header: Mapping[str, Any], name: str, signature: Signature, dtype: str) -> Dataset:
    """The examples as they were handed over."""
    examples = _listed(header, "examples")
    given = [one if isinstance(one, str) else tuple(one) for one in examples]
    reads = place_of(brief(header.get("reads")))
    assert reads is not None, "a text says where"
    title = brief(header.get("name", ""), _SHOWN) or name
    read = GivenExamples(signature, given, dtype=dtype)
    dataset = replace(read.dataset(f"{title} from PyTorch", reads), role="probe")
    return noted(dataset, [] if header.get("checked") is True else [_UNSEEN])


def _member(header: Mapping[str, Any], name: str, known: Sequence[Kind]) -> Kind:
    """What the header says of the network, one of ``known``; raises TransferError."""
    for member in known:
        if header.get(name) == member:
            return member
    said = brief(header.get(name), _SHOWN)
    raise TransferError(f"The {name} {said!r} is none of {', '.join(known)}.")


def _listed(header: Mapping[str, Any], name: str) -> list[Any]:
    values = header.get(name)
    if not isinstance(values, list) or not all(isinstance(v, str | list) for v in values):
        raise TransferError(f"its run.json has no {name}.")
    return values
