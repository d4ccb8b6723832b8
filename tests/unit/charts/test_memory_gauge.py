"""The memory gauge over the epochs."""

import numpy as np
import pytest

from rnnviz.charts.gradients import gauge_span, memory_gauge
from rnnviz.probe.memory_gauge import MemoryGauge
from rnnviz.run.history import Course
from tests.unit.charts.unpacked import by_name


def gauge(*lives, radius=0.9):
    count = len(lives)
    interval = np.column_stack([np.array(lives) / 2, np.array(lives) * 2])
    columns = np.full(count, radius), np.full(count, 2.0), np.array(lives)
    return MemoryGauge(4 * np.arange(count), *columns, interval, "W_hn.2")


def test_radius_singular_value_and_half_life_share_one_axis(history_of):
    drawn = memory_gauge(gauge(3.0, 5.0), Course(history_of(9), 9, shown=4))
    named = by_name(drawn)
    assert [*named] == ["radius", "singular value", "half-life, fitted"]
    assert {tuple(curve.x) for curve in named.values()} == {(0, 4)}
    curves = ([0.9, 0.9], [2, 2], [3, 5])
    for name, values in zip(named, curves, strict=True):
        np.testing.assert_allclose(named[name].y, values, rtol=1e-6)
    np.testing.assert_allclose(named["half-life, fitted"].customdata[1], [5, 2.5, 10])
    layout = drawn.figure.layout
    assert "W_hn.2" in layout.title.text
    assert (layout.yaxis.type, layout.meta["x"]) == ("log", "epoch")
    assert layout.shapes[0].y0 == 1
    assert any(shape.x0 == 4 for shape in layout.shapes)


def test_an_endless_memory_is_at_the_upper_edge_and_squeezes_nothing(history_of):
    endless, short = gauge(np.inf, 1e9), gauge(3.0, 50.0)
    drawn = memory_gauge(endless, Course(history_of(9), 9))
    life = by_name(drawn)["half-life, fitted"]
    assert gauge_span(endless) == gauge_span(short)
    top = drawn.figure.layout.yaxis.range[1]
    np.testing.assert_allclose(np.log10(life.y), top, rtol=1e-6)
    assert life.customdata[0][0] == pytest.approx(np.inf)


def test_a_small_radius_is_in_sight():
    assert gauge_span(gauge(1.0, radius=1e-6))[0] < -6


def test_after_a_few_epochs_of_many_each_curve_is_a_point(history_of):
    drawn = memory_gauge(gauge(3.0, 5.0), Course(history_of(4), 1000)).figure
    (points,) = (one for one in drawn.data if one.mode == "markers")
    np.testing.assert_allclose(points.y, [0.9, 2, 5], rtol=1e-6)


def test_a_radius_of_exactly_zero_is_marked_and_one_that_there_is_not_has_no_name(history_of):
    course = Course(history_of(9), 9)
    layout = memory_gauge(gauge(3.0, 4.0, 5.0, radius=0.0), course).figure.layout
    bottom = layout.yaxis.range[0]
    assert [(m.text, m.x, m.y) for m in layout.annotations] == [("0", 0, bottom), ("0", 8, bottom)]
    without = memory_gauge(gauge(3.0, 5.0, radius=np.nan), course).figure
    named = {curve.name: curve.showlegend for curve in without.data}
    assert (named["radius"], named["half-life, fitted"]) == (False, True)


def test_the_largest_radius_that_a_number_can_be_is_drawn(history_of):
    drawn = memory_gauge(gauge(3.0, np.inf, radius=1.7e308), Course(history_of(9), 9))
    assert drawn.figure.layout.yaxis.range[1] > 308
