"""Eigenvalues in the plane, and exponents."""

import numpy as np
import pytest

from rnnviz.analysis.jacobians import StateSpectra
from rnnviz.figures.complex_plane import exponent_curve, state_spectrum, weight_spectrum
from tests.sampling import each_row

NOW = np.array([0.5 + 0.5j, 0.5 - 0.5j, -0.1])


def spectrum(trail, epochs, now=NOW):
    return weight_spectrum(now, np.array(trail, complex), np.array(epochs, int)).figure


def test_eigenvalues_and_their_trail_are_by_the_unit_circle_with_exact_values_on_hover():
    drawn = spectrum([[0.1, 0.0], [0.3, -0.2j]], [0, 40])
    past, now = drawn.data
    np.testing.assert_allclose(now.x, NOW.real)
    np.testing.assert_allclose(now.y, NOW.imag)
    np.testing.assert_array_equal(now.customdata, [[0.5, 0.5], [0.5, -0.5], [-0.1, 0]])
    np.testing.assert_allclose(past.x, [0.1, 0, 0.3, 0], rtol=1e-6)
    np.testing.assert_array_equal(past.customdata[2:], [[0.3, 0], [0, -0.2]])
    assert list(past.marker.color) == list(past.text) == [0, 0, 40, 40]
    circle = drawn.layout.shapes[0]
    assert (circle.x0, circle.y0, circle.x1, circle.y1) == (-1, -1, 1, 1)
    assert drawn.layout.yaxis.scaleanchor == "x"


@each_row(("size", "end"), [(0.001, 1.1), (1.2, 1.65), (1.4, 1.65), (10.2, 16.5), (70, 88)])
def test_the_axes_hold_all_and_move_seldom(size, end):
    layout = spectrum([], [], now=NOW * 0 + size).layout
    assert layout.xaxis.range == layout.yaxis.range == pytest.approx((-end, end))


@each_row(
    ("epochs", "scale", "step"),
    [
        ([], (0, 1), 1), ([0], (0, 1), 1), ([3], (3, 4), 1), ([0, 1], (0, 1), 1),
        ([0, 2, 5], (0, 5), 1), ([0, 600], (0, 600), None),
    ],
)  # fmt: skip
def test_the_scale_of_the_epochs_has_no_halves_and_begins_with_one_that_there_is(
    epochs, scale, step
):
    marker = spectrum(np.full((len(epochs), 2), 0.1), epochs).data[0].marker
    assert (marker.cmin, marker.cmax) == scale
    assert marker.colorbar.dtick == step


@each_row(("bridge", "words"), [(0, ["<b>", "x", "c"]), (1, ["i", "<b>", "x", "c"])])
def test_each_token_has_its_eigenvalues_and_its_word(bridge, words):
    spectra = StateSpectra(np.array([0, 2]), np.array([[0.5, 0.1], [1.5, 0.2]], complex))
    (points,) = state_spectrum(spectra, words, bridge).figure.data
    assert list(points.text) == ["&lt;b&gt;", "&lt;b&gt;", "c", "c"]
    assert list(points.marker.color) == [1, 1, 3, 3]
    nothing = StateSpectra(np.zeros(0, int), np.zeros((0, 4)))
    assert len(state_spectrum(nothing, words).figure.data[0].x) == 0


def test_exponents_say_over_how_many_tokens_and_what_is_gone_does_not_squeeze_the_rest():
    drawn = exponent_curve(np.array([0.1, -1.0, -30.0, -np.inf]), 9).figure
    assert "finite-time: 9 tokens" in drawn.layout.title.text
    assert list(drawn.data[0].x) == [1, 2, 3, 4]
    assert list(drawn.data[0].y)[1:3] == [-1, -30]
    assert list(drawn.data[0].customdata) == ["0.1", "-1.0", "-30.0", "-inf"]
    low, high = drawn.layout.yaxis.range
    assert -2 < low < -1 < 0.1 < high
    assert exponent_curve(np.array([0.1]), 1).figure.layout.title.text.endswith(": 1 token")
