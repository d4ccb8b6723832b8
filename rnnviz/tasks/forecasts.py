"""Forecasts: simple models that read the windows a network reads, and their errors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar
from weakref import WeakKeyDictionary

import numpy as np

from rnnviz.cancellation import check_cancelled
from rnnviz.tasks.data.rows import Form
from rnnviz.tasks.data.series import Series, WindowedSeries
from rnnviz.tasks.data.vocabulary import Array
from rnnviz.tasks.dataset import Dataset, Example

_P = ParamSpec("_P")
_T = TypeVar("_T")
#: The longest period that is looked for, and the least autocorrelation that makes one.
LONGEST, _LEAST = 400, 0.1
#: The fewest training windows for each number that the linear model reads: it would learn fewer by
#: heart.
_PER_NUMBER = 2
#: Peaks at multiples of a period may be higher: the first that is nearly as high counts.
_NEARLY = 0.9


@dataclass(frozen=True)
class Forecast:
    """A simple model: its short ``name``, a ``text`` that describes it, and its formula.

    ``predict`` takes windows (K, T, D) and returns the values after them, (K, H C), both
    standardised: those of the C channels one step ahead, then two, up to H. ``period`` is that of a
    season, 0 without one.
    """

    name: str
    text: str
    predict: Callable[[Array], Array]
    period: int = 0

    @property
    def label(self) -> str:
        """The name, with the period."""
        return f"{self.name}, {self.period}" if self.period else self.name


@dataclass(frozen=True, eq=False)
class ForecastErrors:
    """The errors (K, H, C) after K windows, H steps ahead, in the units of the C values.

    They are NaN where what came is unknown. ``naive`` (C,) is the mean absolute change from one
    step of the training to the next.
    """

    name: str
    text: str
    errors: Array
    naive: Array

    @property
    def mae(self) -> Array:
        """The mean absolute error, (H, C); NaN without any."""
        known = ~np.isnan(self.errors)
        total = np.where(known, np.abs(self.errors), 0).sum(axis=0)
        return np.asarray(
            np.where(known.any(axis=0), total / np.maximum(known.sum(axis=0), 1), np.nan)
        )

    @property
    def mase(self) -> Array:
        """The mean absolute scaled error, (H, C) (Hyndman and Koehler 2006).

        Below 1 it is smaller than that of the last value in the training, one step ahead.
        """
        scale = np.where(self.naive > 0, self.naive, np.nan)
        return np.asarray(self.mae / scale)


@dataclass(frozen=True, eq=False)
class Outcomes:
    """What came 1 to H steps after K windows, in the units of the table.

    ``series`` (K,) are the names of their series, ``times`` are (K, H), ``values`` and ``filled``,
    which says what was filled in, (K, H, C).
    """

    series: Array
    times: Array
    values: Array
    filled: Array

    def at(self, windows: Array) -> Outcomes:
        """The outcomes after some windows."""
        return Outcomes(*(getattr(self, field.name)[windows] for field in fields(self)))

    @classmethod
    def joined(cls, parts: Sequence[Outcomes]) -> Outcomes:
        """Those of several parts, one after the other."""
        names = (field.name for field in fields(cls))
        return cls(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))

    def errors(self, answers: Array) -> Array:
        """The errors (K, H, C) of answers in the same units; NaN where a value was filled in.

        The error of a NaN answer is infinite.
        """
        known = np.where(np.isnan(answers), np.inf, answers)
        return np.asarray(np.where(self.filled, np.nan, known - self.values))


def _cached(made: Callable[Concatenate[Dataset, _P], _T]) -> Callable[Concatenate[Dataset, _P], _T]:
    """Cache what is ``made`` of a data set for as long as that exists."""
    known = WeakKeyDictionary[Dataset, dict[object, _T]]()

    @wraps(made)
    def ask(dataset: Dataset, /, *rest: _P.args, **named: _P.kwargs) -> _T:
        found, key = known.setdefault(dataset, {}), (rest, *named.items())
        if key not in found:
            found[key] = made(dataset, *rest, **named)
        return found[key]

    return ask


def expects_values(dataset: Dataset) -> bool:
    """Whether the data are series whose next values are expected."""
    return dataset.series is not None and dataset.series.columns.form is Form.VALUES


def expected_values(dataset: Dataset) -> WindowedSeries:
    """The series of a data set whose next values are expected; raise ValueError for others."""
    if dataset.series is None or not expects_values(dataset):
        raise ValueError("These data are not numbers over time whose next values are expected.")
    return dataset.series


def windows_of(examples: Sequence[Example]) -> tuple[Array, Array]:
    """The windows (K, T, D) of some examples, and the values after each, (K, H C)."""
    return (
        np.array([example.inputs for example in examples]),
        np.array([example.targets[-1] for example in examples]),
    )


@_cached
def outcomes(dataset: Dataset, test: bool = True) -> Outcomes:
    """What came after the windows of the test, or of the training; cached; raises ValueError."""
    series = expected_values(dataset)
    count, ahead = len(series.columns.expected), series.window + np.arange(series.horizon)
    if not len(dataset.test if test else dataset.train):
        empty = np.empty((0, series.horizon, count))
        return Outcomes(np.empty(0, object), empty[..., 0], empty, empty.astype(bool))
    names, whole, starts = windows_in(series, test)
    steps = starts[:, None] + ahead  # (K, H)
    return Outcomes(names, whole.times[steps], whole.values[steps, :count],
                    whole.filled[steps, :count])  # fmt: skip


def windows_in(series: WindowedSeries, test: bool = True) -> tuple[Array, Series, Array]:
    """The windows of the test, or of the training: their series' names, all steps, their starts.

    There must be some. The starts (K,) are places among all steps.
    """
    pieces, places = (
        (series.test, series.test_places) if test else (series.train, series.train_places)
    )
    first = np.cumsum([0, *map(len, pieces)])
    names = np.array([piece.name for piece in pieces], object)
    return names[places[:, 0]], Series.joined(pieces), first[places[:, 0]] + places[:, 1]


@_cached
def forecasts(dataset: Dataset) -> tuple[Forecast, ...]:
    """The simple models, fitted on the training alone; cached; raise ValueError for other data."""
    series = expected_values(dataset)
    horizon, count = series.horizon, len(series.columns.expected)
    ahead = np.arange(1, horizon + 1)
    period = period_of(series.train, count)
    found = [
        Forecast("last value", "the last value",
                 lambda windows: np.tile(windows[:, -1, :count], horizon)),
        Forecast("mean", "the mean of the training",
                 lambda windows: np.zeros((len(windows), horizon * count))),
    ]  # fmt: skip
    if len(dataset.train) >= _PER_NUMBER * (1 + dataset.train[0].inputs.size):
        found.append(_autoregression(dataset))
    if 0 < period <= series.window:
        steps = series.window - 1 + ahead - period * -(-ahead // period)
        found.insert(1, Forecast(
            "same season", f"the value of {period} steps before",
            lambda windows: windows[:, steps, :count].reshape(len(windows), -1), period,
        ))  # fmt: skip
    return tuple(found)


def _autoregression(dataset: Dataset) -> Forecast:
    """The least-squares fit of the values after a window to all that is read in it."""

    def rows(windows: Array) -> Array:
        return np.column_stack([np.ones(len(windows)), windows.reshape(len(windows), -1)])

    windows, after = windows_of(dataset.train)
    check_cancelled()
    weights = np.linalg.lstsq(rows(windows), after)[0]
    text = "a linear model of the same window"
    return Forecast("linear autoregression", text, lambda windows: rows(windows) @ weights)


@_cached
def simple_answers(dataset: Dataset, test: bool = True) -> dict[Forecast, Array]:
    """The answers (K, H, C) of the simple models after each window of test or training; cached.

    They are in the units of the table.
    """
    after, models = outcomes(dataset, test), forecasts(dataset)
    if not len(after.values):
        return dict.fromkeys(models, after.values)
    windows, _ = windows_of(dataset.test if test else dataset.train)
    answers = dict[Forecast, Array]()
    for one in models:
        check_cancelled()
        answers[one] = dataset.own_answers(one.predict(windows)).reshape(after.values.shape)
    return answers


def period_of(pieces: Sequence[Series], count: int) -> int:
    """The lag of the first high peak of the autocorrelation of the first columns; 0 if none.

    Linear trends of these ``count`` columns are taken out. The lag is at most a third of the
    longest piece.
    """
    longest = min(LONGEST, max(map(len, pieces)) // 3)
    if longest < 3:
        return 0
    total, power = np.zeros(longest + 1), 0.0
    for piece in pieces:
        for values in piece.values[:, :count].T if len(piece) > longest else ():
            steps = np.arange(len(values))
            rest = values - np.polyval(np.polyfit(steps, values, 1), steps)
            rest = rest / (np.abs(rest).max() or 1)
            spectrum = np.abs(np.fft.rfft(rest, 2 * len(rest))) ** 2
            products = np.fft.irfft(spectrum)[: longest + 1]
            total, power = total + products, power + products[0]
    if power == 0:
        return 0
    correlation = total / power
    inner = correlation[1:-1]
    peaks = np.flatnonzero((inner > correlation[:-2]) & (inner >= correlation[2:])) + 1
    peaks = peaks[(peaks > 1) & (correlation[peaks] > _LEAST)]
    if not len(peaks):
        return 0
    return int(peaks[correlation[peaks] >= _NEARLY * correlation[peaks].max()][0])


def naive_error(series: WindowedSeries) -> Array:
    """The mean absolute change of each value from one step of the training to the next, (C,).

    A change from or to a value that was filled in doesn't count; NaN without any other.
    """
    count = len(series.columns.expected)
    known = (np.where(piece.filled, np.nan, piece.values)[:, :count] for piece in series.train)
    changes = np.concatenate([np.abs(np.diff(values, axis=0)) for values in known])
    return np.asarray(np.ma.masked_invalid(changes).mean(axis=0).filled(np.nan))
