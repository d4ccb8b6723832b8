"""Recorder: writes what a training loop of PyTorch does to a file, for the page to open.

    with Recorder(model, "run.rnnviz", vocabulary=words, classes=classes, probe=probe) as recorder:
        for inputs, targets in batches:
            ...
            optimizer.step()
            recorder.step(loss=loss)

The parts of the file are those of ``exchange.recording_file``. ``run.json`` says the cell and its
activation, vocabulary or inputs, classes or outputs, and examples, after which step of a sequence
the network is ``read`` out, every how many steps a snapshot was taken at first, and a number of
this recording. The metadata of a snapshot say its step, and the loss and the accuracy that the loop
handed over.
"""

from __future__ import annotations

import secrets
import warnings
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

try:
    import torch
except ImportError:
    raise ImportError("rnnviz.torch needs PyTorch: pip install torch.", name="torch") from None

from rnnviz import __version__
from rnnviz.config import OutputAt
from rnnviz.files.foreign_network import TransferError
from rnnviz.files.record import RecordingFile, RecordingWriter
from rnnviz.files.tensor_file import TensorFile
from rnnviz.files.torch_module import TorchParts, arrays_of, held_layers, parts_of
from rnnviz.tasks.dataset import Dataset
from rnnviz.tasks.example import Example
from rnnviz.tasks.given_examples import Given, GivenExamples
from rnnviz.tasks.signature import Words, place_of, signature_of

__all__ = ["Recorder"]


class Recorder:
    """Writes the weights of a module to a file after every so many steps of a training loop.

    ``probe`` are a few examples, with labels or without, on which the page measures it.
    ``vocabulary`` or ``inputs``, ``classes`` or ``outputs``, ``readout``, ``embedding``, ``reads``
    and ``characters`` are as in ``rnnviz.from_torch``.

    The first snapshot is taken at once, the last one by ``close``. If the file gets larger than
    ``megabytes``, every other snapshot is dropped and ``every`` doubles. Nothing of the training is
    changed: no weight, gradient, mode or random state. What the network or the examples can't be
    raises TransferError or TaskError; what goes wrong later is a warning, and training goes on.
    """

    def __init__(
        self,
        model: Any,
        path: str | Path,
        *,
        vocabulary: Words | None = None,
        classes: Sequence[str] | None = None,
        inputs: Sequence[str] | None = None,
        outputs: Sequence[str] | None = None,
        probe: Iterable[Given] = (),
        every: int = 50,
        readout: Any = None,
        embedding: Any = None,
        reads: str | None = None,
        characters: bool | None = None,
        megabytes: float = 100,
    ) -> None:
        signature = signature_of(vocabulary, classes, inputs, outputs, characters)
        parts = parts_of(model, signature, readout, embedding, training=True)
        parts.network.check_sizes(len(signature.vocabulary), len(signature.classes))
        at = place_of(reads) or parts.reads or OutputAt.LAST
        given = [*map(arrays_of, probe)]
        examples = GivenExamples(signature, given, dtype=parts.network.precision)
        dataset = examples.dataset(type(model).__name__, at)
        if every < 1:
            raise ValueError(f"every can't be {every}: it is a number of steps, from 1 up.")
        self._layers = held_layers(model, readout, embedding)
        #: The number of steps so far.
        self.steps = 0
        self._loss, self._accuracy = _Mean(), _Mean()
        header = _header(dataset, parts, dataset.train if given else ()) | {"every": every}
        free = _free(Path(path))
        writer = RecordingWriter(free, header, every, int(megabytes * 1e6))
        self._writer: RecordingWriter | None = writer
        self._record(writer)

    def step(self, loss: Any = None, accuracy: Any = None) -> None:
        """Count a step of the optimizer, and take a snapshot if it is due.

        ``loss`` and ``accuracy`` (0..1) are numbers or tensors with one; the mean since the last
        snapshot is written.
        """
        self.steps += 1
        self._safely(lambda writer: self._step(writer, loss, accuracy))

    def _step(self, writer: RecordingWriter, loss: Any, accuracy: Any) -> None:
        self._loss.add(loss)
        self._accuracy.add(accuracy)
        if self.steps % writer.stride == 0:
            self._record(writer)

    def _record(self, writer: RecordingWriter) -> None:
        """Take a snapshot."""
        scores = {"loss": self._loss.take(), "accuracy": self._accuracy.take()}
        metadata = {name: repr(value) for name, value in scores.items() if value is not None}
        snapshot = TensorFile(self._layers.arrays, {"step": str(self.steps), **metadata})
        writer.add(self.steps, snapshot)

    def _safely(self, action: Callable[[RecordingWriter], object]) -> None:
        """Do something with the writer; if it fails, warn once and record no more."""
        if self._writer is None:
            return
        try:
            action(self._writer)
        except Exception as problem:  # Whatever it is, it must not end the training.
            self._writer = None
            warnings.warn(
                f"rnnviz: the recording ends before step {self.steps:,}; training goes on. "
                f"{type(problem).__name__}: {problem}",
                RuntimeWarning,
                stacklevel=3,
            )

    def close(self) -> None:
        """Take the last snapshot, and end the file; later steps are not recorded."""
        self._safely(self._close)
        self._writer = None

    def _close(self, writer: RecordingWriter) -> None:
        if writer.last < self.steps:
            self._record(writer)
        writer.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        raised: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


class _Mean:
    """The mean of numbers or of tensors with one; tensors stay where they are until it is taken."""

    def __init__(self) -> None:
        self._sum: Any = 0.0
        self._count = 0

    def add(self, value: Any) -> None:
        """Add a number, if there is one."""
        if value is None:
            return
        if isinstance(value, torch.Tensor):
            value = value.detach().float().reshape(())
        self._sum = self._sum + value
        self._count += 1

    def take(self) -> float | None:
        """The mean, and begin again; None if there were no numbers."""
        mean = float(self._sum) / self._count if self._count else None
        self._sum, self._count = 0.0, 0
        return mean


def _free(path: Path) -> Path:
    """The path; raises FileExistsError if something else than a recording is there."""
    if path.exists():
        try:
            RecordingFile(path)
        except TransferError as problem:
            raise FileExistsError(
                f"{path} is there, and is kept: {problem} Give the recording another name."
            ) from None
    return path


def _header(dataset: Dataset, parts: TorchParts, given: Sequence[Example]) -> dict[str, Any]:
    """What run.json says."""
    read = "vocabulary" if parts.network.tokens else "inputs"
    answered = "classes" if dataset.answers_classes else "outputs"
    return {
        "rnnviz": __version__,
        "number": secrets.token_hex(8),
        "name": dataset.name,
        "cell": parts.network.kind,
        "activation": parts.network.activation.value,
        "checked": parts.checked,
        read: list(dataset.vocabulary.words),
        "characters": dataset.vocabulary.characters,
        answered: list(dataset.classes),
        "reads": dataset.reads.value,
        "examples": [_row(one, dataset) for one in given],
    }


def _row(example: Example, dataset: Dataset) -> Any:
    """An example for JSON: a text, or a text and what is to be answered."""
    if not dataset.labelled:
        return example.text
    answers = example.targets.tolist()
    if dataset.answers_classes:
        answers = [dataset.classes[k] for k in answers]
    return [example.text, answers if dataset.reads is OutputAt.EVERY else answers[0]]
