"""The points where the state rests, as a list."""

import numpy as np
import pytest

from rnnviz.charts.theme import LIGHT
from rnnviz.files.numbers import columns_of
from rnnviz.probe.fixed_points import FixedPoint
from rnnviz.questions.rest.measure import Readout, Rest
from rnnviz.questions.rest.pictures import rest_points
from tests.sampling import each_row


def point(scale):
    return FixedPoint(np.zeros(1), 0.0, np.array([complex(scale)]), np.eye(1)[:0], np.ones(2), 3)


def test_a_row_tells_what_is_held_where_it_leads_and_what_is_read_there():
    rests = [Rest(point(0.5), Readout("good", 1), "<not>"), Rest(point(1.5), Readout("0.5"), "a")]
    drawn = rest_points(rests, "word", chosen=1, outcome="1 stable")
    (table,), meta = drawn.series, drawn.layout["meta"]
    assert table["cells"]["values"] == [
        ["&lt;not&gt;", "a"], ["● stays", "○ leaves (1)"], ["good", "0.5"], ["0.5", "1.5"],
    ]  # fmt: skip
    assert table["cells"]["font"]["color"][1] == [LIGHT.positive, LIGHT.text]
    assert table["customdata"] == [0, 1]
    assert (meta["opened"], meta["note"]) == (1, "1 stable")
    columns = dict(meta["columns"])
    assert columns["held"] == ["&lt;not&gt;", "a"]
    assert columns_of(drawn)[0].cells == ["<not>", "a"]
    assert columns["rests"] == ["stable", "saddle"]
    assert columns["max |λ|"] == [0.5, 1.5]
    assert (columns["answers 1"], columns["state 0"]) == ([1.0, 1.0], [0.0, 0.0])
    assert drawn.figure


def test_of_very_many_a_hundred_are_listed():
    drawn = rest_points([Rest(point(0.5), Readout(""), "a")] * 103, "word", chosen=102, opened=True)
    assert len(drawn.series[0]["customdata"]) == 100
    assert drawn.layout["meta"]["note"] == "3 more are in the plane. "
    assert len(drawn.series) == 1, "what is not listed isn't opened"


@each_row(
    ("scale", "size", "told"),
    [
        (0.5, "0.5", {"memory (words)": "1.443"}),
        (1.25, "1.25", {"memory (words)": "0", "leaves in (words)": "4.481"}),
        (1 - 1e-4, "1 − 0.0001", {"memory (words)": "9999"}),
        (1 - 1e-9, "1 − 10⁻⁹", {"memory (words)": "&gt; 1,000,000"}),
        (1 + 3e-7, "1 + 3·10⁻⁷", {"leaves in (words)": "3.333·10⁶"}),
    ],
)
def test_what_differs_little_from_1_is_told_by_how_much(scale, size, told):
    rest = Rest(point(scale), Readout("good"), "not")
    table, opened = rest_points([rest], "word", chosen=0, opened=True).series
    assert table["cells"]["values"][3] == [size]
    assert told.items() <= dict(zip(*opened["cells"]["values"], strict=True)).items()
    assert opened["meta"] == {"long": True}


@pytest.mark.parametrize("outcome", ["", "The search is running."])
def test_without_points_there_is_what_came_of_the_search(outcome):
    drawn = rest_points([], "word", outcome=outcome)
    assert drawn.layout["meta"]["note"] == outcome
