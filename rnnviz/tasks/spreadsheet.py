"""Spreadsheet: the cells of Excel's and Parquet's files, never more of them than is allowed."""

from __future__ import annotations

import math
import re
import zipfile
from collections.abc import Iterable, Iterator
from io import BytesIO
from statistics import median
from typing import Any

from rnnviz.tasks.csv_table import (
    MAX_COLUMNS,
    MAX_ROWS,
    Cells,
    Line,
    TaskError,
    check_size,
    table_of_lines,
    too_many_columns,
)

#: What the first bytes of a file say.
ZIP, PARQUET, OLE, GZIP = b"PK\x03\x04", b"PAR1", b"\xd0\xcf\x11\xe0", b"\x1f\x8b"
#: Maximum size of what is packed in a file, in bytes, and of its parts.
MAX_UNPACKED, MAX_PARTS = 40_000_000, 1_000
#: Maximum length of all cells together, in characters: one stored text can be in every cell.
MAX_TEXT = 10_000_000
#: The sheets of a workbook, and a cell from row 100,000 on, or after column GS (MAX_COLUMNS + 1).
#: Some files have one in the last row and column, and a sheet is read with all cells in between.
_SHEETS = "xl/worksheets/"
_FAR = re.compile(
    rb'<c r="(?:[A-Z]+[0-9]{6,}|(?:[A-Z]{3}|[H-Z][A-Z]|G[T-Z])[0-9]+)"[^>]*?(?:/>|>.*?</c>)',
    re.DOTALL,
)
#: Titles are found by so many rows; so many rows of a Parquet file are read at once.
_FIRST, _BATCH = 50, 500
#: A float is an exact whole number up to this one.
_EXACT = 2.0**53


def read_excel(content: bytes, name: str) -> Cells:
    """The cells of the first sheet that isn't empty of an .xlsx; raise TaskError."""
    _check_archive(content, name)
    try:
        import python_calamine as calamine  # noqa: PLC0415
    except ImportError:
        raise _missing(name, "Excel files", "python-calamine") from None
    try:
        book = calamine.load_workbook(_near(content))
        sheets = map(book.get_sheet_by_name, book.sheet_names)
        tables = (_lines(_sheet_rows(sheet), name) for sheet in sheets)
        lines = next((lines for lines in tables if lines), [])
    except (TaskError, MemoryError):
        raise
    except Exception as problem:  # Damaged zips and sheets raise errors of every kind.
        raise _damaged(name, "an Excel file", problem) from problem
    return table_of_lines(name, _without_titles(lines))


def _missing(name: str, kind: str, library: str) -> TaskError:
    return TaskError(
        f"{name}: reading {kind} takes {library}, which is not installed: pip install {library}. "
        "Or save the table as CSV UTF-8."
    )


def _check_archive(content: bytes, name: str) -> None:
    """Raise TaskError for a zip that is no workbook, or whose parts are too large."""
    check_size(content, name)
    try:
        parts = zipfile.ZipFile(BytesIO(content)).infolist()
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError) as problem:
        raise _damaged(name, "an Excel file", problem) from problem
    if not any(part.filename.startswith("xl/") for part in parts):
        raise TaskError(f"{name}: is a packed file. Unpack it, and choose the table in it.")
    if len(parts) > MAX_PARTS or sum(part.file_size for part in parts) > MAX_UNPACKED:
        raise _too_large(name)


def _near(content: bytes) -> BytesIO:
    """The workbook without the cells that are far outside of any table."""
    near = BytesIO()
    with zipfile.ZipFile(BytesIO(content)) as old, zipfile.ZipFile(near, "w") as new:
        for name in old.namelist():
            part = old.read(name)
            new.writestr(name, _FAR.sub(b"", part) if name.startswith(_SHEETS) else part)
    near.seek(0)
    return near


def _sheet_rows(sheet: Any) -> Iterator[tuple[str, ...]]:
    """The rows of a sheet, cut after the first column that is too many."""
    for values in sheet.iter_rows():
        # A sheet can have a million empty rows.
        blank = values.count("") == len(values)
        yield () if blank else tuple(map(_text, values[: MAX_COLUMNS + 1]))


def _lines(rows: Iterable[tuple[str, ...]], name: str) -> list[Line]:
    """The rows that aren't blank, at most one more than is allowed; raise TaskError."""
    lines: list[Line] = []
    letters = 0
    for row, cells in enumerate(rows, 1):
        letters += sum(map(len, cells))
        if letters > MAX_TEXT:
            raise TaskError(
                f"{name}: has more than {MAX_TEXT:,} characters. Leave out columns or rows."
            )
        if any(map(str.strip, cells)):
            lines.append(Line(row, cells))
        if len(lines) > MAX_ROWS + 1:
            break
    return lines


def _without_titles(rows: list[Line]) -> list[Line]:
    """The rows from the header on: what stands alone in a row above a table is its title."""
    counts = [sum(bool(cell.strip()) for cell in line.cells) for line in rows]
    usual = median(counts[:_FIRST]) if counts else 0
    first = next((k for k, count in enumerate(counts) if count > 1 or usual < 2), 0)
    return rows[first:]


def read_parquet(content: bytes, name: str) -> Cells:
    """The cells of a Parquet file, without columns of lists or bytes; raise TaskError."""
    check_size(content, name)
    try:
        import pyarrow as pa  # noqa: PLC0415
        from pyarrow import parquet  # noqa: PLC0415
    except ImportError:
        raise _missing(name, "Parquet", "pyarrow") from None
    try:
        file = parquet.ParquetFile(BytesIO(content))
        simple = [field for field in file.schema_arrow if _is_simple(pa.types, field)]
        _check_parquet(file.metadata, simple, name)
        names = [field.name for field in simple]
        texts = [field.name for field in simple if not pa.types.is_primitive(field.type)]
        # A text that stands in many rows is one in memory.
        file = parquet.ParquetFile(BytesIO(content), read_dictionary=texts)
        batches = file.iter_batches(_BATCH, columns=names, use_threads=False)
        lines = _lines(_batch_rows(batches), name)
    except (pa.ArrowException, OSError, ValueError, KeyError, OverflowError) as problem:
        if isinstance(problem, TaskError | MemoryError):
            raise
        raise _damaged(name, "a Parquet file", problem) from problem
    # Its names are no row; the first row of the data is row 1.
    return table_of_lines(name, [Line(0, tuple(names)), *lines], header=True)


def _is_simple(types: Any, field: Any) -> bool:
    """Whether a column has a text or a number in each row, and isn't the index of pandas."""
    kind = field.type.value_type if types.is_dictionary(field.type) else field.type
    texts = types.is_string(kind) or types.is_large_string(kind)
    return (texts or types.is_primitive(kind)) and not field.name.startswith("__index_level_")


def _check_parquet(about: Any, columns: list[Any], name: str) -> None:
    """Raise TaskError for a table that is too large, before it is read."""
    if not columns:
        raise TaskError(f"{name}: has no column of texts or numbers.")
    if len(columns) > MAX_COLUMNS:
        raise too_many_columns(name, len(columns))
    if about.num_rows > MAX_ROWS:
        raise TaskError(f"{name}: has more than {MAX_ROWS:,} rows. Use fewer.")
    if sum(about.row_group(k).total_byte_size for k in range(about.num_row_groups)) > MAX_UNPACKED:
        raise _too_large(name)


def _batch_rows(batches: Iterable[Any]) -> Iterator[tuple[str, ...]]:
    """The rows of a Parquet file, as texts."""
    for batch in batches:
        # What is damaged may name a text that is not there.
        batch.validate(full=True)
        yield from zip(*map(_cells, batch.columns), strict=True)


def _cells(array: Any) -> list[str]:
    if not hasattr(array, "dictionary"):
        return [_text(value) for value in array.to_pylist()]
    values = [_text(value) for value in array.dictionary.to_pylist()]
    return ["" if k is None else values[k] for k in array.indices.to_pylist()]


def _text(value: object) -> str:
    """What a cell shows: a whole number without a fraction, and nothing for a missing value."""
    if isinstance(value, str):
        return value
    if isinstance(value, float):
        if value.is_integer() and abs(value) < _EXACT:
            return str(int(value))
        return "" if math.isnan(value) else str(value)
    return "" if value is None else str(value)


def _too_large(name: str) -> TaskError:
    return TaskError(
        f"{name}: unpacks to more than {MAX_UNPACKED // 1_000_000} MB. Use a part of it."
    )


def _damaged(name: str, kind: str, problem: Exception) -> TaskError:
    said = " ".join(str(problem).split())[:80] or type(problem).__name__
    return TaskError(
        f"{name}: can't be read as {kind} ({said}). Save it again, or as CSV in UTF-8."
    )
