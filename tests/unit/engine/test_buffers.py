"""A copy is equal, is its own, and can be written, however large it is."""

import numpy as np

from rnnviz.engine import buffers as copies
from rnnviz.engine.buffers import copy_of
from tests.sampling import singly


@singly(size=[1, 1_000, 124_999, 125_000, 300_001], dtype=["float64", "float32"])
def test_a_copy_is_equal_and_its_own(size, dtype):
    array = np.random.default_rng(size).standard_normal(size).astype(dtype)
    before = array.tobytes()
    copy = copy_of(array)
    assert (copy.dtype, copy.shape) == (array.dtype, array.shape)
    assert copy.tobytes() == before
    copy += 1
    assert array.tobytes() == before
    assert copy[-1] == array[-1] + 1


def test_what_can_only_be_read_is_copied_to_what_can_be_written():
    array = np.zeros(copies._LARGE)
    array.flags.writeable = False
    assert copy_of(array).flags.writeable


def test_the_copy_of_a_copy_outlives_it():
    array = copy_of(np.arange(copies._LARGE, dtype=float))
    again = copy_of(array)
    del array
    assert again[-1] == copies._LARGE - 1
