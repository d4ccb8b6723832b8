"""The phase portrait and its fixed points."""

import math
from dataclasses import replace

import numpy as np
import pytest

from rnnviz.analysis.fixed_points import FixedPoint, Kind
from rnnviz.analysis.phase_portrait import FlowField, Portrait, Readout
from rnnviz.analysis.projection import Plane, Projection
from rnnviz.figures.color_math import contrast, mixed
from rnnviz.figures.dynamics import phase_plane, point_spectra
from rnnviz.figures.theme import DARK, LIGHT
from tests.sampling import each_row
from tests.unit.figures.unpacked import by_name

#: With 17 arrows on an axis a cell is 1 wide and 2 high.
SPANS = ((0.0, 17.0), (0.0, 34.0))
PLANE = Plane(Projection(np.zeros(2), np.eye(2), np.array([3.0, 1.0])), explained=(0.75, 0.25))
READOUTS = (Readout("<b>yes</b> 90%", 1), Readout("no", 0), Readout("no", 0))


def point(speed=1e-30, eigenvalues=(0.5, 0.25), directions=()):
    values, directions = np.array(eigenvalues, complex), np.array(directions).reshape(-1, 2)
    return FixedPoint(np.zeros(2), speed, values, directions, np.array([0.1, 0.9]), 3)


POINTS = (point(), point(eigenvalues=(1.5, 0.5), directions=[[1.0, 0.0]]), point(speed=1e-9))


def portrait(moves=((0.5, 0.0), (0.0, 200.0)), paths=1):
    moves, path = np.array(moves), np.array([[1.0, 1.0], [2.0, 2.0], [3.0, 1.0]])
    positions = np.array([[5.0, 5.0], [6.0, 6.0], [7.0, 7.0]])
    corners, line = np.array([[0.5, 1.0], [10.5, 1.0]]), np.array([[5.0, 6.0], [7.0, 6.0]])
    field = FlowField(corners, moves, np.linalg.norm(moves, axis=1))
    return Portrait(SPANS, field, (path,) * paths, path, positions, (line,))


def arrows(**options):
    """The corners of every arrow, (n, 5, 2), and what its root says."""
    _, lines, roots, *_ = phase_plane(portrait(**options), PLANE).figure.data
    corners = np.array([lines.x, lines.y], float).T.reshape(-1, 6, 2)
    assert np.isnan(corners[:, 5]).all(), "a gap after each"
    return corners[:, :5], np.array(roots.customdata)


def test_points_have_a_sign_a_count_and_their_facts_by_kind_and_the_colour_of_their_class():
    drawn = phase_plane(portrait(), PLANE, POINTS, (READOUTS, ("not", "<i>good</i>")))
    named = by_name(drawn)
    stable, saddle, slow = (named[f"{kind.value} (1)"] for kind in Kind)
    looks = [(one.marker.symbol, one.marker.size) for one in (stable, saddle, slow)]
    assert looks == [("circle", 16), ("circle-open", 14), ("circle", 7)]
    assert (list(saddle.x), list(saddle.y)) == ([6], [6])
    assert stable.marker.color == (LIGHT.positive,)
    assert saddle.marker.color == saddle.marker.line.color == (LIGHT.negative,)
    assert list(saddle.customdata[0]) == ["2", "no", "1.0e-30", "1", "1.443"]
    assert stable.customdata[0][1] == "&lt;b&gt;yes&lt;/b&gt; 90%"
    assert named["your sequence"].customdata == ("start", "not", "&lt;i&gt;good&lt;/i&gt;")
    unstable = drawn.figure.data[4]
    assert list(unstable.x)[:2] == [5, 7]
    assert unstable.line.color == LIGHT.text
    values = tuple(Readout("0.5") for _ in POINTS)
    neutral = by_name(phase_plane(portrait(), PLANE, POINTS, (values, ("a", "b")), DARK))
    assert neutral["stable (1)"].marker.color == (DARK.text,)


def test_an_arrow_grows_with_its_step_up_to_a_cell():
    corners, exact = arrows()
    (right, up), cell = corners[:, 1] - corners[:, 0], np.array([1.0, 2.0])
    assert right == pytest.approx((0.85 * 0.5, 0))
    assert up == pytest.approx((0, 0.85 * 2))
    assert exact.tolist() == [[0.5, 0, 0.5], [0, 200, 200]]
    # The sides of the head are 0.28 of the shaft, turned by half a radian.
    for shaft, sides in zip((right, up), corners[:, [2, 4]] - corners[:, [1]], strict=True):
        for side, angle in zip(sides / cell, (0.5, -0.5), strict=True):
            turned = complex(*shaft / cell) * np.exp(1j * angle)
            assert complex(*side) == pytest.approx(-0.28 * turned, abs=1e-6)


@each_row("moves", [((0, 0), (0, 0)), ((np.inf, 0), (0, -np.inf)), ((np.nan, 0), (0, np.nan))])
def test_a_state_that_does_not_move_or_beyond_all_numbers_has_no_arrow(moves):
    corners, _ = arrows(moves=moves)
    assert (corners == corners[:, :1]).all()


@each_row("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_many_paths_are_fainter_than_few_but_visible(theme):
    drawn = [phase_plane(portrait(paths=n), PLANE, theme=theme).figure for n in (1, 60, 500)]
    opacities = [figure.data[0].opacity for figure in drawn]
    assert opacities == sorted(opacities, reverse=True)
    seen = mixed(theme.background, drawn[2].data[0].line.color, opacities[2])
    assert contrast(seen, theme.background) > 1.4


@each_row(("beyond", "remark"), [(0, ""), (3, " (3 points lie far outside)")])
def test_the_axes_say_how_much_they_explain_and_the_title_what_lies_outside(beyond, remark):
    layout = phase_plane(replace(portrait(), beyond=beyond), PLANE).figure.layout
    assert layout.title.text == f"Where the state goes, and where it stays{remark}"
    assert layout.xaxis.title.text == "principal component 1 (75% of the variance)"
    assert layout.yaxis.title.text == "principal component 2 (25% of the variance)"
    assert (layout.xaxis.range, layout.yaxis.range) == SPANS


def test_eigenvalues_are_by_the_unit_circle_with_their_time_constants():
    drawn = point_spectra((*POINTS, point(eigenvalues=(0.3 + 0.4j, 0.3 - 0.4j))))
    named, layout = by_name(drawn), drawn.figure.layout
    assert list(named["saddle"].x) == [1.5, 0.5]
    expected = [[2, 1.5, -1 / math.log(1.5)], [2, 0.5, -1 / math.log(0.5)]]
    np.testing.assert_allclose(named["saddle"].customdata, expected, rtol=1e-6)
    assert list(named["stable"].y) == pytest.approx([0, 0, 0.4, -0.4])
    assert np.array(named["stable"].customdata)[2:, :2] == pytest.approx(np.array([[4, 0.5]] * 2))
    assert (layout.shapes[0].type, layout.shapes[0].x1) == ("circle", 1)
    assert layout.xaxis.range[1] > 1.5
    empty = point_spectra(()).figure
    assert all(len(series.x) == 0 for series in empty.data)
    assert empty.layout.xaxis.range == empty.layout.yaxis.range == (-1.25, 1.25)
