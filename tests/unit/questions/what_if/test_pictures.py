"""The states of two sequences side by side."""

import numpy as np
import pytest

from rnnviz.charts.hidden_states import StateView, grouped
from rnnviz.charts.side_by_side import AnswerScale, BeforeAndAfter
from rnnviz.charts.theme import LIGHT
from rnnviz.files.numbers import columns_of
from rnnviz.questions.what_if.pictures import (
    MOST_ROWS,
    chosen_rows,
    compared_states,
    parting_curves,
    word_choices,
)
from rnnviz.run.history import RunCurves
from tests.sampling import each_row

NAN = float("nan")
FIRST = np.array([[0.5, -0.25], [1.0, 0.0], [0.0, 0.25]])
SECOND = np.array([[0.5, -0.25], [NAN, NAN], [-1.0, 0.25]])


def notes(drawn):
    return [note.text for note in drawn.layout.annotations]


def test_a_the_difference_and_b_stand_in_the_column_of_each_word():
    pair = BeforeAndAfter(FIRST, SECOND, ["i", "not", "<b>"], ["i", "–", "<i>"])
    drawn = compared_states(
        pair, view=StateView("c", "Cell state c after every word", False)
    ).figure
    cells, between, boxes = drawn.data
    assert np.round(cells.x).tolist() == [0, 0, 0, 0, 1, 1, 1, 2, 2, 2, 2][:11]
    np.testing.assert_allclose(np.array(cells.z)[:, 0::4], FIRST.T)
    np.testing.assert_allclose(np.array(cells.z)[:, 2::4], SECOND.T)
    np.testing.assert_allclose(np.array(between.z)[:, 9], (SECOND - FIRST)[2])
    assert cells.zmax == -cells.zmin == 1
    assert cells.customdata[0][8] == "unit 0, “&lt;b&gt;”, before"
    assert cells.customdata[0][10] == "unit 0, “&lt;i&gt;”, after"
    assert np.isnan(np.array(cells.z)[:, 1::4]).all()
    assert np.isnan(np.array(between.z)[:, [0, 1, 2, 8, 10]]).all()
    assert notes(drawn).count("the same") == 1
    assert boxes.x[0] < 0 < boxes.x[1]
    assert {"→ –", "→ &lt;i&gt;"} < set(notes(drawn))
    assert drawn.layout.meta == {"y": "unit", "units": [0, 1], "x": "token", "kept": "token"}


@each_row("count", [3, 40])
@each_row("gate", [True, False])
def test_states_have_the_colours_of_the_memory_and_the_difference_those_of_its_own_scale(
    count, gate
):
    first, second = np.full((count, 3), 0.8), np.full((count, 3), 0.2 if gate else -0.8)
    words, view = ["a"] * count, StateView("z", "Gate z after every word", True, gate)
    drawn = compared_states(BeforeAndAfter(first, second, words, words), view=view).figure
    states, difference = drawn.data[:2]
    assert (states.zmin, states.zmax) == (0 if gate else -1, 1)
    end = 1 if gate else 2
    assert (difference.zmin, difference.zmax) == (-end, end)
    assert f"change (to ±{end})" in drawn.layout.title.text
    ends = [color for _, color in states.colorscale]
    assert ends[0] == (LIGHT.neutral if gate else LIGHT.negative)
    assert next(color for _, color in difference.colorscale) == LIGHT.negative
    assert difference.showscale is False


def test_changed_words_side_by_side_have_room_in_narrow_columns():
    states = np.ones((8, 2))
    words = list("abcdefgh")
    for changed, said in (
        ({3: "not", 6: "longest"}, ["→ not", "→ longest"]),
        ({3: "not", 4: "longest"}, ["not", "long…"]),
    ):
        others = [changed.get(t, word) for t, word in enumerate(words)]
        drawn = compared_states(BeforeAndAfter(states, states, words, others)).figure
        assert [n.text for n in drawn.layout.annotations if n.yshift == 16] == said


def test_what_differs_in_units_without_a_row_is_not_the_same():
    first, second = np.zeros((3, 256)), np.zeros((3, 256))
    second[1:, 1] = 0.5
    words, groups = ["a"] * 3, grouped(np.arange(256))
    drawn = compared_states(BeforeAndAfter(first, second, words, words), groups=groups).figure
    assert 1 not in drawn.layout.meta["units"]
    assert [n.x for n in drawn.layout.annotations if n.text == "the same"] == [0]


def test_rows_come_in_the_order_of_the_units():
    pair = BeforeAndAfter(FIRST, SECOND, ["a"] * 3, ["a"] * 3)
    drawn = compared_states(pair, groups=grouped(np.array([1, 0]))).figure
    np.testing.assert_allclose(np.array(drawn.data[0].z)[:, 0::4], FIRST.T[[1, 0]])
    assert drawn.data[0].customdata[0][0] == "unit 1, “a”, before"
    assert drawn.layout.meta["units"] == [1, 0]
    assert drawn.layout.yaxis.ticktext == ("1", "0")


@each_row("count", [3, 40])
def test_a_few_of_many_rows_have_a_label(count):
    states, words = np.ones((count, 64)), ["a"] * count
    drawn = compared_states(BeforeAndAfter(states, 2 * states, words, words)).figure
    labels = drawn.layout.yaxis.ticktext
    assert labels == tuple(map(str, range(0, 64, 6 if count == 3 else 16)))


@each_row("count", [3, 40])
def test_a_label_stands_at_the_row_of_its_unit(count):
    states, words = np.ones((count, 3)), ["a"] * count
    pair, groups = BeforeAndAfter(states, states, words, words), grouped(np.array([2, 0, 1]))
    picture = compared_states(pair, groups=groups)
    axis = picture.figure.layout.yaxis
    assert axis.ticktext == ("2", "0", "1")
    assert axis.tickvals == ((0, 1, 2) if count == 3 else ("2", "0", "1"))
    names = {column.name for column in columns_of(picture)}
    assert {"before and after: unit 2", "before and after: unit 0"} <= names or {
        "before: 2",
        "before: 0",
    } <= names


def test_swapped_words_of_many_are_named_apart_and_in_the_numbers():
    states, words = np.ones((20, 2)), [*map(str, range(20))]
    others = [*words[:4], "5", "4", *words[6:]]
    picture = compared_states(BeforeAndAfter(states, states, words, others))
    first, second = picture.figure.layout.annotations
    assert (first.text, second.text) == ("5", "4")
    assert first.y != second.y
    reads = {column.name: column.cells for column in columns_of(picture)}
    assert (reads["read before"][4], reads["read after"][4]) == ("4", "5")


@each_row(("count", "least"), [(9, 7), (10, 10), (16, 9)])
def test_strips_are_wide_enough_to_be_read(count, least):
    states = np.random.default_rng(0).normal(size=(count, 3))
    words = ["a"] * count
    drawn = compared_states(BeforeAndAfter(states, 2 * states, words, words)).figure
    cells = drawn.data[0]
    every = 4 if count == 9 else 3
    np.testing.assert_allclose(np.array(cells.z)[:, 0::every], states.T, rtol=1e-6)
    np.testing.assert_allclose(np.array(cells.z)[:, 2::every], 2 * states.T, rtol=1e-6)
    x = np.array(cells.x)
    edges = [*(x[:-1] + x[1:]) / 2]
    narrowest = min(edges[1] - edges[0], edges[every + 1] - edges[every])
    assert 520 / count * narrowest - cells.xgap >= least
    assert len(drawn.layout.shapes) == (0 if count == 9 else count - 1)


def test_of_many_words_the_three_stand_below_each_other():
    states = np.random.default_rng(0).normal(size=(40, 3))
    words = ["a"] * 40
    drawn = compared_states(BeforeAndAfter(states, 2 * states, words, [*words[:-1], "b"])).figure
    for heatmap, part in zip(drawn.data, (states, states, 2 * states), strict=True):
        np.testing.assert_allclose(heatmap.z, part.T, rtol=1e-6)
    assert [one.yaxis for one in drawn.data] == ["y", "y2", "y3"]
    (named,) = drawn.layout.annotations
    assert (named.text, named.x, named.yref) == ("b", 39, "y3 domain"), "what B reads instead"
    first, second, third = (drawn.layout[f"yaxis{k}"].domain for k in ("", 2, 3))
    assert first[0] >= second[1] >= second[0] >= third[1]


@each_row("count", [3, 40])
def test_of_many_units_those_that_have_a_row_on_the_page_are_shown(count):
    first, second = np.zeros((count, 256)), np.zeros((count, 256))
    second[1, [4, 7]] = 0.2, 0.4
    words, groups = ["a"] * count, grouped(np.arange(256), {7})
    drawn = compared_states(BeforeAndAfter(first, second, words, words), groups=groups).figure
    units = [0, 4, 7, *range(8, 256, 4)]
    assert "256 units, 1 in 4 is shown" in drawn.layout.title.text
    if count == 3:
        assert drawn.layout.meta["units"] == units
        assert drawn.data[0].customdata[1][2] == "unit 4, “a”, after"
    else:
        assert list(drawn.data[1].y) == list(map(str, units))
    np.testing.assert_allclose(np.nanmax(np.abs(drawn.data[1].z)), 0.4, rtol=1e-6)


# Every word in the place of one, and when two sequences parted


VERDICT = AnswerScale("Words in place of “not”", 0.5, True, ("negative", "<positive>"))


def test_words_are_sorted_and_a_and_b_are_marked():
    values = np.array([0.25, 0.9, NAN, 0.5])
    drawn = word_choices(values, ["a", "<b>", "c", "d"], {1: "before", 0: "after"}, VERDICT).figure
    bars, names = drawn.data
    assert list(bars.x) == pytest.approx([0.4, 0, -0.25])
    assert names.text == ("<b>&lt;b&gt;</b> before", "d", "<b>a</b> after")
    assert bars.text == ("90%", "50%", "75%")
    bands = [shape for shape in drawn.layout.shapes if shape.type == "rect"]
    dashes = {(shape.y0 + shape.y1) / 2: shape.line.dash for shape in bands}
    assert dashes == {0: "solid", 2: "dash"}


def test_of_many_words_both_ends_and_the_chosen_ones_are_listed():
    values = np.linspace(0, 1, 500)
    rows = chosen_rows(values, [250, 499])
    assert len(rows) <= MOST_ROWS
    assert 250 in rows
    assert rows[:3] == [499, 498, 497]
    assert rows[-1] == 0
    assert [*rows] == sorted(rows, reverse=True)


@pytest.mark.parametrize("scale", [VERDICT, AnswerScale("p(x)"), AnswerScale("y", 0, False)])
def test_nothing_read_yet_can_be_drawn(scale):
    assert word_choices(np.full(3, NAN), ["a", "b", "c"], {0: "A"}, scale).figure
    assert word_choices(np.zeros(3), ["a", "b", "c"], {}, scale).figure


def test_both_answers_over_the_epochs(history_of):
    course = RunCurves(history_of(9), 20)
    answers = np.array([0.5, 0.9]), np.array([0.5, 0.1])
    drawn = parting_curves(np.array([0, 9]), answers, course, VERDICT).figure
    first, second = drawn.data[:2]
    assert (first.name, second.name) == ("before", "after")
    assert (first.line.dash, second.line.dash) == ("solid", "dash")
    assert first.line.color == second.line.color == LIGHT.text
    assert list(second.y) == pytest.approx([0.5, 0.1])
    assert drawn.layout.meta == {"x": "epoch", "unit": "epoch"}
