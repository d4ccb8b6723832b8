"""The weights as they are."""

import numpy as np
import pytest

from rnnviz.figures.theme import DARK
from rnnviz.figures.weights import recurrent_heatmap
from tests.sampling import each_row


def test_rows_are_the_units_driven_and_columns_those_that_drive():
    weights = np.arange(9.0).reshape(3, 3)
    drawn = recurrent_heatmap(weights)
    assert np.array_equal(drawn.figure.data[0].z, weights)
    assert drawn.figure.layout.xaxis.title.text.startswith("from unit")
    assert drawn.figure.layout.yaxis.title.text.startswith("to unit")
    assert drawn.figure.layout.yaxis.autorange == "reversed"


@each_row("scale", [1e-6, 1.0, 1e4])
def test_weights_are_colored_symmetrically_around_zero(scale):
    weights = scale * np.random.default_rng(0).standard_normal((20, 20))
    (heatmap,) = recurrent_heatmap(weights).figure.data
    assert heatmap.zmin == -heatmap.zmax < 0
    assert np.mean(np.abs(weights) <= heatmap.zmax) > 0.95
    assert heatmap.zmax <= 3 * np.abs(weights).max()


def test_the_strongest_weights_do_not_blind_all_others():
    weights = 0.01 * np.random.default_rng(0).standard_normal((64, 64))
    weights[3, 5] = 100.0
    assert recurrent_heatmap(weights).figure.data[0].zmax < 1


@each_row("size", [1, 256])
def test_any_number_of_units_can_be_drawn(size):
    (heatmap,) = recurrent_heatmap(np.zeros((size, size))).figure.data
    assert np.shape(heatmap.z) == (size, size)
    assert heatmap.zmin < 0 < heatmap.zmax


def test_weights_that_are_a_view_of_others_can_be_drawn(session):
    weights = session.state.parameters["W_hh"]
    assert np.array(recurrent_heatmap(weights).figure.data[0].z) == pytest.approx(weights, rel=1e-6)


def test_zero_has_the_theme_s_neutral_color():
    scale = recurrent_heatmap(np.eye(2), DARK).figure.data[0].colorscale
    assert scale == ((0, DARK.negative), (0.5, DARK.neutral), (1, DARK.positive))
