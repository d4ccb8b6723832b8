"""EpochSeries and Record: one measurement over the epochs of a run."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Generic, TypeVar

import numpy as np

from rnnviz.engine.layer_buffers import Array
from rnnviz.probe.gradients import GradientQuery, stacked
from rnnviz.probe.probe import phrase_key
from rnnviz.probe.work import Throttle
from rnnviz.run.history import EpochCache, coarse_first
from rnnviz.run.run import Run, position_of
from rnnviz.run.schedule import Position

Row = TypeVar("Row")


@dataclass(frozen=True, eq=False)
class EpochSeries(Generic[Row]):
    """One row for each of the ascending ``epochs`` (N,)."""

    epochs: Array
    rows: tuple[Row, ...]

    def column(self, name: str) -> Array:
        """One number or array of every row, (N, ...)."""
        return np.array([getattr(row, name) for row in self.rows])

    def table(self, name: str) -> dict[str, Array]:
        """Numbers by parameter, of every row, (N,) each."""
        return stacked([getattr(row, name) for row in self.rows])

    def nearest(self, epoch: int) -> int:
        """The index of the epoch that is nearest to ``epoch``."""
        return int(np.abs(self.epochs - epoch).argmin())


#: Largest number of past epochs to evaluate.
EPOCHS = 100
#: Records take at most this share of the time while a run plays.
SHARE = 0.2


class Record(Generic[Row]):
    """The rows of one kind over the epochs; ``measure`` makes that of a query."""

    def __init__(self, measure: Callable[[GradientQuery], Row]) -> None:
        self._measure = measure
        self._rows = EpochCache[Row]()
        self._throttle = Throttle(SHARE)

    def series(self, run: Run, query: GradientQuery) -> EpochSeries[Row]:
        """The rows so far, with that of the epoch shown if there is time for it.

        The first row is always there.
        """
        first = next(self._rows.missing(self._epochs(run, query)), None)
        if first is not None:
            now = time.perf_counter()
            if not self._rows or self._throttle.allows("", now):
                self._rows[first] = self._evaluate(run, query, first)
        epochs = sorted(self._rows)
        return EpochSeries(np.array(epochs, int), tuple(self._rows[epoch] for epoch in epochs))

    def develop(self, run: Run, query: GradientQuery) -> Iterator[None]:
        """Evaluate the missing epochs; yields before each."""
        return self._rows.measure(self._epochs(run, query), partial(self._evaluate, run, query))

    def _epochs(self, run: Run, query: GradientQuery) -> list[int]:
        """The epoch shown first, then at most ``EPOCHS`` snapshots; drops all other rows."""
        stored = run.stored
        selected = stored[:: math.ceil(len(stored) / EPOCHS)]
        shown = [] if query.state.offset else [query.state.epoch]
        self._rows.sync(run.schedule, (run.dataset, query.layer, phrase_key(query.trace)))
        self._rows.retain([*selected, *shown])
        return [*shown, *coarse_first(selected)]

    def _evaluate(self, run: Run, query: GradientQuery, epoch: int) -> Row:
        begun, position = time.perf_counter(), Position(epoch)
        shown = position_of(query.state) == position
        state = query.state if shown else run.replay(position, "gradients")
        with np.errstate(all="ignore"):
            row = self._measure(query.at(state, run.schedule.at(position)))
        ended = time.perf_counter()
        self._throttle.note("", ended, ended - begun)
        return row
