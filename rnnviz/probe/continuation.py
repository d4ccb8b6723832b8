"""Continuation: numbers over time that a network continues, and its errors beside simple models."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rnnviz.engine.evaluation import StepDecoder
from rnnviz.engine.layer_buffers import Array
from rnnviz.engine.parameters import Parameters
from rnnviz.probe.formatting import own_number, shortened
from rnnviz.probe.passes import MOST_TOKENS, draw
from rnnviz.probe.results import read_last_values
from rnnviz.probe.work import lengths_of
from rnnviz.tasks.data.rhythm import following
from rnnviz.tasks.data.series import Series
from rnnviz.tasks.dataset import Dataset
from rnnviz.tasks.forecasts import (
    ForecastErrors,
    expected_values,
    expects_values,
    naive_error,
    outcomes,
    simple_answers,
)

#: Past errors are measured in the last part of the training, a share, from this many origins.
_END, _ORIGINS = 0.2, 20
#: The sample of windows is this many times larger if it need not be quick.
_PAUSED = 20


def compared(
    dataset: Dataset, parameters: Parameters, test: bool = True, windows: Array | None = None
) -> list[ForecastErrors]:
    """The errors after every window of test or training: of the network, then of simple models.

    ``windows`` are the indices of a sample. Raises ValueError unless next values are
    expected and there are windows.
    """
    series, examples = expected_values(dataset), dataset.test if test else dataset.train
    if not examples:
        raise ValueError("The test has no window.")
    some = np.arange(len(examples)) if windows is None else windows
    found = read_last_values(parameters, examples, some).predicted
    came, naive = outcomes(dataset, test).at(some), naive_error(series)
    network = dataset.own_answers(found).reshape(came.values.shape)
    return [
        ForecastErrors(name, text, came.errors(answer), naive)
        for name, text, answer in (
            ("network", "this network", network),
            *((model.name, model.text, answer[some])
              for model, answer in simple_answers(dataset, test).items()),
        )
    ]  # fmt: skip


def judged(
    found: Sequence[ForecastErrors], columns: Sequence[str], where: str, column: int | None = None
) -> str:
    """A sentence: the mean error of the network, the first, and that of the best simple model.

    It is that of one ``column`` in its own units, or scaled if there are several. ``where`` says on
    what: "on the test". The sentence is empty if no error is known.
    """
    if column is None and len(columns) == 1:
        column = 0
    errors = [mean_known(one.mase if column is None else one.mae[:, column]) for one in found]
    if not errors or math.isnan(errors[0]):
        return ""
    best = 1 + int(np.argmin(errors[1:]))
    mine, other = own_number(errors[0]), own_number(errors[best])
    if errors[best] < errors[0] and mine != other:
        text, scaled = found[best].text, "scaled error " * (column is None)
        better = f"{text[0].upper()}{text[1:]} is better: {scaled}{other} against {mine}"
        return f"{better} {where}.".strip()
    of = "scaled error" if column is None else f"error of {shortened(columns[column])}"
    return f"Mean {of} {mine} {where}; {found[best].name.partition(',')[0]}: {other}."


def told_beside(dataset: Dataset, parameters: Parameters, *, quick: bool = False) -> str:
    """The sentence of ``judged`` about the test, or the training if there is no test.

    It is about a sample of the windows, a smaller one if it must be ``quick``; empty for other data
    than series whose next values are expected.
    """
    if not expects_values(dataset):
        return ""
    test = bool(dataset.test)
    lengths = lengths_of(dataset.test or dataset.train)
    windows = draw(lengths, MOST_TOKENS if quick else _PAUSED * MOST_TOKENS)
    columns = expected_values(dataset).columns.expected
    where = f"on the {'test' if test else dataset.role}"
    return judged(compared(dataset, parameters, test, windows), columns, where)


def mean_known(errors: Array) -> float:
    """The mean of the errors that are known; NaN without any."""
    known = errors[~np.isnan(errors)]
    return float(known.mean()) if len(known) else math.nan


@dataclass(frozen=True, eq=False)
class Continuation:
    """S steps that the network adds to a series, fed with its own answers, in the series' units.

    ``times`` (S,); ``values`` and ``real`` (S, C), what came, NaN where it is unknown. ``spread``
    (S, C) is the root mean square of its errors at that distance near the end of the training, on
    which it was trained; NaN where none could be measured.
    """

    name: str
    times: Array
    values: Array
    real: Array
    spread: Array


def continuation(
    dataset: Dataset, parameters: Parameters, steps: int, piece: int = -1
) -> Continuation:
    """Continue a piece of the training, by default the last, from its end; raise ValueError.

    Where inputs are known beforehand, it ends with these.
    """
    series = expected_values(dataset)
    past = series.train[piece]
    after = [one for one in series.test
             if one.name == past.name and one.grid[0] == past.grid[-1] + 1]  # fmt: skip
    whole = Series.joined([past, *after[:1]])
    values = _continued(dataset, parameters, whole, len(past), steps)
    count = len(series.columns.expected)
    real = np.full((len(values), count), np.nan)
    came = whole.at(slice(len(past), len(past) + len(values)))
    known = np.where(came.filled, np.nan, came.values)[:, :count]
    real[: len(known)] = known
    times = np.append(came.times, following(whole.times, len(values) - len(came)))
    return Continuation(
        past.name, times, values, real, _spread(dataset, parameters, past, len(values))
    )


def _spread(dataset: Dataset, parameters: Parameters, past: Series, steps: int) -> Array:
    """The root mean square error at each distance, (S, C), from several origins near the end."""
    series = expected_values(dataset)
    count, end = len(series.columns.expected), len(past)
    first = min(max(series.window, int((1 - _END) * end) - steps), end - 1)
    squares = list[Array]()
    for origin in np.unique(np.linspace(first, end - 1, _ORIGINS).astype(int)).tolist():
        found = _continued(dataset, parameters, past, origin, min(steps, end - origin))
        missed = np.full((steps, count), np.nan)
        real = past.values[origin : origin + len(found), :count]
        missed[: len(found)] = (found - real) ** 2
        squares.append(missed)
    every = np.array(squares)
    known = ~np.isnan(every)
    with np.errstate(invalid="ignore"):
        return np.asarray(np.sqrt(np.where(known, every, 0).sum(axis=0) / known.sum(axis=0)))


def _continued(
    dataset: Dataset, parameters: Parameters, series: Series, origin: int, steps: int
) -> Array:
    """What the network expects from step ``origin`` on, (S, C): it reads the window before it."""
    of, units = expected_values(dataset), dataset.units
    assert units, "windows are standardised"
    count = len(of.columns.expected)
    if of.columns.inputs:
        steps = min(steps, len(series) - origin)
    reader, read = StepDecoder(parameters), units.standardised(of.read(series))
    answers = list[Array]()
    for t in range(max(0, origin - of.window), origin + steps - 1):
        # Beyond the series nothing is known but the answers.
        values = read[min(t, len(read) - 1)].copy()
        if t >= origin:
            values[:count] = answers[-1]
        outputs = reader.read(values)
        if t >= origin - 1:
            answers.append(outputs[:count])
    return units.of_channels([*range(count)]).own(np.array(answers).reshape(-1, count))
