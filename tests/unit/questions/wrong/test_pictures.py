"""The probability of every class after every token."""

import numpy as np
import pytest

from rnnviz.charts.shapes import contrast, mixed
from rnnviz.charts.theme import DARK, LIGHT
from rnnviz.probe.results import Confusion, Values
from rnnviz.questions.wrong.pictures import class_bars, confusion_matrix, value_scatter
from tests.sampling import each_row

WORDS = ["how", "warm"]
PROBS = np.array([[0.5, 0.3, 0.2], [0.1, 0.3, 0.6]])


def test_bars_are_as_long_as_the_probabilities_and_the_wanted_class_is_teal():
    drawn = class_bars(PROBS, 1, ["a", "<b>", "c"], WORDS).figure
    ground, bars, numbers = drawn.data
    assert np.asarray(ground.z) == pytest.approx(PROBS.T)
    lengths = {(t + 0.5, k): p for t, k, p in zip(bars.base, bars.y, bars.x, strict=True)}
    assert lengths == {(t, k): pytest.approx(PROBS[t, k]) for t in (0, 1) for k in range(3)}
    colors = dict(zip(bars.y, bars.marker.color, strict=True))
    assert colors == {0: LIGHT.muted, 1: LIGHT.forward, 2: LIGHT.muted}
    assert list(numbers.text) == ["50%", "30%", "30%", "60%"]
    assert list(drawn.layout.yaxis.ticktext) == ["a", "<b>&lt;b&gt;</b>", "<b>c</b>"]
    assert {note.text for note in drawn.layout.annotations} == {"answer 60%", "target"}


@pytest.mark.parametrize(("wanted", "said"), [(2, {"60%, right"}), (None, {"answer 60%"})])
def test_what_is_said_is_right_or_nothing_is_wanted(wanted, said):
    drawn = class_bars(PROBS, wanted, ["a", "b", "c"], WORDS).figure
    assert {note.text for note in drawn.layout.annotations} == said


def test_of_many_classes_the_likeliest_and_the_wanted_one_have_a_row():
    probs = np.linspace(1, 2, 20)[None] / np.linspace(1, 2, 20).sum()
    drawn = class_bars(probs, 0, [str(k) for k in range(20)], ["so"]).figure
    names = [name.strip("<b>/") for name in drawn.layout.yaxis.ticktext]
    assert names == ["0", "13", "14", "15", "16", "17", "18", "19"]
    assert "8 of 20 classes" in drawn.layout.title.text


# The confusion matrix


COUNTS = np.array([[8, 2], [0, 5]])
MATRIX = Confusion(np.array([1, 4]), COUNTS, np.array([10, 5]), np.array([8, 7]), 6)
NAMES = ["a", "<i>", "c", "d", "e", "f"]


def test_right_and_wrong_differ_in_colour_and_a_cell_tells_its_classes():
    drawn = confusion_matrix(MATRIX, NAMES, (1, 4)).figure
    cells, counts, frame = drawn.data
    assert np.sign(cells.z).tolist() == [[1, -1], [0, 1]]
    assert abs(cells.z[0][0]) > abs(cells.z[0][1])
    assert cells.customdata[0][1] == [1, 4]
    assert cells.text[0][1] == "target &lt;i&gt;, answer e: 2"
    assert list(counts.text) == ["8", "2", "5"]
    assert [*frame.x[:4]] == [0.5, 1.5, 1.5, 0.5]
    assert drawn.layout.title.text == "Confusion matrix, 2 of 6"
    assert list(drawn.layout.yaxis.ticktext) == ["&lt;i&gt;", "e"]


@each_row("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_every_count_can_be_read_on_its_cell(theme):
    _, counts = confusion_matrix(MATRIX, NAMES, theme=theme).series
    for color, share, ground in zip(
        counts["textfont"]["color"], (0.84, 0.36, 1), (True, False, True), strict=True
    ):
        behind = mixed(theme.neutral, theme.forward if ground else theme.muted, share)
        assert contrast(color, behind) >= 4.5


def test_a_chosen_cell_of_classes_that_are_not_shown_has_no_frame():
    assert len(confusion_matrix(MATRIX, NAMES, (0, 1)).series) == 2


def test_a_sequence_that_is_listed_has_its_cells():
    placed = np.array([[7, 7, 9], [1, 4, 0], [4, 4, 1]])
    drawn = confusion_matrix(MATRIX, NAMES, placed=placed, opened=7)
    *_, places = drawn.series
    assert places["meta"] == {"phrases": True}
    assert (places["x"], places["y"], places["customdata"]) == ([1, 1], [0, 1], [7, 7])
    assert not places["visible"]
    assert drawn.layout["meta"]["opened"] == 7


# Answers of values against their targets


def test_points_stand_at_target_and_answer_and_the_diagonal_is_where_both_are_the_same():
    said, wanted = np.array([[0.5, np.nan], [2.0, -1.0]]), np.array([[1.0, 0.0], [2.0, -1.5]])
    values = Values(said, wanted, np.arange(2), np.zeros(2, int))
    drawn = value_scatter(values, ["a", "<b>"]).figure
    diagonal, first, second = drawn.data
    assert list(diagonal.x) == list(diagonal.y) == [-2, 2] == list(drawn.layout.xaxis.range)
    assert (list(first.x), list(first.y)) == ([1, 2], [0.5, 2])
    assert second.name == "&lt;b&gt;"
    assert list(second.customdata) == [0, 1], "the numbers of the sequences"
    assert list(drawn.layout.xaxis.range) == list(drawn.layout.yaxis.range)


def test_of_very_many_some_are_drawn_that_are_evenly_spread():
    values = np.arange(5001.0)[:, None]
    drawn = value_scatter(Values(values, values, values[:, 0], values[:, 0]), ["a"]).series
    assert len(drawn[1]["x"]) == 2000
    assert (drawn[1]["x"][0], drawn[1]["x"][-1]) == (0, 5000)
