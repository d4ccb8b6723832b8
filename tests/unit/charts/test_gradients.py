"""The gradient through time and at every parameter."""

import math

import numpy as np
import pytest

from rnnviz.charts.gradients import gradient_map
from rnnviz.charts.training_curves import metric_curve
from rnnviz.probe.memory_gauge import GradientMap
from rnnviz.run.history import Course

# The gradient through time, over the epochs


def mapped(history_of, norms, words=("a", "b", "c"), shown=None):
    norms = np.array(norms, float)
    recorded = GradientMap(8 * np.arange(len(norms)), norms)
    return gradient_map(recorded, Course(history_of(9), 30, shown=shown), words, "dL/dh").figure


def test_the_map_has_a_column_an_epoch_and_a_row_a_word_coloured_by_powers_of_ten(history_of):
    norms = [[1e-6, 1e-3, 1.0], [1e-2, 0.1, 0.5]]
    drawn = mapped(history_of, norms, ["not", "<b>so</b>", "bad"], shown=8)
    (heatmap,) = drawn.data
    assert list(heatmap.x) == [0, 8]
    assert np.array(heatmap.z) == pytest.approx(np.log10(norms).T, abs=1e-6)
    assert (heatmap.zmin, heatmap.zmax) == (-6, 0)
    assert list(heatmap.colorbar.ticktext) == ["10⁻⁶", "1"]
    assert list(drawn.layout.yaxis.ticktext) == ["not", "&lt;b&gt;so&lt;/…", "bad"]
    assert drawn.layout.yaxis.range == (3.5, 0.5)
    assert drawn.layout.shapes[-1].x0 == 8
    curves = metric_curve(Course(history_of(9), 30)).figure.layout
    assert drawn.layout.xaxis.range == curves.xaxis.range
    assert drawn.layout.margin == curves.margin


def test_the_map_spans_at_most_twelve_powers_and_shows_zeros_as_the_smallest(history_of):
    (heatmap,) = mapped(history_of, [[0.0, 1e-200, 2.0]]).data
    assert (heatmap.zmin, heatmap.zmax) == (-11, 1)
    assert np.ravel(heatmap.z) == pytest.approx([-11, -11, math.log10(2)])
    (heatmap,) = mapped(history_of, [[0.0, 0.0, 0.0]]).data
    assert heatmap.zmin < heatmap.zmax


def test_gradients_that_overflow_do_not_end_the_scale(history_of):
    (heatmap,) = mapped(history_of, [[math.inf, math.nan, 2.0], [0.5, 1e3, 1e-3]]).data
    assert (heatmap.zmin, heatmap.zmax) == (-3, 3)
    (heatmap,) = mapped(history_of, [[math.inf, math.nan, 0.0]]).data
    assert (heatmap.zmin, heatmap.zmax) == (-1, 0)


def test_of_many_words_some_are_named_and_letters_have_their_numbers(history_of):
    text = "the fox went to the river to look for the moon"
    names = [mapped(history_of, [[1]], list(text[:n])).layout.yaxis.ticktext for n in (9, 46)]
    assert (names[0][1], names[1][:3]) == ("h", ("1 t", "5 f", "9 w"))
    for count, named in ((14, 14), (15, 8), (60, 12)):
        rows = mapped(history_of, [[1]], ["so"] * count).layout.yaxis.tickvals
        assert len(rows) == named
