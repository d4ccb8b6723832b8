"""Clipping, and update sizes."""

import math

import numpy as np
import pytest

from rnnviz.probe.gradient_lab import ClippingShares, EpochSeries
from rnnviz.probe.gradients import NextStepStats
from rnnviz.questions.feed.pictures import clipping_angle, clipping_curves, ratio_dots
from rnnviz.run.history import Course
from tests.sampling import each_row
from tests.unit.charts.unpacked import by_name


def clipped(epochs, angle=12.0):
    """Half of the steps are clipped."""
    return EpochSeries(np.array(epochs, int), (ClippingShares(0.5, 0.1, angle),) * len(epochs))


@pytest.fixture
def course(history_of):
    return Course(history_of(20), 20, shown=10)


def test_clipping_is_shown_as_shares_and_beside_as_an_angle(course):
    shares, angle = (draw(clipped([0, 10]), course) for draw in (clipping_curves, clipping_angle))
    steps, entries = (by_name(shares)[name] for name in ("steps", "entries"))
    assert list(steps.y) == [0.5, 0.5]
    np.testing.assert_allclose(entries.y, 0.1)
    assert list(entries.customdata) == ["0.1", "0.1"]
    assert list(by_name(angle)["angle"].y) == [12, 12]
    assert "°" in angle.figure.layout.title.text
    for drawn in (shares, angle):
        assert drawn.figure.layout.meta["x"] == "epoch"
        assert any(shape.x0 == 10 for shape in drawn.figure.layout.shapes)


@each_row(("angle", "end"), [(0.0, 5), (1.0, 5), (90.0, 99)])
def test_a_small_angle_is_drawn_small(course, angle, end):
    low, high = clipping_angle(clipped([0], angle), course).figure.layout.yaxis.range
    assert low < 0
    assert high == pytest.approx(end)


def test_without_epochs_nothing_is_drawn(course):
    for draw in (clipping_curves, clipping_angle):
        assert all(len(curve.x) == 0 for curve in draw(clipped([]), course).figure.data)


def test_after_a_few_epochs_of_many_the_clipping_is_a_point_each(history_of):
    course = Course(history_of(2), 1000)
    for draw, ends in ((clipping_curves, [0.5, 0.1]), (clipping_angle, [12])):
        drawn = draw(clipped([0, 1, 2]), course).figure
        (points,) = (one for one in drawn.data if one.mode == "markers")
        assert set(points.x) == {2}
        np.testing.assert_allclose(points.y, ends)


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
