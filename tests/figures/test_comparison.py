"""Exact against notebook, and the check."""

import math

import numpy as np
import pytest

from rnnviz.analysis.comparison import ByLength, Comparison
from rnnviz.analysis.history import Course
from rnnviz.analysis.ledger import Entry, Pages
from rnnviz.analysis.shares import Shares
from rnnviz.engine.gradcheck import GradientCheck
from rnnviz.figures.comparison import (
    check_dots,
    errors_by_length,
    errors_over_epochs,
    gradient_pairs,
)
from rnnviz.figures.theme import LIGHT


def comparison(wrong=0.5):
    sizes = {"W_hh": 1.0, "W_hy": 2.0}
    cosines = {"W_hh": -0.25, "W_hy": math.nan}
    return Comparison(sizes, {"W_hh": 3.0, "W_hy": 2.0}, cosines, {"W_hh": wrong, "W_hy": 0.0})


def test_both_gradients_stand_side_by_side():
    exact, notebook = gradient_pairs(comparison()).data
    assert list(exact.y) == list(notebook.y) == ["W_hh", "W_hy"]
    assert list(exact.x) == [1, 2]
    assert list(notebook.x) == [3, 2]


def test_cosine_and_error_are_written_beside_them():
    notes = {note.y: note.text for note in gradient_pairs(comparison()).layout.annotations}
    assert notes["W_hh"] == "cos −0.250, off by 50.0%"
    assert notes["W_hy"] == "no direction"


def test_the_error_is_drawn_over_the_length():
    seen = ByLength(np.array([1, 3, 5]), np.array([1, 2, 9]), tuple(map(comparison, (0, 0.1, 1))))
    drawn = errors_by_length(seen)
    (line,) = drawn.data
    assert line.name == "W_hh"
    assert list(line.x) == [1, 3, 5]
    assert list(line.y)[1:] == [0.1, 1]
    low, high = drawn.layout.yaxis.range
    assert low - 1e-9 <= math.log10(line.y[0]) < math.log10(0.1) < high
    assert line.customdata[0][1] == "T = 1, 1 sequence"
    assert line.customdata[2][1] == "T = 5, 9 sequences"
    assert list(drawn.layout.xaxis.tickvals) == [1, 3, 5]


def test_the_error_is_drawn_over_the_epochs(history_of):
    none = Shares(np.zeros(1), np.zeros(1))
    entries = tuple(
        Entry(np.zeros(1), none, 0, 0, 0, {}, {"W_hh": e, "b_y": 0.0}) for e in (0.1, 0.2)
    )
    drawn = errors_over_epochs(Pages(np.array([0, 4]), entries), Course(history_of(9), 9, shown=4))
    (line,) = drawn.data
    assert (list(line.x), list(line.y)) == ([0, 4], [0.1, 0.2])
    assert any(shape.x0 == 4 for shape in drawn.layout.shapes)


def test_nothing_wrong_is_an_empty_picture():
    seen = ByLength(np.array([1]), np.array([1]), (comparison(0.0),))
    assert not errors_by_length(seen).data


def test_what_is_wrong_is_red():
    (dots,) = check_dots(GradientCheck({"W_hh": 0.3, "b_y": 1e-16}, 9, 9), 2).data
    assert list(dots.y) == ["W_hh", "b_y"]
    assert list(dots.marker.color) == [LIGHT.positive, LIGHT.train]
    np.testing.assert_allclose(dots.x, [0.3, 1e-16])


@pytest.mark.parametrize("check", [None, GradientCheck({"W_hh": 0.0}, 1, 1)])
def test_a_check_that_was_not_made_says_so(check):
    drawn = check_dots(check, 5)
    assert len(drawn.layout.annotations) == (check is None)
    assert len(drawn.data[0].y) == (check is not None)
