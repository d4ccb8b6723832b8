"""Eigenvalues in the plane, and exponents."""

import numpy as np
import pytest

from rnnviz.questions.reach.measure import StateSpectra
from rnnviz.questions.reach.pictures import (
    exponent_curve,
    state_spectrum,
    weight_spectrum,
)
from tests.sampling import each_row

NOW = np.array([0.5 + 0.5j, 0.5 - 0.5j, -0.1])


def spectrum(trail, epochs, now=NOW, shown=None):
    return weight_spectrum(now, np.array(trail, complex), np.array(epochs, int), shown).figure


def test_looking_back_what_is_later_is_faint():
    trail = [[0.1, 0.0], [0.3, -0.2j], [0.4, 0.1]]
    opacity = spectrum(trail, [0, 40, 80], shown=40).data[0].marker.opacity
    assert opacity[:4] == (1, 1, 1, 1)
    assert max(opacity[4:]) < 0.3
    assert spectrum(trail, [0, 40, 80], shown=80).data[0].marker.opacity == (1,) * 6


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


def circles(eigenvalues, words, bridge=0, tokens=(0, 1)):
    spectra = StateSpectra(np.array(tokens), np.array(eigenvalues, complex))
    drawn = state_spectrum(spectra, words, bridge).figure
    *planes, largest = drawn.data
    return planes, largest, drawn.layout


@each_row(("bridge", "words"), [(0, ["<b>", "x"]), (2, ["i", "<b>", "x", "c"])])
def test_each_token_has_its_eigenvalues_around_a_unit_circle_in_its_column(bridge, words):
    planes, largest, layout = circles([[0.5j, 0.1], [1.25, -0.2]], words, bridge)
    np.testing.assert_allclose([one.x for one in planes], [[0, 0.1], [1.25, -0.2]], atol=1e-7)
    np.testing.assert_allclose([one.y for one in planes], [[0.5, 0], [0, 0]], atol=1e-7)
    assert list(largest.x) == [bridge, 1 + bridge]
    assert list(largest.text) == ["0.5", "1.2"]
    assert [float(size) for size in largest.customdata] == [0.5, 1.25]
    for one, circle, token in zip(planes, layout.shapes, largest.x, strict=True):
        assert (circle.xref, circle.yref) == (one.xaxis, one.yaxis)
        assert (circle.x0, circle.y1, circle.type) == (-1, 1, "circle")
        domain = layout[f"xaxis{one.xaxis[1:]}"].domain
        assert sum(domain) / 2 == pytest.approx((token + 0.5) / len(words))
        assert layout[f"yaxis{one.yaxis[1:]}"].scaleanchor == one.xaxis


def test_what_is_far_outside_is_drawn_at_the_edge_in_its_direction():
    ((one,), _, layout) = circles([[3 + 4j, -1.4, 1.39]], ["a"], tokens=[0])
    np.testing.assert_allclose(one.x, [1.4 * 0.6, -1.4, 1.39], rtol=1e-6)
    np.testing.assert_allclose(one.y, [1.4 * 0.8, 0, 0], rtol=1e-6)
    assert list(one.customdata[0]) == [3, 4], "hovering says where it is"
    assert layout.xaxis2.range == layout.yaxis2.range == (-1.4, 1.4)


def test_of_no_tokens_nothing_is_drawn():
    planes, largest, layout = circles(np.zeros((0, 4)), ["a", "b"], tokens=np.zeros(0, int))
    assert (planes, len(largest.x), layout.shapes) == ([], 0, ())


def test_exponents_say_over_how_many_tokens_and_what_is_gone_does_not_squeeze_the_rest():
    drawn = exponent_curve(np.array([0.1, -1.0, -30.0, -np.inf]), 9).figure
    assert drawn.layout.xaxis.title.text == "finite-time: 9 tokens"
    assert list(drawn.data[0].x) == [1, 2, 3, 4]
    assert list(drawn.data[0].y)[1:3] == [-1, -30]
    assert list(drawn.data[0].customdata) == ["0.1", "-1.0", "-30.0", "-inf"]
    low, high = drawn.layout.yaxis.range
    assert -2 < low < -1 < 0.1 < high
    assert exponent_curve(np.array([0.1]), 1).figure.layout.xaxis.title.text.endswith(": 1 token")


def test_the_exponents_at_another_moment_are_faint():
    now, then = np.array([0.5, -1.0]), np.array([0.25, -3.0])
    drawn = exponent_curve(now, 4, second=(then, "epoch 3")).figure
    first, second = drawn.data
    np.testing.assert_allclose(first.y, now)
    np.testing.assert_allclose(second.y, then)
    assert (second.mode, second.opacity, first.opacity) == ("lines", 0.55, None)
    assert second.hovertemplate.startswith("epoch 3, exponent")
    assert drawn.layout.yaxis.range[0] < -3, "both are in sight"
