"""Shares of the tokens, clipping, updates."""

import math

import numpy as np
import pytest

from rnnviz.analysis.gradient_history import GradientRow, GradientSeries
from rnnviz.analysis.optimizer_step_stats import NextStepStats
from rnnviz.analysis.token_contribution import TokenContribution
from rnnviz.figures.optimizer_steps import clipping_curves, ratio_dots, share_areas
from rnnviz.training.history import Course
from tests.sampling import each_row


def pages_of(epochs, tokens=3):
    shares = [np.roll(np.arange(1.0, tokens + 1), k) for k in range(len(epochs))]
    entries = tuple(
        GradientRow(
            np.zeros(1),
            TokenContribution(s / s.sum(), s[::-1] / s.sum()),
            0.5,
            0.1,
            12.0,
            {},
            {},
            {},
        )
        for s in shares
    )
    return GradientSeries(np.array(epochs, int), entries)


@pytest.fixture
def course(history_of):
    return Course(history_of(20), 20, shown=10)


def test_the_shares_of_all_tokens_fill_the_picture(course):
    drawn = share_areas(pages_of([0, 10, 20]), "W_hh", ["a", "b", "c"], course)
    np.testing.assert_allclose(sum(np.array(one.y) for one in drawn.figure.data), 1, rtol=1e-6)
    assert {one.stackgroup for one in drawn.figure.data} == {"tokens"}
    assert [one.name for one in drawn.figure.data] == ["3 c", "2 b", "1 a"]


def test_both_kinds_of_weights_have_their_own(course):
    pages = pages_of([0, 10])
    hh, xh = (share_areas(pages, name, ["a", "b", "c"], course) for name in ("W_hh", "W_xh"))
    np.testing.assert_allclose(hh.figure.data[0].y, pages.shares("W_hh")[:, 2], rtol=1e-6)
    assert list(hh.figure.data[0].customdata) == [
        repr(float(v)) for v in pages.shares("W_hh")[:, 2]
    ]
    np.testing.assert_allclose(xh.figure.data[0].y, pages.shares("W_xh")[:, 2], rtol=1e-6)


def test_many_tokens_share_bands(course):
    words = [f"w{i}" for i in range(25)]
    drawn = share_areas(pages_of([0, 10], tokens=25), "W_hh", words, course)
    assert len(drawn.figure.data) == 10
    assert drawn.figure.data[-1].name == "1 w0 – 3 w2"
    np.testing.assert_allclose(sum(np.array(one.y) for one in drawn.figure.data), 1, rtol=1e-6)


def test_words_are_drawn_as_typed(course):
    drawn = share_areas(pages_of([0, 10], tokens=1), "W_hh", ["<i>x"], course)
    assert drawn.figure.data[0].name == "1 &lt;i&gt;x"


def columns(drawn):
    """The lines that are as wide as a column."""
    return [shape for shape in drawn.figure.layout.shapes if shape.line.width == 8]


@each_row("epochs", [[0], [0, 1], [0, 3, 7]])
def test_after_a_few_epochs_of_many_the_shares_stand_in_a_column(history_of, epochs):
    course = Course(history_of(epochs[-1]), 1000)
    drawn = share_areas(pages_of(epochs), "W_hh", ["a", "b", "c"], course)
    found = columns(drawn)
    assert {(shape.x0, shape.x1) for shape in found} == {(epochs[-1], epochs[-1])}
    np.testing.assert_allclose(
        [shape.y1 - shape.y0 for shape in found],
        [one.y[-1] for one in drawn.figure.data],
        rtol=1e-6,
    )
    assert [shape.y0 for shape in found[1:]] == [shape.y1 for shape in found[:-1]]
    assert [shape.line.color for shape in found] == [one.fillcolor for one in drawn.figure.data]


def test_areas_that_can_be_seen_have_no_column(course):
    assert not columns(share_areas(pages_of([0, 1]), "W_hh", ["a", "b", "c"], course))


def test_the_epoch_shown_is_marked(course):
    for drawn in (
        share_areas(pages_of([0, 20]), "W_hh", ["a", "b", "c"], course),
        clipping_curves(pages_of([0, 20]), course),
    ):
        assert any(shape.type == "line" and shape.x0 == 10 for shape in drawn.figure.layout.shapes)


def test_clipping_is_shown_as_shares_and_an_angle(course):
    drawn = clipping_curves(pages_of([0, 10]), course)
    found = {one.name: one for one in drawn.figure.data}
    assert list(found["steps"].y) == [0.5, 0.5]
    np.testing.assert_allclose(found["entries"].y, 0.1)
    assert list(found["entries"].customdata) == ["0.1", "0.1"]
    assert (list(found["angle"].y), found["angle"].yaxis) == ([12, 12], "y2")
    assert "°" in drawn.figure.layout.yaxis2.title.text


def test_after_a_few_epochs_of_many_the_clipping_is_a_point_each(history_of):
    drawn = clipping_curves(pages_of([0, 1, 2]), Course(history_of(2), 1000))
    above, below = (one for one in drawn.figure.data if one.mode == "markers")
    assert (list(above.x), list(below.x)) == ([2, 2], [2])
    np.testing.assert_allclose([*above.y, *below.y], [0.5, 0.1, 12])
    assert below.yaxis == "y2"


def survey_of(**ratios):
    none = np.zeros(3)
    return NextStepStats(none, none, {name: np.array(values) for name, values in ratios.items()})


def test_every_parameter_has_its_median_and_its_spread():
    (dots,) = ratio_dots(survey_of(W_hh=[1e-3, 2e-3, 3e-3], b_h=[0.1, 0.1, 0.1])).figure.data
    assert list(dots.y) == ["W_hh", "b_h"]
    np.testing.assert_allclose(dots.x, [2e-3, 0.1])
    np.testing.assert_allclose(dots.error_x.array, [0.8e-3, 0], atol=1e-12)


def test_parameters_of_zero_are_left_out():
    (dots,) = ratio_dots(survey_of(W_hh=[1e-3] * 3, b_h=[np.inf] * 3)).figure.data
    assert list(dots.y) == ["W_hh"]


def test_a_network_that_does_not_move_is_drawn_too():
    drawn = ratio_dots(survey_of(W_hh=[0.0] * 3))
    low, high = drawn.figure.layout.xaxis.range
    assert low - 1e-9 <= math.log10(drawn.figure.data[0].x[0]) <= high
