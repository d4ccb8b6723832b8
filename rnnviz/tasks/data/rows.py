"""Table: the columns to learn, chosen or guessed, and the valid rows."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from statistics import fmean
from typing import NamedTuple
from unicodedata import normalize

from rnnviz.tasks.data.csv_table import (
    LABEL,
    LANGUAGES,
    MAX_CHARACTERS,
    MAX_CLASSES,
    MAX_LETTERS,
    MAX_WORDS,
    SOURCE,
    TARGET,
    TEXT,
    Encoding,
    RawRow,
    RawTable,
    RowError,
    TaskError,
    decode,
    looks_like_table,
    plain,
    rank,
    read_bytes,
    read_csv,
    shown,
)
from rnnviz.tasks.data.spreadsheet import GZIP, OLE, PARQUET, ZIP, read_apart
from rnnviz.tasks.data.vocabulary import END, START, Unit

#: The rows that a guess reads, and the characters of each cell.
_ROWS = _CHARACTERS = 2_000
#: Maximum average number of words of a label.
_LABEL_WORDS = 4


class Form(StrEnum):
    """The targets of texts: labels, next tokens or translations.

    Those of numbers over time: the next values, the class of a series, or a class at every step.
    """

    LABEL = "label"
    NEXT = "next"
    TRANSLATION = "translation"
    VALUES = "values"
    SERIES = "series"
    STEPS = "steps"

    @property
    def numbers(self) -> bool:
        """Whether numbers are read, not texts."""
        return self in (Form.VALUES, Form.SERIES, Form.STEPS)

    @property
    def columns(self) -> tuple[str, ...]:
        """The usual names of the columns: the text, and the label or target if there is one."""
        if self is Form.NEXT:
            return ("text",)
        return ("text", "label") if self is Form.LABEL else ("source", "target")

    @property
    def least(self) -> int:
        """The minimum number of tokens of a text."""
        return 2 if self is Form.NEXT else 1


#: What is learned from texts.
TEXT_FORMS = tuple(form for form in Form if not form.numbers)


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
    """The chosen columns, the others guessed; raise TaskError."""
    text = None if text is None else found_column(cells, text)
    label = None if label is None else found_column(cells, label)
    if form is Form.NEXT and label is not None:
        raise TaskError(f"{cells.name}: learning what comes next takes no label. Leave it out.")
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
        wanted, found = ",".join(form.columns), cells.columns[0]
        raise TaskError(f"{cells.name}: has one column, {found}. To learn {wanted} takes two.")
    if form is Form.TRANSLATION:
        return Columns(form, *_pair(cells, text, label))
    text = text or _text(cells, [label or _label(cells, [])])
    other = next(column for column in reversed(cells.columns) if column != text)
    return Columns(form, text, label or _label(cells, [text]) or other)


def found_column(cells: RawTable, name: str) -> str:
    """The column of this name, or else of an equal plain name; raise TaskError."""
    if name in cells.columns:
        return name
    for column in cells.columns:
        if plain(column) == plain(name):
            return column
    listed = ", ".join(" ".join(column.split())[:30] for column in cells.columns[:12])
    raise TaskError(f"{cells.name}: has no column {name[:30]}. It has: {listed}.")


def _is_pair(first: str, second: str) -> bool:
    """Whether two columns are, by their names, the two sides of a translation."""
    one, other = plain(first), plain(second)
    return (one in SOURCE and other in TARGET) or (
        one in LANGUAGES and other in LANGUAGES and one != other
    )


def _pair(cells: RawTable, text: str | None, label: str | None) -> tuple[str, str]:
    """Source and target: by their names, or else the first two columns of texts."""
    pairs = [(a, b) for a in cells.columns for b in cells.columns if _is_pair(a, b)]
    fitting = [(a, b) for a, b in pairs if text in (None, a) and label in (None, b)]
    if fitting:
        return fitting[0]
    first = text or next(c for c in _by_words(cells) if c != label)
    return first, label or next(c for c in _by_words(cells) if c != first)


def _text(cells: RawTable, taken: Sequence[str]) -> str:
    """The column of the text: by its name, if it has words, or else the one with the most."""
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
    """The columns with words, or all if fewer than two have any."""
    texts = [column for column in cells.columns if _words(cells, column) > 0]
    return texts if len(texts) > 1 else list(cells.columns)


def _words(cells: RawTable, column: str) -> float:
    """The average number of words in a column; numbers don't count."""

    def is_word(part: str) -> bool:
        return not part.lstrip("+-").replace(".", "", 1).replace(",", "").isdecimal()

    begun = (cell[:_CHARACTERS].split() for cell in cells.column(column)[:_ROWS])
    counts = [sum(map(is_word, parts)) for parts in begun]
    return fmean(counts) if counts else 0.0


def _label(cells: RawTable, taken: Sequence[str]) -> str:
    """The column of the label: by its name, or else the one with the fewest values, or none."""
    free = [column for column in cells.columns if column not in taken]
    named = [column for column in free if rank(column, LABEL) < 2 * len(LABEL)]
    fitting = [column for column in named if _values(cells, column) <= MAX_CLASSES]
    if fitting:
        return min(fitting, key=lambda column: rank(column, LABEL))
    # One of many columns needs two rows for each value, on average.
    rows = len(cells.lines)
    most = min(MAX_CLASSES, max(2, rows - 1 if len(cells.columns) == 2 else rows / 2))
    short = (column for column in free if 2 <= _values(cells, column) <= most
             and _words(cells, column) <= _LABEL_WORDS)  # fmt: skip
    return min(short, key=lambda column: _values(cells, column), default="")


def _values(cells: RawTable, column: str) -> int:
    return len({cell.strip() for cell in cells.column(column)} - {""})


# Rows


#: The suffixes of tables: a text may be named like a spreadsheet.
TABLES = (".csv", ".tsv", ".tab", ".xlsx", ".xlsm", ".parquet")
#: Maximum number of groups of nearly equal labels that are listed.
_MOST_GROUPS = 8


class Row(NamedTuple):
    """A text, its class or the target of its translation, and its line in the file, from 1.

    ``key`` is what the file calls it.
    """

    line: int
    text: str
    label: str = ""
    key: str = ""


#: Names of columns that identify a row.
KEYS = re.compile(r"(.* )?(id|key|uid|uuid)|index|idx|nr|no|number")


@dataclass(frozen=True)
class Table:
    """The rows of one file, and the unreadable ones; a ``plain`` text is a single row."""

    name: str
    form: Form
    rows: tuple[Row, ...]
    plain: bool = False
    faults: tuple[RowError, ...] = ()


def table(cells: RawTable, columns: Columns | None) -> Table:
    """The rows of these columns, or a plain text. Labels keep the blanks around them."""
    if cells.plain or columns is None:
        (line,) = cells.lines
        return Table(cells.name, Form.NEXT, (Row(line.row, line.cells[0]),), plain=True)
    labels = cells.column(columns.label) if columns.label else [""] * len(cells.lines)
    if columns.form is not Form.LABEL:
        labels = [label.strip() for label in labels]
    texts = cells.column(columns.text)
    others = (name for name in cells.columns if name not in columns.names)
    named = next((name for name in others if KEYS.fullmatch(plain(name))), None)
    keys = cells.column(named) if named else [""] * len(texts)
    rows = (
        Row(line.row, text.strip(), label, key.strip()[:MAX_LETTERS])
        for line, text, label, key in zip(cells.lines, texts, labels, keys, strict=True)
    )
    return Table(cells.name, columns.form, tuple(rows), faults=cells.faults)


def read_cells(content: bytes, name: str, encoding: Encoding | None = None) -> RawTable:
    """The cells of a table, or a plain text; raise TaskError.

    Excel and Parquet have their first bytes. A text is a table by its suffix, or if its first line
    has names of columns. ``encoding`` is that of a text that isn't UTF-8.
    """
    if content.startswith((ZIP, PARQUET)):
        return read_apart(content, name)
    if content.startswith(OLE):
        raise TaskError(
            f"{name}: is an old Office file, or has a password. Save it as .xlsx without one, or "
            "as CSV UTF-8."
        )
    if content.startswith(GZIP):
        raise TaskError(f"{name}: is a packed file. Unpack it, and choose the table in it.")
    text = decode(content, name, encoding)
    if name.lower().endswith(TABLES) or looks_like_table(text):
        return read_csv(text, name)
    body = text.replace("\r\n", "\n").replace("\r", "\n").strip()
    if not body:
        raise TaskError(f"{name}: has no text. Add some lines to learn from.")
    return RawTable(name, (), (RawRow(1, (body,)),))


def read_file(path: Path) -> tuple[Row, ...]:
    """The rows of a file, not yet checked; raise TaskError."""
    cells = read_cells(read_bytes(path), path.name)
    return table(cells, columns_of(cells)).rows


# Labels


def near_labels(labels: Iterable[str]) -> list[tuple[str, ...]]:
    """Labels that differ only in case, blanks or Unicode form; the most frequent is the first."""
    groups: dict[str, list[str]] = {}
    # Longer ones are invalid, and the time to normalize them can grow with their square.
    short = (label for label in labels if len(label) <= MAX_LETTERS)
    for label, _ in Counter(short).most_common():
        plain = " ".join(normalize("NFKC", label).casefold().split())
        groups.setdefault(plain, []).append(label)
    return [tuple(group) for key, group in groups.items() if len(group) > 1 and key]


def near_listed(groups: Sequence[Sequence[str]], merge: bool = False) -> str:
    """Groups of nearly equal labels, in words; with ``merge``, what becomes of them."""
    listed = []
    for group in groups[:_MOST_GROUPS]:
        one = group[0].strip()
        others = [shown(label) for label in group if not merge or label != one]
        become = f" become{'s' * (len(others) == 1)} {shown(one)}" if merge else ""
        listed.append(" and ".join(others) + become)
    if (more := len(groups) - _MOST_GROUPS) > 0:
        listed.append(f"and {more} more")
    return "; ".join(listed)


def relabelled(
    rows: Iterable[Row], groups: Sequence[Sequence[str]], merge: bool
) -> tuple[Row, ...]:
    """Rows without blanks around their labels; those of ``groups`` ``merge``, or stay as typed."""
    spelled = {label: group[0].strip() if merge else label for group in groups for label in group}
    return tuple(row._replace(label=spelled.get(row.label, row.label.strip())) for row in rows)


# Invalid rows


def valid_rows(table: Table, unit: Unit) -> tuple[tuple[Row, ...], tuple[RowError, ...]]:
    """The valid rows, and the errors of the others, in their order."""
    firsts: dict[str, Row] = {}
    rows, faults = [], list(table.faults)
    for row in table.rows:
        problem = next(_problems(row, table.form, unit), "")
        if not problem and table.form is Form.LABEL:
            first = firsts.setdefault(unit.plain(row.text), row)
            if row.label != first.label:
                problem = (
                    f"the same {unit} {shown(row.text, 60)} have two labels, {shown(first.label)} "
                    f"in row {first.line} and {shown(row.label)} here. Keep one of them."
                )
        if problem:
            faults.append(RowError(table.name, 0 if table.plain else row.line, problem))
        else:
            rows.append(row)
    return tuple(rows), tuple(sorted(faults, key=lambda error: error.row))


def _problems(row: Row, form: Form, unit: Unit) -> Iterator[str]:
    for column, text in zip(form.columns, (row.text, row.label), strict=False):
        if column != "label":
            yield from _text_problems(column, text, form, unit)
    if form is Form.LABEL and not row.label.strip():
        yield "the label is empty. Name its class, or remove the row."
    if form is Form.LABEL and len(row.label) > MAX_LETTERS:
        yield f"the label has {len(row.label):,} characters, more than {MAX_LETTERS}. Shorten it."


def _text_problems(column: str, text: str, form: Form, unit: Unit) -> Iterator[str]:
    tokens, what = unit.tokens(text), f"the {column}"
    count, most = len(tokens), MAX_CHARACTERS if unit is Unit.CHARACTERS else MAX_WORDS
    if form is Form.NEXT and count < form.least:
        yield (
            f"{what} {shown(text)} has fewer than two {unit}, so there is no next one. "
            "Make it longer, or remove it."
        )
    elif not count and text:
        yield f"{what} {shown(text)} has no {unit}. Write some, or remove the row."
    elif not count:
        yield f"{what} is empty. Fill it in, or remove the row."
    if form is not Form.NEXT and count > most:
        yield f"{what} has {count:,} {unit}, more than {most}. Shorten it."
    longest = max(tokens, key=len, default="")
    if len(longest) > MAX_LETTERS:
        yield (
            f"the word {shown(longest)} has {len(longest):,} characters, more than {MAX_LETTERS}. "
            "Put spaces between the words, or read characters."
        )
    if form is Form.TRANSLATION:
        for sign in sorted({START, END}.intersection(tokens)):
            yield f"{sign} is a symbol that the network uses itself. Remove it."
