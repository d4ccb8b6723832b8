"""Gradients over the epochs, and the memory gauge."""

import math

import numpy as np
import pytest

from rnnviz.charts.gradients import gauge_span, gradient_map, memory_gauge
from rnnviz.charts.training_curves import metric_curve
from rnnviz.probe.memory_gauge import GradientMap, MemoryGauge
from rnnviz.run.history import RunCurves
from tests.unit.charts.unpacked import by_name

# The gradient through time, over the epochs


def mapped(history_of, norms, words=("a", "b", "c"), shown=None):
    norms = np.array(norms, float)
    recorded = GradientMap(8 * np.arange(len(norms)), norms)
    return gradient_map(recorded, RunCurves(history_of(9), 30, shown=shown), words, "dL/dh").figure


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
    curves = metric_curve(RunCurves(history_of(9), 30)).figure.layout
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


# The memory gauge over the epochs


def gauge(*lives, radius=0.9):
    count = len(lives)
    columns = np.full(count, radius), np.full(count, 2.0), np.array(lives)
    return MemoryGauge(4 * np.arange(count), *columns, "W_hn.2")


def test_radius_singular_value_and_half_life_share_one_axis(history_of):
    drawn = memory_gauge(gauge(3.0, 5.0), RunCurves(history_of(9), 9, shown=4))
    named = by_name(drawn)
    assert [*named] == ["radius", "singular value", "half-life, fitted"]
    assert {tuple(curve.x) for curve in named.values()} == {(0, 4)}
    curves = ([0.9, 0.9], [2, 2], [3, 5])
    for name, values in zip(named, curves, strict=True):
        np.testing.assert_allclose(named[name].y, values, rtol=1e-6)
    np.testing.assert_allclose(named["half-life, fitted"].customdata, [3, 5])
    layout = drawn.figure.layout
    assert "W_hn.2" in layout.title.text
    assert (layout.yaxis.type, layout.meta["x"]) == ("log", "epoch")
    assert layout.shapes[0].y0 == 1
    assert any(shape.x0 == 4 for shape in layout.shapes)


def test_an_endless_memory_is_at_the_upper_edge_and_squeezes_nothing(history_of):
    endless, short = gauge(np.inf, 1e9), gauge(3.0, 50.0)
    drawn = memory_gauge(endless, RunCurves(history_of(9), 9))
    life = by_name(drawn)["half-life, fitted"]
    assert gauge_span(endless) == gauge_span(short)
    top = drawn.figure.layout.yaxis.range[1]
    np.testing.assert_allclose(np.log10(life.y), top, rtol=1e-6)
    assert life.customdata[0] == pytest.approx(np.inf)


def test_a_small_radius_is_in_sight():
    assert gauge_span(gauge(1.0, radius=1e-6))[0] < -6


def test_after_a_few_epochs_of_many_each_curve_is_a_point(history_of):
    drawn = memory_gauge(gauge(3.0, 5.0), RunCurves(history_of(4), 1000)).figure
    (points,) = (one for one in drawn.data if one.mode == "markers")
    np.testing.assert_allclose(points.y, [0.9, 2, 5], rtol=1e-6)


def test_a_radius_of_exactly_zero_is_marked_and_one_that_there_is_not_has_no_name(history_of):
    course = RunCurves(history_of(9), 9)
    layout = memory_gauge(gauge(3.0, 4.0, 5.0, radius=0.0), course).figure.layout
    bottom = layout.yaxis.range[0]
    assert [(m.text, m.x, m.y) for m in layout.annotations] == [("0", 0, bottom), ("0", 8, bottom)]
    without = memory_gauge(gauge(3.0, 5.0, radius=np.nan), course).figure
    named = {curve.name: curve.showlegend for curve in without.data}
    assert (named["radius"], named["half-life, fitted"]) == (False, True)


def test_the_largest_radius_that_a_number_can_be_is_drawn(history_of):
    drawn = memory_gauge(gauge(3.0, np.inf, radius=1.7e308), RunCurves(history_of(9), 9))
    assert drawn.figure.layout.yaxis.range[1] > 308
