"""Season: what comes back in the series of a data set, and which units follow its steps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import pandas as pd

from rnnviz.engine.layer_buffers import Array
from rnnviz.probe.activations import Activations, Labels
from rnnviz.tasks.data.rhythm import grid_of
from rnnviz.tasks.data.series import WindowedSeries
from rnnviz.tasks.dataset import Dataset
from rnnviz.tasks.forecasts import period_of


class Cycle(NamedTuple):
    """A cycle of the calendar: its name, its length in ``days``, the names of its ``parts``.

    A part lasts one ``unit`` of NumPy; NumPy's unit number 0 is part ``first``.
    """

    name: str
    unit: str
    days: float
    parts: tuple[str, ...]
    first: int = 0

    def phases(self, times: Array) -> Array:
        """The phase of the cycle at dates (N,), 0..1."""
        begun = times.astype(f"datetime64[{self.unit}]")
        start, end = (edge.astype(times.dtype) for edge in (begun, begun + 1))
        parts = (begun.astype(int) + self.first) % len(self.parts) + (times - start) / (end - start)
        return np.asarray(parts / len(self.parts))


_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_CYCLES = (
    Cycle("year", "M", 365.2425, _MONTHS),
    # The first of January 1970 was a Thursday.
    Cycle("week", "D", 7, ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"), 3),
    Cycle("day", "h", 1, tuple(f"{hour} h" for hour in range(24))),
)
#: The fewest steps in a cycle that is looked for, how often it must come, and how far, as a share,
#: a season may be from it.
_STEPS, _TIMES, _NEAR = 3, 2, 0.05
#: Of more channels only the first have properties.
_CHANNELS = 4


@dataclass(frozen=True, eq=False)
class Season:
    """The season of a data set: its ``period`` in steps, and the ``times`` (N,) of the training.

    They are those of all its pieces, one after the other. ``cycle`` is the calendar's that the
    season keeps to, if any.
    """

    period: int
    times: Array
    cycle: Cycle | None = None

    @cached_property
    def phases(self) -> Array:
        """How much of the season is over at every step of the training, (N,), 0..1."""
        return self.at(self.times)

    def at(self, times: Array) -> Array:
        """How much of it is over at some times (M,), 0..1.

        Without a calendar steps are counted on one grid: series that begin later have the same.
        """
        if self.cycle:
            return self.cycle.phases(times)
        every = np.union1d(self.times, times)
        grid, _ = grid_of(every)
        first, places = np.searchsorted(every, self.times.min()), np.searchsorted(every, times)
        return np.asarray((grid[places] - grid[first]) % self.period / self.period)

    @property
    def text(self) -> str:
        """Its description."""
        return f"the season of {self.period} steps"

    @property
    def parts(self) -> tuple[str, ...]:
        """The names of its equal parts, or the numbers of its steps."""
        return self.cycle.parts if self.cycle else tuple(f"{k}" for k in range(1, self.period + 1))

    def part(self, phases: Array) -> Array:
        """The number of the part at phases (N,), from 0."""
        count = len(self.parts)
        # A phase such as 3/7 can round to less.
        return np.minimum(np.floor(phases * count + 1e-9), count - 1).astype(int)

    def quarters(self, phases: Array) -> Labels:
        """Labels of phases (N,): the quarters, or fewer parts of a shorter season."""
        parts = self.parts
        edges = np.linspace(0, len(parts), min(4, len(parts)) + 1).round().astype(int).tolist()
        names = tuple(
            parts[low] if high - low == 1 else f"{parts[low]}–{parts[high - 1]}"
            for low, high in pairwise(edges)
        )
        numbers = np.searchsorted(edges[1:], self.part(phases), side="right")
        return Labels(tuple(names[k] for k in numbers.tolist()), names)


class Property(NamedTuple):
    """A property of N training steps: a short name, a text, and ``values`` (N, K)."""

    name: str
    text: str
    values: Array


@dataclass(frozen=True, eq=False)
class Following:
    """How far H units follow P properties of the steps, ``shares`` (P, H), see ``followed``."""

    properties: tuple[Property, ...]
    shares: Array


@lru_cache(maxsize=4)
def season_of(dataset: Dataset) -> Season | None:
    """The season of the values; None if there is none, or these are no series."""
    if (series := dataset.series) is None:
        return None
    period = period_of(series.train, len(series.columns.expected))
    if not period:
        return None
    cycle = next((one for one in _cycles(series) if _keeps(one, period, series)), None)
    return Season(period, _times(series), cycle)


@lru_cache(maxsize=4)
def properties_of(dataset: Dataset, season: Season | None) -> tuple[Property, ...]:
    """What a unit can follow: the season first, if any, then the trend, values, and the calendar.

    The trend is the mean of the first channel over a season up to each step, or over a window if
    there is no season. Of several series the level of each is a property of its own, and not part
    of the trend. Of many channels only the first are here.
    """
    series = dataset.series
    assert series, "only series have such properties"
    read = [series.read(piece) for piece in series.train]
    channels = dataset.vocabulary.words[:_CHANNELS]
    span = season.period if season else series.window
    found = [Property("season", season.text, _on_circle(season.phases))] if season else []
    means = [pd.Series(one[:, 0]).rolling(span, 1).mean() for one in read]
    trend, text = np.concatenate(means), f"the mean of {channels[0]} over {span} steps"
    owners = np.repeat([piece.name for piece in series.train], [len(one) for one in read])
    if several := len({piece.name for piece in series.train}) > 1:
        level = pd.Series(trend).groupby(owners).transform("mean").to_numpy()
        trend, text = trend - level, f"{text}, less its series' own mean"
    found.append(Property("trend", text, trend[:, None]))
    if several:
        found.append(Property("level", f"the level of {channels[0]} in its series", level[:, None]))
    for k, name in enumerate(channels):
        found.append(Property(name, f"the value of {name}", np.concatenate(read)[:, [k]]))
    for cycle in _cycles(series):
        if not (season and season.cycle == cycle):
            phases = cycle.phases(_times(series))
            found.append(Property(cycle.name, f"the time of the {cycle.name}", _on_circle(phases)))
    return tuple(found)


def following(states: Array, rows: Array, dataset: Dataset, season: Season | None) -> Following:
    """How far the units of states (N, H) at some ``rows`` follow all properties."""
    properties, units = properties_of(dataset, season), _centred(states)
    shares = [_correlation(units, one.values[rows]) for one in properties]
    return Following(properties, np.array(shares))


def rows_of(dataset: Dataset, activations: Activations) -> Array:
    """The steps (N,) of all pieces of the training at which some states are."""
    series = dataset.series
    assert series, "only series have pieces"
    begins = np.cumsum([0, *map(len, series.train[:-1])])
    pieces, starts = series.train_places[activations.owners].T
    return np.asarray(begins[pieces] + starts + activations.steps)


def followed(states: Array, values: Array) -> Array:
    """How far each unit of states (N, H) is a linear function of values (N, K), 0..1, (H,).

    It is the multiple correlation; of one value the absolute correlation. A constant unit has 0.
    """
    return _correlation(_centred(states), values)


def _correlation(units: Array, values: Array) -> Array:
    """The same for units (N, H) that are centred."""
    directions, sizes, _ = np.linalg.svd(_centred(values), full_matrices=False)
    directions = directions[:, sizes > 1e-9 * max(sizes.max(), 1e-300)]
    total = np.einsum("nh,nh->h", units, units)
    explained = ((directions.T @ units) ** 2).sum(axis=0)
    return np.asarray(np.sqrt(np.clip(explained / np.where(total > 0, total, 1), 0, 1)))


def _centred(values: Array) -> Array:
    """The values (N, K) less their means, divided by their largest size."""
    centred = values.astype(float) - values.mean(axis=0)
    size = np.abs(centred).max(axis=0)
    # What is left of a constant is rounding.
    level = 1e-12 * np.abs(values).max(axis=0)
    return np.asarray(np.where(size > level, centred / np.where(size > 0, size, 1), 0))


def _on_circle(phases: Array) -> Array:
    """The cosines and sines of phases (N,), (N, 2)."""
    return np.column_stack([np.cos(2 * np.pi * phases), np.sin(2 * np.pi * phases)])


def _times(series: WindowedSeries) -> Array:
    return np.concatenate([piece.times for piece in series.train])


def _days(series: WindowedSeries) -> float:
    """The days of a step; 0 if times are no dates."""
    times = _times(series)
    if times.dtype.kind != "M":
        return 0.0
    longest = max(series.train, key=len).times
    return float(np.median(np.diff(longest)) / np.timedelta64(1, "D")) if len(longest) > 1 else 0.0


def _cycles(series: WindowedSeries) -> Sequence[Cycle]:
    """The cycles of the calendar that have several steps, and come several times."""
    if not (step := _days(series)):
        return ()
    times = _times(series)
    span = float((times.max() - times.min()) / np.timedelta64(1, "D"))
    return [one for one in _CYCLES
            if _STEPS * step <= one.days * (1 + _NEAR) and _TIMES * one.days <= span]  # fmt: skip


def _keeps(cycle: Cycle, period: int, series: WindowedSeries) -> bool:
    return abs(period * _days(series) / cycle.days - 1) <= _NEAR
