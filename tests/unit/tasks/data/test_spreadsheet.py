"""Excel's and Parquet's files, also those that are damaged or unpack to far more."""

import io
import os
import subprocess
import sys
import zipfile
from datetime import date, datetime, time, timedelta
from decimal import Decimal

import openpyxl
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pyarrow import parquet

from rnnviz.tasks.data import spreadsheet
from rnnviz.tasks.data.csv_table import MAX_BYTES, MAX_ROWS, TaskError
from rnnviz.tasks.data.rows import read_cells
from rnnviz.tasks.data.spreadsheet import read_excel, read_parquet
from rnnviz.tasks.upload import File, cells_of
from tests.sampling import each_row

pa = pytest.importorskip("pyarrow")


def refusal(content, name, read=None):
    with pytest.raises(TaskError) as problem:
        (read or (read_parquet if "parquet" in name else read_excel))(content, name)
    assert str(problem.value).startswith(name)
    assert len(str(problem.value)) < 250
    return str(problem.value)


# Excel


def workbook(*rows, title="Data"):
    openpyxl, _ = map(pytest.importorskip, ("openpyxl", "python_calamine"))
    book, file = openpyxl.Workbook(), io.BytesIO()
    book.create_sheet(title)
    for row in rows:
        book[title].append(row)
    book.save(file)
    return file.getvalue()


def packed(name="xl/workbook.xml", content=b"<x/>", level=9):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=level) as archive:
        archive.writestr(name, content)
    return file.getvalue()


def test_the_first_sheet_with_rows_is_read_from_the_header_on():
    content = workbook(
        [], ["Export of May"], [], [None, "Comment", "Stars", "Day"],
        [None, "so warm", 1, date(2024, 5, 1)], [], [None, None, 2.5, None], [None, "cold", 3.0, 1],
    )  # fmt: skip
    cells = read_excel(content, "a.xlsx")
    assert cells.columns == ("Comment", "Stars", "Day")
    assert [line.row for line in cells.lines] == [5, 7, 8]
    assert [line.cells[:2] for line in cells.lines] == [
        ("so warm", "1"),
        ("", "2.5"),
        ("cold", "3"),
    ]
    assert cells.lines[0].cells[2].startswith("2024-05-01")


def test_a_sheet_has_at_most_the_most_rows_and_columns():
    rows = [["text", "label"], *([["so", 1]] * (MAX_ROWS + 1))]
    assert "a.xlsx: has more than 20,000 rows" in refusal(workbook(*rows), "a.xlsx")
    assert "201 columns, more than 200" in refusal(workbook(["a"] * 300, ["b"] * 300), "a.xlsx")
    assert "is empty" in refusal(workbook([]), "a.xlsx")


def test_a_cell_shows_what_the_sheet_shows():
    content = workbook(
        ["text", "share", "done", "at", "for", "sum", "error"],
        ["so", 0.5, True, datetime(2024, 5, 1, 12, 30), timedelta(hours=30), 1e22, "#N/A"],
        ["we", 1.0, False, time(12, 30), timedelta(hours=1), 0.1, None],
    )
    assert [line.cells for line in read_excel(content, "a.xlsx").lines] == [
        ("so", "0.5", "True", "2024-05-01 12:30:00", "1 day, 6:00:00", "1e+22", ""),
        ("we", "1", "False", "12:30:00", "1:00:00", "0.1", ""),
    ]


@each_row("place", [(1_048_576, 16_384), (1_048_576, 1), (1, 16_384), (100_000, 201), (2, 202)])
def test_a_cell_far_outside_of_the_table_is_passed_over(place):
    openpyxl, _ = map(pytest.importorskip, ("openpyxl", "python_calamine"))
    book, file = (
        openpyxl.load_workbook(io.BytesIO(workbook(["text", "label"], ["so", 1]))),
        io.BytesIO(),
    )
    book["Data"].cell(*place, "stray")
    book.save(file)
    cells = read_excel(file.getvalue(), "a.xlsx")
    assert cells.columns == ("text", "label")
    assert [line.cells for line in cells.lines] == [("so", "1")]


def test_a_column_too_many_is_told_from_a_stray_cell():
    rows = [["text"] + [None] * 199 + ["label"], ["so"] + [None] * 199 + [1]]
    assert read_excel(workbook(*rows), "a.xlsx").columns == ("text", "label")


def test_a_damaged_workbook_gets_a_sentence():
    content = workbook(["text", "label"], ["so", 1])
    for cut in (30, len(content) // 2, len(content) - 1):
        assert "can't be read as an Excel file" in refusal(content[:cut], "a.xlsx")
    pytest.importorskip("python_calamine")
    assert "can't be read as an Excel file" in refusal(packed(), "a.xlsx")


def test_what_no_table_needs_is_no_warning(recwarn):
    """A workbook without a default style, and with an extension of Excel's."""
    content = workbook(["text", "label"], ["so warm", "a"])
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as book, zipfile.ZipFile(file, "w") as other:
        for name in book.namelist():
            part = book.read(name).replace(b"cellStyles", b"cellStylesX")
            extended = b'<extLst><ext uri="{CCE6A557-97BC-4b89-ADB6-D9C93CAAB3DF}"/></extLst>'
            other.writestr(name, part.replace(b"</worksheet>", extended + b"</worksheet>"))
    assert read_cells(file.getvalue(), "a.xlsx")
    assert [*recwarn] == []


def test_what_is_missing_to_read_it_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "python_calamine", None)
    assert "pip install python-calamine" in refusal(packed(), "a.xlsx")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    assert "pip install pyarrow" in refusal(b"PAR1", "a.parquet")


def test_what_unpacks_to_far_more_is_refused_before_it_is_unpacked(monkeypatch):
    bomb = packed("xl/worksheets/sheet1.xml", bytes(60_000_000))
    assert len(bomb) < 100_000
    monkeypatch.setattr(zipfile.ZipFile, "open", lambda *_: pytest.fail("It was unpacked."))
    assert "a.xlsx: unpacks to more than 40 MB" in refusal(bomb, "a.xlsx")


@each_row(
    ("content", "said"),
    [
        (packed("reviews.csv"), "is a packed file. Unpack it"),
        (b"\x1f\x8b\x08\x00", "is a packed file. Unpack it"),
        (b"\xd0\xcf\x11\xe0" + bytes(500), "is an old Office file, or has a password"),
        (b"PK\x03\x04" + bytes(MAX_BYTES), "is larger than 5 MB"),
        (b"PK\x03\x04", "can't be read as an Excel file"),
        (b"PAR1" + bytes(MAX_BYTES), "is larger than 5 MB"),
        (b"PAR1", "can't be read as a Parquet file"),
    ],
)
def test_other_files_get_a_sentence(content, said):
    assert said in refusal(content, "a.dat", read_cells)


GOOD_BOOK = workbook(["text", "label"], *[["so warm", 1], ["so cold", 0]] * 5)


@given(st.integers(4, len(GOOD_BOOK) - 1), st.binary(max_size=8))
def test_a_damaged_workbook_is_read_or_refused(place, scrap):
    for content in (GOOD_BOOK[:place], GOOD_BOOK[:place] + scrap + GOOD_BOOK[place + len(scrap) :]):
        try:
            cells = read_excel(content, "a.xlsx")
        except TaskError as problem:
            assert str(problem).startswith("a.xlsx")
        else:
            assert len(cells.lines) <= MAX_ROWS


# Parquet


def parquet_of(**columns):
    file = io.BytesIO()
    parquet.write_table(pa.table(columns), file, compression="zstd")
    return file.getvalue()


#: A text that stands in all rows, and once in the file.
REPEATED = pa.DictionaryArray.from_arrays(pa.array([0] * 2_000), pa.array(["a" * 3_000_000]))


def test_texts_and_numbers_are_read_and_lists_are_not():
    content = parquet_of(
        text=["so warm", None, "  ", "cold"], label=[1, 0, None, 1],
        share=[0.5, float("nan"), None, 2.0],
        vector=[[1.0]] * 4, image=[b"\0"] * 4, __index_level_0__=[3, 2, 1, 0],
        kind=pa.array(["a", "b", None, "a"]).dictionary_encode(),
    )  # fmt: skip
    cells = read_parquet(content, "a.parquet")
    assert cells.columns == ("text", "label", "share", "kind")
    assert [(line.row, line.cells) for line in cells.lines] == [
        (1, ("so warm", "1", "0.5", "a")),
        (2, ("", "0", "", "b")),
        (4, ("cold", "1", "2", "a")),
    ]


def test_decimals_are_numbers():
    price = pa.array([Decimal("12.50"), None, Decimal("-3.00")], pa.decimal128(10, 2))
    cells = read_parquet(parquet_of(price=price, stock=[1, 2, 3]), "a.parquet")
    assert cells.columns == ("price", "stock")
    assert [line.cells for line in cells.lines] == [("12.50", "1"), ("", "2"), ("-3.00", "3")]


@each_row(
    ("columns", "said"),
    [
        ({"text": ["so"] * (MAX_ROWS + 1)}, "has more than 20,000 rows"),
        ({f"c{k}": ["so"] for k in range(201)}, "has 201 columns"),
        ({"text": pa.array([["so"]])}, "has no column of texts or numbers"),
        ({"text": pa.array([], pa.string())}, "has no rows"),
        ({"text": REPEATED}, "has more than 5,000,000 bytes of text"),
        ({"text": ["a" * 40_000_001]}, "unpacks to more than 40 MB"),
    ],
    ids=["rows", "columns", "lists", "none", "repeated", "long"],
)
def test_a_parquet_file_that_is_too_much_is_refused(columns, said):
    assert said in refusal(parquet_of(**columns), "a.parquet")


GOOD = parquet_of(text=["so warm", "so cold"] * 20, label=[1, 0] * 20)


@given(st.integers(4, len(GOOD) - 1), st.binary(max_size=8))
# The index of a text that the column doesn't have.
@example(106, b"P")
def test_a_damaged_parquet_file_is_read_or_refused(place, scrap):
    for content in (GOOD[:place], GOOD[:place] + scrap + GOOD[place + len(scrap) :]):
        try:
            cells = read_parquet(content, "a.parquet")
        except TaskError as problem:
            assert str(problem).startswith("a.parquet")
        else:
            assert len(cells.lines) <= MAX_ROWS


def test_the_limit_of_what_is_unpacked_is_that_of_all_rows(monkeypatch):
    monkeypatch.setattr(spreadsheet, "MAX_TEXT", 2_000)
    for content, name in (
        (parquet_of(text=["so warm"] * 1_000), "a.parquet"),
        (workbook(*[["so warm"]] * 1_000), "a.xlsx"),
    ):
        assert "has more than 2,000 bytes of text" in refusal(content, name)


# Small files that unpack to far more are read or refused with little time and memory


#: What a reading costs: CPU time in seconds and peak memory in kB, with what is read or said. As it
#: was forked from a larger process, its own peak is not in getrusage.
_MEASURE = """
import resource, sys
from pathlib import Path
from rnnviz.tasks.data.rows import read_cells
try:
    said = len(read_cells(sys.stdin.buffer.read(), "a.dat").lines)
except ValueError as problem:
    said = problem
mine, its = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
_, peak = Path("/proc/self/status").read_text(encoding="ascii").split("VmHWM:")
print(mine.ru_utime + mine.ru_stime + its.ru_utime + its.ru_stime, end=" ")
print(max(int(peak.split()[0]), its.ru_maxrss))
print(said)
"""
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_REL = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_TABLE = (
    '<row><c t="inlineStr"><is><t>text</t></is></c><c t="inlineStr"><is><t>label</t></is></c></row>'
    '<row><c t="inlineStr"><is><t>so warm</t></is></c><c><v>1</v></c></row>'
)
linux = pytest.mark.skipif(sys.platform != "linux", reason="other systems don't limit memory")


def many(text, size=38_000_000):
    return text * (size // len(text))


def book(rows="", *, styles="", strings=""):
    """A workbook of one sheet, byte by byte."""
    pytest.importorskip("python_calamine")
    kinds = {"worksheet": "worksheets/sheet1", "styles": "styles", "sharedStrings": "sharedStrings"}
    relations = "".join(
        f'<Relationship Id="r{k}" Type="{_REL}/{kind}" Target="{part}.xml"/>'
        for k, (kind, part) in enumerate(kinds.items())
    )
    package = "http://schemas.openxmlformats.org/package/2006"
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{package}/content-types"/>',
        "_rels/.rels": f'<Relationships xmlns="{package}/relationships"><Relationship Id="r0" '
        f'Type="{_REL}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{package}/relationships">{relations}'
        "</Relationships>",
        "xl/workbook.xml": f'<workbook xmlns="{_MAIN}" xmlns:r="{_REL}"><sheets>'
        '<sheet name="a" sheetId="1" r:id="r0"/></sheets></workbook>',
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{_MAIN}"><sheetData>{rows}</sheetData>'
        "</worksheet>",
        "xl/styles.xml": f'<styleSheet xmlns="{_MAIN}">{styles}</styleSheet>',
        "xl/sharedStrings.xml": f'<sst xmlns="{_MAIN}">{strings}</sst>',
    }
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, part in parts.items():
            archive.writestr(name, part)
    return file.getvalue()


def understated():
    """A Parquet file of texts of 300 MB that says it has 2 bytes of them."""
    pa, parquet = map(pytest.importorskip, ("pyarrow", "pyarrow.parquet"))
    file = io.BytesIO()
    texts = pa.table({"text": ["a" * 150_000_000] * 2, "label": [1, 0]})
    plain = {"use_dictionary": False, "write_statistics": False, "write_page_index": False}
    parquet.write_table(texts, file, compression="zstd", **plain)
    content, size = file.getvalue(), parquet.ParquetFile(file).metadata.row_group(0).total_byte_size
    said = bytes((size * 2 >> 7 * k) & 127 | 128 * (k < 4) for k in range(5))
    before, found, after = content.rpartition(said)
    assert found
    return before + b"\x84\x80\x80\x80\x00" + after


_FAR = '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
_BOMBS = {
    "styles": (lambda: book(_TABLE, styles=f"<cellXfs>{many('<xf/>')}</cellXfs>"), "1"),
    "row": (lambda: book(f"<row>{many('<c><v>1</v></c>')}</row>"), "too much"),
    "rows": (lambda: book(_TABLE + many("<row/>")), "1"),
    "deep": (lambda: book(_TABLE, styles=many("<a>")), ""),
    "far": (lambda: book(_TABLE + _FAR), "1"),
    "far rows": (lambda: book(_TABLE + '<row r="99999"><c r="GS99999"><v>1</v></c></row>'), ""),
    "endless": (lambda: book(_TABLE + many('<c r="XFD1">', 5_000_000)), "too much"),
    "shared": (
        lambda: book(many('<row><c t="s"><v>0</v></c></row>', 1_000_000),
                     strings=f"<si><t>{'a' * 1_000_000}</t></si>"),
        "too much",
    ),
    "parquet": (understated, "too much"),
}  # fmt: skip


@linux
@pytest.mark.parametrize(("made", "said"), _BOMBS.values(), ids=_BOMBS)
def test_a_small_file_that_unpacks_to_far_more_takes_little_time_and_memory(made, said):
    content = made()
    assert len(content) < 400_000
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-c", _MEASURE], input=content, capture_output=True, check=True,
        env=environment,
    )  # fmt: skip
    costs, answer = done.stdout.decode().split("\n", 1)
    seconds, kilobytes = map(float, costs.split())
    assert said in answer
    assert seconds < 6
    assert kilobytes < 300_000


def test_a_reader_that_does_not_end_is_ended(monkeypatch):
    monkeypatch.setattr(spreadsheet, "MAX_TIME", 0.001)
    with pytest.raises(TaskError, match=r"^a\.xlsx: takes too much time or memory"):
        read_cells(book(_TABLE), "a.xlsx")


def test_a_system_that_starts_no_process_is_said(monkeypatch):
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    with pytest.raises(TaskError, match=r"^a\.xlsx: takes too much time or memory"):
        read_cells(book(_TABLE), "a.xlsx")


@each_row("name", ["a\0b.xlsx", "-c.xlsx", "\ud800.xlsx", "'; ☃.xlsx"])
def test_any_name_reaches_the_reader(name):
    assert read_cells(book(_TABLE), name).name == name


def test_a_file_that_is_refused_is_read_once(monkeypatch):
    started, content, run = [], book(), subprocess.run
    monkeypatch.setattr(subprocess, "run", lambda *a, **k: started.append(a) or run(*a, **k))
    for _ in range(3):
        with pytest.raises(TaskError, match="is empty"):
            cells_of(File("b.xlsx", content))
    assert len(started) == 1


def test_what_it_answers_is_read_row_by_row(monkeypatch):
    """No other thread runs while a text is read, so none is long."""
    sizes = []
    whole = spreadsheet.json.loads

    def loads(text):
        sizes.append(len(text))
        return whole(text)

    monkeypatch.setattr(spreadsheet.json, "loads", loads)
    workbook = openpyxl.Workbook()
    for k in range(300):
        workbook.active.append([f"{k} {column}\n\u2028" for column in range(20)])
    file = io.BytesIO()
    workbook.save(file)
    cells = spreadsheet.read_apart(file.getvalue(), "a.xlsx")
    assert len(cells.lines) == len(sizes) - 1 == 299
    assert max(sizes) < 1_000
