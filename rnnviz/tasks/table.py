"""Tables: phrases and their labels, read from CSV with a sentence for everything that is wrong."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from rnnviz.tasks.vocabulary import split_words

#: Largest file, in bytes.
MAX_BYTES = 5_000_000
#: Longest phrase, in words.
MAX_WORDS = 200
_COLUMNS = ("text", "label")


class TaskError(ValueError):
    """Data that can't be learned from; the message says what is wrong, where, and what to do."""


class Row(NamedTuple):
    """A phrase with its label, and the line of the file (the header is line 1)."""

    line: int
    text: str
    label: str


def read_file(path: Path) -> list[Row]:
    """The rows of a CSV file with the columns text and label; raise TaskError."""
    try:
        with path.open("rb") as file:
            return read_table(file.read(MAX_BYTES + 1), path.name)
    except OSError as problem:
        raise TaskError(f"{path}: can't be read ({problem.strerror}).") from problem


def read_table(content: bytes, name: str) -> list[Row]:
    """The rows of a CSV with the columns text and label; raise TaskError naming the row."""
    if len(content) > MAX_BYTES:
        raise TaskError(f"{name}: is larger than {MAX_BYTES // 1_000_000} MB. Use fewer rows.")
    try:
        lines = csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline=""), strict=True)
        _check_columns(lines, name)
        rows = list(_rows(lines, name))
    except UnicodeDecodeError as problem:
        raise TaskError(f"{name}: is not UTF-8 text. Save it as CSV in UTF-8.") from problem
    except csv.Error as problem:
        raise TaskError(f"{name}: is not a CSV file ({problem}).") from problem
    if not rows:
        raise TaskError(f"{name}: has no rows below the header.")
    _check_contradictions(rows, name)
    return rows


def _check_columns(lines: csv.DictReader[str], name: str) -> None:
    missing = [column for column in _COLUMNS if column not in (lines.fieldnames or ())]
    if missing:
        raise TaskError(
            f"{name}: has no column {' and no column '.join(missing)}. "
            "The first line must be: text,label"
        )


def _rows(lines: csv.DictReader[str], name: str) -> Iterator[Row]:
    for cells in lines:
        row = Row(lines.line_num, (cells["text"] or "").strip(), (cells["label"] or "").strip())
        count = len(split_words(row.text))
        if not count:
            raise TaskError(f"{name}, row {row.line}: the text is empty.")
        if count > MAX_WORDS:
            raise TaskError(
                f"{name}, row {row.line}: the text has {count} words, more than {MAX_WORDS}."
            )
        if not row.label:
            raise TaskError(f"{name}, row {row.line}: the label is empty.")
        yield row


def _check_contradictions(rows: list[Row], name: str) -> None:
    seen: dict[tuple[str, ...], Row] = {}
    for row in rows:
        first = seen.setdefault(tuple(split_words(row.text)), row)
        if first.label != row.label:
            raise TaskError(
                f"{name}, rows {first.line} and {row.line}: the same text {row.text[:60]!r} has "
                f"two labels, {first.label[:30]!r} and {row.label[:30]!r}. Keep one of them."
            )
