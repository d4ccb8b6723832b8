"""Upload preview: a summary of an upload's data, before training starts."""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

from rnnviz.tasks.columns import Form
from rnnviz.tasks.csv_table import shown
from rnnviz.tasks.dataset import Dataset
from rnnviz.tasks.upload import Parts, Upload, check_rows, dataset_of, parts_of

#: What is learned, in words.
LEARNED = {
    Form.LABEL: "classes",
    Form.NEXT: "what comes next",
    Form.TRANSLATION: "translation",
}
#: Maximum number of classes that are listed.
_MOST_LISTED = 12


class Preview(NamedTuple):
    """The summary of an upload, line by line, an example, and the notes on its data."""

    sentences: list[str]
    example: str
    notes: tuple[str, ...]


def preview(upload: Upload) -> Preview:
    """The summary of an upload; raise TaskError if it can't be learned from."""
    parts, data = parts_of(upload), dataset_of(upload)
    source = f", {len(data.source):,} in the source" if data.source else ""
    arrays = (a for e in (*data.train, *data.test) for a in (e.inputs, e.source) if a is not None)
    lines = [
        f"To learn: {LEARNED[parts.form]}, in {parts.unit}, from {_size(upload)}",
        f"{len(data.train):,} sequences to train, {len(data.test):,} to test",
        f"{len(data.vocabulary):,} different {parts.unit}{source}; the longest sequence has "
        f"{max(map(len, arrays)):,}",
    ]
    if parts.form is Form.LABEL:
        lines.append(f"Classes (train + test): {_classes(data)}")
    if data.unknown:
        words = ", ".join(word[:30] for word in data.unknown[:8])
        lines.append(f"{parts.unit.capitalize()} only in the test: {len(data.unknown):,} ({words})")
    return Preview(lines, _example(parts), data.notes)


def _size(upload: Upload) -> str:
    """The rows of both files that are used, in words, and the columns they are read from."""
    checked = check_rows(upload)
    if checked.columns is None:
        return "plain text"
    rows = len(checked.train) + len(checked.test or ())
    names = " and ".join(shown(name) for name in checked.columns.names)
    return f"{rows:,} row{'s' * (rows != 1)} of {names}"


def _example(parts: Parts) -> str:
    """The first row to train on, with what is to be said to it."""
    row = parts.train[0]
    said = f" → {row.label[:60]}" if row.label else ""
    return f"For example: {' '.join(row.text[:100].split())}{'…' * (len(row.text) > 100)}{said}"


def _classes(data: Dataset) -> str:
    """The first classes with their numbers of training and test examples."""
    train, test = (Counter(e.target for e in part) for part in (data.train, data.test))
    listed = [
        f"{name[:30]} ({train[k]:,} + {test[k]:,})"
        for k, name in enumerate(data.classes[:_MOST_LISTED])
    ]
    more = len(data.classes) - len(listed)
    return ", ".join(listed) + (f" and {more} more" if more else "")
