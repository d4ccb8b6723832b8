"""Exact against notebook, and the check."""

import math
from dataclasses import replace
from math import nan

import numpy as np

from rnnviz.analysis.gradient_comparison import ByLength, Comparison
from rnnviz.analysis.gradient_history import GradientRow, GradientSeries
from rnnviz.analysis.token_contribution import TokenContribution
from rnnviz.engine.gradcheck import GradientCheck
from rnnviz.figures.gradient_comparison import (
    check_dots,
    errors_by_length,
    errors_over_epochs,
    gradient_pairs,
)
from rnnviz.figures.theme import LIGHT
from rnnviz.training.history import Course
from tests.sampling import each_row


def comparison(wrong=0.5):
    sizes = {"W_hh": 1.0, "W_hy": 2.0}
    cosines = {"W_hh": -0.25, "W_hy": math.nan}
    return Comparison(sizes, {"W_hh": 3.0, "W_hy": 2.0}, cosines, {"W_hh": wrong, "W_hy": 0.0})


def test_both_gradients_stand_side_by_side():
    exact, notebook = gradient_pairs(comparison()).figure.data
    assert list(exact.y) == list(notebook.y) == ["W_hh", "W_hy"]
    assert list(exact.x) == [1, 2]
    assert list(notebook.x) == [3, 2]


def test_cosine_and_error_are_written_beside_them():
    notes = {note.y: note.text for note in gradient_pairs(comparison()).figure.layout.annotations}
    assert notes["W_hh"] == "cos −0.250, off by 50.0%"
    assert notes["W_hy"] == "no direction"


def test_the_error_is_drawn_over_the_length():
    seen = ByLength(np.array([1, 3, 5]), np.array([1, 2, 9]), tuple(map(comparison, (0, 0.1, 1))))
    drawn = errors_by_length(seen)
    line, _ = drawn.figure.data
    assert line.name == "W_hh"
    assert list(line.x) == [1, 3, 5]
    assert list(line.y)[1:] == [0.1, 1]
    low, high = drawn.figure.layout.yaxis.range
    assert low - 1e-9 <= math.log10(line.y[0]) < math.log10(0.1) < high
    assert list(line.customdata[0][:2]) == ["T = 1, 1 sequence", "0.0"]
    assert list(line.customdata[2][:2]) == ["T = 5, 9 sequences", "1.0"]
    assert list(drawn.figure.layout.xaxis.tickvals) == [1, 3, 5]


def test_the_cosine_is_drawn_below_the_error_in_another_colour():
    seen = ByLength(np.array([1, 3]), np.array([1, 2]), tuple(map(comparison, (0, 0.1))))
    drawn = errors_by_length(seen)
    error, cosine = drawn.figure.data
    assert (cosine.name, cosine.yaxis, cosine.showlegend) == ("W_hh", "y2", False)
    assert list(cosine.y) == [-0.25, -0.25]
    assert cosine.customdata[1][2] == error.customdata[1][2] == "cosine -0.25"
    assert cosine.line.color != error.line.color
    assert drawn.figure.layout.yaxis2.domain[1] < drawn.figure.layout.yaxis.domain[0]
    low, high = drawn.figure.layout.yaxis2.range
    assert low < -1 < 1 < high


def test_where_there_is_no_direction_the_line_has_a_gap():
    found = [replace(comparison(e), cosines={"W_hh": c, "W_hy": 1}) for e, c in ((0, nan), (1, 0))]
    _, cosine = errors_by_length(
        ByLength(np.array([1, 3]), np.array([1, 2]), tuple(found))
    ).figure.data
    assert np.isnan(cosine.y[0])
    assert cosine.customdata[0][2] == "no direction"


def test_the_error_is_drawn_over_the_epochs(history_of):
    none = TokenContribution(np.zeros(1), np.zeros(1))
    entries = tuple(
        GradientRow(
            np.zeros(1), none, 0, 0, 0, {}, {"W_hh": e, "b_y": 0.0}, {"W_hh": 1 - e, "b_y": 1.0}
        )
        for e in (0.1, 0.2)
    )
    drawn = errors_over_epochs(
        GradientSeries(np.array([0, 4]), entries), Course(history_of(9), 9, shown=4)
    )
    error, cosine = drawn.figure.data
    assert (list(error.x), list(error.y)) == ([0, 4], [0.1, 0.2])
    assert (list(cosine.x), list(cosine.y)) == ([0, 4], [0.9, 0.8])
    marks = {shape.yref for shape in drawn.figure.layout.shapes if shape.x0 == 4}
    assert marks == {"y domain", "y2 domain"}


def test_nothing_wrong_is_an_empty_picture():
    seen = ByLength(np.array([1]), np.array([1]), (comparison(0.0),))
    assert not errors_by_length(seen).figure.data


def test_what_is_wrong_is_red():
    (dots,) = check_dots(GradientCheck({"W_hh": 0.3, "b_y": 1e-16}, 9, 9), 2).figure.data
    assert list(dots.y) == ["W_hh", "b_y"]
    assert list(dots.marker.color) == [LIGHT.positive, LIGHT.train]
    np.testing.assert_allclose(dots.x, [0.3, 1e-16])


@each_row("check", [None, GradientCheck({"W_hh": 0.0}, 1, 1)])
def test_a_check_that_was_not_made_says_so(check):
    drawn = check_dots(check, 5)
    assert len(drawn.figure.layout.annotations) == (check is None)
    assert len(drawn.figure.data[0].y) == (check is not None)
