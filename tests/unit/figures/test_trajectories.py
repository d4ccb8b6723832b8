"""Trajectories in the plane of two components."""

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest

from rnnviz.analysis.activations import Activations
from rnnviz.analysis.projection import Boundary, Plane, Projection
from rnnviz.analysis.trajectory import OTHERS, Cloud, Trajectory
from rnnviz.figures.theme import LIGHT
from rnnviz.figures.trajectories import (
    MOST_PANELS,
    band_colors,
    class_colors,
    multiples_height,
    small_multiples,
    trajectories,
)
from tests.sampling import each_row
from tests.unit.figures.unpacked import by_name

#: The plane of the first two units, so that points are states.
BASIS = Projection(np.zeros(3), np.eye(3)[:2], np.array([2.0, 1.0, 1.0]))
PLANE = Plane(BASIS, (0, 1), (0.5, 0.25))
STATES = np.array([[1.0, 0, 5], [2, 1, 5], [-1, 0, 5], [-2, 0.5, 5], [-3, 1, 5]])
CORPUS = Activations(
    ("a", "<b>", "c", "a", "a"), STATES, np.array([0, 0, 1, 1, 1]), np.array([0, 1, 0, 1, 2])
)
PROBE = Trajectory(np.array([[0.5, 0.5], [1.0, -1.0]]), ("not", "<i>"))


def drawn(plane=PLANE, scale=1.0):
    points = scale * plane.project(STATES)
    seen = Cloud(CORPUS, points, ("no", "no", "yes", "yes", "yes"), ("no", "yes"))
    return trajectories(seen, PROBE, plane)


def test_every_state_is_a_point_of_its_class_that_knows_its_sequence():
    picture = drawn()
    yes, no, probe = (by_name(picture)[name] for name in ("yes", "no", "your sequence"))
    assert (list(yes.x), list(yes.y)) == ([-1, -2, -3], [0, 0.5, 1])
    small, same, large = yes.marker.size
    assert small == same < large, "the last is large"
    assert (yes.marker.color, no.marker.color) == (LIGHT.positive, LIGHT.negative)
    assert (list(yes.customdata), list(no.customdata)) == ([1, 1, 1], [0, 0])
    assert list(no.text) == ["a", "a &lt;b&gt;"]
    lines = picture.figure.data[0]
    assert np.flatnonzero(np.isnan(np.array(lines.x, float))).tolist() == [2]
    assert len(lines.x) == 6
    assert picture.figure.data[-1] == probe, "on top"
    assert list(probe.text) == ["not", "&lt;i&gt;"]
    assert list(probe.y) == [0.5, -1]
    assert probe.customdata == (-1, -1)
    empty = by_name(picture)["empty memory"]
    assert (list(empty.x), list(empty.y)) == ([0], [0])


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
    assert layout.xaxis.title.text == "component 2 (25% of the variance)"
    assert layout.yaxis.title.text == "component 1 (50% of the variance)"
    assert drawn(scale=1.01).figure.layout.xaxis.range == drawn().figure.layout.xaxis.range


def test_classes_have_their_own_colours_and_bands_those_of_the_signs():
    colors = class_colors([*"abcdefgh", OTHERS], LIGHT)
    assert len({*colors.values()}) == 9
    assert colors[OTHERS] == LIGHT.muted
    bands = list(band_colors(["a", "b", "c", "d", "e"], LIGHT).values())
    assert bands[::2] == [LIGHT.negative, LIGHT.muted, LIGHT.positive]
    assert len({*bands}) == 5
    assert list(band_colors(["a"], LIGHT)) == ["a"]


# Small multiples


def test_every_panel_has_both_trajectories_on_equal_axes_that_do_not_overlap():
    others = [(f"no {k}", Trajectory(PROBE.points[:1] * k, ("a",))) for k in range(1, 12)]
    picture = small_multiples(PROBE, others, PLANE)
    data, layout = picture.figure.data, picture.figure.layout
    assert len(data) == 22
    numbers = ["", *range(2, 12)]
    axes = [(layout[f"xaxis{n}"], layout[f"yaxis{n}"]) for n in numbers]
    assert len({(x.range, y.range) for x, y in axes}) == 1
    numbered = [(x.showticklabels, y.showticklabels) for x, y in axes]
    assert [k for k, (x, _) in enumerate(numbered) if x] == [8], "at the lower left"
    assert [k for k, (_, y) in enumerate(numbered) if y] == [0], "at the upper left"
    assert list(data[5].x) == pytest.approx([1.5])
    assert (data[5].xaxis, data[5].yaxis) == ("x3", "y3")
    assert [note.text for note in layout.annotations] == [
        *(title for title, _ in others), "right: component 1, up: component 2",
    ]  # fmt: skip
    assert layout.height == multiples_height(11)
    many = small_multiples(PROBE, [("", PROBE)] * 50, PLANE).figure
    assert len(many.data) == 2 * MOST_PANELS
    assert many.layout.height == multiples_height(50) == multiples_height(MOST_PANELS)
    boxes = [(*x.domain, *y.domain) for x, y in axes]
    for (a, b, c, d), (e, f, g, h) in combinations(boxes, 2):
        assert b <= e or f <= a or d <= g or h <= c
        assert 0 <= min(a, c) < max(b, d) <= 1
