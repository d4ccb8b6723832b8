"""The sizes that colours span."""

import numpy as np

from rnnviz.analysis.color_limits import typical
from tests.sampling import each_row


def test_a_few_outliers_do_not_count():
    assert typical(np.array([*[1.0, -1.0] * 50, 1000.0])) == 1


def test_zeros_do_not_count():
    assert typical(np.array([0.0] * 1000 + [2.0, -2.0])) == 2


def test_several_arrays_are_taken_together():
    one, other = np.linspace(0, 1, 50), np.linspace(-3, 0, 80).reshape(8, 10)
    assert typical(one, other) == typical(np.concatenate([one, other.ravel()]))


@each_row("array", [np.zeros(5), np.zeros(0)])
def test_of_nothing_it_is_zero(array):
    assert typical(array) == 0
