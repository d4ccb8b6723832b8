"""Clipping, the optimizer's next steps, and the share of each token in a gradient."""

import math

import numpy as np
import pytest

from rnnviz.charts.axes import NowAndPinned
from rnnviz.charts.theme import LIGHT
from rnnviz.probe.epoch_series import EpochSeries
from rnnviz.probe.gradient_flow import NextStepStats, TokenContribution
from rnnviz.questions.feed.pictures import (
    clipping_angle,
    clipping_curves,
    ratio_dots,
    share_columns,
    share_map,
)
from rnnviz.run.history import RunCurves
from tests.sampling import each_row
from tests.unit.charts.unpacked import by_name


def clipped(epochs, angle=12.0):
    """Half of the steps are clipped."""
    stats = NextStepStats(np.array([0.2, 0.0]), np.array([angle, 0.0]), {})
    return EpochSeries(np.array(epochs, int), (stats,) * len(epochs))


@pytest.fixture
def course(history_of):
    return RunCurves(history_of(20), 20, shown=10)


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
    course = RunCurves(history_of(2), 1000)
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


# The share of every token in the gradient: now, and over the epochs


WORDS = ["a", "b", "<i>c"]


def history(epochs, tokens=3):
    """Shares by token that differ from epoch to epoch, and for W_hh and W_xh."""
    shares = [np.roll(np.arange(1.0, tokens + 1), k) for k in range(len(epochs))]
    rows = tuple(TokenContribution(s / s.sum(), s[::-1] / s.sum()) for s in shares)
    return EpochSeries(np.array(epochs), rows)


SHARES = np.array([0.5, 0.125, 0.375])


@each_row(("name", "words"), [("W_hh", "recurrent"), ("W_xh", "input")])
def test_a_share_is_a_bar_in_the_column_of_its_token(name, words):
    drawn = share_columns(NowAndPinned(SHARES), name, WORDS)
    bars, _ = drawn.figure.data
    np.testing.assert_allclose(bars.y, SHARES, rtol=1e-6)
    assert list(map(float, bars.customdata)) == list(SHARES)
    assert bars.text == ("50%", "12%", "38%")
    assert list(bars.x) == [0, 1, 2]
    assert drawn.figure.layout.meta["x"] == "token"
    assert drawn.figure.layout.title.text.endswith(f"{words} weights")


def test_the_shares_at_another_moment_are_outlines_in_the_same_columns():
    then = np.array([0.125, 0.75, 0.125])
    drawn = share_columns(NowAndPinned(SHARES, "epoch 3", then), "W_hh", WORDS).figure
    bars, outlined = drawn.data
    corners = [y for y in outlined.y if y]
    assert corners == [0.125, 0.125, 0.75, 0.75, 0.125, 0.125]
    assert (outlined.name, outlined.line.dash) == ("epoch 3", "dashdot")
    assert outlined.x[0] < 0 - bars.width / 2 and outlined.x[1] > bars.width / 2
    assert drawn.layout.title.text.endswith("; outlined: epoch 3")
    assert drawn.layout.yaxis.ticktext[-1] == "100%", "both are in sight"
    ((name, values),) = drawn.layout.meta["columns"]
    assert (name, list(values)) == ("epoch 3", list(then)), "in the numbers, too"


def test_of_many_tokens_only_the_bars_have_room():
    bars, _ = share_columns(NowAndPinned(np.full(30, 1 / 30)), "W_hh", ["w"] * 30).figure.data
    assert not bars.text


@each_row(
    ("shares", "top", "end"),
    [(np.full(100, 0.02), "2%", 0.0224), (np.ones(1), "100%", 1.12), (np.zeros(1), "100%", 1.12)],
)
def test_the_axis_holds_all_shares_and_no_more(shares, top, end):
    words = ["w"] * len(shares)
    axis = share_columns(NowAndPinned(shares), "W_hh", words).figure.layout.yaxis
    assert axis.ticktext[-1] == top
    assert axis.range[1] == pytest.approx(end)


def test_the_map_has_a_row_a_token_and_shows_small_shares(history_of):
    series, course = history([0, 10, 20]), RunCurves(history_of(20), 20, shown=10)
    drawn = share_map(series, "W_xh", WORDS, course).figure
    (cells,) = drawn.data
    assert list(cells.x) == [0, 10, 20]
    np.testing.assert_allclose(cells.z, series.column("W_xh").T, rtol=1e-6)
    assert (cells.zmin, cells.zmax) == (0, 1)
    assert list(drawn.layout.yaxis.ticktext) == ["a", "b", "&lt;i&gt;c"]
    assert drawn.layout.yaxis.range == (3.5, 0.5)
    assert any(shape.type == "line" and shape.x0 == 10 for shape in drawn.layout.shapes)
    # Between 0 and 1 the colour goes by the square root.
    places, colors = zip(*cells.colorscale, strict=True)
    assert (colors[0], colors[-1]) == (LIGHT.neutral, LIGHT.magnitude)
    reds = [int(color[1:3], 16) for color in colors]
    drop = [(reds[0] - red) / (reds[0] - reds[-1]) for red in reds]
    np.testing.assert_allclose(drop, np.sqrt(places), atol=0.01)
