"""Columns: the columns of a file that are learned, chosen or guessed."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from statistics import fmean
from typing import NamedTuple

from rnnviz.tasks.csv_table import (
    LABEL,
    LANGUAGES,
    MAX_CLASSES,
    SOURCE,
    TARGET,
    TEXT,
    RawTable,
    TaskError,
    plain,
    rank,
)

#: The rows that a guess looks at, and the characters of a cell.
_ROWS = _CHARACTERS = 2_000
#: The most words of a label on average.
_LABEL_WORDS = 4


class Form(StrEnum):
    """What a file's texts are learned with: labels, next tokens or translations."""

    LABEL = "label"
    NEXT = "next"
    TRANSLATION = "translation"

    @property
    def columns(self) -> tuple[str, ...]:
        """What the columns are called: the text, and the label or target if there is one."""
        return {
            Form.LABEL: ("text", "label"),
            Form.NEXT: ("text",),
            Form.TRANSLATION: ("source", "target"),
        }[self]

    @property
    def header(self) -> str:
        """The first line of the CSV, as it is best."""
        return ",".join(self.columns)

    @property
    def least(self) -> int:
        """The minimum number of tokens of a text."""
        return 2 if self is Form.NEXT else 1


class Columns(NamedTuple):
    """The form, the column of the text, and that of the label or target if there is one."""

    form: Form
    text: str
    label: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the columns that are read."""
        return (self.text,) if self.form is Form.NEXT else (self.text, self.label)


def columns_of(
    cells: RawTable, form: Form | None = None, text: str | None = None, label: str | None = None
) -> Columns:
    """The columns that are chosen, and for those that aren't a guess; raise TaskError."""
    text = None if text is None else _found(cells, text)
    label = None if label is None else _found(cells, label)
    if form is Form.NEXT and label is not None:
        raise TaskError(f"{cells.name}: to learn what comes next takes no label. Leave it out.")
    if text is not None and text == label:
        raise TaskError(f"{cells.name}: the column {text} can't be both. Choose two columns.")
    if form is None and label is not None:
        form = Form.TRANSLATION if _is_pair(text or "source", label) else Form.LABEL
    elif form is None and len(cells.columns) == 1:
        form = Form.NEXT
    elif form is None:
        pairs = text is None and any(_is_pair(a, b) for a in cells.columns for b in cells.columns)
        labels = pairs or _label(cells, [text or _text(cells, [])])
        form = Form.TRANSLATION if pairs else Form.LABEL if labels else Form.NEXT
    if form is Form.NEXT:
        return Columns(form, text or _text(cells, []))
    if len(cells.columns) < 2:
        raise TaskError(
            f"{cells.name}: has one column, {cells.columns[0]}. To learn {form.header} takes two."
        )
    if form is Form.TRANSLATION:
        return Columns(form, *_pair(cells, text, label))
    text = text or _text(cells, [label or _label(cells, [])])
    other = next(column for column in reversed(cells.columns) if column != text)
    return Columns(form, text, label or _label(cells, [text]) or other)


def _found(cells: RawTable, name: str) -> str:
    """The column of this name, or else of this name in other letters; raise TaskError."""
    if name in cells.columns:
        return name
    for column in cells.columns:
        if plain(column) == plain(name):
            return column
    listed = ", ".join(column[:30] for column in cells.columns[:12])
    raise TaskError(f"{cells.name}: has no column {name[:30]}. It has: {listed}.")


def _is_pair(first: str, second: str) -> bool:
    """Whether two columns are the two sides of a translation, by their names."""
    one, other = plain(first), plain(second)
    return (one in SOURCE and other in TARGET) or (
        one in LANGUAGES and other in LANGUAGES and one != other
    )


def _pair(cells: RawTable, text: str | None, label: str | None) -> tuple[str, str]:
    """Source and target: by their names, or else the first columns that are texts."""
    pairs = [(a, b) for a in cells.columns for b in cells.columns if _is_pair(a, b)]
    fitting = [(a, b) for a, b in pairs if text in (None, a) and label in (None, b)]
    if fitting:
        return fitting[0]
    first = text or next(c for c in _by_words(cells) if c != label)
    return first, label or next(c for c in _by_words(cells) if c != first)


def _text(cells: RawTable, taken: Sequence[str]) -> str:
    """The column of the text: by its name, if there are words in it, or else that with the most."""
    free = [column for column in cells.columns if column not in taken] or list(cells.columns)
    named = [column for column in free if rank(column, TEXT) < 2 * len(TEXT)]
    exact = [column for column in named if plain(column) == TEXT[0]]
    worded = [column for column in named if _words(cells, column) >= 1]
    best = min(exact or worded, key=lambda column: rank(column, TEXT), default=None)
    longest = max(free, key=lambda column: _words(cells, column))
    if best is None or (not exact and _words(cells, longest) > 4 * _words(cells, best)):
        return longest
    return best


def _by_words(cells: RawTable) -> list[str]:
    """The columns, those with the longest texts first; equal ones in their order."""
    texts = [column for column in cells.columns if _words(cells, column) > 0]
    return texts if len(texts) > 1 else list(cells.columns)


def _words(cells: RawTable, column: str) -> float:
    """The average number of words in a column, where a number is none."""
    begun = (cell[:_CHARACTERS] for cell in cells.column(column)[:_ROWS])
    counts = [
        sum(
            not word.lstrip("+-").replace(".", "", 1).replace(",", "").isdecimal()
            for word in cell.split()
        )
        for cell in begun
    ]
    return fmean(counts) if counts else 0.0


def _label(cells: RawTable, taken: Sequence[str]) -> str:
    """The column of the label: by its name, or else that with the fewest values; or none."""
    free = [column for column in cells.columns if column not in taken]
    named = [column for column in free if rank(column, LABEL) < 2 * len(LABEL)]
    fitting = [column for column in named if _values(cells, column) <= MAX_CLASSES]
    if fitting:
        return min(fitting, key=lambda column: rank(column, LABEL))
    return min(
        (c for c in free if _is_label(cells, c)), key=lambda c: _values(cells, c), default=""
    )


def _values(cells: RawTable, column: str) -> int:
    return len({cell.strip() for cell in cells.column(column)} - {""})


def _is_label(cells: RawTable, column: str) -> bool:
    """Whether a column has few values; next to others, each in two rows on average."""
    values, rows = _values(cells, column), len(cells.lines)
    most = max(2, rows - 1 if len(cells.columns) == 2 else rows / 2)
    return 2 <= values <= min(MAX_CLASSES, most) and _words(cells, column) <= _LABEL_WORDS
