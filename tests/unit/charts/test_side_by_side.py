"""Two sequences side by side: states, distance, answers, and what each word adds."""

from dataclasses import replace

import numpy as np
import pytest

from rnnviz.charts.axis_limits import StickyScale
from rnnviz.charts.side_by_side import (
    AnswerScale,
    BeforeAndAfter,
    answers_before,
    compared_answers,
    contribution_bars,
    distance_curve,
    percent,
)
from rnnviz.charts.theme import LIGHT
from rnnviz.questions.what_if.pictures import compared_states
from tests.sampling import each_row

NAN = float("nan")
FIRST = np.array([[0.5, -0.25], [1.0, 0.0], [0.0, 0.25]])
SECOND = np.array([[0.5, -0.25], [NAN, NAN], [-1.0, 0.25]])
PAIR = BeforeAndAfter(FIRST, SECOND, ["i", "not", "<b>"], ["i", "–", "<i>"])
VERDICT = AnswerScale("Verdict", 0.5, True, ("negative", "<positive>"))


def notes(drawn):
    return [note.text for note in drawn.layout.annotations]


@each_row("count", [1, 40])
def test_nothing_known_can_be_drawn(count):
    nothing, words = np.full((count, 3), NAN), ["a"] * count
    pair = BeforeAndAfter(nothing, nothing, words, words)
    assert compared_states(pair).figure
    single = BeforeAndAfter(nothing[:, 0], nothing[:, 0], words, words)
    for scale in (VERDICT, AnswerScale("Output", probability=False)):
        assert compared_answers(single, scale).figure
        assert answers_before(single, scale).figure
    assert distance_curve(nothing[:, 0], words, "d", noted=True).figure


# Distances


def test_the_distance_has_its_factor_and_where_they_part():
    drawn = distance_curve(np.array([0, 0.5, NAN, 1.0, 1.5]), list("abcde"), "d", noted=True).figure
    assert notes(drawn) == ["they diverge here", "× 1.5"]
    # The factor stands above the middle of the line, on a ground of its own.
    factor = drawn.layout.annotations[1]
    assert (factor.x, factor.y, factor.yanchor) == (3.5, 1.25, "bottom")
    assert factor.bgcolor
    assert drawn.layout.annotations[0].x == 1
    assert drawn.data[0].text == ("", "0.50", "", "1.00", "1.50")
    assert not distance_curve(np.array([0, 1.0]), list("ab"), "d").figure.layout.annotations


# Answers


def test_two_classes_are_bars_from_the_middle_in_the_colour_of_their_side():
    first, second = np.array([0.5, 0.98]), np.array([0.5, 0.0625])
    drawn = compared_answers(BeforeAndAfter(first, second, ["a", "b"], ["a", "c"]), VERDICT).figure
    one, other, solid, dashed = drawn.data
    np.testing.assert_allclose(one.y, first - 0.5, rtol=1e-6)
    assert (one.base, one.text[1], other.text[1]) == (0.5, "98%", "94%")
    assert (one.text[0], other.text[0]) == ("50%", ""), "one number stands for both"
    opposite = compared_answers(
        BeforeAndAfter(np.array([0.03]), np.array([0.97]), ["a"], ["a"]), VERDICT
    ).figure
    assert [bars.text for bars in opposite.data[:2]] == [("97%",), ("97%",)]
    assert one.marker.color[1] != other.marker.color[1]
    assert [line.line.dash for line in (solid, dashed)] == ["solid", "dash"]
    assert (solid.line.color, dashed.line.color) == (LIGHT.text, LIGHT.text)
    assert max(y for y in solid.y if y is not None) == 0.98
    assert drawn.layout.yaxis.ticktext == ("negative", "50%", "&lt;positive&gt;")


def test_the_number_of_now_stands_beyond_the_answer_before():
    before, after = np.array([0.9, 0.9, 0.6]), np.array([0.6, 0.3, 0.9])
    words = ["a", "b", "c"]
    was, now, edges = answers_before(
        BeforeAndAfter(before, after, words, words), VERDICT
    ).figure.data
    assert was.text == ("60%", "", "")
    assert now.text == ("", "70%", "90%")
    assert edges.line.dash == "dash"


@each_row(("share", "text"), [(0.5, "50%"), (0.994, "99.4%"), (0.99999, "100%"), (1e-9, "0%")])
def test_a_probability_has_one_more_digit_where_it_is_almost_certain(share, text):
    assert percent(share) == text


# What each word adds


def test_what_each_word_adds_has_its_sign_and_the_sum():
    contributions = np.array([3.0, -0.8, NAN])
    drawn = contribution_bars(contributions, ["a", "b", "c"], "adds to <b>").figure
    (bars,) = drawn.data
    assert bars.text == ("+3.0", "−0.8", "")
    assert bars.marker.color == (LIGHT.positive, LIGHT.negative, LIGHT.negative)
    assert notes(drawn) == ["sum<br><b>+2.2</b>"]
    assert "&lt;b&gt;" in drawn.layout.title.text
    small = contribution_bars(contributions * 1e-6, ["a", "b", "c"], "").figure
    assert small.data[0].text == ("", "", "")
    assert notes(small) == ["sum<br><b>+2.2·10⁻⁶</b>"]
    large = contribution_bars(contributions * 1e20, ["a", "b", "c"], "").figure
    assert large.data[0].text == ("+3·10²⁰", "−8·10¹⁹", "")
    assert notes(large) == ["sum<br><b>+2.2·10²⁰</b>"]


def test_what_the_words_of_b_add_stands_beside():
    drawn = contribution_bars(
        np.array([3.0, -0.8]), ["a", "b"], "adds", others=np.array([1.0, NAN])
    ).figure
    one, other, solid, dashed = drawn.data
    assert (solid.line.dash, dashed.line.dash) == ("solid", "dash")
    assert np.array(other.x) - np.array(one.x) == pytest.approx([0.4, 0.4])
    assert other.text == ("+1.0", "")
    (total,) = notes(drawn)
    assert total == "sum<br><b>+2.2</b><br>after<br><b>+1.0</b>"
    assert drawn.layout.title.text.endswith("<b>before</b> solid, <b>after</b> dashed")


def test_scales_are_held():
    theme = replace(LIGHT, scale=StickyScale())
    drawn = [distance_curve(np.array([0, d]), ["a", "b"], "d", theme) for d in (0.9, 0.4)]
    assert drawn[0].layout["yaxis"]["range"] == drawn[1].layout["yaxis"]["range"]
    assert drawn[0].layout["yaxis"]["range"] == pytest.approx([0, 1.8])
