"""The words as the first row of a sheet."""

from rnnviz.charts.first_page import words_row
from rnnviz.charts.sequence_network import Words


def test_every_token_is_in_its_column_and_the_page_is_told_what_was_typed():
    words = Words(("not", "<b>", " "), "word", (("Not", 0), ("zzz", -1)), ("a",), turning=0)
    drawn = words_row(words)
    (row,) = drawn.figure.data
    assert list(row.x) == [0, 1, 2]
    assert list(row.text) == ["not", "&lt;b&gt;", "␣"]
    assert drawn.figure.layout.xaxis.range == (-0.5, 2.5), "as the pictures below it"
    meta = drawn.layout["meta"]
    assert (meta["x"], meta["typed"], meta["turning"]) == ("token", [["Not", 0], ["zzz", -1]], 0)
    assert meta["words"] == ["not", "<b>", "␣"], "the page draws text, not HTML"
