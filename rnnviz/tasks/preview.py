"""Preview: what an upload would be learned from, before anything starts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from rnnviz.tasks.example import Example
from rnnviz.tasks.table import Form
from rnnviz.tasks.upload import Upload, dataset_of, parts_of
from rnnviz.tasks.vocabulary import Array, Unit


class ClassCount(NamedTuple):
    """A class, and how often it is wanted in training and in the test."""

    name: str
    train: int
    test: int


@dataclass(frozen=True)
class Preview:
    """What was found in an upload.

    ``train`` and ``test`` are the numbers of sequences, ``vocabulary`` and ``source`` those of
    different tokens (``source`` of an encoder, 0 without one), ``longest`` that of the tokens of
    the longest sequence. ``unknown`` are the test's tokens that are skipped.
    """

    name: str
    form: Form
    unit: Unit
    train: int
    test: int
    classes: tuple[ClassCount, ...]
    vocabulary: int
    source: int
    longest: int
    unknown: tuple[str, ...]
    notes: tuple[str, ...]


def preview(upload: Upload) -> Preview:
    """What an upload would be learned from; raise TaskError if it can't be."""
    parts, data = parts_of(upload), dataset_of(upload)
    counts = (_counts(part, len(data.classes)) for part in (data.train, data.test))
    return Preview(
        name=data.name,
        form=parts.form,
        unit=parts.unit,
        train=len(data.train),
        test=len(data.test),
        classes=tuple(map(ClassCount, data.classes, *counts)),
        vocabulary=len(data.vocabulary),
        source=len(data.source) if data.source else 0,
        longest=max(_length(example) for example in (*data.train, *data.test)),
        unknown=data.unknown,
        notes=data.notes,
    )


def _counts(examples: Sequence[Example], classes: int) -> list[int]:
    none: list[Array] = [np.zeros(0, np.intp)]
    wanted = np.concatenate([*none, *(example.targets for example in examples)])
    return [int(count) for count in np.bincount(wanted, minlength=classes)]


def _length(example: Example) -> int:
    return max(len(part) for part in (example.inputs, example.source) if part is not None)
