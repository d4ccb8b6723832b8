"""Tables of answers and of the scores of classes."""

import numpy as np

from rnnviz.charts.table import TableColumn, TableRows, class_scores, row_lists
from rnnviz.charts.theme import LIGHT
from rnnviz.probe.results import Confusion

NAMES = ["<b>", "b", "c"]


def test_the_lists_stand_one_below_the_other_and_the_opened_row_is_known():
    column = TableColumn("sure", [0.5, None], LIGHT.muted, 2, share=True)
    drawn = row_lists(
        "Answers", [TableRows("wrong", [column], [7, 3]), TableRows("right", [column])], 7
    )
    first, second = drawn.figure.data
    assert drawn.layout["meta"] == {"opened": 7, "note": ""}
    assert (first.name, list(first.customdata)) == ("wrong", [7, 3])
    assert first.domain.y[0] == second.domain.y[1] == 0.5
    assert first.cells.format[0] == ".1%"


def test_scores_that_are_not_known_are_a_dash_and_names_are_texts():
    counts = np.array([[3, 1, 0], [0, 0, 0], [0, 0, 0]])
    confusion = Confusion(np.arange(3), counts, np.array([4, 0, 0]), np.array([3, 1, 0]), 5)
    drawn = class_scores(confusion, NAMES).figure
    names, found, trusted, f1, count = drawn.data[0].cells["values"]
    assert names[0] == "&lt;b&gt;"
    assert list(found) == [0.75, None, None]
    assert list(trusted) == [1.0, 0.0, None]
    assert list(f1) == ["0.86", "0.00", "–"]
    assert list(count) == ["4", "0", "0"]
    assert drawn.layout.title.text == "Every class, 3 of 5"
    assert drawn.data[0].header["values"][1:3] == ("recall", "precision")
