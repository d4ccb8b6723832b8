"""Upload preview: a summary of an upload's data, before training starts."""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

from rnnviz.tasks.csv_table import Form
from rnnviz.tasks.dataset import Dataset
from rnnviz.tasks.upload import Upload, dataset_of, parts_of, table_of

_LEARNED = {
    Form.LABEL: "classes",
    Form.NEXT: "what comes next",
    Form.TRANSLATION: "translation",
}
#: Maximum number of classes that are listed.
_MOST_LISTED = 12


class Preview(NamedTuple):
    """The summary of an upload, line by line, and the notes on its data."""

    sentences: list[str]
    notes: tuple[str, ...]


def preview(upload: Upload) -> Preview:
    """The summary of an upload; raise TaskError if it can't be learned from."""
    parts, data = parts_of(upload), dataset_of(upload)
    source = f", {len(data.source):,} in the source" if data.source else ""
    arrays = (a for e in (*data.train, *data.test) for a in (e.inputs, e.source) if a is not None)
    lines = [
        f"To learn: {_LEARNED[parts.form]}, in {parts.unit}, from {_size(upload)}",
        f"{len(data.train):,} sequences to train, {len(data.test):,} to test",
        f"{len(data.vocabulary):,} different {parts.unit}{source}; the longest sequence has "
        f"{max(map(len, arrays)):,}",
    ]
    if parts.form is Form.LABEL:
        lines.append(f"Classes (train + test): {_classes(data)}")
    if data.unknown:
        words = ", ".join(word[:30] for word in data.unknown[:8])
        lines.append(f"{parts.unit.capitalize()} only in the test: {len(data.unknown):,} ({words})")
    return Preview(lines, data.notes)


def _size(upload: Upload) -> str:
    """The rows of both files, in words."""
    tables = [table_of(file) for file in (upload.train, upload.test) if file]
    rows = sum(len(table.rows) for table in tables if not table.plain)
    return "1 row" if rows == 1 else f"{rows:,} rows" if rows else "plain text"


def _classes(data: Dataset) -> str:
    """The first classes with their numbers of training and test examples."""
    train, test = (Counter(e.target for e in part) for part in (data.train, data.test))
    listed = [
        f"{name[:30]} ({train[k]:,} + {test[k]:,})"
        for k, name in enumerate(data.classes[:_MOST_LISTED])
    ]
    more = len(data.classes) - len(listed)
    return ", ".join(listed) + (f" and {more} more" if more else "")
