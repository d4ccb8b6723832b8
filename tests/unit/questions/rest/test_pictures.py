"""The phase portrait, its fixed points, and their list."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from rnnviz.charts.shapes import contrast, mixed
from rnnviz.charts.theme import DARK, LIGHT
from rnnviz.files.numbers import columns_of
from rnnviz.probe.activations import Plane, Projection
from rnnviz.probe.fixed_points import FixedPoint
from rnnviz.questions.rest.measure import Portrait, Readout, Rest
from rnnviz.questions.rest.pictures import phase_plane, point_spectrum, rest_points
from tests.sampling import each_row
from tests.unit.charts.unpacked import by_name

#: With 17 arrows on an axis a cell is 1 wide and 2 high.
SPANS = ((0.0, 17.0), (0.0, 34.0))
PLANE = Plane(Projection(np.zeros(2), np.eye(2), np.array([3.0, 1.0])), explained=(0.75, 0.25))
READOUTS = (Readout("<b>yes</b> 90%", 1), Readout("no", 0), Readout("no", 0))


def point(speed=1e-30, eigenvalues=(0.5, 0.25), directions=()):
    values, directions = np.array(eigenvalues, complex), np.array(directions).reshape(-1, 2)
    return FixedPoint(np.zeros(2), speed, values, directions, np.array([0.1, 0.9]), 3)


POINTS = (point(), point(eigenvalues=(1.5, 0.5), directions=[[1.0, 0.0]]), point(speed=1e-9))
RESTS = [Rest(*both, held="<i>") for both in zip(POINTS, READOUTS, strict=True)]


def portrait(moves=((0.5, 0.0), (0.0, 200.0)), paths=1):
    moves, path = np.array(moves), np.array([[1.0, 1.0], [2.0, 2.0], [3.0, 1.0]])
    positions = np.array([[5.0, 5.0], [6.0, 6.0], [7.0, 7.0]])
    corners, line = np.array([[0.5, 1.0], [10.5, 1.0]]), np.array([[5.0, 6.0], [7.0, 6.0]])
    field = corners, moves, np.linalg.norm(moves, axis=1)
    return Portrait(SPANS, field, (path,) * paths, path, positions, (line,))


def arrows(**options):
    """The corners of every arrow, (n, 5, 2), and what its root says."""
    _, lines, roots, *_ = phase_plane(portrait(**options), PLANE).figure.data
    corners = np.array([lines.x, lines.y], float).T.reshape(-1, 6, 2)
    assert np.isnan(corners[:, 5]).all(), "a gap after each"
    return corners[:, :5], np.array(roots.customdata)


def test_points_have_a_sign_a_count_and_their_facts_by_kind_and_the_colour_of_their_class():
    drawn = phase_plane(portrait(), PLANE, RESTS, words=("not", "<i>good</i>"), chosen=1)
    named = by_name(drawn)
    stays, leaves, slow = (named[f"{name} (1)"] for name in ("stays", "leaves", "slow"))
    looks = [(one.marker.symbol, one.marker.size) for one in (stays, leaves, slow)]
    assert looks == [("circle", 15), ("circle-open", 13), ("circle", 8)]
    assert (list(leaves.x), list(leaves.y)) == ([6], [6])
    assert stays.marker.color == (LIGHT.positive,)
    assert leaves.marker.color == leaves.marker.line.color == (LIGHT.negative,)
    assert [list(one.customdata) for one in (stays, leaves, slow)] == [[0], [1], [2]]
    assert stays.text[0].startswith("input: &lt;i&gt;<br>read as &lt;b&gt;yes&lt;/b&gt; 90%<br>")
    *_, ring, names = drawn.figure.data
    assert list(ring.x) == [6], "the chosen one"
    assert names.text == ("&lt;i&gt; rests here", "&lt;i&gt;good&lt;/i&gt;", "not", "start")
    assert any(list(s.x)[:2] == [5, 7] and s.line.color == LIGHT.text for s in drawn.figure.data)
    values = [rest._replace(readout=Readout("0.5")) for rest in RESTS]
    neutral = by_name(phase_plane(portrait(), PLANE, values, theme=DARK))
    assert neutral["stays (1)"].marker.color == (DARK.text,)


def test_points_of_other_inputs_are_smaller_and_named():
    other = RESTS[0]._replace(own=False, held="bad")
    drawn = phase_plane(portrait(), PLANE, [RESTS[1], other])
    small, large = [s for s in drawn.figure.data if s.name in ("stays (1)", "leaves (1)")]
    assert (small.name, small.showlegend, large.showlegend) == ("stays (1)", False, True)
    assert small.marker.size < large.marker.size
    assert drawn.figure.data[-1].text == ("start", "bad")


def test_the_ends_of_paths_have_the_colour_of_what_is_read_there():
    read = {"ends": np.array([0, 1, 1]), "classes": ("no", "<yes>")}
    named = by_name(phase_plane(portrait(paths=3), PLANE, **read))
    no, yes = named["ends: no"], named["ends: &lt;yes&gt;"]
    assert (no.marker.color, yes.marker.color) == (LIGHT.negative, LIGHT.positive)
    assert (list(no.x), list(yes.x)) == ([3], [3, 3])
    plain = by_name(phase_plane(portrait(), PLANE))["ends in training"]
    assert plain.marker.color == LIGHT.muted


def test_a_long_way_is_a_few_lines_that_join():
    path = np.cumsum(np.ones((200, 2)), axis=0)
    drawn = phase_plane(replace(portrait(), probe=path), PLANE, (), words=("a",) * 199)
    steps = [list(s.x) for s in drawn.figure.data if s.marker.symbol == "arrow"]
    assert len(steps) == 24
    assert all(one[-1] == two[0] for one, two in pairwise(steps))
    assert (steps[0][0], steps[-1][-1]) == (1, 200)
    assert drawn.figure.data[-1].text == ("start",), "too many words to name"


def test_an_arrow_grows_with_its_step_up_to_a_cell():
    corners, exact = arrows()
    (right, up), cell = corners[:, 1] - corners[:, 0], np.array([1.0, 2.0])
    assert right == pytest.approx((0.8 * 0.5, 0))
    assert up == pytest.approx((0, 0.8 * 2))
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
    assert contrast(seen, theme.background) > 1.2


@each_row(("beyond", "remark"), [(0, ""), (3, " (3 points lie far outside)")])
def test_the_axes_say_how_much_they_explain_and_the_title_what_lies_outside(beyond, remark):
    shown = replace(portrait(), beyond=beyond)
    layout = phase_plane(shown, PLANE, title="The plane").figure.layout
    assert layout.title.text == f"The plane{remark}"
    assert layout.xaxis.title.text == "component 1: 75% of the variance"
    assert layout.yaxis.title.text == "component 2: 25% of the variance"
    assert (layout.xaxis.range, layout.yaxis.range) == SPANS


def test_eigenvalues_are_by_the_unit_circle_and_the_largest_are_framed():
    pair = RESTS[0]._replace(point=point(eigenvalues=(0.3 + 0.4j, 0.3 - 0.4j, 0.1)))
    drawn = point_spectrum(pair, "step")
    ring, dots = drawn.figure.data
    assert list(dots.y) == pytest.approx([0.4, -0.4, 0])
    assert list(ring.y) == pytest.approx([0.4, -0.4])
    assert dots.text[0] == f"|λ| = 0.5<br>time constant {float(-1 / np.log(0.5))!r} steps"
    layout = drawn.figure.layout
    assert (layout.shapes[0].type, layout.shapes[0].x1) == ("circle", 1)
    told = [note.text for note in layout.annotations]
    assert told[2:] == ["largest |λ|", "0.5", "memory (steps)", "1.44"]
    assert layout.xaxis.range[1] == 1.2
    outside = point_spectrum(RESTS[1]).figure
    assert outside.layout.xaxis.range[1] > 1.5
    assert list(outside.data[0].x) == [1.5]


# The points where the state rests, as a list


def listed_point(scale):
    return FixedPoint(np.zeros(1), 0.0, np.array([complex(scale)]), np.eye(1)[:0], np.ones(2), 3)


def test_a_row_tells_what_is_held_where_it_leads_and_what_is_read_there():
    rests = [
        Rest(listed_point(0.5), Readout("good", 1), "<not>"),
        Rest(listed_point(1.5), Readout("0.5"), "a"),
    ]
    drawn = rest_points(rests, "word", chosen=1, outcome="1 stable")
    (table,), meta = drawn.series, drawn.layout["meta"]
    assert table["cells"]["values"] == [
        ["&lt;not&gt;", "a"], ["● stays", "○ leaves (1)"], ["good", "0.5"], ["0.5", "1.5"],
    ]  # fmt: skip
    assert table["cells"]["font"]["color"][1] == [LIGHT.positive, LIGHT.text]
    assert table["customdata"] == [0, 1]
    assert (meta["opened"], meta["note"]) == (1, "1 stable")
    columns = dict(meta["columns"])
    assert columns["input"] == ["&lt;not&gt;", "a"]
    assert columns_of(drawn)[0].cells == ["<not>", "a"]
    assert columns["rests"] == ["stable", "saddle"]
    assert columns["max |λ|"] == [0.5, 1.5]
    assert (columns["answers 1"], columns["state 0"]) == ([1.0, 1.0], [0.0, 0.0])
    assert drawn.figure


def test_of_very_many_a_hundred_are_listed():
    drawn = rest_points(
        [Rest(listed_point(0.5), Readout(""), "a")] * 103, "word", chosen=102, opened=True
    )
    assert len(drawn.series[0]["customdata"]) == 100
    assert drawn.layout["meta"]["note"] == "More in the plane: 3. "
    assert len(drawn.series) == 1, "what is not listed isn't opened"


@each_row(
    ("scale", "size", "told"),
    [
        (0.5, "0.5", {"memory (words)": "1.443"}),
        (1.25, "1.25", {"memory (words)": "0", "leaves in (words)": "4.481"}),
        (1 - 1e-4, "1 − 0.0001", {"memory (words)": "9999"}),
        (1 - 1e-9, "1 − 10⁻⁹", {"memory (words)": "&gt; 1,000,000"}),
        (1 + 3e-7, "1 + 3·10⁻⁷", {"leaves in (words)": "3.333·10⁶"}),
    ],
)
def test_what_differs_little_from_1_is_told_by_how_much(scale, size, told):
    rest = Rest(listed_point(scale), Readout("good"), "not")
    table, opened = rest_points([rest], "word", chosen=0, opened=True).series
    assert table["cells"]["values"][3] == [size]
    assert told.items() <= dict(zip(*opened["cells"]["values"], strict=True)).items()
    assert opened["meta"] == {"long": True}


@pytest.mark.parametrize("outcome", ["", "The search is running."])
def test_without_points_there_is_what_came_of_the_search(outcome):
    drawn = rest_points([], "word", outcome=outcome)
    assert drawn.layout["meta"]["note"] == outcome
