"""The rhythm of times."""

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from rnnviz.tasks.rhythm import grid_of
from tests.sampling import each_row


def times(*options, **named):
    return pd.date_range(*options, **named).to_numpy().astype("datetime64[us]")


@each_row("step", ["h", "D", "W", "MS", "ME", "QS", "YS", "B", "15min"])
@each_row("missing", [(), (5,), (5, 6, 9)])
def test_what_is_missing_in_a_rhythm_is_counted(step, missing):
    kept = np.delete(np.arange(60), missing)
    grid, regular = grid_of(times("2020-01-01", periods=60, freq=step)[kept])
    assert regular
    assert np.array_equal(grid, kept - kept[0])


def test_numbers_have_a_rhythm_too():
    assert np.array_equal(grid_of(np.array([0.1, 0.2, 0.3, 0.5, 0.6]))[0], [0, 1, 2, 4, 5])


def test_local_hours_of_a_change_of_the_clocks_have_one_gap():
    hours = times("2020-03-28 20:00", periods=12, freq="h")
    assert np.diff(grid_of(np.delete(hours, 6))[0]).tolist() == [1] * 5 + [2] + [1] * 4


@given(st.lists(st.floats(-1e15, 1e15), min_size=1, max_size=30, unique=True).map(sorted))
def test_without_a_rhythm_every_row_is_a_step(found):
    grid, regular = grid_of(np.array(found))
    assert grid[0] == 0 and (np.diff(grid) >= 1).all()
    assert regular or np.array_equal(grid, np.arange(len(found)))


def test_times_that_are_too_far_apart_are_counted_one_by_one():
    steps, regular = grid_of(np.array([-1e300, 0, 1e-300, 2e-300]))
    assert steps.tolist() == [0, 1, 2, 3] and not regular
