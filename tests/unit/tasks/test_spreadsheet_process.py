"""Small files that unpack to far more are read or refused with little time and memory."""

import io
import os
import subprocess
import sys
import zipfile

import openpyxl
import pytest

from rnnviz.tasks import spreadsheet
from rnnviz.tasks.csv_table import TaskError
from rnnviz.tasks.table import read_cells
from rnnviz.tasks.upload import File, cells_of
from tests.sampling import each_row

#: What a reading costs: CPU time in seconds and peak memory in kB, with what is read or said. As it
#: was forked from a larger process, its own peak is not in getrusage.
_MEASURE = """
import resource, sys
from pathlib import Path
from rnnviz.tasks.table import read_cells
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
