"""Spreadsheet: Excel and Parquet files, read in a separate process within a budget.

A few kilobytes can fill gigabytes, keep a core busy for minutes, or abort the library that reads
them. This ends a small process, and not the server of all tabs.
"""

from __future__ import annotations

import json
import math
import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import suppress
from io import BytesIO
from statistics import median
from threading import Lock
from typing import Any

from rnnviz.tasks.data.archive import ArchiveSizeError, check_members, content_of
from rnnviz.tasks.data.csv_table import (
    MAX_BYTES,
    MAX_COLUMNS,
    MAX_ROWS,
    RawRow,
    RawTable,
    RowError,
    TaskError,
    check_size,
    table_of_lines,
    too_many_columns,
)

#: The first bytes of a file.
ZIP, PARQUET, OLE, GZIP = b"PK\x03\x04", b"PAR1", b"\xd0\xcf\x11\xe0", b"\x1f\x8b"
#: Maximum size of the unpacked content, in bytes, and number of its parts.
MAX_UNPACKED, MAX_PARTS = 40_000_000, 1_000
#: Maximum size of all cells together, in bytes of UTF-8, as of other files: one stored text can be
#: in every cell.
MAX_TEXT = MAX_BYTES
#: The sheets of a workbook, and a cell from row 100,000 on, or after column GS (MAX_COLUMNS + 1).
#: Some files have a cell in the last row and column, and all cells before it are read.
_SHEETS = "xl/worksheets/"
_FAR = re.compile(
    rb'<c r="(?:[A-Z]+[0-9]{6,}|(?:[A-Z]{3}|[H-Z][A-Z]|G[T-Z])[0-9]+)"[^>]*?(?:/>|>.*?</c>)',
    re.DOTALL,
)
#: Rows that are searched for a title; rows of a Parquet file in a batch.
_FIRST, _BATCH = 50, 500
#: Floats are exact whole numbers up to this one.
_EXACT = 2.0**53
#: Limits of memory, in bytes, without some 50 MB for the code of the libraries, and of CPU time,
#: in seconds.
MAX_MEMORY, MAX_CPU = 230_000_000, 2
#: Limit of time, in seconds. Where CPU time is limited, only a busy machine takes as long.
MAX_TIME = 10.0 if sys.platform == "win32" else 30.0
#: One file is read at a time, so that many tabs need no more memory.
_TURN = Lock()
#: Libraries that reserve memory for every core would use up the budget.
_SMALL = {"OPENBLAS_NUM_THREADS": "1", "ARROW_DEFAULT_MEMORY_POOL": "system"}


def read_apart(content: bytes, name: str) -> RawTable:
    """The cells of an Excel or Parquet file; raise TaskError, also for one beyond the budget."""
    command = [sys.executable, "-P", "-m", __name__]
    # A name with any character can't be an argument.
    message = json.dumps(name).encode() + b"\n" + content
    environment = {**os.environ, **_SMALL, "PYTHONPATH": os.pathsep.join(sys.path)}
    try:
        with _TURN:
            done = subprocess.run(
                command, input=message, capture_output=True, check=True, timeout=MAX_TIME,
                env=environment,
            )  # fmt: skip
    except (subprocess.SubprocessError, OSError):
        raise TaskError(
            f"{name}: takes too much time or memory to be read, more than a table of its size "
            "needs. Save the table alone in a new file, or as CSV UTF-8."
        ) from None
    # Row by row, as no other thread runs while JSON is read.
    answer, *lines = map(json.loads, done.stdout.splitlines())
    if isinstance(answer, str):
        raise TaskError(answer)
    columns, faults, header = answer
    rows = (RawRow(row, tuple(cells)) for row, cells in lines)
    return RawTable(
        name, tuple(columns), tuple(rows), tuple(RowError(*row) for row in faults), header
    )


def read_excel(content: bytes, name: str) -> RawTable:
    """The cells of the first sheet that isn't empty of an .xlsx; raise TaskError."""
    near = _without_far_cells(content, name)
    try:
        import python_calamine as calamine  # noqa: PLC0415
    except ImportError:
        raise _missing(name, "Excel files", "python-calamine") from None
    lines = list[RawRow]()
    try:
        book = calamine.load_workbook(near)
        for sheet in book.sheet_names:
            # A sheet can have a million empty rows.
            rows = (
                () if values.count("") == len(values) else values[: MAX_COLUMNS + 1]
                for values in book.get_sheet_by_name(sheet).iter_rows()
            )  # fmt: skip
            if lines := _lines((tuple(map(_text, values)) for values in rows), name):
                break
    except (TaskError, MemoryError):
        raise
    except Exception as problem:  # Damaged sheets raise errors of every kind.
        raise _damaged(name, "an Excel file", problem) from problem
    # A cell alone in a row above a table is its title.
    counts = [sum(bool(cell.strip()) for cell in line.cells) for line in lines]
    usual = median(counts[:_FIRST]) if counts else 0
    first = next((k for k, count in enumerate(counts) if count > 1 or usual < 2), 0)
    return table_of_lines(name, lines[first:])


def _without_far_cells(content: bytes, name: str) -> BytesIO:
    """A workbook without the cells that no table has; raise TaskError for any other zip."""
    check_size(content, name)
    near = BytesIO()
    try:
        with zipfile.ZipFile(BytesIO(content)) as old, zipfile.ZipFile(near, "w") as new:
            if not any(part.startswith("xl/") for part in old.namelist()):
                raise TaskError(
                    f"{name}: is a packed file. Unpack it, and choose the table in it; save a "
                    "spreadsheet as .xlsx."
                )
            check_members(old.infolist(), MAX_PARTS, MAX_UNPACKED)
            for part in old.namelist():
                data = content_of(old, part)
                new.writestr(part, _FAR.sub(b"", data) if part.startswith(_SHEETS) else data)
    except (TaskError, MemoryError):
        raise
    except ArchiveSizeError:
        raise _too_large(name) from None
    except Exception as problem:  # Damaged zips raise errors of every kind.
        raise _damaged(name, "an Excel file", problem) from problem
    near.seek(0)
    return near


def _missing(name: str, kind: str, library: str) -> TaskError:
    return TaskError(
        f"{name}: reading {kind} takes {library}, which is not installed: pip install {library}. "
        "Or save the table as CSV UTF-8."
    )


def _lines(rows: Iterable[tuple[str, ...]], name: str) -> list[RawRow]:
    """The rows that aren't blank, at most one more than is allowed; raise TaskError."""
    lines, letters = list[RawRow](), 0
    for row, cells in enumerate(rows, 1):
        letters += sum(len(cell.encode(errors="replace")) for cell in cells)
        if letters > MAX_TEXT:
            raise TaskError(
                f"{name}: has more than {MAX_TEXT:,} bytes of text. Leave out columns or rows."
            )
        if any(map(str.strip, cells)):
            lines.append(RawRow(row, cells))
        if len(lines) > MAX_ROWS + 1:
            break
    return lines


def read_parquet(content: bytes, name: str) -> RawTable:
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
        if not simple:
            raise TaskError(f"{name}: has no column of texts or numbers.")
        if len(simple) > MAX_COLUMNS:
            raise too_many_columns(name, len(simple))
        about = file.metadata
        if about.num_rows > MAX_ROWS:
            raise TaskError(f"{name}: has more than {MAX_ROWS:,} rows. Use fewer.")
        sizes = (about.row_group(k).total_byte_size for k in range(about.num_row_groups))
        if sum(sizes) > MAX_UNPACKED:
            raise _too_large(name)
        names = [field.name for field in simple]
        kinds = pa.types.is_primitive, pa.types.is_decimal
        texts = [field.name for field in simple if not any(one(field.type) for one in kinds)]
        # A dictionary has a repeated text once.
        file = parquet.ParquetFile(BytesIO(content), read_dictionary=texts)
        batches = file.iter_batches(_BATCH, columns=names, use_threads=False)
        lines = _lines(_batch_rows(batches), name)
    except (pa.ArrowException, OSError, ValueError, KeyError, OverflowError) as problem:
        if isinstance(problem, TaskError | MemoryError):
            raise
        raise _damaged(name, "a Parquet file", problem) from problem
    # The names are row 0.
    return table_of_lines(name, [RawRow(0, tuple(names)), *lines], header=True)


def _is_simple(types: Any, field: Any) -> bool:
    """Whether a column has a text or a number in each row, and isn't the index of pandas."""
    kind = field.type.value_type if types.is_dictionary(field.type) else field.type
    texts = types.is_string(kind) or types.is_large_string(kind)
    numbers = types.is_primitive(kind) or types.is_decimal(kind)
    return (texts or numbers) and not field.name.startswith("__index_level_")


def _batch_rows(batches: Iterable[Any]) -> Iterator[tuple[str, ...]]:
    for batch in batches:
        batch.validate(full=True)  # The index of a text can be out of range in a damaged file.
        columns = []
        for array in batch.columns:
            if hasattr(array, "dictionary"):
                values = [_text(value) for value in array.dictionary.to_pylist()]
                columns.append(["" if k is None else values[k] for k in array.indices.to_pylist()])
            else:
                columns.append([_text(value) for value in array.to_pylist()])
        yield from zip(*columns, strict=True)


def _text(value: object) -> str:
    """The text of a cell: whole numbers without a fraction, missing values empty."""
    if isinstance(value, str):
        return value
    if isinstance(value, float):
        if value.is_integer() and abs(value) < _EXACT:
            return str(int(value))
        return "" if math.isnan(value) else str(value)
    return "" if value is None else str(value)


def _too_large(name: str) -> TaskError:
    return TaskError(
        f"{name}: unpacks to more than {MAX_UNPACKED // 1_000_000} MB or {MAX_PARTS:,} parts. Use "
        "a part of it."
    )


def _damaged(name: str, kind: str, problem: Exception) -> TaskError:
    said = " ".join(str(problem).split())[:80] or type(problem).__name__
    return TaskError(
        f"{name}: can't be read as {kind} ({said}). Save it again, or as CSV in UTF-8."
    )


def _serve() -> None:
    """Read the file that is piped in, within the limits; print its cells, or an error."""
    if sys.platform != "win32":  # Windows has no such limits, and macOS ignores that of memory.
        import resource  # noqa: PLC0415

        limits = {resource.RLIMIT_CPU: MAX_CPU, resource.RLIMIT_DATA: MAX_MEMORY}
        for limit, most in {**limits, resource.RLIMIT_CORE: 0}.items():
            with suppress(ValueError, OSError):  # A lower one may be set.
                resource.setrlimit(limit, (most, most))
    name, content = json.loads(sys.stdin.buffer.readline()), sys.stdin.buffer.read()
    try:
        cells = (read_excel if content.startswith(ZIP) else read_parquet)(content, name)
    except TaskError as problem:
        print(json.dumps(str(problem)))
        return
    for part in ((cells.columns, cells.faults, cells.header), *cells.lines):
        print(json.dumps(part))


if __name__ == "__main__":
    _serve()
