"""Shares of the tokens, clipping, and update sizes."""

import math

import numpy as np
import pytest

from rnnviz.analysis.optimizer_step_stats import NextStepStats
from rnnviz.analysis.token_contribution import TokenContribution
from rnnviz.figures.optimizer_steps import clipping_curves, ratio_dots, share_areas
from rnnviz.figures.theme import LIGHT
from rnnviz.training.history import Course
from tests.sampling import each_row
from tests.unit.figures.unpacked import by_name


@pytest.fixture
def shares_of(gradient_history):
    """Makes a history whose shares, by token, differ from epoch to epoch and for W_hh and W_xh."""

    def shares_of(epochs, tokens=3):
        shares = [np.roll(np.arange(1.0, tokens + 1), k) for k in range(len(epochs))]
        contributions = [TokenContribution(s / s.sum(), s[::-1] / s.sum()) for s in shares]
        return gradient_history(epochs, shares=contributions)

    return shares_of


@pytest.fixture
def course(history_of):
    return Course(history_of(20), 20, shown=10)


@each_row("name", ["W_hh", "W_xh"])
def test_the_shares_of_all_tokens_fill_the_picture(shares_of, course, name):
    history = shares_of([0, 10, 20])
    drawn = share_areas(history, name, ["a", "b", "<i>c"], course).figure
    shares = history.shares(name).T[::-1]
    np.testing.assert_allclose([one.y for one in drawn.data], shares, rtol=1e-6)
    np.testing.assert_allclose(sum(np.array(one.y) for one in drawn.data), 1, rtol=1e-6)
    assert list(drawn.data[0].customdata) == list(map(repr, shares[0].tolist()))
    assert {one.stackgroup for one in drawn.data} == {"tokens"}
    assert [one.name for one in drawn.data] == ["3 &lt;i&gt;c", "2 b", "1 a"]
    assert drawn.data[-1].fillcolor == LIGHT.magnitude
    assert any(shape.type == "line" and shape.x0 == 10 for shape in drawn.layout.shapes)


def test_many_tokens_share_bands(shares_of, course):
    words = [f"w{i}" for i in range(25)]
    drawn = share_areas(shares_of([0, 10], tokens=25), "W_hh", words, course).figure
    assert len(drawn.data) == 10
    assert drawn.data[-1].name == "1 w0 – 3 w2"
    np.testing.assert_allclose(sum(np.array(one.y) for one in drawn.data), 1, rtol=1e-6)


@each_row(("epochs", "all_epochs"), [([0], 1000), ([0, 1], 1000), ([0, 3, 7], 1000), ([0, 1], 20)])
def test_areas_too_narrow_to_see_have_a_column_of_the_last_shares(
    history_of, shares_of, epochs, all_epochs
):
    course = Course(history_of(epochs[-1]), all_epochs)
    drawn = share_areas(shares_of(epochs), "W_hh", ["a", "b", "c"], course).figure
    column = [shape for shape in drawn.layout.shapes if shape.line.width == 8]
    assert bool(column) == (all_epochs == 1000)
    for shape, low, area in zip(column, [0, *(s.y1 for s in column)], drawn.data, strict=False):
        assert shape.x0 == shape.x1 == epochs[-1]
        assert shape.y0 == low
        assert shape.y1 - low == pytest.approx(area.y[-1], rel=1e-6)
        assert shape.line.color == area.fillcolor


def test_clipping_is_shown_as_shares_and_below_an_angle(shares_of, course):
    drawn = clipping_curves(shares_of([0, 10]), course)
    named = by_name(drawn)
    assert list(named["steps"].y) == [0.5, 0.5]
    np.testing.assert_allclose(named["entries"].y, 0.1)
    assert list(named["entries"].customdata) == ["0.1", "0.1"]
    assert (list(named["angle"].y), named["angle"].yaxis) == ([12, 12], "y2")
    layout = drawn.figure.layout
    assert "°" in layout.yaxis2.title.text
    marked = {shape.yref for shape in layout.shapes if shape.x0 == 10}
    assert marked == {"y domain", "y2 domain"}


def test_after_a_few_epochs_of_many_the_clipping_is_a_point_each(history_of, shares_of):
    drawn = clipping_curves(shares_of([0, 1, 2]), Course(history_of(2), 1000)).figure
    above, below = (one for one in drawn.data if one.mode == "markers")
    assert (list(above.x), list(below.x)) == ([2, 2], [2])
    np.testing.assert_allclose([*above.y, *below.y], [0.5, 0.1, 12])
    assert below.yaxis == "y2"


def ratios(**values):
    none, table = np.zeros(3), {name: np.array(ratio) for name, ratio in values.items()}
    return ratio_dots(NextStepStats(none, none, table)).figure


def test_every_parameter_that_is_not_zero_has_the_median_and_the_spread_of_its_updates():
    drawn = ratios(W_hh=[1e-3, 2e-3, 7e-3], b_h=[0.1] * 3, b_y=[np.inf] * 3)
    (dots,) = drawn.data
    assert list(dots.y) == ["W_hh", "b_h"]
    np.testing.assert_allclose(dots.x, [2e-3, 0.1])
    np.testing.assert_allclose(dots.error_x.array, [4e-3, 0], atol=1e-12)
    np.testing.assert_allclose(dots.error_x.arrayminus, [0.8e-3, 0], atol=1e-12)
    np.testing.assert_allclose(np.array(dots.customdata[0], float), [1.2e-3, 2e-3, 6e-3])
    assert drawn.layout.shapes[0].x0 == drawn.layout.shapes[0].x1 == 1e-3
    still = ratios(W_hh=[0.0] * 3)
    low, high = still.layout.xaxis.range
    assert low - 1e-9 <= math.log10(still.data[0].x[0]) <= high
