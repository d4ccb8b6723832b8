"""The hidden states of a phrase, its verdict, and the recurrent weights."""

from __future__ import annotations

import numpy as np
import pytest

from rnnviz.charts.axes import NowAndPinned
from rnnviz.charts.hidden_states import (
    STATE,
    StateView,
    UnitRows,
    grouped,
    memory_rows,
    running_margin_bars,
    signed,
    state_heatmap,
    unit_bars,
    unit_curve,
)
from rnnviz.charts.shapes import faint
from rnnviz.charts.theme import DARK, LIGHT
from rnnviz.probe.unrolled import Moment, Phase
from tests.sampling import each_row

WORDS = ["bad", "and", "not", "bad"]


@pytest.fixture
def states(learned):
    return learned.inspect(" ".join(WORDS)).trace.last.h[:, 0]


def margin_bars(*values, words=WORDS, label="positive", theme=LIGHT):
    return running_margin_bars(np.array(values), words, label, theme).figure


def test_a_column_is_the_state_after_its_word_and_equal_words_keep_their_own(states):
    drawn = state_heatmap(states, WORDS).figure
    assert np.array(drawn.data[0].z) == pytest.approx(states.T, abs=1e-6)
    assert drawn.layout.xaxis.ticktext == ("bad", "and", "not", "bad")
    assert drawn.layout.xaxis.tickvals == (0, 1, 2, 3)
    assert drawn.layout.yaxis.title.text == "unit"
    assert drawn.layout.yaxis.autorange == "reversed"
    assert drawn.layout.xaxis.range == margin_bars(1, 1, 1, 1).layout.xaxis.range


@each_row("scale", [0, 1e-4, 1.0])
def test_states_are_colored_symmetrically_around_zero(states, scale):
    (heatmap,) = state_heatmap(scale * states, WORDS).figure.data
    largest = np.abs(heatmap.z).max()
    assert heatmap.zmin == -heatmap.zmax < 0
    assert largest <= heatmap.zmax <= min(1, 2.5 * largest or 1), "tanh reaches 1"
    assert heatmap.colorscale[1] == (0.5, LIGHT.neutral)


@each_row(
    ("view", "limits"),
    [
        (StateView("i", "Input gate", gate=True), (0, 1)),
        (StateView("c", "Cell state", bounded=False), (-5, 5)),
        (StateView("h", "Hidden state"), (-1, 1)),
    ],
)
def test_a_gate_begins_at_zero_and_a_cell_state_has_no_bound(view, limits):
    drawn = state_heatmap(np.full((4, 3), 4.0), WORDS, view=view).figure
    (heatmap,) = drawn.data
    assert (heatmap.zmin, heatmap.zmax) == limits
    assert heatmap.colorbar.title.text == view.name
    assert drawn.layout.title.text == view.title


@each_row(
    ("text", "drawn"),
    [("<b>bad", "&lt;b&gt;bad"), ("$x$", "$x$"), ("a&amp;b", "a&amp;amp;b"), ("%{x}", "%{x}")],
)
def test_words_and_classes_are_drawn_as_typed(text, drawn):
    words = [text, *WORDS[1:]]
    heatmap = state_heatmap(np.ones((4, 8)), words).figure
    assert heatmap.layout.xaxis.ticktext[0] == drawn
    assert list(heatmap.data[0].customdata[7]) == [drawn, *WORDS[1:]]
    margin = margin_bars(1, -1, 2, 3, words=words, label=text)
    assert margin.layout.xaxis.ticktext[0] == drawn
    assert f"“{drawn}”" in margin.layout.title.text
    assert "margin of %{meta}" in margin.data[0].hovertemplate
    assert margin.data[0].meta == drawn


@each_row("values", [(-3, 1), (1e-6, 2e-6), (0, 0), (1e4, 5)])
def test_a_bar_is_at_every_word_red_above_zero_and_blue_below(values):
    drawn = margin_bars(*values, words=WORDS[:2], theme=DARK)
    (bars,) = drawn.data
    assert list(bars.x) == [0, 1]
    assert list(bars.y) == pytest.approx(values)
    assert list(bars.marker.color) == [DARK.positive if v > 0 else DARK.negative for v in values]
    low, high = drawn.layout.yaxis.range
    assert low == -high < 0
    assert high > max(map(abs, values))
    assert drawn.layout.yaxis.title.text == "margin (logits)"


@each_row(("phase", "t", "shown"), [("forward", 1, 2), ("loss", 3, 4), ("update", 0, 4)])
def test_in_the_forward_pass_later_columns_are_empty_and_nothing_moves(states, phase, t, shown):
    whole = state_heatmap(states, WORDS).figure
    drawn = state_heatmap(states, WORDS, moment=Moment(Phase(phase), t)).figure
    empty = np.isnan(np.array(drawn.data[0].z)).all(axis=0)
    assert empty.tolist() == [column >= shown for column in range(4)]
    assert drawn.data[0].zmax == whole.data[0].zmax
    assert drawn.layout == whole.layout


@each_row(("hidden", "step"), [(1, 1), (5, 1), (64, None)])
def test_of_few_units_none_is_halved_by_a_label_and_long_phrases_are_no_higher(hidden, step):
    short, long = (state_heatmap(np.ones((n, hidden)), ["bad"] * n).figure for n in (1, 100))
    assert short.layout.yaxis.dtick == step
    assert short.layout.height == long.layout.height
    assert (long.data[0].customdata is None) == (hidden == 64), "names would take long to send"


def test_encoder_and_decoder_are_named_at_their_line_below_the_title():
    single, both = (
        state_heatmap(
            np.ones((4, 8)), WORDS, view=StateView("h", "Hidden", bridge=bridge)
        ).figure.layout
        for bridge in (0, 2)
    )
    assert both.margin.t >= single.margin.t + 16
    assert both.shapes[0].x0 == both.shapes[0].x1 == 1.5
    assert [(n.text, n.x, n.xanchor) for n in both.annotations] == [
        ("encoder ", 1.5, "right"), (" decoder", 1.5, "left"),
    ]  # fmt: skip


# The units on the words of a phrase, and one of them over the epochs


UNIT_WORDS = ("i", "am", "<not>")
STATES = np.array([[0.1, -0.2], [0.3, 0.4], [-0.5, 0.9]])
GATE = StateView("f", "Forget gate", gate=True)


def test_rows_are_in_the_order_that_is_given_and_the_chosen_one_is_framed():
    drawn = memory_rows(STATES, UnitRows(np.array([1, 0]), 0), UNIT_WORDS, STATE).figure
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
    drawn = memory_rows(np.ones((3, 3)), rows, UNIT_WORDS, STATE).figure
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
    drawn = memory_rows(np.ones((3, 3)), rows, UNIT_WORDS, STATE).figure
    assert len(drawn.data) == 1
    assert drawn.data[0].xgap is None
    assert "threads" not in drawn.layout.title.text


def test_the_decoder_begins_at_a_line():
    view = StateView("h", "Hidden state", bridge=2)
    line, _ = memory_rows(STATES, UnitRows(np.arange(2), 0), UNIT_WORDS, view).figure.layout.shapes
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
    drawn = unit_bars(NowAndPinned(STATES[:, 0]), "Unit 0", UNIT_WORDS, STATE).figure
    (bars, _), notes = drawn.data, drawn.layout.annotations
    assert np.array(bars.y) == pytest.approx(STATES[:, 0], abs=1e-6)
    assert bars.marker.color == (LIGHT.positive, LIGHT.positive, LIGHT.negative)
    assert [(note.text, note.yanchor) for note in notes] == [
        ("+0.10", "top"), ("+0.30", "top"), ("−0.50", "bottom"),
    ]  # fmt: skip
    assert drawn.layout.yaxis.range[1] == -drawn.layout.yaxis.range[0] >= 0.5


def test_the_second_moment_is_outlined_and_has_room():
    unit = NowAndPinned(np.array([0.1, 0.2, 0.3]), "epoch 7", np.array([0.2, -1.7]))
    drawn = unit_bars(unit, "Unit 0", UNIT_WORDS, StateView("c", "Cell state", False)).figure
    _, outlined = drawn.data
    assert outlined.y[:12] == (0, 0, 0.2, 0.2, 0, None, 0, 0, -1.7, -1.7, 0, None)
    assert outlined.x[6:8] == pytest.approx((0.64, 1.36))
    assert drawn.layout.title.text == "Unit 0; outlined: epoch 7"
    assert drawn.layout.yaxis.range[0] < -1.7


def test_a_gate_begins_at_zero_and_has_no_sign():
    drawn = unit_bars(NowAndPinned(np.array([0.25, 0.5, 1.0])), "Unit 0", UNIT_WORDS, GATE).figure
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
