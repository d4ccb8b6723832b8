"""GradientHistory: records of the gradients over the epochs of a run."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Generic, NamedTuple, TypeVar

import numpy as np

from rnnviz.engine.layer_buffers import Array
from rnnviz.probe.exact_vs_notebook import Comparison, compare_examples
from rnnviz.probe.gradient_query import GradientQuery, next_steps
from rnnviz.probe.gradient_rows import TRAIL, Clipping, EpochSeries
from rnnviz.probe.memory_gauge import coarse_first, eigenvalues, recurrent
from rnnviz.probe.probe import phrase_key
from rnnviz.probe.token_contribution import TokenContribution, token_contribution
from rnnviz.probe.unrolled import Unrolled
from rnnviz.run.epoch_cache import EpochCache
from rnnviz.run.run import Run, position_of
from rnnviz.run.schedule import Position

#: Number of next steps to evaluate at each epoch.
STEPS = 8
#: Largest number of past epochs to evaluate.
EPOCHS = 100
#: Records take at most this share of the time while a run plays.
SHARE = 0.2
Row = TypeVar("Row")


class Record(Generic[Row]):
    """The rows of one kind over the epochs; ``measure`` makes that of a query."""

    def __init__(self, measure: Callable[[GradientQuery], Row]) -> None:
        self._measure = measure
        self._rows = EpochCache[Row]()
        self._again = -math.inf

    def series(self, run: Run, query: GradientQuery) -> EpochSeries[Row]:
        """The rows so far, with that of the epoch shown if there is time for it.

        The first row is always there.
        """
        missing = self._missing(run, query)
        if missing and (not self._rows or time.perf_counter() >= self._again):
            self._evaluate(run, query, missing[0])
        epochs = sorted(self._rows)
        return EpochSeries(np.array(epochs, int), tuple(self._rows[epoch] for epoch in epochs))

    def develop(self, run: Run, query: GradientQuery, budget: float) -> bool:
        """Evaluate more epochs for about ``budget`` seconds; return whether some are missing."""
        until = time.perf_counter() + budget
        for epoch in self._missing(run, query):
            if time.perf_counter() > until:
                return True
            self._evaluate(run, query, epoch)
        return False

    def _missing(self, run: Run, query: GradientQuery) -> list[int]:
        """The missing epochs: the one shown first, then at most ``EPOCHS`` snapshots."""
        stored = run.stored
        selected = stored[:: math.ceil(len(stored) / EPOCHS)]
        shown = [] if query.state.offset else [query.state.epoch]
        self._rows.sync(run.schedule, (run.dataset, query.layer, phrase_key(query.trace)))
        self._rows.retain([*selected, *shown])
        return [*self._rows.missing(dict.fromkeys([*shown, *coarse_first(selected)]))]

    def _evaluate(self, run: Run, query: GradientQuery, epoch: int) -> None:
        begun, position = time.perf_counter(), Position(epoch)
        shown = position_of(query.state) == position
        state = query.state if shown else run.replay(position, "gradients")
        with np.errstate(all="ignore"):
            self._rows[epoch] = self._measure(query.at(state, run.schedule.at(position)))
        ended = time.perf_counter()
        self._again = ended + (ended - begun) * (1 / SHARE - 1)


class GradientHistory(NamedTuple):
    """The records of a run, by kind: each is evaluated only where it is shown."""

    eigenvalues: Record[Array]
    shares: Record[TokenContribution]
    clipping: Record[Clipping]
    comparisons: Record[Comparison]


def gradient_history() -> GradientHistory:
    """Records without rows."""
    return GradientHistory(
        Record(_eigenvalues), Record(shares_of), Record(_clipping), Record(_comparison)
    )


def _eigenvalues(query: GradientQuery) -> Array:
    """The largest eigenvalues (k,) of the recurrent weights."""
    return eigenvalues(recurrent(query.state.parameters, query.layer))[:TRAIL]


def shares_of(query: GradientQuery) -> TokenContribution:
    """Each token's share in the gradients of the weights."""
    return token_contribution(Unrolled(query.trace, query.layer), query.state.parameters)


def _clipping(query: GradientQuery) -> Clipping:
    steps = next_steps(query, STEPS)
    return Clipping(steps.clipped, float(steps.entries.mean()), float(steps.angles.max()))


def _comparison(query: GradientQuery) -> Comparison:
    return compare_examples(query.state.parameters, query.examples)
