"""File cells: what stands in a file of any kind that is read."""

from __future__ import annotations

from rnnviz.tasks.csv_table import Cells, Line, TaskError, looks_like_table, read_csv
from rnnviz.tasks.encoding import Encoding, decode
from rnnviz.tasks.reader_process import read_apart
from rnnviz.tasks.spreadsheet import GZIP, OLE, PARQUET, ZIP

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
