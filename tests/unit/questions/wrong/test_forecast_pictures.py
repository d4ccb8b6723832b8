"""Pictures of next values: simple models, the time, one window."""

import numpy as np
import pytest

from rnnviz.charts.theme import DARK, LIGHT
from rnnviz.questions.wrong.forecast_pictures import (
    WindowView,
    better_than_what,
    error_over_time,
    window_picture,
)
from rnnviz.questions.wrong.window_answers import StepAnswers
from rnnviz.tasks.forecasts import ForecastErrors
from tests.sampling import each_row

NAMES = ("network", "last value", "same season, 12", "mean")


def models(*sizes, horizon=3):
    """Models whose errors are these times 10 (a unit has 10), a little larger at each step."""
    ahead = 1 + 0.1 * np.arange(horizon)
    return [
        ForecastErrors(name, name, np.array([[[10 * size * k]] for k in ahead]).swapaxes(0, 1),
                       np.array([10.0]))
        for name, size in zip(NAMES, sizes, strict=False)
    ]  # fmt: skip


def test_each_model_has_a_line_whose_name_has_its_mean_error_in_own_units():
    drawn = better_than_what(models(0.5, 1, 0.8, 2), 0).figure
    for curve, size in zip(drawn.data, (0.5, 1, 0.8, 2), strict=True):
        assert list(curve.x) == [1, 2, 3]
        assert list(curve.y) == pytest.approx([size, 1.1 * size, 1.2 * size])
    assert [curve.line.color for curve in drawn.data] == [LIGHT.forward, *[LIGHT.muted] * 3]
    assert len({curve.line.dash for curve in drawn.data}) == 4
    texts = {note.text: note.y for note in drawn.layout.annotations}
    named = ["<b>5.50</b> network", "<b>8.80</b> same season, 12", "<b>11</b> last value",
             "<b>22</b> mean"]  # fmt: skip
    assert sorted(texts, key=texts.get) == named
    (one,) = drawn.layout.shapes
    assert one.y0 == one.y1 == 1


def test_names_are_apart_and_in_the_picture_however_near_the_lines_are():
    drawn = better_than_what(models(0.999, 1, 1.001, 1.002), 0).figure
    heights = np.sort([note.y for note in drawn.layout.annotations])
    low, high = drawn.layout.yaxis.range
    assert (np.diff(heights) >= 0.08 * high).all()
    assert low <= heights[0] <= heights[-1] <= high


@each_row("horizon", [1, 3, 50])
def test_the_axis_stays_while_the_network_learns(horizon):
    key = "xaxis" if horizon == 1 else "yaxis"
    ranges = {
        tuple(better_than_what(models(size, 1, 0.8, 2, horizon=horizon), 0).layout[key]["range"])
        for size in (0.01, 0.5, 4, np.inf)
    }
    assert len(ranges) == 1


def test_one_step_ahead_has_bars_and_one_that_is_too_long_says_so():
    drawn = better_than_what(models(0.5, 1, 0.8, 40, horizon=1), 0).figure
    (bars,) = drawn.data
    top = drawn.layout.xaxis.range[1]
    assert list(bars.x)[:3] == pytest.approx([0.5, 1, 0.8])
    assert bars.x[3] < top < 40
    assert list(bars.text) == ["5", "10", "8", "400 ▸"]
    assert list(bars.y) == list(NAMES)


def test_of_two_networks_the_second_is_dashed_and_both_have_their_colour():
    found = models(0.5, 0.6, 1, 2)
    first, second, *_ = better_than_what(found, 0, networks=2).figure.data
    assert (first.line.dash, second.line.dash) == ("solid", "dash")
    assert first.line.color == second.line.color == LIGHT.forward


# Along the time


def answers(errors, test, series=None):
    count = len(errors)
    came = np.where(np.isnan(errors), np.nan, 5.0)
    names = np.array(series or ["a"] * count, object)
    days = np.datetime64("2024-01-01", "us") + np.arange(count).astype("timedelta64[D]")
    return StepAnswers(np.arange(count), np.array(test), names, days, came + errors, came)


@each_row("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_the_training_is_before_the_test_each_in_its_colour(theme):
    found = answers(np.array([1.0, 2, 3, 4, 5]), [True, True, False, False, False])
    drawn = error_over_time(found, "sea", theme=theme).figure
    training, test, _ = drawn.data
    assert (list(training.x), list(training.y)) == ([0, 1, 2], [3, 4, 5])
    assert (list(test.x), list(test.y)) == ([3, 4], [1, 2])
    assert (training.line.color, test.line.color) == (theme.text, theme.test)
    assert list(test.customdata) == [0, 1]
    assert list(test.text) == ["2024-01-01", "2024-01-02"]
    assert [shape.x0 for shape in drawn.layout.shapes] == [2.5]


def test_what_nobody_knows_is_a_gap_with_a_ring():
    found = answers(np.array([1.0, np.nan, 3]), [True] * 3)
    line, rings = error_over_time(found, "sea").figure.data
    assert np.isnan(line.y[1])
    assert (list(rings.x), list(rings.y)) == ([1], [0])


def test_series_are_apart_and_named():
    found = answers(np.arange(1.0, 7), [True] * 6, [*"aaabbb"])
    line, _ = (drawn := error_over_time(found, "sea").figure).data
    assert np.isnan(line.x[3])
    assert list(np.delete(line.x, 3)) == [*range(6)]
    assert list(drawn.layout.xaxis.ticktext) == ["a", "b"]
    assert list(drawn.layout.xaxis.tickvals) == [1, 4]
    assert line.text[0] == "a 2024-01-01"


def test_of_very_many_windows_the_largest_errors_are_drawn():
    errors = np.random.default_rng(0).random(5000)
    errors[[7, 4321]] = 9, 8
    line, _ = error_over_time(answers(errors, [True] * 5000), "sea").figure.data
    assert len(line.x) == 1000
    assert {9, 8} <= {*np.round(line.y)}
    assert list(line.x) == [*range(0, 5000, 5)]


def test_a_network_that_is_infinitely_wrong_has_an_axis():
    drawn = error_over_time(answers(np.array([np.inf, 1.0]), [True] * 2), "sea").figure
    assert np.isfinite(drawn.layout.yaxis.range).all()


# One window


def test_a_window_goes_over_into_what_came():
    view = WindowView(np.array([1.0, 2, 3]), np.array([1.5, 2.5, 3.5, 4.5]),
                      np.array([3.0, np.nan]), [*"abcde"])  # fmt: skip
    read, came, expected = window_picture(view, "sea").figure.data
    assert (list(read.x), list(read.y)) == ([0, 1, 2], [1, 2, 3])
    assert list(came.x) == [2, 3, 4]
    assert list(came.y)[:2] == [3, 3]
    assert np.isnan(came.y[2])
    assert (list(expected.x), list(expected.y)) == ([1, 2, 3, 4], [1.5, 2.5, 3.5, 4.5])
    assert list(expected.text) == [*"bcde"]
    assert (read.line.color, expected.line.color) == (LIGHT.text, LIGHT.forward)
