"""Table: the rows to learn, the problems of a row, and labels that are nearly equal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple
from unicodedata import normalize

from rnnviz.tasks.columns import Columns, Form, columns_of
from rnnviz.tasks.csv_table import (
    MAX_CHARACTERS,
    MAX_LETTERS,
    MAX_WORDS,
    Fault,
    RawRow,
    RawTable,
    TaskError,
    looks_like_table,
    read_bytes,
    read_csv,
    shown,
)
from rnnviz.tasks.encoding import Encoding, decode
from rnnviz.tasks.spreadsheet import GZIP, OLE, PARQUET, ZIP, read_apart
from rnnviz.tasks.vocabulary import END, START, Unit

#: The ends of names of tables that are texts.
_TABLES = (".csv", ".tsv", ".tab")
#: The most groups of nearly equal labels that are listed.
_MOST_GROUPS = 8


class Row(NamedTuple):
    """A text, its class or the target of its translation, and its line in the file, from 1."""

    line: int
    text: str
    label: str = ""


@dataclass(frozen=True)
class Table:
    """The rows of one file, and those that can't be read; a ``plain`` text is a single row."""

    name: str
    form: Form
    rows: tuple[Row, ...]
    plain: bool = False
    faults: tuple[Fault, ...] = ()


def table(cells: RawTable, columns: Columns | None) -> Table:
    """The rows of these columns, or a plain text. Labels keep the blanks around them."""
    if cells.plain or columns is None:
        (line,) = cells.lines
        return Table(cells.name, Form.NEXT, (Row(line.row, line.cells[0]),), plain=True)
    labels = cells.column(columns.label) if columns.label else [""] * len(cells.lines)
    if columns.form is not Form.LABEL:
        labels = [label.strip() for label in labels]
    texts = cells.column(columns.text)
    rows = (
        Row(line.row, text.strip(), label)
        for line, text, label in zip(cells.lines, texts, labels, strict=True)
    )
    return Table(cells.name, columns.form, tuple(rows), faults=cells.faults)


def read_cells(content: bytes, name: str, encoding: Encoding | None = None) -> RawTable:
    """The cells of a table, or a plain text; raise TaskError.

    The first bytes tell Excel and Parquet. A text is a table if its name says so or its first line
    has names of columns. ``encoding`` is that of a text that isn't UTF-8.
    """
    if content.startswith((ZIP, PARQUET)):
        return read_apart(content, name)
    if content.startswith(OLE):
        raise TaskError(
            f"{name}: is an old Excel file, or has a password. Save it as .xlsx without one, or as "
            "CSV UTF-8."
        )
    if content.startswith(GZIP):
        raise TaskError(f"{name}: is a packed file. Unpack it, and choose the table in it.")
    text = decode(content, name, encoding)
    if name.lower().endswith(_TABLES) or looks_like_table(text):
        return read_csv(text, name)
    body = text.replace("\r\n", "\n").replace("\r", "\n").strip()
    if not body:
        raise TaskError(f"{name}: has no text. Put in some lines to learn from.")
    return RawTable(name, (), (RawRow(1, (body,)),))


def read_file(path: Path) -> tuple[Row, ...]:
    """The rows of a file, not yet checked; raise TaskError."""
    cells = read_cells(read_bytes(path), path.name)
    return table(cells, columns_of(cells)).rows


# Labels


def near_labels(labels: Iterable[str]) -> list[tuple[str, ...]]:
    """Labels that differ in case, blanks or Unicode form only, the most frequent of each first."""
    groups: dict[str, list[str]] = {}
    # A longer one is refused. To normalize it may take the square of its length.
    short = (label for label in labels if len(label) <= MAX_LETTERS)
    for label, _ in Counter(short).most_common():
        plain = " ".join(normalize("NFKC", label).casefold().split())
        groups.setdefault(plain, []).append(label)
    return [tuple(group) for key, group in groups.items() if len(group) > 1 and key]


def near_listed(groups: Sequence[Sequence[str]], merge: bool = False) -> str:
    """Groups of labels that are nearly equal, in words; or what they become if they ``merge``."""
    listed = []
    for group in groups[:_MOST_GROUPS]:
        one = group[0].strip()
        others = " and ".join(shown(label) for label in group if not merge or label != one)
        listed.append(f"{others} is {shown(one)}" if merge else others)
    if (more := len(groups) - _MOST_GROUPS) > 0:
        listed.append(f"and {more} more")
    return "; ".join(listed)


def spellings(groups: Sequence[Sequence[str]], merge: bool) -> dict[str, str]:
    """The label that replaces each label of ``groups``: the first of its group, or itself."""
    return {label: group[0].strip() if merge else label for group in groups for label in group}


def relabelled(rows: Iterable[Row], spelled: Mapping[str, str]) -> tuple[Row, ...]:
    """Rows with these spellings of their labels, and no blanks around all others."""
    return tuple(row._replace(label=spelled.get(row.label, row.label.strip())) for row in rows)


# Faults


def valid_rows(table: Table, unit: Unit) -> tuple[tuple[Row, ...], tuple[Fault, ...]]:
    """The rows that can be learned from, and the others with a reason, in their order."""
    firsts: dict[str, Row] = {}
    rows, faults = [], list(table.faults)
    for row in table.rows:
        problem = next(_problems(row, table.form, unit), "")
        if not problem and table.form is Form.LABEL:
            first = firsts.setdefault(unit.plain(row.text), row)
            if row.label != first.label:
                problem = (
                    f"the same text {shown(row.text, 60)} has two labels, {shown(first.label)} in "
                    f"row {first.line} and {shown(row.label)} here. Keep one of them."
                )
        if problem:
            faults.append(Fault(table.name, 0 if table.plain else row.line, problem))
        else:
            rows.append(row)
    return tuple(rows), tuple(sorted(faults, key=lambda fault: fault.row))


def _problems(row: Row, form: Form, unit: Unit) -> Iterator[str]:
    yield from _text_problems(form.columns[0], row.text, form, unit)
    if form is Form.TRANSLATION:
        yield from _text_problems(form.columns[1], row.label, form, unit)
    if form is Form.LABEL and not row.label.strip():
        yield "the label is empty. Name its class, or remove the row."
    if form is Form.LABEL and len(row.label) > MAX_LETTERS:
        yield f"the label has {len(row.label):,} characters, more than {MAX_LETTERS}. Shorten it."


def _text_problems(column: str, text: str, form: Form, unit: Unit) -> Iterator[str]:
    tokens = unit.tokens(text)
    yield from _length_problems(f"the {column}", text, len(tokens), form, unit)
    longest = max(tokens, key=len, default="")
    if len(longest) > MAX_LETTERS:
        yield (
            f"the word {shown(longest)} has {len(longest):,} characters, more than {MAX_LETTERS}. "
            "Put spaces between the words, or read characters."
        )
    if form is Form.TRANSLATION:
        for sign in sorted({START, END}.intersection(tokens)):
            yield f"{sign} is a symbol that the network uses itself. Remove it."


def _length_problems(what: str, text: str, count: int, form: Form, unit: Unit) -> Iterator[str]:
    most = MAX_CHARACTERS if unit is Unit.CHARACTERS else MAX_WORDS
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
