"""Rhythm: the regular distance of times, and the steps that it counts."""

from __future__ import annotations

import numpy as np

from rnnviz.tasks.vocabulary import Array

#: The share of distances that are the usual one, and how far, in steps, a time may be beside it.
_USUAL, _NEAR = 0.5, 0.1


def grid_of(times: Array) -> tuple[Array, bool]:
    """The steps (N,) of increasing times, dates or numbers; and whether they have a rhythm.

    Months are counted as months, and days without Saturdays and Sundays as working days. Times
    without a rhythm are counted one by one.
    """
    one_by_one = np.arange(len(times))
    if len(times) < 3:
        return one_by_one, True
    steps = (_steps(units) for units in _units(times))
    return next(((grid, True) for grid in steps if grid is not None), (one_by_one, False))


def following(times: Array, count: int) -> Array:
    """The next times (count,), each later by the median distance of some, or as many months."""
    ahead, months = np.arange(1, count + 1), _months(times)
    if len(times) < 2:
        return times[-1:].repeat(count)
    if months is not None:
        step = np.sort(np.diff(months))[(len(months) - 1) // 2]
        whole = (months[-1] + step * ahead).astype(times.dtype)
        return np.asarray(whole + (times[-1] - months[-1].astype(times.dtype)))
    distances = np.diff(times)
    return np.asarray(times[-1] + ahead * np.sort(distances)[len(distances) // 2])


def _months(times: Array) -> Array | None:
    """The months of dates that are all at one time of one day of a month; None for others."""
    if times.dtype.kind != "M":
        return None
    months = times.astype("datetime64[M]")
    into = times - months.astype(times.dtype)
    return months if (into == into[0]).all() else None


def _units(times: Array) -> list[Array]:
    """The times as numbers, in the units that may be regular, the best first."""
    if times.dtype.kind != "M":
        return [times.astype(float)]
    days = times.astype("datetime64[D]")
    found = list[Array]()
    months = times.astype("datetime64[M]")
    ends = days + 1 == (months + 1).astype(days.dtype)
    if _months(times) is not None or ends.all():
        found.append(months.astype(float))
    found.append((times - times[0]).astype("timedelta64[us]").astype(float))
    midnight = (times == days.astype(times.dtype)).all()
    if midnight and np.is_busday(days).all() and np.diff(days).min() == np.timedelta64(1, "D"):
        found.insert(0, np.busday_count(days[0], days).astype(float))
    return found


def _steps(units: Array) -> Array | None:
    """The steps of the most frequent distance; None if it isn't usual, or times are beside it."""
    distances, counts = np.unique(np.diff(units), return_counts=True)
    if counts.max() < _USUAL * (len(units) - 1):
        # Numbers such as 0.1, 0.2, 0.3 are not exact.
        distances = np.array([np.median(np.diff(units))])
    # Distances of 1e300 and 1e-300 have no rhythm.
    with np.errstate(over="ignore", invalid="ignore"):
        places = (units - units[0]) / distances[counts.argmax() if len(distances) > 1 else 0]
        steps = np.round(places)
        near = np.abs(np.diff(places) - np.diff(steps)).max() <= _NEAR
    if not near or steps[-1] >= 2**53:
        return None
    apart = np.diff(steps)
    counted = np.mean(apart == 1) >= _USUAL and bool((apart >= 1).all())
    return steps.astype(np.int64) if counted else None
