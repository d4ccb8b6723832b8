"""Arrays over the epochs, packed and read back."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from rnnviz.files.replay import PackedArrays, step_of
from tests.unit.files.replayed import block_of

SHAPES = st.tuples(st.integers(1, 4), st.integers(0, 3), st.integers(1, 3))
FLOATS = st.floats(width=32)
FINITE = st.floats(-(2.0**99), 2.0**99, width=32)


def unpacked(frames, **coding):
    blocks = PackedArrays()
    number = blocks.add(frames, **coding)
    return block_of(blocks.headers[number], blocks.content[number])


@given(SHAPES.flatmap(lambda shape: arrays(np.float32, shape, elements=FINITE)))
def test_a_multiple_is_at_most_half_a_step_off(frames):
    found = unpacked(frames, levels=1000)
    assert found.shape == frames.shape
    for frame, numbers in zip(frames, found, strict=True):
        largest = float(np.abs(frame).max(initial=0))
        assert step_of(largest, 1000) <= max(largest, 1e-30) / 1000 * (1 + 1e-8)
        off = np.abs(numbers.astype(float) - frame)
        assert (off <= max(largest, 1e-30) / 2000 * (1 + 1e-3)).all()


@given(SHAPES.flatmap(lambda shape: arrays(np.float32, shape, elements=FLOATS)))
def test_bits_that_are_kept_say_the_number(frames):
    exact, short = unpacked(frames), unpacked(frames, shift=11)
    assert np.array_equal(exact, frames, equal_nan=True)
    assert np.array_equal(np.isnan(short), np.isnan(frames))
    known = np.isfinite(frames) & np.isfinite(short)
    # Below the smallest normal number the error is absolute.
    most = np.maximum(np.abs(frames[known].astype(float)) / 4096, 2.0**-138)
    assert (np.abs(short[known].astype(float) - frames[known]) <= most).all()
    assert np.array_equal(np.isinf(frames), np.isinf(short) & ~known & ~np.isfinite(frames))


@given(SHAPES.flatmap(lambda shape: arrays(np.int32, shape)))
def test_whole_numbers_stay(frames):
    found = unpacked(frames, levels=1000)
    assert found.dtype == np.int32
    assert np.array_equal(found, frames)


def test_numbers_without_a_largest_one_keep_their_bits():
    frames = np.array([[[1.0, np.nan]], [[np.inf, -2.0]]], np.float32)
    assert np.array_equal(unpacked(frames, levels=1000), frames, equal_nan=True)


def test_equal_arrays_are_stored_once():
    blocks, frames = PackedArrays(), np.arange(6, dtype=np.float32).reshape(2, 3)
    assert blocks.add(frames) == blocks.add(frames.copy()) == 0
    assert blocks.add(frames + 1) == 1
