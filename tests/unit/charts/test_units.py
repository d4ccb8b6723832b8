"""The units on the words of a phrase, and one of them over the epochs."""

import numpy as np
import pytest

from rnnviz.charts.axes import NowAndPinned
from rnnviz.charts.hidden_states import (
    STATE,
    StateView,
    UnitRows,
    grouped,
    memory_rows,
    signed,
    unit_bars,
    unit_curve,
)
from rnnviz.charts.shapes import faint
from rnnviz.charts.theme import LIGHT
from tests.sampling import each_row

WORDS = ("i", "am", "<not>")
STATES = np.array([[0.1, -0.2], [0.3, 0.4], [-0.5, 0.9]])
GATE = StateView("f", "Forget gate", gate=True)


def test_rows_are_in_the_order_that_is_given_and_the_chosen_one_is_framed():
    drawn = memory_rows(STATES, UnitRows(np.array([1, 0]), 0), WORDS, STATE).figure
    assert np.array(drawn.data[0].z) == pytest.approx(STATES.T[[1, 0]], abs=1e-6)
    assert drawn.layout.meta == {"x": "token", "y": "unit", "units": [1, 0]}
    assert drawn.layout.yaxis.range == (1.5, -0.5)
    assert drawn.layout.yaxis.ticktext == ("1", "<b>unit 0</b>")
    (frame,) = drawn.layout.shapes
    assert (frame.y0, frame.y1) == (0.5, 1.5)
    assert drawn.layout.xaxis.ticktext[2] == "&lt;not&gt;"


def test_threads_lead_from_the_units_that_add_most_to_the_chosen_one():
    parts = np.array([[0, 0, 0], [0.5, -0.2, 0.01], [np.exp(-9), 0, 0]])
    rows = UnitRows(np.array([2, 0, 1]), 0, parts, "n")
    drawn = memory_rows(np.ones((3, 3)), rows, WORDS, STATE).figure
    cells, *threads = drawn.data
    minus, plus = threads[2], threads[-1]
    assert (list(minus.x), list(minus.y)) == ([0.25, 0.75, None], ["1", "0", None])
    assert list(plus.y) == ["0", "0", None] * 2
    assert plus.line.color == faint(LIGHT.positive, 1)
    assert minus.line.color == faint(LIGHT.negative, 0.6), "it is less than half of the largest"
    assert sum(len(thread.x) for thread in threads) == 9, "a fiftieth of it has no thread"
    assert cells.meta["gap"] == 0.5
    assert drawn.layout.title.text.endswith("3 units; threads into n")


@pytest.mark.parametrize("parts", [None, np.full((3, 3), np.nan)])
def test_without_parts_that_can_be_drawn_the_columns_touch(parts):
    rows = UnitRows(np.array([2, 0, 1]), 0, parts, "n")
    drawn = memory_rows(np.ones((3, 3)), rows, WORDS, STATE).figure
    assert len(drawn.data) == 1
    assert drawn.data[0].xgap is None
    assert "threads" not in drawn.layout.title.text


def test_the_decoder_begins_at_a_line():
    view = StateView("h", "Hidden state", bridge=2)
    line, _ = memory_rows(STATES, UnitRows(np.arange(2), 0), WORDS, view).figure.layout.shapes
    assert line.x0 == line.x1 == 1.5


def test_of_many_units_the_first_of_each_group_is_shown_and_the_chosen_one():
    order, parts = np.arange(256)[::-1], np.zeros((2, 256))
    parts[1, 8] = 1.0
    rows = UnitRows(order, 8, parts, "n")
    drawn = memory_rows(np.arange(512.0).reshape(2, 256), rows, ["a", "b"], STATE).figure
    assert drawn.layout.yaxis.tickvals == ("8",)
    assert drawn.layout.title.text.endswith("256 units, 1 in 4 is shown; threads into n")
    units = sorted([*range(3, 256, 4), 8], reverse=True)
    assert drawn.layout.meta["units"] == units
    assert np.array(drawn.data[0].z)[:, 0].tolist() == units
    (thread,) = [line for line in drawn.data[1:] if line.y]
    assert list(thread.y) == ["8", "8", None]


def test_a_unit_without_a_row_has_its_threads_at_the_row_of_its_group():
    groups = grouped(np.arange(256), {6})
    assert groups.units[:4].tolist() == [0, 4, 6, 8]
    assert groups.row[:9].tolist() == [0, 0, 0, 0, 1, 1, 2, 1, 3]
    assert grouped(np.array([2, 0, 1])).row.tolist() == [1, 2, 0]


def test_a_bar_has_its_sign_and_its_number_beyond_zero():
    drawn = unit_bars(NowAndPinned(STATES[:, 0]), "Unit 0", WORDS, STATE).figure
    (bars, _), notes = drawn.data, drawn.layout.annotations
    assert np.array(bars.y) == pytest.approx(STATES[:, 0], abs=1e-6)
    assert bars.marker.color == (LIGHT.positive, LIGHT.positive, LIGHT.negative)
    assert [(note.text, note.yanchor) for note in notes] == [
        ("+0.10", "top"), ("+0.30", "top"), ("−0.50", "bottom"),
    ]  # fmt: skip
    assert drawn.layout.yaxis.range[1] == -drawn.layout.yaxis.range[0] >= 0.5


def test_the_second_moment_is_outlined_and_has_room():
    unit = NowAndPinned(np.array([0.1, 0.2, 0.3]), "epoch 7", np.array([0.2, -1.7]))
    drawn = unit_bars(unit, "Unit 0", WORDS, StateView("c", "Cell state", False)).figure
    _, outlined = drawn.data
    assert outlined.y[:12] == (0, 0, 0.2, 0.2, 0, None, 0, 0, -1.7, -1.7, 0, None)
    assert outlined.x[6:8] == pytest.approx((0.64, 1.36))
    assert drawn.layout.title.text == "Unit 0; outlined: epoch 7"
    assert drawn.layout.yaxis.range[0] < -1.7


def test_a_gate_begins_at_zero_and_has_no_sign():
    drawn = unit_bars(NowAndPinned(np.array([0.25, 0.5, 1.0])), "Unit 0", WORDS, GATE).figure
    assert drawn.layout.yaxis.range[0] == 0
    assert [note.text for note in drawn.layout.annotations] == ["0.25", "0.50", "1.00"]
    assert {*drawn.data[0].marker.color} == {LIGHT.muted}


@each_row(("values", "shown"), [([0.5] * 8, 8), ([0.001234] * 20, 0), ([0.5] * 200, 0), ([0.0], 1)])
def test_numbers_are_there_where_they_fit(values, shown):
    drawn = unit_bars(NowAndPinned(np.array(values)), "Unit 0", ["w"] * len(values), STATE).figure
    assert len(drawn.layout.annotations) == shown


@each_row(
    ("value", "text"),
    [(0, "0"), (0.726, "+0.73"), (-1, "−1.00"), (-0.00123, "−0.0012"), (12345.0, "+1.2·10⁴")],
)
def test_a_number_has_its_sign(value, text):
    assert signed(value) == text


def test_a_unit_over_the_epochs(learned):
    course = learned.player.course
    past = np.array([0, 3, 8]), np.array([0.0, 0.2, -0.7])
    drawn = unit_curve(past, "Unit 3", course, STATE).figure
    assert drawn.data[0].x.tolist() == [0, 3, 8]
    assert drawn.data[0].y == pytest.approx(past[1], abs=1e-6)
    assert drawn.layout.meta == {"x": "epoch", "unit": "epoch"}
    assert drawn.layout.yaxis.range[0] < -0.7
