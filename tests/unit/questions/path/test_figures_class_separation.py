"""How far classes are apart, and how much each component holds."""

import numpy as np
import pytest

from rnnviz.probe.projection import Plane, Projection
from rnnviz.questions.path.measure import Separation
from rnnviz.questions.path.pictures import MOST_BARS, component_bars, separation_curve
from tests.sampling import each_row
from tests.unit.charts.unpacked import by_name


def separation(from_end):
    shares = {"in the plane": np.array([0.5, np.nan, 0.1]), "all": np.array([1.0, 0.5, 0.25])}
    return Separation(np.arange(3), shares, np.full(3, 0.1), np.array([9, 8, 7]), from_end)


@each_row(("from_end", "title"), [(True, "words before the end"), (False, "words after the first")])
def test_back_in_time_is_left(from_end, title):
    drawn = separation_curve(separation(from_end), "classes").figure
    low, high = drawn.layout.xaxis.range
    assert (low > high) is from_end
    assert drawn.layout.xaxis.title.text == title
    named = by_name(separation_curve(separation(from_end), "classes"))
    assert [*named] == ["in the plane", "all", "chance"]
    assert list(named["all"].y) == [1, 0.5, 0.25]
    assert tuple(named["all"].customdata[0]) == ("1.0", 9)


def test_bars_are_shares_of_now_and_rings_those_of_the_plane():
    plane = Plane(Projection(np.zeros(2), np.eye(2), np.ones(2)), (0, 2), (0.6, 0.1))
    drawn = component_bars(np.array([6.0, 3.0, 1.0, *np.zeros(17)]), plane).figure
    bars, rings = drawn.data
    assert list(bars.y)[:3] == pytest.approx([0.6, 0.3, 0.1])
    assert len(bars.y) == MOST_BARS
    assert (list(rings.x), list(rings.y)) == ([1, 3], pytest.approx([0.6, 0.1]))
    assert f"participation ratio {100 / 46:.2f} of 20" in drawn.layout.xaxis.title.text
    assert not any(component_bars(np.zeros(3), plane).figure.data[0].y)
