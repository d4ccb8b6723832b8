"""Every word in the place of one, and when two sequences parted."""

import numpy as np
import pytest

from rnnviz.charts.side_by_side import AnswerScale
from rnnviz.charts.theme import LIGHT
from rnnviz.questions.what_if.pictures import (
    MOST_ROWS,
    chosen_rows,
    parting_curves,
    word_choices,
)
from rnnviz.run.history import Course

VERDICT = AnswerScale("Words in place of “not”", 0.5, True, ("negative", "<positive>"))
NAN = float("nan")


def test_words_are_sorted_and_a_and_b_are_marked():
    values = np.array([0.25, 0.9, NAN, 0.5])
    drawn = word_choices(values, ["a", "<b>", "c", "d"], {1: "A", 0: "B"}, VERDICT).figure
    bars, names = drawn.data
    assert list(bars.x) == pytest.approx([0.4, 0, -0.25])
    assert names.text == ("<b>&lt;b&gt;</b> A", "d", "<b>a</b> B")
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
    course = Course(history_of(9), 20)
    answers = np.array([0.5, 0.9]), np.array([0.5, 0.1])
    drawn = parting_curves(np.array([0, 9]), answers, course, VERDICT).figure
    first, second = drawn.data[:2]
    assert (first.name, second.name) == ("A", "B")
    assert (first.line.dash, second.line.dash) == ("solid", "dash")
    assert first.line.color == second.line.color == LIGHT.text
    assert list(second.y) == pytest.approx([0.5, 0.1])
    assert drawn.layout.meta == {"x": "epoch", "unit": "epoch"}
