"""Rhythm: the regular distance of times, and the steps that it counts."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from rnnviz.tasks.data.vocabulary import Array

#: The share of distances that are the usual one, and how far, in steps, a time may be off it.
_USUAL, _NEAR = 0.5, 0.1


def grid_of(times: Array) -> tuple[Array, bool]:
    """The steps (N,) of increasing times, dates or numbers; and whether they have a rhythm.

    Months are counted as months, days without Saturdays and Sundays as working days, and of days
    with opening hours these alone. Times without a rhythm are counted one by one.
    """
    one_by_one = np.arange(len(times))
    if len(times) < 3:
        return one_by_one, True
    steps = (_steps(units) for units in _units(times))
    return next(((grid, True) for grid in steps if grid is not None), (one_by_one, False))


def following(times: Array, count: int) -> Array:
    """The next times (count,): opening hours, months, or each a median distance later."""
    ahead, months = np.arange(1, count + 1), months_of(times)
    if len(times) < 2:
        return times[-1:].repeat(count)
    if months is not None:
        step = np.sort(np.diff(months))[(len(months) - 1) // 2]
        whole = (months[-1] + step * ahead).astype(times.dtype)
        return np.asarray(whole + (times[-1] - months[-1].astype(times.dtype)))
    if hours := _opening_hours(times):
        return hours.times(hours.numbers(times[-1:]) + ahead).astype(times.dtype)
    distances = np.diff(times)
    return np.asarray(times[-1] + ahead * np.sort(distances)[len(distances) // 2])


def months_of(times: Array) -> Array | None:
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
    if months_of(times) is not None or ends.all():
        found.append(months.astype(float))
    found.append((times - times[0]).astype("timedelta64[us]").astype(float))
    if hours := _opening_hours(times):
        found.insert(0, hours.numbers(times).astype(float))
    return found


class _OpeningHours(NamedTuple):
    """Days from ``first`` on, all or ``working`` ones, and the times of each, from midnight."""

    first: Array
    working: bool
    of_day: Array

    def numbers(self, times: Array) -> Array:
        """Times as numbers of opening hours since the first."""
        days = times.astype("datetime64[D]")
        passed = np.busday_count(self.first, days) if self.working else days - self.first
        hours = np.searchsorted(self.of_day, times - days)
        return np.asarray(passed.astype(np.int64) * len(self.of_day) + hours)

    def times(self, numbers: Array) -> Array:
        """The inverse of ``numbers``."""
        days, hours = np.divmod(numbers, len(self.of_day))
        if self.working:
            return np.asarray(np.busday_offset(self.first, days) + self.of_day[hours])
        return np.asarray(self.first + days + self.of_day[hours])


def _opening_hours(times: Array) -> _OpeningHours | None:
    """The opening hours of times that leave out nights or weekends; None for others."""
    if times.dtype.kind != "M":
        return None
    days = times.astype("datetime64[D]")
    of_day, days_with = np.unique(times - days), np.unique(days)
    # Seven days have a weekend.
    working = bool(np.is_busday(days_with).all()) and days[-1] - days[0] >= np.timedelta64(6, "D")
    apart, day = np.diff(of_day), np.timedelta64(1, "D")
    nights = len(of_day) > 1 and of_day[-1] - of_day[0] + apart[0] < day
    if (
        (working or nights)
        and (apart == apart[:1]).all()
        and len(days_with) > 1 and np.diff(days_with).min() == day
        and len(times) > _USUAL * len(of_day) * len(days_with)
    ):  # fmt: skip
        return _OpeningHours(days[0], working, of_day)
    return None


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
