"""Color limits."""

import numpy as np

from rnnviz.charts.axis_limits import typical
from tests.sampling import each_row


@each_row(
    ("arrays", "limit"),
    [
        ([[1.0, -1.0] * 50 + [1000.0]], 1),
        ([[0.0] * 1000 + [2.0, -2.0]], 2),
        ([[1.0] * 5, [[-3.0] * 50, [3.0] * 50]], 3),
        ([np.zeros(5)], 0),
        ([np.zeros(0)], 0),
    ],
    ids=["outlier", "zeros", "several", "only zeros", "empty"],
)
def test_the_limit_is_the_typical_size_of_numbers_other_than_zero(arrays, limit):
    assert typical(*map(np.array, arrays)) == limit
