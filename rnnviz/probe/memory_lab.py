"""MemoryLab: how far gradients reach back in time, at every epoch of a run."""

from __future__ import annotations

import time
from itertools import chain

import numpy as np

from rnnviz.engine.layer_buffers import Array
from rnnviz.engine.training import TrainState
from rnnviz.probe.cell_parts import cell_parts
from rnnviz.probe.chapters import WINDOW
from rnnviz.probe.gradient_over_lag import Carried, last_answer_norms
from rnnviz.probe.gradients import Flow, GradientQuery, Objective, gradient_flow, margin_flow
from rnnviz.probe.memory_gauge import (
    GradientMap,
    MemoryGauge,
    Spectrum,
    coarse_first,
    half_life,
    half_life_interval,
    recurrent,
    recurrent_name,
    spectrum,
)
from rnnviz.probe.probe import phrase_key
from rnnviz.run.epoch_cache import EpochCache
from rnnviz.run.run import Run, position_of
from rnnviz.run.schedule import Position

#: Largest number of epochs in the gauge; a chart has fewer pixels.
MOST_EPOCHS = 2_000


def flow(query: GradientQuery) -> Flow:
    """The gradient norms at every token of the phrase, of the loss or of the margin."""
    if query.objective is Objective.MARGIN:
        rule, cut = query.config.gradient, query.config.truncate
        return margin_flow(query.state.parameters, query.trace, rule, cut, query.layer)
    return gradient_flow(query.trace, query.layer)


def last_answer_flow(query: GradientQuery) -> Flow:
    """The same of the last answer alone, as the profile over the lag has it."""
    return Flow(query.objective, _of_last_answer(query))


def _of_last_answer(query: GradientQuery, norms: Array | None = None) -> Array:
    """The norms without what earlier answers add, each at a lag of its own."""
    if not query.trace.every:
        return flow(query).norms if norms is None else norms
    config = query.config
    carried = Carried(config.gradient, config.truncate, query.layer)
    parameters, batch = query.state.parameters, query.trace.batch
    return last_answer_norms(parameters, batch, query.objective, carried)


class MemoryLab:
    """The memory gauge and the gradient map of a phrase, at the epochs evaluated so far.

    With more than ``MOST_EPOCHS`` epochs the gauge has every ``stride``-th.
    """

    def __init__(self) -> None:
        self.stride = 1
        self._spectra = EpochCache[Spectrum](of_weights=True)
        self._half_lives = EpochCache[tuple[float, float, float]]()
        self._norms = EpochCache[Array]()

    def past(
        self, run: Run, query: GradientQuery, budget: float
    ) -> tuple[MemoryGauge, GradientMap]:
        """Gauge and map so far; evaluates the epoch shown, and snapshots for ``budget`` seconds."""
        until = time.perf_counter() + budget
        self._sync(run, query)
        state, stored = query.state, run.stored
        if not state.offset and state.epoch not in self._half_lives:
            self._evaluate(query)
        for epoch in coarse_first(self._half_lives.missing(stored)):
            self._evaluate_epoch(run, query, epoch)
            # At least one epoch besides the one shown, whatever the budget: the map is never blank.
            if time.perf_counter() > until:
                break
        weights = recurrent_name(query.state.parameters)
        return self._gauge(run.position.epoch, weights), self._map(stored)

    def develop(self, run: Run, query: GradientQuery, budget: float) -> bool:
        """Evaluate more epochs for about ``budget`` seconds; return whether some are missing."""
        until = time.perf_counter() + budget
        self._sync(run, query)
        # The epochs of the map come first: they have snapshots, and need no replay.
        stored = coarse_first(self._half_lives.missing(run.stored))
        others = self._half_lives.missing(self._gauge_epochs(run))
        for epoch in chain(stored, others):
            if time.perf_counter() > until:
                return True
            self._evaluate_epoch(run, query, epoch)
        return False

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
        while len(self._half_lives) > MOST_EPOCHS:
            self.stride *= 2
            for cache in (self._half_lives, self._spectra):
                cache.retain([epoch for epoch in cache if epoch % self.stride == 0])

    def _gauge_epochs(self, run: Run) -> list[int]:
        """The epochs for the gauge of a run."""
        rows = max(len(run.history) - 1, 0)
        stride = 1 << (rows // MOST_EPOCHS).bit_length()
        epochs: list[int] = run.history.epochs[:: max(self.stride, stride)].tolist()
        return epochs

    def _evaluate_epoch(self, run: Run, query: GradientQuery, epoch: int) -> None:
        state = run.replay(Position(epoch), "memory")
        self._evaluate(query.at(state, run.schedule.at(position_of(state))))

    def _evaluate(self, query: GradientQuery) -> None:
        epoch, norms = query.state.epoch, flow(query).norms
        if epoch not in self._spectra:
            self._spectra[epoch] = spectrum(recurrent(query.state.parameters))
        last = _of_last_answer(query, norms)
        self._norms[epoch] = norms
        with np.errstate(invalid="ignore"):  # A norm may be infinite.
            self._half_lives[epoch] = half_life(last), *half_life_interval(last)

    def _gauge(self, last: int, weights: str) -> MemoryGauge:
        epochs = sorted(epoch for epoch in self._half_lives if epoch <= last)
        spectra = np.array([self._spectra[epoch] for epoch in epochs]).reshape(-1, 2)
        lives = np.array([self._half_lives[epoch] for epoch in epochs]).reshape(-1, 3)
        columns = spectra[:, 0], spectra[:, 1], lives[:, 0], lives[:, 1:]
        return MemoryGauge(np.array(epochs, int), *columns, weights)

    def _map(self, epochs: list[int]) -> GradientMap:
        known = [epoch for epoch in epochs if epoch in self._norms]
        return GradientMap(np.array(known, int), np.array([self._norms[e] for e in known]))
