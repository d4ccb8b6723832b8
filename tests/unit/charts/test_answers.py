"""Answers token by token."""

import numpy as np
import pytest

from rnnviz.charts.answers import class_strip, free_run, value_lines
from rnnviz.charts.theme import DARK, LIGHT
from tests.sampling import each_row

PROBS = np.array([[0.7, 0.2, 0.1], [0.1, 0.3, 0.6], [0.3, 0.4, 0.3]])
TARGETS, CLASSES, WORDS = np.array([0, 1, 1]), ("a", " ", "<b>c"), ("x", "y", "z", "y")


def strip(targets=TARGETS, theme=LIGHT):
    return class_strip(PROBS, np.array(targets), CLASSES, WORDS, theme).figure.data


def written(series):
    """The texts of a series by their rows: 2 the targets, 1 the answers."""
    rows = {1: {}, 2: {}}
    for x, y, text in zip(series.x, series.y, series.text, strict=True):
        rows[y][x] = text
    return rows


@each_row("theme", [LIGHT, DARK])
def test_the_strip_shows_how_likely_the_target_is_and_wrong_answers_are_bold_and_red(theme):
    share, right, wrong = strip(theme=theme)
    assert np.array(share.z)[0] == pytest.approx([0.7, 0.3, 0.4])
    assert (share.zmin, share.zmax) == (0, 1)
    assert list(share.x) == [1, 2, 3]
    assert share.customdata[0][1] == "target ␣, prediction &lt;b&gt;c"
    assert written(right) == {2: {1: "a", 2: "␣", 3: "␣"}, 1: {1: "a", 3: "␣"}}
    assert written(wrong) == {2: {}, 1: {2: "&lt;b&gt;c"}}
    assert (right.textfont.color, right.textfont.weight) == (theme.text, None)
    assert (wrong.textfont.color, wrong.textfont.weight) == (theme.positive, 700)
    _, right, wrong = strip(PROBS.argmax(axis=1))
    assert written(wrong) == {2: {}, 1: {}}
    assert written(right)[1] == written(right)[2]


def test_an_unknown_target_stays_empty():
    share, right, wrong = strip([0, 1, -1])
    assert written(right) == {2: {1: "a", 2: "␣"}, 1: {1: "a", 3: "␣"}}
    assert written(wrong) == {2: {}, 1: {2: "&lt;b&gt;c"}}
    assert np.isnan(np.array(share.z, float)).tolist() == [[False, False, True]]
    assert share.customdata[0][-1] == "prediction ␣; no target is known"


def test_of_very_many_tokens_nothing_is_written():
    probs = np.tile(PROBS, (30, 1))
    assert len(class_strip(probs, np.zeros(90, int), CLASSES, ["x"] * 90).figure.data) == 1


def test_every_channel_has_its_own_baseline():
    values = np.array([[0.5, -1.0], [1.0, 0.25]])
    drawn = value_lines(values, values / 2, ("p", "q"), ("s", "t")).figure
    first, _, second, target = drawn.data
    base = second.y[0] - values[0, 1]
    assert list(first.y) == pytest.approx(values[:, 0])
    assert np.array(target.y) - base == pytest.approx(values[:, 1] / 2)
    assert base < -1
    assert drawn.layout.yaxis.tickvals == pytest.approx((0, 1, base, base + 1))
    assert first.customdata[0] == "p output: 0.5"
    assert (first.line.dash, target.line.dash) == ("solid", "dot")


@each_row(("count", "look"), [(1, "the dot at the end"), (3, "dotted")])
def test_targets_belong_to_the_last_tokens_and_the_title_says_how_they_are_drawn(count, look):
    drawn = value_lines(np.zeros((3, 1)), np.ones((count, 1)), ("sum",), ("a", "b", "c")).figure
    assert list(drawn.data[1].x) == [0, 1, 2][-count:]
    assert drawn.layout.title.text == f"Output after every step, and the target ({look})"


def test_what_runs_free_begins_at_a_line_after_what_was_read():
    drawn = free_run(np.zeros((3, 1)), np.ones((2, 1)), ("value",)).figure
    read, free = drawn.data
    assert (list(read.x), list(free.x)) == ([0, 1, 2], [3, 4])
    assert drawn.layout.shapes[0].x0 == drawn.layout.shapes[0].x1 == 2.5
    assert (read.line.dash, free.line.dash) == ("dot", "solid")
