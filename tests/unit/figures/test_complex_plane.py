"""Eigenvalues in the plane, and exponents."""

import numpy as np
import pytest

from rnnviz.analysis.jacobians import StateSpectra
from rnnviz.figures.complex_plane import exponent_curve, state_spectrum, weight_spectrum
from tests.sampling import each_row

NOW = np.array([0.5 + 0.5j, 0.5 - 0.5j, -0.1])
TRAIL = np.array([[0.1, 0.0], [0.3, -0.2]], complex)


def test_the_present_and_its_trail_have_their_places():
    past, now = weight_spectrum(NOW, TRAIL, np.array([0, 40])).figure.data
    np.testing.assert_allclose(now.x, NOW.real)
    np.testing.assert_allclose(now.y, NOW.imag)
    np.testing.assert_allclose(past.x, [0.1, 0, 0.3, -0.2], rtol=1e-6)
    assert list(past.marker.color) == [0, 0, 40, 40]
    assert list(past.text) == [0, 0, 40, 40]
    np.testing.assert_array_equal(past.customdata[2:], [[0.3, 0], [-0.2, 0]])
    np.testing.assert_array_equal(now.customdata, [[0.5, 0.5], [0.5, -0.5], [-0.1, 0]])


def test_the_unit_circle_is_a_circle():
    layout = weight_spectrum(NOW, TRAIL, np.array([0, 40])).figure.layout
    circle = layout.shapes[0]
    assert (circle.x0, circle.y0, circle.x1, circle.y1) == (-1, -1, 1, 1)
    assert layout.yaxis.scaleanchor == "x"


@each_row(("size", "end"), [(0.001, 1.1), (1.2, 1.65), (1.4, 1.65), (10.2, 16.5), (70, 88)])
def test_the_axes_hold_all_and_move_seldom(size, end):
    layout = weight_spectrum(NOW * 0 + size, TRAIL[:0], np.zeros(0, int)).figure.layout
    assert layout.xaxis.range == pytest.approx((-end, end))


def test_each_token_has_its_eigenvalues_and_its_word():
    spectra = StateSpectra(np.array([0, 2]), np.array([[0.5, 0.1], [1.5, 0.2]], complex))
    (points,) = state_spectrum(spectra, ["<b>", "x", "c"]).figure.data
    assert list(points.text) == ["&lt;b&gt;", "&lt;b&gt;", "c", "c"]
    assert list(points.marker.color) == [1, 1, 3, 3]


def test_no_eigenvalues_are_an_empty_circle():
    spectra = StateSpectra(np.zeros(0, int), np.zeros((0, 4)))
    assert len(state_spectrum(spectra, ["a"]).figure.data[0].x) == 0


def test_words_of_a_decoder_begin_behind_the_bridge():
    spectra = StateSpectra(np.array([0]), np.array([[0.5]], complex))
    assert list(state_spectrum(spectra, ["i", "je"], bridge=1).figure.data[0].text) == ["je"]


def test_exponents_say_over_how_many_tokens():
    drawn = exponent_curve(np.array([0.1, -2.0, -np.inf]), 9)
    assert "finite-time: 9 tokens" in drawn.figure.layout.title.text
    assert list(drawn.figure.data[0].x) == [1, 2, 3]
    assert list(drawn.figure.data[0].customdata)[::2] == ["0.1", "-inf"]
    low, high = drawn.figure.layout.yaxis.range
    assert low < -2 < 0.1 < high


def test_one_token_is_one_and_one_exponent_stands_at_1():
    drawn = exponent_curve(np.array([0.1]), 1)
    assert drawn.figure.layout.title.text.endswith("finite-time: 1 token")
    assert drawn.figure.layout.xaxis.dtick == 1


def test_what_is_gone_at_once_does_not_squeeze_the_rest():
    drawn = exponent_curve(np.array([-1.0, -30.0, -np.inf]), 9)
    assert -2 < drawn.figure.layout.yaxis.range[0] < -1
    assert list(drawn.figure.data[0].y)[:2] == [-1, -30]


@each_row(
    ("epochs", "scale"),
    [([], (0, 1)), ([0], (0, 1)), ([3], (3, 4)), ([0, 1], (0, 1)), ([0, 2, 5], (0, 5))],
)
def test_the_scale_of_the_epochs_has_no_halves_and_begins_with_one_that_there_is(epochs, scale):
    trail = np.full((len(epochs), 2), 0.1, complex)
    marker = weight_spectrum(NOW, trail, np.array(epochs, int)).figure.data[0].marker
    assert (marker.cmin, marker.cmax) == scale
    assert marker.colorbar.dtick == 1


def test_a_long_scale_of_epochs_is_labelled_sparsely():
    trail = np.full((2, 2), 0.1, complex)
    marker = weight_spectrum(NOW, trail, np.array([0, 600])).figure.data[0].marker
    assert (marker.cmax, marker.colorbar.dtick, marker.colorbar.nticks) == (600, None, 5)
