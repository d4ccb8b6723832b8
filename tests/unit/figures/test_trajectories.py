"""Ways through the plane of two components."""

from dataclasses import replace

import numpy as np
import pytest

from rnnviz.analysis.activations import Activations
from rnnviz.analysis.projection import Boundary, Plane, Projection
from rnnviz.analysis.trajectory import OTHERS, Cloud, Trajectory, cloud
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

#: The plane is that of the first two units, whose states can be read off.
BASIS = Projection(np.zeros(3), np.eye(3)[:2], np.array([2.0, 1.0, 1.0]))
PLANE = Plane(BASIS, (0, 1), (0.5, 0.25))
STATES = np.array([[1.0, 0, 5], [2, 1, 5], [-1, 0, 5], [-2, 0.5, 5], [-3, 1, 5]])
CORPUS = Activations(
    ("a", "<b>", "c", "a", "a"), STATES, np.array([0, 0, 1, 1, 1]), np.array([0, 1, 0, 1, 2])
)
PROBE = Trajectory(np.array([[0.5, 0.5], [1.0, -1.0]]), ("not", "<i>"))


def drawn(plane=PLANE, labels=("no", "no", "yes", "yes", "yes")):
    seen = Cloud(CORPUS, plane.project(STATES), labels, tuple(sorted({*labels})))
    return trajectories(seen, PROBE, plane)


def series(picture, name):
    return next(one for one in picture.figure.data if one.name == name)


def test_every_state_is_a_point_of_its_class_and_the_last_is_large():
    yes = series(drawn(), "yes")
    assert list(yes.x) == [-1, -2, -3]
    assert list(yes.y) == [0, 0.5, 1]
    small, _, large = yes.marker.size
    assert small < large
    assert yes.marker.color == LIGHT.positive
    assert series(drawn(), "no").marker.color == LIGHT.negative


def test_a_point_knows_its_sequence_and_what_was_read():
    yes, no = series(drawn(), "yes"), series(drawn(), "no")
    assert list(yes.customdata) == [1, 1, 1]
    assert list(no.customdata) == [0, 0]
    assert list(no.text) == ["a", "a &lt;b&gt;"]


def test_ways_are_lines_with_gaps_between_sequences():
    ways = drawn().figure.data[0]
    assert np.flatnonzero(np.isnan(np.array(ways.x, float))).tolist() == [2]
    assert len(ways.x) == 6


def test_the_probe_lies_on_top_with_its_words():
    picture = drawn()
    assert picture.figure.data[-1].name == "probe"
    assert list(picture.figure.data[-1].text) == ["not", "&lt;i&gt;"]
    assert list(picture.figure.data[-1].y) == [0.5, -1]
    assert -1 in picture.figure.data[-1].customdata


def test_the_decision_line_is_where_its_equation_holds():
    line = Boundary(np.array([1.0, 2.0]), -1.0)
    dashed = series(drawn(replace(PLANE, boundary=line)), "undecided")
    assert len(dashed.x) == 2
    for x, y in zip(dashed.x, dashed.y, strict=True):
        assert x + 2 * y - 1 == pytest.approx(0)


@each_row(
    ("normal", "offset", "crosses"),
    [((1, 0), 0.5, True), ((0, 1), 0.5, True), ((1, 0), 99, False), ((0, 0), 1, False)],
)
def test_a_line_beside_the_picture_is_not_drawn(normal, offset, crosses):
    line = Boundary(np.array(normal, float), offset)
    names = [one.name for one in drawn(replace(PLANE, boundary=line)).figure.data]
    assert ("undecided" in names) == crosses


def test_axes_say_their_share_of_the_variance():
    layout = drawn(replace(PLANE, axes=(1, 0), explained=(0.25, 0.5))).figure.layout
    assert layout.xaxis.title.text == "component 2 (25% of the variance)"
    assert layout.yaxis.title.text == "component 1 (50% of the variance)"


def test_the_frame_moves_in_steps():
    near = cloud(replace(CORPUS, states=1.01 * STATES), PLANE, [0] * 5, ("x",))
    assert (
        trajectories(near, PROBE, PLANE).figure.layout.xaxis.range
        == drawn().figure.layout.xaxis.range
    )


def test_of_very_many_classes_the_rest_is_one():
    names = [str(k) for k in range(12)]
    activations = Activations(("a",) * 24, np.zeros((24, 3)), np.arange(24), np.zeros(24, int))
    found = cloud(activations, PLANE, [*range(12)] * 2, names)
    assert len(found.classes) == 9
    assert found.classes[-1] == OTHERS
    colors = class_colors(found.classes, LIGHT)
    assert len({*colors.values()}) == 9
    assert colors[OTHERS] == LIGHT.muted


def test_bands_go_from_the_colour_below_zero_to_that_above():
    colors = list(band_colors(["a", "b", "c", "d", "e"], LIGHT).values())
    assert (colors[0], colors[2], colors[4]) == (LIGHT.negative, LIGHT.muted, LIGHT.positive)
    assert len({*colors}) == 5
    assert list(band_colors(["a"], LIGHT)) == ["a"]


# Small multiples


def test_every_panel_has_both_ways_on_equal_axes():
    others = [(f"no {k}", Trajectory(PROBE.points[:1] * k, ("a",))) for k in range(1, 7)]
    picture = small_multiples(PROBE, others, PLANE)
    assert len(picture.figure.data) == 12
    ranges = {picture.figure.layout[f"xaxis{k}"].range for k in ("", 2, 3, 4, 5, 6)}
    assert len(ranges) == 1
    assert list(picture.figure.data[5].x) == pytest.approx([1.5])
    assert picture.figure.data[5].xaxis == "x3"
    titles = [note.text for note in picture.figure.layout.annotations]
    assert titles[:6] == [title for title, _ in others]
    assert picture.figure.layout.height == multiples_height(6)


def test_panels_do_not_overlap():
    others = [("", PROBE)] * 11
    layout = small_multiples(PROBE, others, PLANE).figure.layout
    names = ["", *range(2, 12)]
    boxes = [(*layout[f"xaxis{n}"].domain, *layout[f"yaxis{n}"].domain) for n in names]
    for one in range(11):
        for other in range(one):
            (a, b, c, d), (e, f, g, h) = boxes[one], boxes[other]
            assert b <= e or f <= a or d <= g or h <= c
            assert 0 <= min(a, c) < max(b, d) <= 1


def test_of_long_sequences_the_first_panels_are_drawn():
    picture = small_multiples(PROBE, [("", PROBE)] * 50, PLANE)
    assert len(picture.figure.data) == 2 * MOST_PANELS
    assert picture.figure.layout.height == multiples_height(50) == multiples_height(MOST_PANELS)
