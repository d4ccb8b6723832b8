"""What words do to units, drawn."""

import numpy as np
import pytest

from rnnviz.analysis.selectivity import Response
from rnnviz.figures.response import response_matrix


@pytest.fixture
def found():
    means = np.array([[1.0, -0.5], [0.1, 0.2], [-0.9, 0.4]])
    return Response(("not", "<b>"), means, np.array([3, 1]), np.array([0, 2, 1]))


def test_rows_stand_in_the_order_of_likeness_under_their_own_numbers(found):
    drawn = response_matrix(found)
    assert np.array(drawn.figure.data[0].z) == pytest.approx(found.means[[0, 2, 1]], abs=1e-6)
    assert drawn.figure.layout.yaxis.ticktext == ("0", "2", "1")
    assert drawn.figure.data[0].customdata[1][0] == "unit 2, “not” (3 times)"


def test_the_scale_is_symmetric_and_the_row_looked_at_framed(found):
    drawn = response_matrix(found, chosen=1)
    assert drawn.figure.data[0].zmin == -drawn.figure.data[0].zmax < 0
    (frame,) = drawn.figure.layout.shapes
    assert (frame.y0, frame.y1) == (1.5, 2.5)
    assert not response_matrix(found, chosen=9).figure.layout.shapes


def test_words_are_drawn_as_typed(found):
    assert response_matrix(found).figure.layout.xaxis.ticktext == ("not", "&lt;b&gt;")


def test_of_many_units_some_are_named():
    means = np.random.default_rng(0).normal(size=(256, 3))
    many = Response(("a", "b", "c"), means, np.ones(3, int), np.arange(256))
    assert len(response_matrix(many).figure.layout.yaxis.ticktext) <= 25


def test_units_that_never_change_can_be_drawn():
    still = Response(("a",), np.zeros((1, 1)), np.ones(1, int), np.arange(1))
    assert response_matrix(still, 0).figure.data[0].zmax > 0
