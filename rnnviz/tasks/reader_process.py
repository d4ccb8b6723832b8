"""Reader process: a file that can unpack to far more is read in a separate process, on a budget.

A few kilobytes of Excel or Parquet can fill gigabytes, keep a core busy for minutes, or abort the
library that reads them. Here that ends a small process, and not the server of all tabs.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from threading import Lock

from rnnviz.tasks.csv_table import Cells, Fault, Line, TaskError, looks_like_table, read_csv
from rnnviz.tasks.encoding import Encoding, decode
from rnnviz.tasks.spreadsheet import GZIP, OLE, PARQUET, ZIP, read_excel, read_parquet

#: The most memory that it may allocate, in bytes, and CPU time, in seconds. The code of the
#: libraries takes some 50 MB more.
MAX_MEMORY, MAX_CPU = 230_000_000, 2
#: Seconds after which it is ended. Where CPU time is limited, only a busy machine takes so long.
MAX_TIME = 10.0 if sys.platform == "win32" else 30.0
#: One file is read at a time: many tabs together have no more memory.
_TURN = Lock()
#: Libraries that reserve memory for every core would use up the budget before they read.
_SMALL = {"OPENBLAS_NUM_THREADS": "1", "ARROW_DEFAULT_MEMORY_POOL": "system"}


def read_apart(content: bytes, name: str) -> Cells:
    """The cells of an Excel or Parquet file; raise TaskError, also for one beyond the budget."""
    command = [sys.executable, "-P", "-m", __name__]
    # A name may have any character, so it is no argument.
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
    # Row by row: no other thread runs while a text is read.
    answer, *lines = map(json.loads, done.stdout.splitlines())
    if isinstance(answer, str):
        raise TaskError(answer)
    columns, faults, header = answer
    rows = (Line(row, tuple(cells)) for row, cells in lines)
    return Cells(name, tuple(columns), tuple(rows), tuple(Fault(*row) for row in faults), header)


def _limit() -> None:
    """Bound this process; Windows has no such limits, and macOS ignores that of memory."""
    if sys.platform != "win32":
        import resource  # noqa: PLC0415

        limits = {resource.RLIMIT_CPU: MAX_CPU, resource.RLIMIT_DATA: MAX_MEMORY}
        for limit, most in {**limits, resource.RLIMIT_CORE: 0}.items():
            with suppress(ValueError, OSError):  # A lower one may be set.
                resource.setrlimit(limit, (most, most))


def _answer(name: str, content: bytes) -> Iterator[object]:
    """The parts of the cells of a file, then its rows; or what is wrong with it."""
    read = read_excel if content.startswith(ZIP) else read_parquet
    try:
        cells = read(content, name)
    except TaskError as problem:
        yield str(problem)
    else:
        yield cells.columns, cells.faults, cells.header
        yield from cells.lines


if __name__ == "__main__":
    _limit()
    name = json.loads(sys.stdin.buffer.readline())
    for part in _answer(name, sys.stdin.buffer.read()):
        print(json.dumps(part))


# File cells: what stands in a file of any kind that is read


#: The ends of names of tables that are texts.
_TABLES = (".csv", ".tsv", ".tab")


def read_cells(content: bytes, name: str, encoding: Encoding | None = None) -> Cells:
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
    return Cells(name, (), (Line(1, (body,)),))
