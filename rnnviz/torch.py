"""Recorder: records a training loop of PyTorch in a file, which the page opens.

    with Recorder(model, "run.rnnviz", vocabulary=words, classes=classes, probe=probe) as recorder:
        for inputs, targets in batches:
            ...
            optimizer.step()
            recorder.step(loss=loss)

The file is described in ``files.recording_file``. Its ``run.json`` has the cell and its activation,
vocabulary or inputs, classes or outputs, the examples, where the network is read out, the first
interval between snapshots, and a number of this recording. The metadata of a snapshot have its
step, and the loss and the accuracy given by the loop.
"""

from __future__ import annotations

import secrets
import warnings
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, Self

try:
    import torch
except ImportError:
    raise ImportError("rnnviz.torch needs PyTorch: pip install torch.", name="torch") from None

from rnnviz import __version__
from rnnviz.config import OutputAt
from rnnviz.files.foreign_network import TransferError
from rnnviz.files.recording_file import RecordingFile, RecordingWriter
from rnnviz.files.tensor_file import TensorFile
from rnnviz.files.torch_module import TorchParts, arrays_of, held_layers, parts_of
from rnnviz.tasks.dataset import Dataset, Example
from rnnviz.tasks.given_examples import Given, GivenExamples, Words, place_of, signature_of

__all__ = ["Recorder"]


class Recorder:
    """Writes the weights of a module to a file at intervals of ``every`` steps of a training loop.

    ``probe`` are a few examples, with labels or without, on which the page measures it.
    ``vocabulary`` or ``inputs``, ``classes`` or ``outputs``, ``readout``, ``embedding``, ``reads``
    and ``characters`` are as in ``rnnviz.from_torch``.

    The first snapshot is taken at once, the last one by ``close``. If the file gets larger than
    ``megabytes``, ``every`` doubles, and of the snapshots before only those at its multiples stay.
    The training is unchanged: its weights, gradients, modes and random states. Networks and
    examples that can't be represented raise TransferError or TaskError; later errors are warnings,
    and training goes on.
    """

    def __init__(
        self, model: Any, path: str | Path, *, vocabulary: Words | None = None,
        classes: Sequence[str] | None = None, inputs: Sequence[str] | None = None,
        outputs: Sequence[str] | None = None, probe: Iterable[Given] = (), every: int = 50,
        readout: Any = None, embedding: Any = None, reads: str | None = None,
        characters: bool | None = None, megabytes: float = 100,
    ) -> None:  # fmt: skip
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
        path = Path(path)
        if path.exists():
            try:
                RecordingFile(path)
            except TransferError as problem:
                raise FileExistsError(
                    f"{path} is there, and is kept: {problem} Give the recording another name."
                ) from None
        writer = RecordingWriter(path, header, every, int(megabytes * 1e6))
        self._writer: RecordingWriter | None = writer
        self._record(writer)

    def step(self, loss: Any = None, accuracy: Any = None) -> None:
        """Count a step of the optimizer, and take a snapshot if it is due.

        ``loss`` and ``accuracy`` (0..1) are numbers or tensors with one; the mean since the last
        snapshot is written.
        """
        self.steps += 1

        def count(writer: RecordingWriter) -> None:
            self._loss.add(loss)
            self._accuracy.add(accuracy)
            if self.steps % writer.stride == 0:
                self._record(writer)

        self._safely(count)

    def _record(self, writer: RecordingWriter) -> None:
        scores = {"loss": self._loss.take(), "accuracy": self._accuracy.take()}
        metadata = {name: repr(value) for name, value in scores.items() if value is not None}
        snapshot = TensorFile(self._layers.arrays, {"step": str(self.steps), **metadata})
        writer.add(self.steps, snapshot)

    def _safely(self, action: Callable[[RecordingWriter], object]) -> None:
        """Call ``action`` with the writer; if it fails, warn once and record no more."""
        if self._writer is None:
            return
        try:
            action(self._writer)
        except Exception as problem:  # No error may end the training.
            self._writer = None
            warnings.warn(
                f"rnnviz: the recording ends before step {self.steps:,}; training goes on. "
                f"{type(problem).__name__}: {problem}",
                RuntimeWarning,
                stacklevel=3,
            )

    def close(self) -> None:
        """Take the last snapshot, and end the file; later steps are not recorded."""

        def end(writer: RecordingWriter) -> None:
            if writer.last < self.steps:
                self._record(writer)
            writer.close()

        self._safely(end)
        self._writer = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        self.close()


class _Mean:
    """The mean of numbers or of tensors with one, which stay on their device until it is taken."""

    def __init__(self) -> None:
        self._sum: Any = 0.0
        self._count = 0

    def add(self, value: Any) -> None:
        if value is None:
            return
        if isinstance(value, torch.Tensor):
            value = value.detach().float().reshape(())
        self._sum = self._sum + value
        self._count += 1

    def take(self) -> float | None:
        """The mean since the last call; None without numbers."""
        mean = float(self._sum) / self._count if self._count else None
        self._sum, self._count = 0.0, 0
        return mean


def _header(dataset: Dataset, parts: TorchParts, given: Sequence[Example]) -> dict[str, Any]:
    """``run.json``; an example is a text, or a text and its answers."""

    def row(example: Example) -> Any:
        if not dataset.labelled:
            return example.text
        answers = example.targets.tolist()
        if dataset.answers_classes:
            answers = [dataset.classes[k] for k in answers]
        return [example.text, answers if dataset.reads is OutputAt.EVERY else answers[0]]

    read = "vocabulary" if parts.network.tokens else "inputs"
    answered = "classes" if dataset.answers_classes else "outputs"
    return {
        "rnnviz": __version__, "number": secrets.token_hex(8), "name": dataset.name,
        "cell": parts.network.kind, "activation": parts.network.activation.value,
        "checked": parts.checked, read: list(dataset.vocabulary.words),
        "characters": dataset.vocabulary.characters, answered: list(dataset.classes),
        "reads": dataset.reads.value, "examples": [*map(row, given)],
    }  # fmt: skip
