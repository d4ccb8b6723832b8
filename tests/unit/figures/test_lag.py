"""The gradient over the lag, products of Jacobians, connectivity."""

import math
from dataclasses import replace

import numpy as np
import pytest

from rnnviz.analysis.connectivity import Connectivity
from rnnviz.analysis.gradients import Objective
from rnnviz.analysis.jacobians import Products
from rnnviz.analysis.lag import LagProfile
from rnnviz.figures.lag import connectivity_map, lag_curve, product_curves
from rnnviz.figures.theme import DARK, LIGHT
from tests.sampling import each_row

LAGS = np.arange(5.0)


def profile(median, bound=None, objective=Objective.LOSS, dtype=float):
    median = np.array(median, float)
    low, high, dtype = median / 2, 2 * median, np.dtype(dtype)
    return LagProfile(objective, median, 1.5 * median, low, high, 40, bound, dtype)


def series(drawn):
    return {one.name: one for one in drawn.figure.data if one.name}


def test_the_median_is_drawn_over_the_lag_on_a_log_axis():
    drawn = lag_curve(profile(0.1**LAGS))
    assert list(series(drawn)["median"].x) == [0, 1, 2, 3, 4]
    np.testing.assert_allclose(series(drawn)["median"].y, 0.1**LAGS)
    assert drawn.figure.layout.yaxis.type == "log"
    assert "tokens" in drawn.figure.layout.xaxis.title.text


def test_the_band_lies_around_it_with_its_exact_ends():
    drawn = lag_curve(profile(0.1**LAGS))
    np.testing.assert_allclose(drawn.figure.data[0].y, 0.1**LAGS / 2)
    np.testing.assert_allclose(series(drawn)["80 %"].y, 0.1**LAGS * 2)
    exact = series(drawn)["median"].customdata[3]
    assert [float(text) for text in exact] == pytest.approx([1e-3, 5e-4, 2e-3])


def test_the_mean_is_a_line_of_its_own_with_its_exact_values():
    mean = series(lag_curve(profile(0.1**LAGS)))["mean"]
    np.testing.assert_allclose(mean.y, 1.5 * 0.1**LAGS)
    assert [float(text) for text in mean.customdata] == pytest.approx(list(1.5 * 0.1**LAGS))
    assert mean.showlegend is not False


def test_a_mean_far_above_the_band_is_in_sight():
    seen = replace(profile([1.0, 0.1]), mean=np.array([1e9, 1e9]))
    assert lag_curve(seen).figure.layout.yaxis.range[1] > 9


def test_what_lies_below_the_picture_has_its_exact_value_on_hover():
    drawn = series(lag_curve(profile([1, 0, 0])))
    assert drawn["mean"].y[1] > 0
    assert drawn["mean"].customdata[1] == "0.0"


def test_slope_and_half_life_are_written():
    texts = [note.text for note in lag_curve(profile(0.1**LAGS)).figure.layout.annotations]
    assert any("−1 decades a token" in text and "half-life 0.3 tokens" in text for text in texts)
    texts = [note.text for note in lag_curve(profile([1, 1, 1])).figure.layout.annotations]
    assert any("no half-life" in text for text in texts)


def test_the_fit_is_the_straight_line():
    np.testing.assert_allclose(series(lag_curve(profile(0.3**LAGS)))["fit"].y, 0.3**LAGS)


def test_a_bound_is_drawn_where_there_is_one():
    assert "bound" not in series(lag_curve(profile(0.1**LAGS)))
    drawn = lag_curve(profile(0.1**LAGS, bound=2.0**LAGS))
    assert list(series(drawn)["bound"].y) == [1, 2, 4, 8, 16]


def test_a_bound_far_above_does_not_squeeze_what_was_measured():
    near, far = (lag_curve(profile(0.1**LAGS, bound=b**LAGS)) for b in (1.0, 1e9))
    assert far.figure.layout.yaxis.range[1] == near.figure.layout.yaxis.range[1]


@each_row("dtype", ["float32", "float64"])
def test_the_line_of_the_rounding_is_in_sight(dtype):
    drawn = lag_curve(profile(0.1**LAGS, dtype=dtype))
    level = drawn.figure.layout.shapes[0].y0
    assert level == pytest.approx(np.finfo(dtype).eps)
    low, high = drawn.figure.layout.yaxis.range
    assert low < math.log10(level) < high
    assert any(dtype in note.text for note in drawn.figure.layout.annotations)


@each_row("median", [[0, 0, 0], [1, 0, 0], [1], [1e-320, 1e-322]])
def test_sizes_without_a_slope_are_drawn_too(median):
    drawn = lag_curve(profile(median))
    low, high = drawn.figure.layout.yaxis.range
    assert all(low - 1e-9 <= math.log10(y) <= high for y in series(drawn)["median"].y)
    if len(median) < 3 and median != [1]:
        return
    assert "fit" not in series(drawn)


def test_of_the_margin_it_says_so():
    drawn = lag_curve(profile([1, 0.5], objective=Objective.MARGIN), DARK)
    assert "logit margin" in drawn.figure.layout.title.text
    assert "dm/dh" in drawn.figure.layout.yaxis.title.text
    assert series(drawn)["median"].line.color == DARK.magnitude


# Products


def of(largest, smallest, first=0):
    return Products(np.arange(first, first + len(largest)), np.array(largest), np.array(smallest))


def test_largest_and_smallest_stand_above_their_words():
    drawn = product_curves(of([-2.0, -1.0, 0.0], [-9.0, -4.0, 0.0]), ["a", "b", "c"])
    assert list(series(drawn)["largest"].x) == [0, 1, 2]
    assert list(series(drawn)["largest"].y) == [-2, -1, 0]
    assert list(series(drawn)["smallest"].y) == [-9, -4, 0]
    assert series(drawn)["largest"].line.color == LIGHT.magnitude


def test_largest_and_smallest_are_both_seen_where_they_are_the_same():
    largest, smallest = product_curves(of([-2.0, 0.0], [-2.0, 0.0]), ["a", "b"]).figure.data
    assert (largest.name, smallest.name) == ("largest", "smallest")
    assert largest.line.width >= 2 * smallest.line.width
    assert largest.marker.size >= 2 * smallest.marker.size
    assert smallest.line.dash == "dash"


def test_two_networks_have_the_same_depth():
    ranges = [
        product_curves(of([low, 0.0], [2 * low, 0.0]), ["a", "b"]).figure.layout.yaxis.range
        for low in (-0.1, -15.0)
    ]
    assert ranges[0] == ranges[1]


def test_a_largest_that_is_deeper_is_still_in_sight():
    drawn = product_curves(of([-90.0, 0.0], [-np.inf, 0.0]), ["a", "b"])
    assert drawn.figure.layout.yaxis.range[0] < -90
    assert np.isnan(series(drawn)["smallest"].y[0])


def test_of_an_encoder_and_a_decoder_the_decoders_words_are_named():
    drawn = product_curves(of([-1.0, 0.0], [-1.0, 0.0]), ["i", "am", "<s>", "je"], bridge=2)
    words = [word for word, _ in series(drawn)["largest"].customdata]
    assert words == ["&lt;s&gt;", "je"]
    assert len(drawn.figure.layout.xaxis.tickvals) == 2


# Connectivity


def test_each_answer_has_its_row_and_nothing_is_drawn_after_it():
    sizes = np.array([[1.0, 0, 0], [0.1, 1, 0], [0.01, 0.1, 1]])
    drawn = connectivity_map(Connectivity(np.arange(3), sizes), ["a", "b", "c"])
    z = np.array(drawn.figure.data[0].z)
    np.testing.assert_allclose(np.diag(z), 0)
    assert z[2, 0] == pytest.approx(-2)
    assert np.isnan(z[0, 1:]).all()
    assert list(drawn.figure.layout.yaxis.ticktext) == ["a", "b", "c"]


def test_a_size_below_the_scale_is_exact_on_hover():
    sizes = np.array([[1.0, 0], [1.25e-30, 1]])
    drawn = connectivity_map(Connectivity(np.arange(2), sizes), ["a", " "])
    assert np.array(drawn.figure.data[0].z)[1, 0] == -12
    assert drawn.figure.data[0].customdata[1][0] == "2 ␣, token 1 a: C = 1.25e-30"
    assert drawn.figure.data[0].customdata[0][1] == "1 a, token 2 ␣: C = 0.0"


def test_what_is_not_heard_at_all_is_drawn_too():
    drawn = connectivity_map(Connectivity(np.array([1]), np.zeros((1, 2))), ["a", "b"])
    assert np.isnan(np.array(drawn.figure.data[0].z)).all()
