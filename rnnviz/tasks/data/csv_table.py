"""CSV table: the text of a file, its raw cells, and the limits and errors of data."""

from __future__ import annotations

import codecs
import csv
import io
import itertools
import os
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Literal, NamedTuple
from unicodedata import category

#: Usual names of columns, the surest first.
TEXT = (
    "text", "message", "review", "sentence", "tweet", "comment", "content", "body", "phrase",
    "utterance", "query", "question", "document", "post", "description", "abstract", "article",
    "statement", "summary", "title", "headline", "subject", "word", "sequence", "input",
)  # fmt: skip
LABEL = (
    "label", "category", "class", "sentiment", "target", "intent", "emotion", "topic", "tag",
    "polarity", "rating", "score", "stars", "mood", "genre", "type", "kind", "spam", "answer",
    "output", "y",
)  # fmt: skip
SOURCE, TARGET = ("source", "src"), ("target", "tgt")
#: Two columns with these names are a translation.
LANGUAGES = (
    "english", "french", "german", "spanish", "italian", "portuguese", "dutch", "polish",
    "russian", "turkish", "arabic", "chinese", "japanese", "korean", "hindi", "swedish",
    "en", "fr", "de", "es", "it", "pt", "nl", "pl", "ru", "tr", "ar", "zh", "ja", "ko", "hi", "sv",
)  # fmt: skip
_ALL = frozenset((*TEXT, *LABEL, *SOURCE, *TARGET, *LANGUAGES, "id", "index"))


def plain(name: str) -> str:
    """A name in lower case, its words with single spaces between them."""
    return " ".join(re.split(r"[\W_]+", name.lower())).strip()


def rank(name: str, usual: Sequence[str]) -> int:
    """The index of a name among usual ones; names that only contain one come after them."""
    name = plain(name)
    if name in usual:
        return usual.index(name)
    words = {word.removesuffix("s") for word in name.split()} | {*name.split()}
    inside = (index for index, one in enumerate(usual) if len(one) > 2 and one in words)
    return len(usual) + next(inside, len(usual))


def is_usual(name: str) -> bool:
    """Whether it is a usual name of a column."""
    return plain(name) in _ALL


#: Maximum size of a file in bytes, and number of rows below the header, of columns and of labels.
MAX_BYTES, MAX_ROWS, MAX_COLUMNS, MAX_CLASSES = 5_000_000, 20_000, 200, 200
#: Maximum length of a text that isn't cut into pieces, in words or in characters.
MAX_WORDS, MAX_CHARACTERS = 200, 500
#: Maximum length of a word, a label or the name of a column, in characters.
MAX_LETTERS = 200
_QUOTE = "Put a text that has separators or quotes between double quotes"
#: Spreadsheets also write semicolons or tabs.
_SEPARATORS = ",;\t|"
#: The lines that decide the separator.
_FIRST = 50
#: How often all lines may be read again after an unclosed quote.
_REREAD = 10
#: Excel can write the separator into the first line.
_DECLARED = re.compile(r"sep=([^\s\"]|\t)\s*", re.IGNORECASE)
#: A blank between a quote and a separator has no meaning in a header.
_BLANK = re.compile(rf'"[ ]+(?=[{_SEPARATORS}])')
#: A number, or a date that may have a time of day.
_NUMBER = re.compile(r"[+-]?\d[\d.,]*|\d[\d./-]+([T ]\d\d?:[\dZ.:+-]+)?", re.ASCII)
_BREAKS = re.compile(r"[^\S ]+")

csv.field_size_limit(MAX_BYTES)


class TaskError(ValueError):
    """Invalid data; the message names the problem, the place, and a remedy."""


def shown(text: str, most: int = 30) -> str:
    """The beginning of a text as it is typed, in quotes and on one line."""
    cut = text[:most] + "…" * (len(text) > most)
    return f"'{_BREAKS.sub(' ', cut)}'"


class RowError(NamedTuple):
    """An unusable row: its file, its number from 1, or 0 for a whole text, and the reason."""

    file: str
    row: int
    reason: str

    def __str__(self) -> str:
        where = f"{self.file}, row {self.row}" if self.row else self.file
        return f"{where}: {self.reason}"


class RawRow(NamedTuple):
    """The cells of a row, and its number in the file, from 1."""

    row: int
    cells: tuple[str, ...]


@dataclass(frozen=True)
class RawTable:
    """The content of a file: names of columns, rows with a cell for each, and unreadable rows.

    A plain text has no columns, and one cell. Without a ``header`` the columns are numbered.
    """

    name: str
    columns: tuple[str, ...]
    lines: tuple[RawRow, ...]
    faults: tuple[RowError, ...] = ()
    header: bool = True

    @property
    def plain(self) -> bool:
        """Whether it is a plain text."""
        return not self.columns

    def column(self, name: str) -> list[str]:
        """The cells of a column."""
        index = self.columns.index(name)
        return [line.cells[index] for line in self.lines]


def read_bytes(path: Path) -> bytes:
    """The content of a file, at most a byte more than the maximum size; raise TaskError."""
    try:
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except OSError as problem:
        raise TaskError(f"{path}: can't be read ({problem.strerror}).") from problem


def name_of(path: Path) -> str:
    r"""The name of a file as a text; undecodable bytes are escaped, as in ``\xff.csv``."""
    return os.fsencode(path.name).decode(errors="backslashreplace")


def check_size(content: bytes, name: str) -> None:
    """Raise TaskError for a file that is too large."""
    if len(content) > MAX_BYTES:
        raise TaskError(f"{name}: is larger than {MAX_BYTES // 1_000_000} MB. Use a part of it.")


def read_csv(text: str, name: str) -> RawTable:
    """The cells of a CSV with any separator; raise TaskError."""
    lines = [*io.StringIO(text, newline="")]
    header = next((k for k, line in enumerate(lines) if line.strip()), 0)
    lines[header : 1 + header] = [_BLANK.sub('"', line) for line in lines[header : 1 + header]]
    declared = _DECLARED.fullmatch(lines[0]) if lines else None
    first = 1 if declared else 0
    separator = declared[1] if declared else _separator(lines[:_FIRST], name)
    read = _read(lines, name, first, separator)
    if separator == "\t" and read[1]:
        # Quotes are often plain characters in files with tabs.

        def misfits(read: tuple[list[RawRow], list[RowError]]) -> int:
            """The number of rows that can't be read, or have other numbers of cells than most."""
            widths = Counter(len(line.cells) for line in read[0])
            return len(read[1]) + widths.total() - max(widths.values(), default=0)

        read = min(read, _read(lines, name, first, separator, csv.QUOTE_NONE), key=misfits)
    rows, faults = read
    if faults and (not rows or faults[0].row < rows[0].row):
        raise TaskError(str(faults[0]))
    return table_of_lines(name, rows, faults)


def looks_like_table(text: str) -> bool:
    """Whether a text has usual names in its first line, or equally many separators in all."""
    lines = [line for line in io.StringIO(text, newline=None) if line.strip()][:_FIRST]
    if not lines:
        return False
    rows, _ = _read(lines[:1], "", 0, _separator(lines, ""))
    if rows and all(is_usual(name) or not name.strip() for name in rows[0].cells):
        return True
    if rows and len(rows[0].cells) > 1 and sum(map(is_usual, rows[0].cells)) > 1:
        return True
    counts = [{line.count(separator) for line in lines} for separator in _SEPARATORS[1:]]
    return len(lines) > 2 and any(len(count) == 1 and count != {0} for count in counts)


def _separator(lines: Sequence[str], name: str) -> str:
    """The separator for which most rows have as many cells as the first, at least two.

    If none has, a file whose ``name`` says that it has tabs has a single column.
    """
    tabs = name.lower().endswith(".tsv")

    def fit(separator: str) -> tuple[float, int]:
        rows, faults = _read(lines, "", 0, separator)
        widths = [len(line.cells) for line in rows]
        if not rows or widths[0] < 2 or (faults and faults[0].row < rows[0].row):
            return 0.0, 0
        return widths.count(widths[0]) / (len(rows) + len(faults)), widths[0]

    return max(sorted(_SEPARATORS, key=lambda each: tabs and each != "\t"), key=fit)


def _read(
    lines: Sequence[str], name: str, first: int, separator: str, quoting: Literal[0, 3] = 0
) -> tuple[list[RawRow], list[RowError]]:
    """The rows from a line on that aren't blank, and those that can't be read.

    Quotes enclose a text (``quoting`` 0, ``csv.QUOTE_MINIMAL``), or are plain characters (3).
    After a row that can't be read, reading goes on with the next line.
    """
    rows, faults = list[RawRow](), list[RowError]()
    left = _REREAD * len(lines) + _FIRST
    while first < len(lines) and left > 0:
        reader = csv.reader(
            (lines[k] for k in range(first, len(lines))),
            delimiter=separator, quoting=quoting, strict=True, skipinitialspace=True,
        )  # fmt: skip
        begun, end = first, len(lines)
        try:
            for cells in reader:
                if any(map(str.strip, cells)):
                    rows.append(RawRow(begun + 1, tuple(cells)))
                begun = first + reader.line_num
                if len(rows) > MAX_ROWS + 1:
                    return rows, faults
        except csv.Error as problem:
            reason = (
                f"can't be read as CSV ({problem}). {_QUOTE}, and write each quote in it twice."
            )
            faults.append(RowError(name, begun + 1, reason))
            if len(faults) > MAX_ROWS:
                return rows, faults
            end = begun + 1
        left -= reader.line_num
        first = end
    if first < len(lines):
        reason = "this row and all after it aren't read, as too many quotes before it are open. "
        faults.append(RowError(name, first + 1, f"{reason}{_QUOTE}."))
    return rows, faults


def table_of_lines(
    name: str, rows: Sequence[RawRow], faults: Sequence[RowError] = (), header: bool | None = None
) -> RawTable:
    """The cells of rows, the first of which may name the columns; raise TaskError."""
    if not rows:
        raise TaskError(f"{name}: is empty. Add rows.")
    if (count := sum(map(bool, map(str.strip, rows[0].cells)))) > MAX_COLUMNS:
        raise too_many_columns(name, count)
    header = _has_header(rows) if header is None else header
    above, below = rows[0].cells, rows[1:] if header else rows
    if not below:
        problem = f"{name}: has no rows below the header. Add some."
        if name.lower().endswith((".xlsx", ".xlsm")):
            problem += " Formulas need values: save the file in a spreadsheet program."
        raise TaskError(str(faults[0]) if faults else problem)
    if len(below) + len(faults) > MAX_ROWS:
        raise TaskError(f"{name}: has more than {MAX_ROWS:,} rows. Use fewer.")
    filled = {k for line in below for k, cell in enumerate(line.cells) if cell.strip()}
    named = {k for k, cell in enumerate(above) if header and cell.strip()}
    used = sorted(named | {k for k in filled if k < len(above)})
    if len(used) > MAX_COLUMNS:
        raise too_many_columns(name, len(used))
    fitting, wide = _fitted(name, below, used, len(above), header)
    names = tuple(_unique([above[k] if header else "" for k in used], used))
    found = sorted((*faults, *wide), key=lambda error: error.row)
    return RawTable(name, names, tuple(fitting), tuple(found), header)


def too_many_columns(name: str, count: int) -> TaskError:
    """The error of a file with too many columns."""
    return TaskError(
        f"{name}: has {count:,} columns, more than {MAX_COLUMNS}. Leave out those that aren't "
        "learned."
    )


def _has_header(rows: Sequence[RawRow]) -> bool:
    """Whether the first row is a header: usual names, or cells that no column repeats.

    Numbers or times alone are no header, unless the numbers are consecutive: "0,1,2".
    """
    first, *below = rows
    if any(map(is_usual, first.cells)):
        return True
    if all(_NUMBER.fullmatch(cell.strip()) for cell in first.cells):
        start = int(first.cells[0]) if first.cells[0].isdecimal() else -1
        return [*first.cells] == [str(start + k) for k in range(len(first.cells))]
    # A row can have millions of empty cells.
    named = [(k, cell) for k, cell in enumerate(first.cells) if cell.strip()]
    return not any(line.cells[k : k + 1] == (cell,) for k, cell in named for line in below)


def _fitted(
    name: str, rows: Sequence[RawRow], used: Sequence[int], width: int, header: bool
) -> tuple[list[RawRow], list[RowError]]:
    """The cells of the used columns, and the rows with more cells than the first."""
    fitting, faults = [], []
    who = "the header names" if header else "the first has"
    for row, cells in rows:
        if any(map(str.strip, cells[width:])):
            reason = f"has {len(cells)} cells, and {who} {width}. {_QUOTE}."
            faults.append(RowError(name, row, reason))
        else:
            present = len(cells)
            fitting.append(RawRow(row, tuple(cells[k] if k < present else "" for k in used)))
    return fitting, faults


def _unique(names: Sequence[str], places: Sequence[int]) -> Iterator[str]:
    """The names of the columns; empty and repeated ones are numbered."""
    taken: set[str] = set()
    for name, place in zip(names, places, strict=True):
        first = name.strip()[:MAX_LETTERS] or f"column {place + 1}"
        short = first[: MAX_LETTERS - len(f" ({len(names)})")]
        later = (f"{short} ({count})" for count in itertools.count(2))
        unique = next(one for one in itertools.chain([first], later) if one not in taken)
        taken.add(unique)
        yield unique


# Encodings


#: Byte order marks and their encodings.
_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"
}  # fmt: skip
#: A letter that differs between encodings, and one with its context in its line.
_SPECIAL = re.compile(r"[^\x00-\x7f]")
_IN_CONTEXT = re.compile(r"((?<!\S)[^\n\r]{0,24}?)?[^\x00-\x7f][^\n\r]{0,20}")
#: Maximum number of encodings that are offered.
_MOST = 5


class Encoding(StrEnum):
    """Encodings of texts that aren't UTF-8, the most usual first."""

    WINDOWS_1252 = "windows-1252"
    MAC_ROMAN = "mac-roman"
    WINDOWS_1250 = "windows-1250"
    WINDOWS_1251 = "windows-1251"
    CP850 = "cp850"
    SHIFT_JIS = "shift-jis"
    GB18030 = "gb18030"
    UTF_16_LE = "utf-16-le"
    UTF_16_BE = "utf-16-be"


class EncodingError(TaskError):
    """A text that isn't UTF-8; ``samples`` has a piece of it in every encoding that may fit."""

    def __init__(self, message: str, samples: dict[Encoding, str]) -> None:
        super().__init__(message)
        self.samples = samples


def decode(content: bytes, name: str, encoding: Encoding | None = None) -> str:
    """The text of a file in UTF-8, the encoding of its byte order mark, or else ``encoding``.

    Raises EncodingError if the encoding must be chosen, and TaskError for binary data.
    """
    check_size(content, name)
    codec = next((codec for mark, codec in _MARKS.items() if content.startswith(mark)), "")
    text, problem = _unambiguous(content, codec or "utf-8")
    if text is not None:
        return text
    possible = {} if codec else _possible(content)
    if encoding in possible:
        return possible[encoding]
    if not possible:
        raise TaskError(f"{name}: {problem}. Save it as text in UTF-8.")
    advice = "Choose the encoding in which it reads right, or save it in UTF-8"
    if encoding:
        problem, advice = f"can't be read as {encoding}", "Choose another encoding"
    samples = {one: _sample(text) for one, text in possible.items()}
    raise EncodingError(f"{name}: {problem}. {advice}.", samples)


def _unambiguous(content: bytes, codec: str) -> tuple[str | None, str]:
    """The text in UTF-8 or UTF-16; or None, and the problem."""
    try:
        text = content.decode(codec)
    except UnicodeDecodeError as problem:
        kind = "UTF-16" if codec == "utf-16" else "UTF-8"
        line = len((content[: problem.start] + b".").splitlines())
        return None, f"is not {kind} text, see line {line}"
    before, zero, _ = text.partition("\0")
    if zero:
        line = len((before.encode() + b".").splitlines())
        return None, f"is not text, it has a zero byte in line {line}"
    return text, ""


def _possible(content: bytes) -> dict[Encoding, str]:
    """The text in encodings that may be right, without those that give an equal text."""
    found: dict[Encoding, str] = {}
    wide = content.count(0) > len(content) / 4
    for encoding in Encoding:
        if encoding.startswith("utf-16") != wide:
            continue
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        # No control characters but blanks, and no unassigned ones.
        readable = all(c.isspace() or category(c) not in ("Cc", "Cn", "Co", "Cs") for c in {*text})
        if readable and text not in found.values():
            found[encoding] = text

    def letters(encoding: Encoding) -> float:
        """The share of letters among the characters that aren't ASCII, to one decimal."""
        special = [c for c in found[encoding] if not c.isascii()]
        return round(sum(map(str.isalpha, special)) / max(len(special), 1), 1)

    best = sorted(found, key=letters, reverse=True)[:_MOST]
    return {encoding: found[encoding] for encoding in best}


def _sample(text: str) -> str:
    special = _SPECIAL.search(text)
    if special is None:
        return text[:30].strip()
    # A search of the whole text would try every position.
    found = _IN_CONTEXT.search(text, max(0, special.start() - 24), special.start() + 21)
    return found[0].strip() if found else ""
