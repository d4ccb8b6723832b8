"""Both gradients on the words, over lengths and epochs, and by parameter; the check."""

import math

import numpy as np
import pytest

from rnnviz.charts.theme import LIGHT
from rnnviz.engine.cell_check import TOLERANCE
from rnnviz.engine.gradcheck import GradientCheck
from rnnviz.probe.epoch_series import EpochSeries
from rnnviz.probe.gradient_flow import ByLength, ByToken, Comparison
from rnnviz.questions.right.pictures import (
    cosines_over_epochs,
    errors_by_length,
    errors_over_epochs,
    gradient_directions,
    gradient_sizes,
    parameter_errors,
)
from rnnviz.run.history import RunCurves
from tests.sampling import each_row
from tests.unit.charts.unpacked import by_name

NAN = math.nan


def comparison(error=0.5, cosine=-0.25):
    cosines, errors = {"W_hh": cosine, "W_hy": NAN}, {"W_hh": error, "W_hy": 0.0}
    return Comparison({"W_hh": 1.0, "W_hy": 2.0}, {"W_hh": 3.0, "W_hy": 2.0}, cosines, errors)


# On the words


def directions(exact, notebook, degrees):
    tokens = ByToken(np.array(exact), np.array(notebook), np.cos(np.radians(degrees)))
    return gradient_directions(tokens, ["w"] * len(exact)).figure


def test_the_angle_of_two_arrows_is_that_of_the_gradients_and_so_is_their_length():
    drawn = directions([2.0, 1.0, 1.0], [2.4, 0.5, 1.0], [90.0, 60.0, 0.0])
    arrows = [[a for a in drawn.layout.annotations if a.x == t] for t in range(3)]
    assert [len(both) for both in arrows] == [2, 2, 1], "where both agree there is one"
    for (notebook, exact), angle, ratio in zip(arrows[:2], (90, 60), (1.2, 0.5), strict=True):
        # An arrow goes from its own (ax, ay) to its point, in pixels downwards.
        one, other = ((-a.ax, -a.ay) for a in (exact, notebook))
        assert (exact.arrowcolor, notebook.arrowcolor) == (LIGHT.magnitude, LIGHT.text)
        assert one[0] < 0 == one[1], "the exact one goes back in time"
        between = np.dot(one, other) / math.hypot(*one) / math.hypot(*other)
        assert np.degrees(np.arccos(between)) == pytest.approx(angle)
        assert math.hypot(*other) / math.hypot(*one) == pytest.approx(ratio)
        assert (exact.xshift + exact.ax, exact.yshift - exact.ay) == (0, 0), "from the middle"
    assert list(drawn.data[1].text) == ["<b>90°</b>", "<b>60°</b>", "<b>0°</b>"]
    assert list(drawn.data[1].customdata[0]) == [repr(90.0), "1.2"]


def test_a_gradient_of_zero_has_no_direction_and_a_long_arrow_stays_in_its_column():
    drawn = directions([0.0, 1.0], [1.0, 1e9], [NAN, 45.0])
    assert {arrow.x for arrow in drawn.layout.annotations} == {1}
    assert drawn.data[1].text[0] == "–"
    longest = max(math.hypot(a.ax, a.ay) for a in drawn.layout.annotations)
    assert longest <= 40


def test_of_many_words_the_angles_alone_are_written():
    drawn = directions([1.0] * 30, [1.0] * 30, [45.0] * 30)
    assert not drawn.layout.annotations
    assert len(drawn.data[1].text) == 30
    # No two of them touch, and the last word has one.
    written = [t for t, text in enumerate(drawn.data[1].text) if text]
    assert len(written) <= 12
    assert written[-1] == 29


def test_sizes_of_both_are_in_sight_also_zeros_and_a_cell_without_the_rule_has_one_curve():
    norms, notebook = np.array([0.0, 1e-9, 1.0]), np.array([0.0, 1e3, 1.0])
    drawn = gradient_sizes(norms, "abc", notebook)
    low, high = drawn.figure.layout.yaxis.range
    for name, sizes in (("exact", norms), ("notebook", notebook)):
        curve = by_name(drawn)[name]
        assert list(map(float, curve.customdata)) == list(sizes)
        assert all(low - 1e-9 <= math.log10(y) <= high for y in curve.y)
    assert [*by_name(gradient_sizes(norms, "abc"))] == ["exact"]
    marks = drawn.figure.layout.annotations
    assert {(mark.text, mark.x, mark.y) for mark in marks} == {("0", 0, low)}
    assert not gradient_sizes(norms[1:], "ab").figure.layout.annotations


def by_length(*rows, words=5):
    lengths, counts = np.arange(1, 2 * len(rows), 2), np.array([1, 2, 9])[: len(rows)]
    table = ByLength(lengths, counts, tuple(comparison(*row) for row in rows))
    return errors_by_length(table, ["w"] * words)


def test_the_error_of_a_length_stands_as_far_back_as_it_reaches():
    drawn = by_length((0.0, NAN), (0.1, -0.25), (1.0, 0.5)).figure
    (error,) = drawn.data
    assert error.name == "W_hh", "W_hy is exact"
    assert list(error.x) == [4, 2, 0]
    assert list(drawn.layout.xaxis.ticktext) == ["5", "4", "3", "2", "1"]
    assert list(error.y)[1:] == [0.1, 1]
    low, high = drawn.layout.yaxis.range
    assert low - 1e-9 <= math.log10(error.y[0]) < math.log10(0.1) < high
    (mark,) = drawn.layout.annotations
    assert (mark.text, mark.x, mark.y) == ("0", 4, low)
    assert [list(row) for row in error.customdata] == [
        ["1 long, 1 sequence", "0.0"],
        ["3 long, 2 sequences", "0.1"],
        ["5 long, 9 sequences", "1.0"],
    ]
    assert not by_length((0.0,)).figure.data, "nothing is wrong"


def test_in_a_long_sequence_some_lengths_are_named_none_of_them_by_a_letter():
    ticks = by_length((0.0, NAN), (0.1, -0.25), words=47).figure.layout.xaxis
    assert len(ticks.ticktext) <= 24
    assert [47 - int(name) for name in ticks.ticktext] == list(ticks.tickvals)


def test_lengths_beyond_the_phrase_have_no_place_and_if_all_are_it_says_so():
    assert list(by_length((0.1, 0), (0.2, 0), (0.3, 0), words=3).figure.data[0].y) == [0.1, 0.2]
    table = ByLength(np.array([7, 9]), np.array([1, 1]), (comparison(),) * 2)
    said = errors_by_length(table, ["w"]).layout["meta"]["sentence"]
    assert "longer: 7 or more" in said


# Over the epochs


def test_errors_and_cosines_are_drawn_over_the_epochs(history_of):
    rows = tuple(comparison(error, 1 - error) for error in (0.1, 0.2))
    history, course = EpochSeries(np.array([0, 4]), rows), RunCurves(history_of(9), 9, shown=4)
    for draw, values in ((errors_over_epochs, [0.1, 0.2]), (cosines_over_epochs, [0.9, 0.8])):
        drawn = draw(history, course).figure
        (curve,) = drawn.data
        assert (curve.name, list(curve.x)) == ("W_hh", [0, 4])
        assert list(curve.y) == values
        assert list(curve.customdata[1]) == ["epoch 4", repr(values[1])]
        assert drawn.layout.meta["x"] == "epoch"
        assert any(shape.x0 == 4 for shape in drawn.layout.shapes)


# By parameter

NAMES = ["W_hh", "b_y", "b_h"]
CHECK = GradientCheck({"W_hh": 0.3, "b_y": 1e-16, "b_h": 0.0}, 9, 9)


def test_check_and_notebook_share_one_axis_of_errors():
    drawn = parameter_errors(NAMES, CHECK, comparison(2.0)).figure
    dots, crosses = drawn.data
    assert (dots.name, crosses.name) == ("checked", "notebook")
    assert [NAMES[k] for k in dots.y] == NAMES
    np.testing.assert_allclose(dots.x[:2], [0.3, 1e-16])
    assert math.log10(dots.x[2]) >= drawn.layout.xaxis.range[0] - 1e-9
    assert list(dots.customdata) == ["0.3", "1e-16", "0.0"]
    assert (list(crosses.x), list(crosses.y)) == ([2.0], [0]), "what is exact has no cross"
    assert list(drawn.layout.yaxis.ticktext) == NAMES
    right, edge = drawn.layout.shapes
    assert right.x1 == edge.x0 == TOLERANCE, "left of it a gradient is right"
    assert drawn.layout.annotations[0].text == "off by 200%, 104°"
    assert list(crosses.customdata[0]) == ["2.0", "<br>‖exact‖ 1, ‖notebook‖ 3 (L2)<br>104° apart"]


@each_row(
    ("check", "compared", "names"),
    [(None, None, ["checked"]), (CHECK, None, ["checked"]), (None, comparison(), None)],
)
def test_what_was_not_measured_has_no_points(check, compared, names):
    drawn = parameter_errors(NAMES, check, compared).figure
    assert [one.name for one in drawn.data] == (names or ["checked", "notebook"])
    assert len(drawn.data[0].y) == (3 if check else 0)
    assert len(drawn.layout.yaxis.tickvals) == 3
