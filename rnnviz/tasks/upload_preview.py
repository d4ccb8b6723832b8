"""Upload preview: a summary of an upload's data, before training starts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from rnnviz.tasks.example import Example
from rnnviz.tasks.table import Form
from rnnviz.tasks.upload import Upload, dataset_of, parts_of, table_of
from rnnviz.tasks.vocabulary import Unit

_LEARNED = {
    Form.LABEL: "classes",
    Form.NEXT: "what comes next",
    Form.TRANSLATION: "translation",
}
#: Maximum number of classes that are listed.
_MOST_LISTED = 12


class ClassCount(NamedTuple):
    """A class, and how often it is a target in training and test."""

    name: str
    train: int
    test: int


@dataclass(frozen=True)
class Preview:
    """A summary of an upload's data.

    ``rows`` counts the rows of both files, 0 for plain text; ``train`` and ``test`` count examples,
    ``vocabulary`` and ``source`` distinct tokens (``source`` is 0 without an encoder), ``longest``
    the tokens of the longest sequence. ``unknown`` are the skipped test tokens.
    """

    name: str
    form: Form
    unit: Unit
    rows: int
    train: int
    test: int
    classes: tuple[ClassCount, ...]
    vocabulary: int
    source: int
    longest: int
    unknown: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def sentences(self) -> list[str]:
        """The summary, line by line."""
        rows = "1 row" if self.rows == 1 else f"{self.rows:,} rows" if self.rows else "plain text"
        source = f", {self.source:,} in the source" if self.source else ""
        lines = [
            f"Learned: {_LEARNED[self.form]}, in {self.unit}, from {rows}",
            f"{self.train:,} sequences to train, {self.test:,} to test",
            f"{self.vocabulary:,} different {self.unit}{source}; the longest sequence has "
            f"{self.longest:,}",
        ]
        if self.form is Form.LABEL:
            listed = [f"{c.name[:30]} ({c.train:,} + {c.test:,})" for c in self.classes]
            more = f" and {len(listed) - _MOST_LISTED} more" if len(listed) > _MOST_LISTED else ""
            lines.append(f"Classes (train + test): {', '.join(listed[:_MOST_LISTED])}{more}")
        if self.unknown:
            words = ", ".join(word[:30] for word in self.unknown[:8])
            lines.append(f"Unknown in the test: {len(self.unknown):,} ({words})")
        return lines


def preview(upload: Upload) -> Preview:
    """The summary of an upload; raise TaskError if it can't be learned from."""
    parts, data = parts_of(upload), dataset_of(upload)
    tables = [table_of(file) for file in (upload.train, upload.test) if file]
    counts = (_counts(part, len(data.classes)) for part in (data.train, data.test))
    return Preview(
        name=data.name,
        form=parts.form,
        unit=parts.unit,
        rows=sum(len(table.rows) for table in tables if not table.plain),
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
    targets = [int(target) for example in examples for target in example.targets]
    counts: list[int] = np.bincount(np.array(targets, np.intp), minlength=classes).tolist()
    return counts


def _length(example: Example) -> int:
    return max(len(part) for part in (example.inputs, example.source) if part is not None)
