"""Trajectories, class separation and components."""

from dataclasses import replace

import numpy as np
import pytest

from rnnviz.charts.theme import LIGHT
from rnnviz.probe.activations import OTHERS, Activations, Boundary, Labels, Plane, Projection
from rnnviz.questions.path.measure import Separation
from rnnviz.questions.path.pictures import (
    MOST_BARS,
    Loop,
    band_colors,
    class_colors,
    component_bars,
    separation_curve,
    trajectories,
)
from tests.sampling import each_row
from tests.unit.charts.unpacked import by_name

#: The plane of the first two units, so that points are states.
BASIS = Projection(np.zeros(3), np.eye(3)[:2], np.array([2.0, 1.0, 1.0]))
PLANE = Plane(BASIS, (0, 1), (0.5, 0.25))
STATES = np.array([[1.0, 0, 5], [2, 1, 5], [-1, 0, 5], [-2, 0.5, 5], [-3, 1, 5]])
CORPUS = Activations(
    ("a", "<b>", "c", "a", "a"), STATES, np.array([0, 0, 1, 1, 1]), np.array([0, 1, 0, 1, 2])
)
PATH = np.array([[0.0, 0.0], [0.5, 0.5], [1.0, -1.0]])


def drawn(plane=PLANE, scale=1.0):
    labels = Labels(("no", "no", "yes", "yes", "yes"), ("no", "yes"))
    scaled = replace(CORPUS, states=scale * STATES)
    return trajectories(scaled, labels, PATH, ("not", "<i>"), plane)


def test_every_state_is_a_point_of_its_class_that_knows_its_sequence():
    picture = drawn()
    yes, no, way = (by_name(picture)[name] for name in ("yes", "no", "your way"))
    assert (list(yes.x), list(yes.y)) == ([-1, -2, -3], [0, 0.5, 1])
    small, same, large = yes.marker.size
    assert small == same < large, "the last is large"
    assert (yes.marker.color, no.marker.color) == (LIGHT.positive, LIGHT.negative)
    assert (list(yes.customdata), list(no.customdata)) == ([1, 1, 1], [0, 0])
    assert list(no.text) == ["a &lt;b&gt;<br>after 1 of 2", "a &lt;b&gt;<br>after 2 of 2"]
    lines = picture.figure.data[0]
    assert np.flatnonzero(np.isnan(np.array(lines.x, float))).tolist() == [2]
    assert len(lines.x) == 6
    assert list(lines.customdata) == [0, 0, -1, 1, 1, 1]
    assert (list(way.text), list(way.y)) == (["not", "&lt;i&gt;"], [0.5, -1])
    *_, start, names = picture.figure.data
    assert (list(start.x), list(start.y)) == ([0], [0])
    assert names.text == ("&lt;i&gt;", "not", "start"), "the last word first"


def test_the_loop_of_a_season_is_closed_and_named_and_states_have_their_own_tips():
    loop = Loop(np.array([[0.0, 1], [1, 0], [np.nan, np.nan]]), ("Jan", "Feb", "Mar"))
    labels = Labels(("no", "no", "yes", "yes", "yes"), ("no", "yes"))
    tips = [f"tip {k}" for k in range(5)]
    picture = trajectories(CORPUS, labels, PATH, ("", "2000-10"), PLANE, loop=loop, tips=tips)
    mean = by_name(picture)["mean of the season"]
    np.testing.assert_allclose(np.array(mean.x, float), [0, 1, np.nan, 0])
    assert list(mean.text) == ["Jan", "Feb", "Mar", "Jan"]
    assert picture.figure.data[-1].text == ("Jan", "Feb", "2000-10", "start")
    assert list(by_name(picture)["yes"].text) == ["tip 2", "tip 3", "tip 4"]
    assert "after" not in by_name(picture)["your way"].hovertemplate, "some have no name"


@each_row(
    ("normal", "offset", "crosses"),
    [
        ((1, 2), -1.0, True), ((1, 0), 0.5, True), ((0, 1), 0.5, True),
        ((1, 0), 99, False), ((0, 0), 1, False),
    ],
)  # fmt: skip
def test_the_decision_line_is_where_its_equation_holds_inside_the_frame(normal, offset, crosses):
    boundary = Boundary(np.array(normal, float), offset)
    picture = drawn(replace(PLANE, boundary=boundary))
    line, layout = by_name(picture).get("undecided"), picture.figure.layout
    assert bool(line) == crosses
    if crosses:
        assert len({*zip(line.x, line.y, strict=True)}) == 2
        for x, y in zip(line.x, line.y, strict=True):
            assert normal[0] * x + normal[1] * y + offset == pytest.approx(0)
            assert abs(x) <= layout.xaxis.range[1] + 1e-6
            assert abs(y) <= layout.yaxis.range[1] + 1e-6


def test_axes_say_their_share_of_the_variance_and_move_in_steps():
    layout = drawn(replace(PLANE, axes=(1, 0), explained=(0.25, 0.5))).figure.layout
    assert layout.xaxis.title.text == "component 2: 25% of the variance"
    assert layout.yaxis.title.text == "component 1: 50% of the variance"
    assert drawn(scale=1.01).figure.layout.xaxis.range == drawn().figure.layout.xaxis.range


def test_classes_have_their_own_colours_and_bands_those_of_the_signs():
    colors = class_colors([*"abcdefgh", OTHERS], LIGHT)
    assert len({*colors.values()}) == 9
    assert colors[OTHERS] == LIGHT.muted
    bands = list(band_colors(["a", "b", "c", "d", "e"], LIGHT).values())
    assert bands[::2] == [LIGHT.negative, LIGHT.muted, LIGHT.positive]
    assert len({*bands}) == 5
    assert list(band_colors(["a"], LIGHT)) == ["a"]


# How far classes are apart, and how much each component explains


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
