"""A copy is equal, independent and writeable, however large it is."""

import numpy as np

from rnnviz.engine.array_copy import copy_of
from tests.sampling import singly


@singly(size=[1, 1_000, 124_999, 125_000, 300_001], dtype=["float64", "float32"])
def test_a_copy_is_equal_and_independent(size, dtype):
    array = np.random.default_rng(size).standard_normal(size).astype(dtype)
    before = array.tobytes()
    array.flags.writeable = False
    copy = copy_of(array)
    again = copy_of(copy)
    assert (copy.dtype, copy.shape) == (array.dtype, array.shape)
    copy += 1
    assert array.tobytes() == again.tobytes() == before
    del copy
    assert again[-1] == array[-1]
