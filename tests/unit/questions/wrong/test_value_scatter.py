"""Answers of values against their targets."""

import numpy as np

from rnnviz.probe.results import Values
from rnnviz.questions.wrong.pictures import value_scatter


def test_points_stand_at_target_and_answer_and_the_diagonal_is_where_both_are_the_same():
    said, wanted = np.array([[0.5, np.nan], [2.0, -1.0]]), np.array([[1.0, 0.0], [2.0, -1.5]])
    values = Values(said, wanted, np.arange(2), np.zeros(2, int))
    drawn = value_scatter(values, ["a", "<b>"]).figure
    diagonal, first, second = drawn.data
    assert list(diagonal.x) == list(diagonal.y) == [-2, 2] == list(drawn.layout.xaxis.range)
    assert (list(first.x), list(first.y)) == ([1, 2], [0.5, 2])
    assert second.name == "&lt;b&gt;"
    assert list(second.customdata) == [0, 1], "the numbers of the sequences"
    assert list(drawn.layout.xaxis.range) == list(drawn.layout.yaxis.range)


def test_of_very_many_some_are_drawn_that_are_evenly_spread():
    values = np.arange(5001.0)[:, None]
    drawn = value_scatter(Values(values, values, values[:, 0], values[:, 0]), ["a"]).series
    assert len(drawn[1]["x"]) == 2000
    assert (drawn[1]["x"][0], drawn[1]["x"][-1]) == (0, 5000)
