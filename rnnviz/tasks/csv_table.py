"""Table: rows read from CSV or plain text, with a sentence for each error."""

from __future__ import annotations

import csv
import io
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

from rnnviz.tasks.vocabulary import END, START, Unit

#: Maximum size of a file in bytes, and of rows below the header.
MAX_BYTES, MAX_ROWS = 5_000_000, 20_000
#: Maximum length of a text that isn't cut into pieces, in words or in characters.
MAX_WORDS, MAX_CHARACTERS = 200, 500
#: Maximum length of a word or label, in characters.
MAX_LETTERS = 200
#: Maximum number of labels.
MAX_CLASSES = 200
_QUOTE = "Put a text that has separators or quotes between double quotes"
#: Spreadsheets also write semicolons or tabs.
_SEPARATORS = ",;\t"

csv.field_size_limit(MAX_BYTES)


class TaskError(ValueError):
    """Invalid data; the message says what is wrong, where, and what to do."""


class Form(StrEnum):
    """What a file's texts are learned with: labels, next tokens or translations."""

    LABEL = "label"
    NEXT = "next"
    TRANSLATION = "translation"

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of the CSV: the text, and the label or target if there is one."""
        return {
            Form.LABEL: ("text", "label"),
            Form.NEXT: ("text",),
            Form.TRANSLATION: ("source", "target"),
        }[self]

    @property
    def header(self) -> str:
        """The first line of the CSV."""
        return ",".join(self.columns)

    @property
    def least(self) -> int:
        """The minimum number of tokens of a text."""
        return 2 if self is Form.NEXT else 1


class Row(NamedTuple):
    """A text, its class or the target of its translation, and its line in the file, from 1."""

    line: int
    text: str
    label: str = ""


@dataclass(frozen=True)
class Table:
    """The rows of one file; a ``plain`` text is a single row."""

    name: str
    form: Form
    rows: tuple[Row, ...]
    plain: bool = False


def read_bytes(path: Path) -> bytes:
    """The content of a file, at most a byte more than the maximum size; raise TaskError."""
    try:
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except OSError as problem:
        raise TaskError(f"{path}: can't be read ({problem.strerror}).") from problem


def read_file(path: Path) -> tuple[Row, ...]:
    """The rows of a file, not yet checked; raise TaskError."""
    return read_any(read_bytes(path), path.name).rows


def read_any(content: bytes, name: str) -> Table:
    """The rows of a CSV of any form, or a plain text, not yet checked; raise TaskError.

    A file is a CSV if its name ends with .csv or its first line is the header of a form.
    """
    text = _decode(content, name)
    _, first = _first_line(text)
    if name.lower().endswith(".csv") or _form(_columns(first.split(_separator(first)))):
        return _read_csv(text, name)
    body = text.replace("\r\n", "\n").replace("\r", "\n").strip()
    if not body:
        raise TaskError(f"{name}: has no text. Put in some lines to learn from.")
    return Table(name, Form.NEXT, (Row(1, body),), plain=True)


def _decode(content: bytes, name: str) -> str:
    if len(content) > MAX_BYTES:
        raise TaskError(f"{name}: is larger than {MAX_BYTES // 1_000_000} MB. Use a part of it.")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        line = _line_after(content[: problem.start])
        raise TaskError(f"{name}: is not UTF-8 text, see line {line}. Save it in UTF-8.") from None
    before, zero, _ = text.partition("\0")
    if zero:
        line = _line_after(before.encode())
        raise TaskError(
            f"{name}: is not text, it has a zero byte in line {line}. Save it as text in UTF-8."
        )
    return text


def _line_after(before: bytes) -> int:
    return len((before + b".").splitlines())


def _first_line(text: str) -> tuple[int, str]:
    """The number of the first line that isn't blank, and the line."""
    lines = enumerate(io.StringIO(text, newline=None), 1)
    return next(((n, line) for n, line in lines if line.strip()), (1, ""))


def _separator(header: str) -> str:
    return next((s for s in _SEPARATORS if _form(_columns(header.split(s)))), _SEPARATORS[0])


def _columns(header: Sequence[str]) -> list[str]:
    return [column.strip().strip('"').lower() for column in header]


def _read_csv(text: str, name: str) -> Table:
    above, header = _first_line(text)
    separator = _separator(header)
    names = _read_header(header, separator, f"{name}, row {above}")
    form = _form_of(names, name)
    below = itertools.islice(io.StringIO(text, newline=""), above, None)
    lines = csv.DictReader(below, names, delimiter=separator, strict=True, skipinitialspace=True)
    try:
        rows = tuple(_rows(lines, above, name, form))
    except csv.Error as problem:
        raise _unreadable(problem, f"{name}, row {above + lines.line_num + 1}") from problem
    if not rows:
        raise TaskError(f"{name}: has no rows below the header. Add some.")
    return Table(name, form, rows)


def _read_header(header: str, separator: str, where: str) -> list[str]:
    try:
        return _columns(next(csv.reader([header], delimiter=separator, strict=True), []))
    except csv.Error as problem:
        raise _unreadable(problem, where) from problem


def _unreadable(problem: csv.Error, where: str) -> TaskError:
    return TaskError(
        f"{where}: can't be read as CSV ({problem}). {_QUOTE}, and write each quote in it twice."
    )


def _form_of(names: Sequence[str], name: str) -> Form:
    form = _form(names)
    if form is None:
        raise _missing(name, names)
    for column in form.columns:
        if names.count(column) > 1:
            raise TaskError(f"{name}: has two columns {column}. Remove one, or rename it.")
    return form


def _form(names: Sequence[str]) -> Form | None:
    """The form with such a header, if any.

    Only a table whose single column is text is next-token data: with other columns, "label" is
    probably misspelled.
    """
    if names == [*Form.NEXT.columns]:
        return Form.NEXT
    return next((f for f in (Form.LABEL, Form.TRANSLATION) if {*f.columns} <= {*names}), None)


def _missing(name: str, names: Sequence[str]) -> TaskError:
    likely = Form.TRANSLATION if {*Form.TRANSLATION.columns} & {*names} else Form.LABEL
    missing = " and no column ".join(c for c in likely.columns if c not in names)
    headers = ", or: ".join(form.header for form in Form)
    return TaskError(f"{name}: has no column {missing}. The first line must be: {headers}")


def _rows(lines: csv.DictReader[str], above: int, name: str, form: Form) -> Iterator[Row]:
    for count, cells in enumerate(lines):
        line = above + lines.line_num
        if count == MAX_ROWS:
            raise TaskError(f"{name}: has more than {MAX_ROWS:,} rows. Use fewer.")
        if any(map(str.strip, extra := cells.pop(None, []))):
            raise TaskError(
                f"{name}, row {line}: has {len(cells) + len(extra)} cells, and the header names "
                f"{len(cells)}. {_QUOTE}."
            )
        yield Row(line, *((cells[column] or "").strip() for column in form.columns))


def check(table: Table, unit: Unit) -> None:
    """Raise TaskError, naming the row, for the first invalid row."""
    for row in table.rows:
        for problem in _problems(row, table.form, unit):
            where = table.name if table.plain else f"{table.name}, row {row.line}"
            raise TaskError(f"{where}: {problem}")
    if table.form is Form.LABEL:
        _check_contradictions(table, unit)


def _problems(row: Row, form: Form, unit: Unit) -> Iterator[str]:
    yield from _text_problems(form.columns[0], row.text, form, unit)
    if form is Form.TRANSLATION:
        yield from _text_problems(form.columns[1], row.label, form, unit)
    if form is Form.LABEL and not row.label:
        yield "the label is empty. Name its class, or remove the row."
    if form is Form.LABEL and len(row.label) > MAX_LETTERS:
        yield f"the label has {len(row.label):,} characters, more than {MAX_LETTERS}. Shorten it."


def _text_problems(column: str, text: str, form: Form, unit: Unit) -> Iterator[str]:
    tokens = unit.tokens(text)
    yield from _length_problems(f"the {column}", text, len(tokens), form, unit)
    longest = max(tokens, key=len, default="")
    if len(longest) > MAX_LETTERS:
        yield (
            f"the word {longest[:30]!r} has {len(longest):,} characters, more than {MAX_LETTERS}. "
            "Put spaces between the words, or read characters."
        )
    if form is Form.TRANSLATION:
        for sign in sorted({START, END}.intersection(tokens)):
            yield f"{sign} is a symbol that the network uses itself. Remove it."


def _length_problems(what: str, text: str, count: int, form: Form, unit: Unit) -> Iterator[str]:
    most = MAX_CHARACTERS if unit is Unit.CHARACTERS else MAX_WORDS
    if form is Form.NEXT and count < form.least:
        yield (
            f"{what} {text[:30]!r} has fewer than two {unit}, so there is no next one. "
            "Make it longer, or remove it."
        )
    elif not count and text:
        yield f"{what} {text[:30]!r} has no {unit}. Write some, or remove the row."
    elif not count:
        yield f"{what} is empty. Fill it in, or remove the row."
    if form is not Form.NEXT and count > most:
        yield f"{what} has {count:,} {unit}, more than {most}. Shorten it."


def _check_contradictions(table: Table, unit: Unit) -> None:
    first_rows: dict[str, Row] = {}
    for row in table.rows:
        first = first_rows.setdefault(unit.plain(row.text), row)
        if first.label != row.label:
            raise TaskError(
                f"{table.name}, rows {first.line} and {row.line}: the same text {row.text[:60]!r} "
                f"has two labels, {first.label[:30]!r} and {row.label[:30]!r}. Keep one of them."
            )
