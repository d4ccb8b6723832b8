"""Exact against notebook, and the check."""

import math

import numpy as np

from rnnviz.analysis.exact_vs_notebook import ByLength, Comparison
from rnnviz.engine.gradcheck import TOLERANCE, GradientCheck
from rnnviz.figures.exact_vs_notebook import (
    check_dots,
    errors_by_length,
    errors_over_epochs,
    gradient_pairs,
)
from rnnviz.figures.theme import LIGHT
from rnnviz.training.history import Course


def comparison(error=0.5, cosine=-0.25):
    cosines, errors = {"W_hh": cosine, "W_hy": math.nan}, {"W_hh": error, "W_hy": 0.0}
    return Comparison({"W_hh": 1.0, "W_hy": 2.0}, {"W_hh": 3.0, "W_hy": 2.0}, cosines, errors)


def by_length(*rows):
    lengths, counts = np.arange(1, 2 * len(rows), 2), np.array([1, 2, 9])[: len(rows)]
    return errors_by_length(
        ByLength(lengths, counts, tuple(comparison(*row) for row in rows))
    ).figure


def test_both_gradients_are_side_by_side_with_cosine_and_error():
    drawn = gradient_pairs(comparison()).figure
    exact, notebook = drawn.data
    assert list(exact.y) == list(notebook.y) == ["W_hh", "W_hy"]
    assert (list(exact.x), list(notebook.x)) == ([1, 2], [3, 2])
    assert (exact.marker.color, notebook.marker.color) == (LIGHT.magnitude, LIGHT.positive)
    legend, *labels = drawn.layout.annotations
    assert legend.text.index(LIGHT.magnitude) < legend.text.index("exact")
    assert legend.text.index(LIGHT.positive) < legend.text.index("notebook")
    assert {note.y: note.text for note in labels} == {
        "W_hh": "cos −0.250, off by 50.0%", "W_hy": "no direction",
    }  # fmt: skip


def test_error_and_below_it_cosine_are_drawn_over_the_length():
    drawn = by_length((0.0, math.nan), (0.1, -0.25), (1.0, 0.5))
    error, cosine = drawn.data
    assert error.name == cosine.name == "W_hh", "W_hy is exact"
    assert list(error.x) == [1, 3, 5]
    assert list(error.y)[1:] == [0.1, 1]
    low, high = drawn.layout.yaxis.range
    assert low - 1e-9 <= math.log10(error.y[0]) < math.log10(0.1) < high
    assert (cosine.yaxis, cosine.showlegend) == ("y2", False)
    assert list(cosine.y)[1:] == [-0.25, 0.5]
    assert np.isnan(cosine.y[0]), "without a direction the line has a gap"
    assert cosine.line.color != error.line.color
    assert error.customdata == cosine.customdata
    assert [list(row) for row in error.customdata] == [
        ["T = 1, 1 sequence", "0.0", "no direction"],
        ["T = 3, 2 sequences", "0.1", "cosine -0.25"],
        ["T = 5, 9 sequences", "1.0", "cosine 0.5"],
    ]
    assert list(drawn.layout.xaxis.tickvals) == [1, 3, 5]
    assert drawn.layout.yaxis2.domain[1] < drawn.layout.yaxis.domain[0]
    low, high = drawn.layout.yaxis2.range
    assert low < -1 < 1 < high
    assert not by_length((0.0,)).data, "nothing is wrong"


def test_the_error_is_drawn_over_the_epochs(history_of, gradient_history):
    errors = [{"W_hh": e, "b_y": 0.0} for e in (0.1, 0.2)]
    cosines = [{"W_hh": 1 - e, "b_y": 1.0} for e in (0.1, 0.2)]
    history = gradient_history([0, 4], errors=errors, cosines=cosines)
    drawn = errors_over_epochs(history, Course(history_of(9), 9, shown=4)).figure
    error, cosine = drawn.data
    assert (list(error.x), list(error.y)) == ([0, 4], [0.1, 0.2])
    assert (list(cosine.x), list(cosine.y)) == ([0, 4], [0.9, 0.8])
    marks = {shape.yref for shape in drawn.layout.shapes if shape.x0 == 4}
    assert marks == {"y domain", "y2 domain"}


def test_what_is_wrong_in_the_check_is_red_and_a_check_that_was_not_made_says_so():
    drawn = check_dots(GradientCheck({"W_hh": 0.3, "b_y": 1e-16, "b_h": 0.0}, 9, 9), 3).figure
    (dots,) = drawn.data
    assert list(dots.y) == ["W_hh", "b_y", "b_h"]
    assert list(dots.marker.color) == [LIGHT.positive, LIGHT.train, LIGHT.train]
    np.testing.assert_allclose(dots.x[:2], [0.3, 1e-16])
    assert math.log10(dots.x[2]) >= drawn.layout.xaxis.range[0] - 1e-9
    assert list(dots.customdata) == ["0.3", "1e-16", "0.0"]
    assert drawn.layout.shapes[0].x0 == TOLERANCE
    assert not drawn.layout.annotations
    missing = check_dots(None, 5).figure
    assert missing.layout.annotations[0].text.startswith("not checked at these weights yet")
    assert len(missing.data[0].y) == 0
