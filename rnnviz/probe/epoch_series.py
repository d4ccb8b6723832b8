"""Measurements over the epochs of a run: EpochSeries, Record, and MemoryLab."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Generic, TypeVar

import numpy as np

from rnnviz.engine.layer_buffers import Array
from rnnviz.engine.training import TrainState
from rnnviz.probe.cell_parts import cell_parts
from rnnviz.probe.gradient_flow import (
    Flow,
    GradientQuery,
    Objective,
    gradient_flow,
    margin_flow,
    stacked,
)
from rnnviz.probe.memory_gauge import (
    BackwardRule,
    GradientMap,
    MemoryGauge,
    Spectrum,
    half_life,
    handed_on,
    last_answer_norms,
    recurrent,
    recurrent_name,
    spectrum,
)
from rnnviz.probe.probe import phrase_key
from rnnviz.probe.story import WINDOW
from rnnviz.probe.work import Throttle, spend
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
                # A recording may have lost the snapshot meanwhile; then it was the nearest one's.
                self._epochs(run, query)
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
        subject = run.dataset, query.objective, query.layer, *phrase_key(query.trace)
        self._rows.sync(run.schedule, subject)
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


# The memory gauge and the gradient map of a run


#: Largest number of epochs in the gauge; a chart has fewer pixels.
MOST_EPOCHS = 2_000


def flow(query: GradientQuery) -> Flow:
    """The gradient norms at every token of the phrase, of the loss or of the margin."""
    if query.objective is Objective.MARGIN:
        rule, cut = query.config.gradient, query.config.truncate
        return margin_flow(query.state.parameters, query.trace, rule, cut, query.layer)
    return gradient_flow(query.trace, query.layer)


def _of_last_answer(query: GradientQuery, norms: Array) -> Array:
    """The norms without what earlier answers add, each at a lag of its own."""
    if not query.trace.every:
        return norms
    config = query.config
    carried = BackwardRule(config.gradient, config.truncate, query.layer)
    return last_answer_norms(query.state.parameters, query.trace, query.objective, carried)


class MemoryLab:
    """The memory gauge and the gradient map of a phrase, at the epochs evaluated so far.

    With more than ``MOST_EPOCHS`` epochs the gauge has every ``stride``-th.
    """

    def __init__(self) -> None:
        self.stride = 1
        self._spectra = EpochCache[Spectrum](of_weights=True)
        self._half_lives = EpochCache[float]()
        self._norms = EpochCache[Array]()

    def past(
        self, run: Run, query: GradientQuery, budget: float
    ) -> tuple[MemoryGauge, GradientMap]:
        """Gauge and map so far; evaluates the epoch shown, and snapshots for ``budget`` seconds."""
        state, stored, measure = query.state, run.stored, self._measure(run, query)
        if not state.offset and state.epoch not in self._half_lives:
            self._half_lives[state.epoch] = self._evaluate(query)
        work = measure(coarse_first(stored))
        if not any(epoch in self._norms for epoch in stored):  # The map is never blank.
            next(work, None)
        spend(budget, work)
        epochs = sorted(epoch for epoch in self._half_lives if epoch <= run.position.epoch)
        spectra = np.array([self._spectra[epoch] for epoch in epochs]).reshape(-1, 2)
        lives = np.array([self._half_lives[epoch] for epoch in epochs], float)
        gauge = MemoryGauge(
            np.array(epochs, int), spectra[:, 0], spectra[:, 1], lives,
            recurrent_name(state.parameters),
            bool(cell_parts(state.parameters.architecture.cell).plain_matrix),
        )  # fmt: skip
        known = [epoch for epoch in stored if epoch in self._norms]
        norms = np.array([self._norms[epoch] for epoch in known])
        return gauge, GradientMap(np.array(known, int), norms)

    def develop(self, run: Run, query: GradientQuery) -> Iterator[None]:
        """Evaluate the missing epochs; yields before each."""
        measure, rows = self._measure(run, query), max(len(run.history) - 1, 0)
        stride = max(self.stride, 1 << (rows // MOST_EPOCHS).bit_length())
        # The epochs of the map come first: they have snapshots, and need no replay.
        epochs = [*coarse_first(run.stored), *run.history.epochs[::stride].tolist()]
        return measure(epochs)

    def radii(self, run: Run, state: TrainState) -> Array:
        """The spectral radius of W_hh by rows of the history up to ``state``, NaN where unknown.

        Measured here are the first row and the state; the last ones are there if they were shown.
        All are NaN for gated cells, whose memory is not in these weights alone.
        """
        epoch, rows = state.epoch, run.history.rows_until(state.epoch)
        radii = np.full(rows, np.nan)
        if not cell_parts(state.parameters.architecture.cell).plain_matrix:
            return radii
        self._spectra.sync(run.schedule, run.dataset)
        epochs = run.history.epochs[:rows].tolist()
        if epochs[0] not in self._spectra:
            start = run.replay(Position(epochs[0]), "start")
            self._spectra[epochs[0]] = spectrum(recurrent(start.parameters))
        if not state.offset and epoch not in self._spectra:
            self._spectra[epoch] = spectrum(recurrent(state.parameters))
        for row in {0, *range(max(rows - WINDOW, 0), rows)}:
            if epochs[row] in self._spectra:
                radii[row] = self._spectra[epochs[row]].radius
        if state.offset:
            radii[-1] = spectrum(recurrent(state.parameters)).radius
        return radii

    def _sync(self, run: Run, query: GradientQuery) -> None:
        subject = run.dataset, query.objective, query.layer, *phrase_key(query.trace)
        self._spectra.sync(run.schedule, run.dataset)
        self._half_lives.sync(run.schedule, subject)
        self._norms.sync(run.schedule, subject)
        self._norms.retain(run.stored)
        for epoch in run.stored:  # After a reset a snapshot may come again, without its norms.
            if epoch not in self._norms:
                self._half_lives.pop(epoch, None)
        while len(self._half_lives) > MOST_EPOCHS:
            self.stride *= 2
            for cache in (self._half_lives, self._spectra):
                cache.retain([epoch for epoch in cache if epoch % self.stride == 0])

    def _measure(self, run: Run, query: GradientQuery) -> Callable[[Iterable[int]], Iterator[None]]:
        self._sync(run, query)

        def row(epoch: int) -> float:
            state = run.replay(Position(epoch), "memory")
            if state.epoch != epoch:  # A snapshot of a recording can no longer be read.
                self._spectra[epoch] = Spectrum(math.nan, math.nan)
                return math.nan
            return self._evaluate(query.at(state, run.schedule.at(position_of(state))))

        return lambda epochs: self._half_lives.measure(epochs, row)

    def _evaluate(self, query: GradientQuery) -> float:
        """The half-life; keeps the spectrum and the norms, too."""
        epoch, norms = query.state.epoch, flow(query).norms
        if epoch not in self._spectra:
            self._spectra[epoch] = spectrum(recurrent(query.state.parameters))
        last = _of_last_answer(query, norms)
        self._norms[epoch] = norms
        with np.errstate(invalid="ignore"):  # A norm may be infinite.
            return half_life(handed_on(last, query.state.parameters.architecture.cell))
