"""The rhythm of times."""

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from rnnviz.tasks.data.rhythm import following, grid_of
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


def opening_hours(days, first=9, last=17):
    kept = times("2024-03-04", periods=24 * days, freq="h")
    hour = pd.DatetimeIndex(kept).hour
    return kept[(hour >= first) & (hour <= last)]


@each_row("missing", [(), (5,), (5, 6, 40)])
@each_row("weekends", [True, False])
def test_of_opening_hours_these_alone_are_counted(weekends, missing):
    whole = opening_hours(12)
    whole = whole if weekends else whole[np.is_busday(whole.astype("datetime64[D]"))]
    kept = np.delete(np.arange(len(whole)), missing)
    grid, regular = grid_of(whole[kept])
    assert regular and np.array_equal(grid, kept)
    np.testing.assert_array_equal(following(whole[:63], 20), whole[63:83])


def test_what_comes_after_working_days_are_working_days():
    days = times("2024-03-04", periods=40, freq="B")
    np.testing.assert_array_equal(following(days[:15], 25), days[15:])
    assert following(days[:15], 1).dtype == days.dtype


def test_a_night_without_measurements_is_a_gap_where_others_have_them():
    hours = times("2024-03-04", periods=96, freq="h")
    grid, regular = grid_of(np.delete(hours, range(42, 57)))
    assert regular and np.diff(grid).max() == 16


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
