"""Answers token by token."""

import numpy as np
import pytest

from rnnviz.figures.answers import class_strip, free_run, value_lines
from rnnviz.figures.theme import DARK, LIGHT
from tests.sampling import each_row

PROBS = np.array([[0.7, 0.2, 0.1], [0.1, 0.3, 0.6], [0.3, 0.4, 0.3]])
TARGETS, CLASSES, WORDS = np.array([0, 1, 1]), ("a", " ", "<b>c"), ("x", "y", "z", "y")


def written(series):
    """The texts of a series by their rows: 2 the targets, 1 the answers."""
    rows = {1: {}, 2: {}}
    for x, y, text in zip(series.x, series.y, series.text, strict=True):
        rows[y][x] = text
    return rows


def test_where_nobody_knows_what_is_wanted_nothing_stands():
    targets = TARGETS.copy()
    targets[-1] = -1
    share, right, wrong = class_strip(PROBS, targets, CLASSES, WORDS).figure.data
    assert written(right) == {2: {1: "a", 2: "␣"}, 1: {1: "a", 3: "␣"}}
    assert written(wrong) == {2: {}, 1: {2: "&lt;b&gt;c"}}
    assert np.isnan(np.array(share.z, float)).ravel().tolist() == [False] * (len(targets) - 1) + [
        True
    ]
    assert "nobody knows" in share.customdata[0][-1]


def test_the_strip_shows_how_likely_the_target_is():
    share = class_strip(PROBS, TARGETS, CLASSES, WORDS).figure.data[0]
    assert np.array(share.z)[0] == pytest.approx([0.7, 0.3, 0.4])
    assert (share.zmin, share.zmax) == (0, 1)
    assert list(share.x) == [1, 2, 3]


@each_row("theme", [LIGHT, DARK])
def test_wrong_answers_are_bold_and_red(theme):
    _, right, wrong = class_strip(PROBS, TARGETS, CLASSES, WORDS, theme).figure.data
    assert written(right) == {2: {1: "a", 2: "␣", 3: "␣"}, 1: {1: "a", 3: "␣"}}
    assert written(wrong) == {2: {}, 1: {2: "&lt;b&gt;c"}}
    assert (right.textfont.color, right.textfont.weight) == (theme.text, None)
    assert (wrong.textfont.color, wrong.textfont.weight) == (theme.positive, 700)


def test_where_all_is_right_nothing_is_red():
    _, right, wrong = class_strip(PROBS, PROBS.argmax(axis=1), CLASSES, WORDS).figure.data
    assert written(wrong) == {2: {}, 1: {}}
    assert written(right)[1] == written(right)[2]


def test_of_very_many_tokens_nothing_is_written():
    probs = np.tile(PROBS, (30, 1))
    drawn = class_strip(probs, np.zeros(90, int), CLASSES, ["x"] * 90)
    assert len(drawn.figure.data) == 1


def test_every_channel_has_a_line_of_its_own():
    values = np.array([[0.5, -1.0], [1.0, 0.25]])
    said1, wanted1, said2, wanted2 = value_lines(
        values, values / 2, ("p", "q"), ("s", "t")
    ).figure.data
    base = said2.y[0] - values[0, 1]
    assert list(said1.y) == pytest.approx(values[:, 0])
    assert np.array(wanted2.y) - base == pytest.approx(values[:, 1] / 2)
    assert base < -1
    assert said1.customdata[0] == "p said: 0.5"
    assert wanted1.line.dash == wanted2.line.dash == "dot"


def test_targets_belong_to_the_last_tokens():
    drawn = value_lines(np.zeros((3, 1)), np.ones((1, 1)), ("sum",), ("a", "b", "c"))
    assert list(drawn.figure.data[1].x) == [2]


def test_what_runs_free_begins_after_what_was_read():
    read, free = free_run(np.zeros((3, 1)), np.ones((2, 1)), ("value",)).figure.data
    assert (list(read.x), list(free.x)) == ([0, 1, 2], [3, 4])


@each_row(("count", "look"), [(1, "the dot at the end"), (3, "dotted")])
def test_the_title_says_how_the_target_is_drawn(count, look):
    drawn = value_lines(np.zeros((3, 1)), np.ones((count, 1)), ("sum",), ("a", "b", "c"))
    assert drawn.figure.layout.title.text == f"Answer after every step, and the target ({look})"
