"""Table: rows read from CSV or text, with a sentence for everything that is wrong."""

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

#: Largest file, in bytes; most rows below its header.
MAX_BYTES, MAX_ROWS = 5_000_000, 20_000
#: Longest text that is read whole, in words or in characters.
MAX_WORDS, MAX_CHARACTERS = 200, 500
#: Longest word or label, in characters.
MAX_LETTERS = 200
#: Most labels that are told apart.
MAX_CLASSES = 200
_QUOTE = "Put a text that has separators or quotes between double quotes"
#: What may stand between the columns of a table.
_SEPARATORS = ",;\t"

# A text may be as long as its file.
csv.field_size_limit(MAX_BYTES)


class TaskError(ValueError):
    """Data that can't be learned from; the message says what is wrong, where, and what to do."""


class Form(StrEnum):
    """What is learned from a file: the text's label, its next token, or its translation."""

    LABEL = "label"
    NEXT = "next"
    TRANSLATION = "translation"

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of its CSV: what is read, and the answer if it stands in a column."""
        return {
            Form.LABEL: ("text", "label"),
            Form.NEXT: ("text",),
            Form.TRANSLATION: ("source", "target"),
        }[self]

    @property
    def header(self) -> str:
        """The first line of its CSV."""
        return ",".join(self.columns)

    @property
    def least(self) -> int:
        """The fewest tokens that can be learned from."""
        return 2 if self is Form.NEXT else 1


class Row(NamedTuple):
    """A text and its answer, if it has one, and the line of the file (the header is line 1).

    The answer, ``label``, is a class or the target of a translation.
    """

    line: int
    text: str
    label: str = ""


@dataclass(frozen=True)
class Table:
    """The rows of one file; ``plain`` text is a single row."""

    name: str
    form: Form
    rows: tuple[Row, ...]
    plain: bool = False


def read_bytes(path: Path) -> bytes:
    """The content of a file, of one that is too large only the beginning; raise TaskError."""
    try:
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except OSError as problem:
        raise TaskError(f"{path}: can't be read ({problem.strerror}).") from problem


def read_file(path: Path) -> list[Row]:
    """The rows of a CSV file with the columns text and label; raise TaskError."""
    return read_table(read_bytes(path), path.name)


def read_table(content: bytes, name: str) -> list[Row]:
    """The rows of a CSV with the columns text and label; raise TaskError naming the row."""
    table = _read_csv(_decode(content, name), name, (Form.LABEL,))
    check(table, Unit.WORDS)
    return list(table.rows)


def read_any(content: bytes, name: str) -> Table:
    """The rows of a CSV of any form, or a plain text, not yet checked; raise TaskError.

    What isn't called .csv is a CSV if its first line is the header of one.
    """
    text = _decode(content, name)
    _, first = _first(text)
    if name.lower().endswith(".csv") or _form(_named(first.split(_separator(first)))):
        return _read_csv(text, name, tuple(Form))
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
        line = _line(content[: problem.start])
        raise TaskError(f"{name}: is not UTF-8 text, see line {line}. Save it in UTF-8.") from None
    before, zero, _ = text.partition("\0")
    if zero:
        line = _line(before.encode())
        raise TaskError(
            f"{name}: is not text, it has a zero byte in line {line}. Save it as text in UTF-8."
        )
    return text


def _line(before: bytes) -> int:
    """The number of the line in which what comes next stands."""
    return len((before + b".").splitlines())


def _first(text: str) -> tuple[int, str]:
    """The number of the first line that isn't blank, and that line."""
    lines = enumerate(io.StringIO(text, newline=None), 1)
    return next(((n, line) for n, line in lines if line.strip()), (1, ""))


def _separator(header: str) -> str:
    """What stands between the columns; spreadsheets also write semicolons, or tabs."""
    return next((s for s in _SEPARATORS if _form(_named(header.split(s)))), _SEPARATORS[0])


def _named(header: Sequence[str]) -> list[str]:
    return [column.strip().strip('"').lower() for column in header]


def _read_csv(text: str, name: str, forms: Sequence[Form]) -> Table:
    above, header = _first(text)
    separator = _separator(header)
    names = _read_header(header, separator, f"{name}, row {above}")
    form = _form_of(names, name, forms)
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
        return _named(next(csv.reader([header], delimiter=separator, strict=True), []))
    except csv.Error as problem:
        raise _unreadable(problem, where) from problem


def _unreadable(problem: csv.Error, where: str) -> TaskError:
    return TaskError(
        f"{where}: can't be read as CSV ({problem}). {_QUOTE}, and write each quote in it twice."
    )


def _form_of(names: Sequence[str], name: str, forms: Sequence[Form]) -> Form:
    form = _form(names)
    if form is None or form not in forms:
        raise _missing(name, names, forms)
    for column in form.columns:
        if names.count(column) > 1:
            raise TaskError(f"{name}: has two columns {column}. Remove one, or rename it.")
    return form


def _form(names: Sequence[str]) -> Form | None:
    """The form with such a header.

    A column text has to be alone: beside others it may well be that "label" is mistyped.
    """
    if names == [*Form.NEXT.columns]:
        return Form.NEXT
    return next((f for f in (Form.LABEL, Form.TRANSLATION) if {*f.columns} <= {*names}), None)


def _missing(name: str, names: Sequence[str], forms: Sequence[Form]) -> TaskError:
    pairs = Form.TRANSLATION in forms and {*Form.TRANSLATION.columns} & {*names}
    wanted = Form.TRANSLATION if pairs else Form.LABEL
    missing = " and no column ".join(c for c in wanted.columns if c not in names)
    headers = ", or: ".join(form.header for form in forms)
    return TaskError(f"{name}: has no column {missing}. The first line must be: {headers}")


def _rows(lines: csv.DictReader[str], above: int, name: str, form: Form) -> Iterator[Row]:
    """The rows below the header, with their lines in the file."""
    for count, cells in enumerate(lines):
        line = above + lines.line_num
        if count == MAX_ROWS:
            raise TaskError(f"{name}: has more than {MAX_ROWS:,} rows. Use fewer.")
        if any(map(str.strip, beyond := cells.pop(None, []))):
            raise TaskError(
                f"{name}, row {line}: has {len(cells) + len(beyond)} cells, and the header names "
                f"{len(cells)}. {_QUOTE}."
            )
        yield Row(line, *((cells[column] or "").strip() for column in form.columns))


def check(table: Table, unit: Unit) -> None:
    """Raise TaskError, naming the row, for what can't be learned from."""
    for row in table.rows:
        for complaint in _complaints(row, table.form, unit):
            where = table.name if table.plain else f"{table.name}, row {row.line}"
            raise TaskError(f"{where}: {complaint}")
    if table.form is Form.LABEL:
        _check_contradictions(table, unit)


def _complaints(row: Row, form: Form, unit: Unit) -> Iterator[str]:
    yield from _about_text(form.columns[0], row.text, form, unit)
    if form is Form.TRANSLATION:
        yield from _about_text(form.columns[1], row.label, form, unit)
    elif form is Form.LABEL:
        yield from _about_label(row.label)


def _about_label(label: str) -> Iterator[str]:
    if not label:
        yield "the label is empty. Name its class, or remove the row."
    if len(label) > MAX_LETTERS:
        yield f"the label has {len(label):,} characters, more than {MAX_LETTERS}. Shorten it."


def _about_text(column: str, text: str, form: Form, unit: Unit) -> Iterator[str]:
    tokens = unit.tokens(text)
    yield from _about_length(f"the {column}", text, len(tokens), form, unit)
    longest = max(tokens, key=len, default="")
    if len(longest) > MAX_LETTERS:
        yield (
            f"the word {longest[:30]!r} has {len(longest):,} characters, more than {MAX_LETTERS}. "
            "Put spaces between the words, or read characters."
        )
    if form is Form.TRANSLATION:
        for sign in sorted({START, END}.intersection(tokens)):
            yield f"{sign} is a sign of the network's own. Remove it."


def _about_length(what: str, text: str, count: int, form: Form, unit: Unit) -> Iterator[str]:
    most = MAX_CHARACTERS if unit is Unit.CHARACTERS else MAX_WORDS
    if form is Form.NEXT and count < form.least:
        yield (
            f"{what} {text[:30]!r} has fewer than two {unit}, so that nothing comes next. "
            "Make it longer, or remove it."
        )
    elif not count and text:
        yield f"{what} {text[:30]!r} has no {unit}. Write some, or remove the row."
    elif not count:
        yield f"{what} is empty. Fill it in, or remove the row."
    if form is not Form.NEXT and count > most:
        yield f"{what} has {count:,} {unit}, more than {most}. Shorten it."


def _check_contradictions(table: Table, unit: Unit) -> None:
    seen: dict[str, Row] = {}
    for row in table.rows:
        first = seen.setdefault(unit.plain(row.text), row)
        if first.label != row.label:
            raise TaskError(
                f"{table.name}, rows {first.line} and {row.line}: the same text {row.text[:60]!r} "
                f"has two labels, {first.label[:30]!r} and {row.label[:30]!r}. Keep one of them."
            )
