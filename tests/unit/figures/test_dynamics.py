"""Where the states go and stay, as it is drawn."""

import base64
import json
from dataclasses import replace

import numpy as np
import pytest

from rnnviz.analysis.fixed_points import FixedPoint, Kind
from rnnviz.analysis.phase_portrait import ARROWS, FlowField, Portrait, Readout
from rnnviz.analysis.projection import Plane, Projection
from rnnviz.figures.colors import contrast, mixed
from rnnviz.figures.dynamics import phase_plane, point_spectra
from rnnviz.figures.theme import DARK, HEIGHTS, LIGHT
from tests.sampling import each_row

SPANS = ((0.0, 17.0), (0.0, 34.0))
CELL = np.array([1.0, 2.0])


def point(speed=1e-30, eigenvalues=(0.5, 0.25), directions=()):
    values = np.array(eigenvalues, complex)
    return FixedPoint(
        np.zeros(2), speed, values, np.array(directions).reshape(-1, 2), np.array([0.1, 0.9]), 3
    )


POINTS = (point(), point(eigenvalues=(1.5, 0.5), directions=[[1.0, 0.0]]), point(speed=1e-9))
READOUTS = (Readout("<b>yes</b> 90%", 1), Readout("no", 0), Readout("no", 0))
PLANE = Plane(Projection(np.zeros(2), np.eye(2), np.array([3.0, 1.0])), explained=(0.75, 0.25))


def portrait(moves=None, paths=1):
    corner = np.array([[0.5, 1.0], [10.5, 1.0]])
    moves = np.array([[0.5, 0.0], [0.0, 200.0]]) if moves is None else moves
    way = np.array([[1.0, 1.0], [2.0, 2.0], [3.0, 1.0]])
    places = np.array([[5.0, 5.0], [6.0, 6.0], [7.0, 7.0]])
    line = np.array([[5.0, 6.0], [7.0, 6.0]])
    field = FlowField(corner, moves, np.linalg.norm(moves, axis=1))
    return Portrait(SPANS, field, (way,) * paths, way, places, (line,))


@pytest.fixture
def drawn():
    return phase_plane(portrait(), PLANE, POINTS, (READOUTS, ("not", "<i>good</i>")))


def test_points_outside_the_window_are_counted_in_the_title():
    title = "Where the state goes, and where it stays"
    for beyond, said in ((0, title), (3, f"{title} (3 points lie far outside)")):
        figure = phase_plane(replace(portrait(), beyond=beyond), PLANE)
        assert figure.figure.layout.title.text == said


def series(figure, start):
    return next(s for s in figure.figure.data if (s.name or "").startswith(start))


def array(values):
    return np.array(values, float)


def test_each_kind_of_point_has_its_sign_and_its_count(drawn):
    signs = {
        kind: (series(drawn, kind.value).name, series(drawn, kind.value).marker.symbol)
        for kind in Kind
    }
    assert signs == {
        Kind.STABLE: ("stable (1)", "circle"),
        Kind.SADDLE: ("saddle (1)", "circle-open"),
        Kind.SLOW: ("slow (1)", "circle"),
    }
    sizes = [series(drawn, kind.value).marker.size for kind in Kind]
    assert sizes == sorted(sizes, reverse=True)
    assert array(series(drawn, "saddle").x).tolist() == [6]


def test_of_two_classes_a_point_has_the_colour_of_its_verdict(drawn):
    assert list(series(drawn, "stable").marker.color) == [LIGHT.positive]
    assert list(series(drawn, "saddle").marker.color) == [LIGHT.negative]
    values = tuple(Readout("0.5") for _ in POINTS)
    plain = phase_plane(portrait(), PLANE, POINTS, (values, ("a", "b")), DARK)
    assert list(series(plain, "stable").marker.color) == [DARK.text]


def test_a_point_says_all_that_is_known_of_it(drawn):
    facts = series(drawn, "saddle").customdata[0]
    assert list(facts) == ["2", "no", "1.0e-30", "1", "1.443"]
    assert series(drawn, "stable").customdata[0][1] == "&lt;b&gt;yes&lt;/b&gt; 90%"


def test_unstable_directions_are_lines(drawn):
    lines = drawn.figure.data[4]
    assert array(lines.x)[:2].tolist() == [5, 7]
    assert lines.line.color == LIGHT.text


def test_an_arrow_grows_with_its_step_up_to_a_cell(drawn):
    arrows = drawn.figure.data[1]
    x, y = array(arrows.x).reshape(-1, 6), array(arrows.y).reshape(-1, 6)
    assert (x[0, 1] - x[0, 0], y[0, 1] - y[0, 0]) == pytest.approx((0.85 * 0.5, 0))
    assert (x[1, 1] - x[1, 0], y[1, 1] - y[1, 0]) == pytest.approx((0, 0.85 * CELL[1]))
    assert np.isnan(x[:, 5]).all()
    exact = np.array(drawn.figure.data[2].customdata)
    assert exact.tolist() == [[0.5, 0, 0.5], [0, 200, 200]]


def test_a_state_that_does_not_move_has_no_arrow():
    still = phase_plane(portrait(np.zeros((2, 2))), PLANE)
    x = array(still.figure.data[1].x).reshape(-1, 6)
    assert (x[:, :5] == x[:, :1]).all()


def test_what_moves_beyond_all_numbers_is_drawn_as_still():
    drawn = phase_plane(portrait(np.array([[np.inf, 0], [np.nan, 1.0]])), PLANE)
    assert np.isfinite(array(drawn.figure.data[1].x).reshape(-1, 6)[:, :5]).all()


def test_the_probe_has_its_words_as_they_are_typed(drawn):
    assert list(series(drawn, "your").customdata) == ["start", "not", "&lt;i&gt;good&lt;/i&gt;"]


def test_many_paths_are_fainter_than_few():
    faint = [phase_plane(portrait(paths=n), PLANE).figure.data[0].opacity for n in (1, 60, 500)]
    assert faint[0] > faint[1] > faint[2] > 0


@each_row("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_however_many_paths_can_be_seen(theme):
    paths = phase_plane(portrait(paths=500), PLANE, theme=theme).figure.data[0]
    drawn = mixed(theme.background, paths.line.color, paths.opacity)
    assert contrast(drawn, theme.background) > 1.4


def test_the_axes_say_how_much_they_explain_and_keep_the_window(drawn):
    assert drawn.figure.layout.xaxis.title.text == "principal component 1 (75% of the variance)"
    assert drawn.figure.layout.yaxis.title.text == "principal component 2 (25% of the variance)"
    assert list(drawn.figure.layout.xaxis.range) == list(SPANS[0])
    assert drawn.figure.layout.height == HEIGHTS["phase"]
    assert ARROWS == 17


def test_eigenvalues_stand_by_the_unit_circle_with_their_time_constants():
    drawn = point_spectra(POINTS)
    saddle = series(drawn, "saddle")
    assert array(saddle.x).tolist() == [1.5, 0.5]
    numbers = np.array(saddle.customdata)
    assert numbers[:, 0].tolist() == [2, 2]
    assert numbers[:, 1].tolist() == [1.5, 0.5]
    np.testing.assert_allclose(numbers[:, 2], -1 / np.log([1.5, 0.5]), rtol=1e-6)
    assert drawn.figure.layout.shapes[0].type == "circle"
    assert max(drawn.figure.layout.xaxis.range) > 1.5


def test_without_points_there_is_the_circle_alone():
    drawn = point_spectra(())
    assert all(len(s.x) == 0 for s in drawn.figure.data)
    assert list(drawn.figure.layout.xaxis.range) == [-1.25, 1.25]


def test_pictures_travel_in_binary(drawn):
    packed = json.loads(drawn.figure.to_json())["data"][1]["x"]
    assert packed["dtype"] == "f4"
    assert len(base64.b64decode(packed["bdata"])) == 4 * 12
