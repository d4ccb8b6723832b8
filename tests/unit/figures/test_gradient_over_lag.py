"""The gradient over the lag, products of Jacobians, connectivity."""

import math
from dataclasses import replace

import numpy as np
import pytest

from rnnviz.analysis.connectivity import Connectivity
from rnnviz.analysis.gradient_over_lag import LagProfile
from rnnviz.analysis.gradients import Objective
from rnnviz.analysis.jacobians import Products
from rnnviz.figures.gradient_over_lag import connectivity_map, lag_curve, product_curves
from rnnviz.figures.theme import DARK, LIGHT
from tests.sampling import each_row
from tests.unit.figures.unpacked import by_name

LAGS = np.arange(5.0)


def profile(median, bound=None, objective=Objective.LOSS, dtype=float):
    median = np.array(median, float)
    low, high, dtype = median / 2, 2 * median, np.dtype(dtype)
    return LagProfile(objective, median, 1.5 * median, low, high, 40, bound, dtype)


def notes(drawn):
    return [note.text for note in drawn.figure.layout.annotations]


def test_median_mean_band_and_fit_are_drawn_over_the_lag_with_exact_values_on_hover():
    drawn = lag_curve(profile(0.1**LAGS))
    named, layout = by_name(drawn), drawn.figure.layout
    assert list(named["median"].x) == [0, 1, 2, 3, 4]
    for name, factor in (
        ("median", 1), ("lower end", 0.5), ("80 %", 2), ("mean", 1.5), ("fit", 1),
    ):  # fmt: skip
        np.testing.assert_allclose(named[name].y, factor * 0.1**LAGS)
    assert list(map(float, named["median"].customdata[3])) == pytest.approx([1e-3, 5e-4, 2e-3])
    assert list(map(float, named["mean"].customdata)) == pytest.approx(list(1.5 * 0.1**LAGS))
    assert named["mean"].showlegend is not False
    assert named["80 %"].fill == "tonexty"
    assert layout.yaxis.type == "log"
    assert "tokens back" in layout.xaxis.title.text
    oldest, latest = layout.xaxis.range
    assert oldest > 4 and latest < 0, "time runs right, as in a phrase"
    assert notes(drawn)[0] == "<b>−1 decades a token<br>half-life 0.3 tokens (95 %: 0.3 to 0.3)</b>"
    assert "half-life ∞ tokens (95 %: ∞ to ∞)" in notes(lag_curve(profile([1, 1, 1])))[0]
    assert "half-life unknown from so few tokens" in notes(lag_curve(profile([1, 0.5])))[0]


def test_what_is_far_above_or_below_is_in_sight():
    far = replace(profile([1.0, 0.1]), mean=np.array([1e9, 1e9]))
    assert lag_curve(far).figure.layout.yaxis.range[1] > 9
    mean = by_name(lag_curve(profile([1, 0, 0])))["mean"]
    assert mean.y[1] > 0
    assert mean.customdata[1] == "0.0"


def test_a_bound_is_drawn_where_there_is_one_and_does_not_squeeze_what_was_measured():
    assert "bound" not in by_name(lag_curve(profile(0.1**LAGS)))
    drawn = lag_curve(profile(0.1**LAGS, bound=2.0**LAGS))
    assert list(by_name(drawn)["bound"].y) == [1, 2, 4, 8, 16]
    near, far = (lag_curve(profile(0.1**LAGS, bound=b**LAGS)) for b in (1.0, 1e9))
    assert far.figure.layout.yaxis.range[1] == near.figure.layout.yaxis.range[1]


@each_row("dtype", ["float32", "float64"])
def test_the_line_of_the_rounding_is_in_sight(dtype):
    drawn = lag_curve(profile(0.1**LAGS, dtype=dtype))
    level = drawn.figure.layout.shapes[0].y0
    assert level == pytest.approx(np.finfo(dtype).eps)
    low, high = drawn.figure.layout.yaxis.range
    assert low < math.log10(level) < high
    assert f"too small to change the sum in {dtype}" in notes(drawn)


@each_row(
    ("median", "fitted"),
    [([0, 0, 0], False), ([1, 0, 0], False), ([1], False), ([1e-320, 1e-322], True)],
)
def test_sizes_without_a_slope_are_drawn_too(median, fitted):
    drawn = lag_curve(profile(median))
    low, high = drawn.figure.layout.yaxis.range
    assert all(low - 1e-9 <= math.log10(y) <= high for y in by_name(drawn)["median"].y)
    assert ("fit" in by_name(drawn)) == fitted
    assert ("no slope" in notes(drawn)[0]) != fitted


def test_of_the_margin_it_says_so():
    drawn = lag_curve(profile([1, 0.5], objective=Objective.MARGIN), DARK)
    assert "logit margin" in drawn.figure.layout.title.text
    assert "dm/dh" in drawn.figure.layout.yaxis.title.text
    assert by_name(drawn)["median"].line.color == DARK.magnitude


# Products


def products(largest, smallest):
    return Products(np.arange(len(largest)), np.array(largest), np.array(smallest))


def test_largest_and_smallest_are_above_their_words_and_both_seen_where_they_coincide():
    drawn = product_curves(products([-2.0, -1.0, 0.0], [-9.0, -4.0, 0.0]), ["a", "b", "c"])
    largest, smallest = drawn.figure.data
    assert (largest.name, smallest.name) == ("largest", "smallest")
    assert list(largest.x) == [0, 1, 2]
    assert drawn.figure.layout.xaxis.range == (-0.5, 2.5), "time runs right, as over the lag"
    assert list(largest.y) == [-2, -1, 0]
    assert list(smallest.y) == [-9, -4, 0]
    assert list(smallest.customdata[0]) == ["a", "-9.0"]
    assert largest.line.color == LIGHT.magnitude
    assert largest.line.width >= 2 * smallest.line.width
    assert largest.marker.size >= 2 * smallest.marker.size
    assert smallest.line.dash == "dash"


def test_two_networks_have_the_same_depth_and_a_deeper_one_is_in_sight():
    shallow, deep = (
        product_curves(products([low, 0.0], [2 * low, 0.0]), ["a", "b"]) for low in (-0.1, -15.0)
    )
    assert shallow.figure.layout.yaxis.range == deep.figure.layout.yaxis.range
    deeper = product_curves(products([-90.0, 0.0], [-np.inf, 0.0]), ["a", "b"])
    assert deeper.figure.layout.yaxis.range[0] < -90
    assert np.isnan(by_name(deeper)["smallest"].y[0])


def test_of_an_encoder_and_a_decoder_the_decoders_words_are_named():
    drawn = product_curves(products([-1.0, 0.0], [-1.0, 0.0]), ["i", "am", "<s>", "je"], bridge=2)
    assert [word for word, _ in by_name(drawn)["largest"].customdata] == ["&lt;s&gt;", "je"]
    assert len(drawn.figure.layout.xaxis.tickvals) == 2


# Connectivity


def test_each_answer_has_its_row_and_nothing_is_drawn_after_it():
    sizes = np.array([[1.0, 0, 0], [0.1, 1, 0], [1.25e-30, 0.1, 1]])
    drawn = connectivity_map(Connectivity(np.arange(3), sizes), ["a", "b", " "]).figure
    z, hovers = np.array(drawn.data[0].z), drawn.data[0].customdata
    np.testing.assert_allclose(np.diag(z), 0)
    assert drawn.layout.xaxis.range == (-0.5, 2.5), "time runs right"
    assert z[1, 0] == pytest.approx(-1)
    assert z[2, 0] == -12, "the scale ends there"
    assert np.isnan(z[0, 1:]).all()
    assert hovers[2][0] == "3 ␣, token 1 a: C = 1.25e-30"
    assert hovers[0][2] == "1 a, token 3 ␣: C = 0.0"
    assert list(drawn.layout.yaxis.ticktext) == ["a", "b", "␣"]
    nothing = connectivity_map(Connectivity(np.array([1]), np.zeros((1, 2))), ["a", "b"])
    assert np.isnan(np.array(nothing.figure.data[0].z)).all()
