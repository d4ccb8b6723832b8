"""The numbers of pictures as CSV."""

import csv
import io
import re
import zipfile
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from rnnviz.charts.picture import Picture, bar, compact, heatmap, scatter
from rnnviz.charts.table import TableColumn, TableRows, row_lists
from rnnviz.files import numbers as module
from rnnviz.files.numbers import (
    Column,
    Drawn,
    columns_of,
    csv_of,
    csv_text,
    inert,
    told_lines,
    zip_of,
)  # fmt: skip


def table(*series, **layout):
    columns = columns_of(Picture([*series], layout))
    return {column.name: column.cells for column in columns}


def test_a_curve_has_its_axes_as_names():
    found = table(
        scatter(x=[0, 1], y=np.array([0.1, np.nan]), name="train"),
        xaxis={"title": {"text": "epoch"}}, yaxis={"title": {"text": "loss, <i>nats</i>"}},
    )  # fmt: skip
    assert found == {"train: epoch": ["0", "1"], "train: loss, nats": ["0.1", ""]}


def test_a_long_table_is_written_row_by_row_so_that_other_threads_go_on(monkeypatch):
    class Writer:
        def __init__(self, file, **how):
            self.writerow = csv.writer(file, **how).writerow

    monkeypatch.setattr(module, "csv", SimpleNamespace(**{**vars(csv), "writer": Writer}))
    assert csv_text([Column("a", ["1", "2"]), Column("b", ["x"])], {}) == "a,b\n1,x\n2,\n"


def test_curves_over_the_same_places_share_their_column():
    places, others = [0, 2], [0, 3]
    curves = [
        scatter(x=x, y=[k, 1.5], name=name)
        for k, (name, x) in enumerate((("train", places), ("test", places), ("b", others)))
    ]
    epochs = {"title": {"text": "epoch"}}
    assert table(*curves, xaxis=epochs) == {
        "epoch": ["0", "2"], "train": ["0", "1.5"], "test": ["1", "1.5"],
        "b: epoch": ["0", "3"], "b": ["2", "1.5"],
    }  # fmt: skip


def test_two_groups_of_places_are_told_apart_by_their_series():
    curves = [scatter(x=x, y=[k, 1.5], name=name)
              for k, (name, x) in enumerate((("train", [0, 2]), ("test", [0, 2]),
                                             ("old", [0, 3]), ("old test", [0, 3])))]  # fmt: skip
    found = table(*curves, xaxis={"title": {"text": "epoch"}})
    assert [*found] == ["train: epoch", "train", "test", "old: epoch", "old", "old test"]


def test_rows_of_units_have_their_numbers_and_matrices_share_them():
    z, meta = np.arange(6.0).reshape(3, 2), {"units": [7, 0, 2]}
    found = table(heatmap(z=z, name="A"), heatmap(z=-z, name="B"), meta=meta)
    assert [*found] == ["place", "A: 0", "A: 1", "B: 0", "B: 1"]
    assert found["place"] == ["unit 7", "unit 0", "unit 2"]


def test_what_is_only_drawn_is_no_number():
    shown, hidden = scatter(y=[1.5]), scatter(y=[9.0], hoverinfo="skip")
    assert table(shown, hidden, yaxis={"title": {"text": "a"}}) == {"place": ["0"], "a": ["1.5"]}


def test_a_matrix_has_its_longer_side_down_the_page():
    z = np.arange(6.0).reshape(2, 3)
    axes = {
        "xaxis": {"tickvals": [0, 1, 2], "ticktext": ["i", "am", "<b>not</b>"]},
        "yaxis": {"title": {"text": "unit"}},
    }
    wide = table(heatmap(z=z), **axes)
    assert wide == {"place": ["0 i", "1 am", "2 not"], "0": ["0", "1", "2"], "1": ["3", "4", "5"]}
    tall = table(heatmap(z=z.T), **axes)
    assert tall == {"unit": ["0", "1", "2"], "0 i": ["0", "1", "2"], "1 am": ["3", "4", "5"]}


def test_words_stand_where_they_are_the_places():
    assert table(bar(y=[1.0, 2.0]), meta={"words": ["not", "bad"]})["place"] == ["not", "bad"]


def test_what_is_drawn_beside_has_its_columns_too():
    meta = {"columns": [("norm", np.array([2.0])), (0.3, 0.5)]}
    assert table(scatter(y=[1.0]), meta=meta)["norm"] == ["2"]


def test_a_list_of_answers_is_a_table():
    rows = TableRows(
        "right", [TableColumn("text", ["<b>so</b> warm"], "red"), TableColumn("p", [0.5], "red")]
    )
    found = columns_of(row_lists("Answers", [rows]))
    assert [(column.name, column.cells) for column in found] == [
        ("right: text", ["so warm"]), ("right: p", ["0.5"])
    ]  # fmt: skip


def test_numbers_have_all_their_digits():
    values = np.random.default_rng(0).normal(size=50) * 10.0 ** np.arange(-25, 25)
    for dtype in ("float32", "float64"):
        (_, column) = columns_of(Picture([scatter(y=values.astype(dtype))], {}))
        read = np.array([*map(float, column.cells)], dtype)
        np.testing.assert_array_equal(read, values.astype(dtype))


def test_a_file_says_what_made_it_and_keeps_any_text():
    text = 'a "b", c\n# d'
    picture = Picture([scatter(y=[1.0], text=[text])], {"title": {"text": "<b>T</b>"}})
    content = csv_of(Drawn(picture, "on all"), {"phrase": "one\n# two", "none": ""})
    lines = content.split("\n")
    assert lines[:3] == ["# title: T", "# phrase: one # two", "# measured: on all"]
    body = "\n".join(lines[3:])
    assert [*csv.reader(io.StringIO(body))] == [["place", "", "text"], ["0", "1", text]]


def test_a_sign_of_a_comment_or_a_line_stays_in_its_cell():
    for text in ("C#", "#love", "a\rb"):
        picture = Picture([scatter(x=[text], y=[1.0])], {"xaxis": {"title": {"text": text}}})
        content = csv_of(Drawn(picture, "on all"), {"phrase": "#"})
        table = pd.read_csv(io.StringIO(content), comment="#")
        assert [*table.columns][:1] == [text]
        assert table.iloc[0, 0] == text


def test_a_text_is_no_formula_and_a_number_stays_a_number():
    texts = ["=1+1", "+a", "-a", "- a", "@a", "\t=a", "\r=a", "-2+3", "+1+cmd|' /C calc'!A0"]
    assert [inert(text) for text in texts] == [
        "'=1+1", "'+a", "'-a", "'- a", "'@a", "\t'=a", "\r'=a", "'-2+3", "'+1+cmd|' /C calc'!A0",
    ]  # fmt: skip
    divided = ["a;=1+1", "a|@b", "a\t-b", "a\n=1+1;b", "\ufeff=1+1", "\u200b+a", "=\n1+1", 'a;"=1']
    assert [inert(text) for text in divided] == [
        "a;'=1+1", "a|'@b", "a\t'-b", "a\n'=1+1;b", "'\ufeff=1+1", "'\u200b+a",
        "'=\n1+1", "a;\"'=1",
    ]  # fmt: skip
    for text in (
        "a, -b",
        "-0.5",
        "+1",
        "-1e-9",
        "-.5",
        "-inf",
        "-",
        "+",
        "=",
        "",
        "a=b",
        "1-2",
        "'=a",
        "−1",
    ):
        assert inert(text) == text
    picture = Picture([scatter(x=["=a"], y=[-0.5], name="@n")], {"xaxis": {"title": "=t"}})
    rows = [*csv.reader(io.StringIO(csv_of(Drawn(picture), {"phrase": "a, =b"})))]
    assert rows == [["# phrase: a", "' =b"], ["'@n: =t", "'@n"], ["'=a", "-0.5"]]


def test_texts_are_put_into_one_file():
    with zipfile.ZipFile(io.BytesIO(zip_of({"a/b.csv": "x"}))) as archive:
        assert {name: archive.read(name) for name in archive.namelist()} == {"a/b.csv": b"x"}


def test_bars_are_told_where_they_end_without_the_numbers_that_are_written_at_them():
    bars = bar(x=[0, 1], y=compact([0.25, -0.5]), base=0.5, text=["75%", ""], name="now")
    columns = columns_of(Picture([bars], {}))
    assert [column.cells for column in columns] == [["0", "1"], ["0.75", "0"]]


def test_a_table_may_have_its_exact_numbers_beside_it():
    shown = row_lists("Points", [TableRows("", [TableColumn("p", ["0.3"], "red")])])
    meta = {**shown.layout["meta"], "columns": [("p", [1 / 3])]}
    (column,) = columns_of(Picture(shown.series, {**shown.layout, "meta": meta}))
    assert column.cells == [str(1 / 3)]


def test_a_picture_tells_what_is_not_as_in_all():
    shown = Picture([], {"title": {"text": "Step"}, "meta": {"x": "token"}})
    told = Drawn(shown.with_metadata(phrase="not bad", edits=""), "all").told({"phrase": "so"})
    assert told == {"title": "Step", "phrase": "not bad", "measured": "all"}
    assert shown.with_metadata(edits="") is shown


def test_lines_of_a_text_are_apart():
    (_, _, text) = columns_of(Picture([scatter(x=[0], y=[1], text=["held: a<br>read as b"])], {}))
    assert text.cells == ["held: a read as b"]


@pytest.mark.parametrize("sign", [",", ";", ", ", ',"', "|", "\t"])
def test_no_part_of_what_made_a_file_is_run_as_a_formula(sign):
    cells = re.split(r'[,;|\t"]+', told_lines({"data": f"d{sign}=HYPERLINK(1)"}))
    assert "HYPERLINK" in cells[-1]
    assert not any(cell.lstrip().startswith("=") for cell in cells)
