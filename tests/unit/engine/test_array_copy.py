"""A copy is equal, independent and writeable, however large it is; weights begin at a line."""

import numpy as np

from rnnviz.engine.parameters import copy_of, zeros
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


@singly(size=[1, 7, 1_000, 300_001], dtype=["float64", "float32", "complex128"])
def test_weights_and_their_copies_begin_at_a_cache_line(size, dtype):
    arrays = [zeros(size, dtype) for _ in range(9)]
    for array in (*arrays, *map(copy_of, arrays)):
        assert (array.shape, array.dtype) == ((size,), dtype)
        assert array.flags.writeable and not array.any()
        assert array.__array_interface__["data"][0] % 64 == 0
