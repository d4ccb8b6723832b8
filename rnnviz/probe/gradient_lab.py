"""GradientLab: analyses of the gradients of a run, cached."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import Generic, NamedTuple, TypeVar

import numpy as np

from rnnviz.config import RunConfig
from rnnviz.engine.gradcheck import GradientCheck, check_gradient
from rnnviz.engine.layer_buffers import Array
from rnnviz.engine.training import TrainState
from rnnviz.probe.cache import Memo
from rnnviz.probe.cell_parts import cell_parts
from rnnviz.probe.gradients import (
    ByLength,
    ByToken,
    Comparison,
    Connectivity,
    Flow,
    GradientQuery,
    NextStepStats,
    Objective,
    TokenContribution,
    compare_by_length,
    compare_by_token,
    compare_examples,
    connectivity,
    gradient_flow,
    margin_flow,
    next_steps,
    stacked,
    token_contribution,
)
from rnnviz.probe.jacobians import (
    Jacobians,
    Products,
    jacobians_along,
    lyapunov_exponents,
    products,
)
from rnnviz.probe.memory_gauge import (
    BackwardRule,
    GradientMap,
    LagNorms,
    LagProfile,
    MemoryGauge,
    Spectrum,
    eigenvalues,
    half_life,
    half_life_interval,
    joined,
    lag_norms,
    last_answer_norms,
    profile_of,
    recurrent,
    recurrent_name,
    spectrum,
)
from rnnviz.probe.probe import phrase_key
from rnnviz.probe.story import WINDOW
from rnnviz.probe.unrolled import Unrolled
from rnnviz.probe.work import ChunkedRead, Throttle, chunk_indexes, spend
from rnnviz.run.epoch_cache import EpochCache, coarse_first
from rnnviz.run.run import Run, position_of
from rnnviz.run.schedule import Position

Row = TypeVar("Row")
#: The number of largest eigenvalues that are kept for an epoch.
TRAIL = 8


class ClippingShares(NamedTuple):
    """Of some next steps: the shares of ``steps`` and of ``entries`` that clipping changes.

    ``angle`` is the largest angle by which it turns the gradient of one, in degrees.
    """

    steps: float
    entries: float
    angle: float


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


#: Number of next steps to evaluate at each epoch.
EPOCH_STEPS = 8
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


class GradientHistory:
    """The records of a run, by kind: each is evaluated only where it is shown."""

    def __init__(self) -> None:
        #: The largest eigenvalues (k,) of the recurrent weights.
        self.eigenvalues = Record(
            lambda query: eigenvalues(recurrent(query.state.parameters, query.layer))[:TRAIL]
        )
        self.shares = Record(shares_of)
        self.clipping = Record(clipping_of)
        self.comparisons = Record(
            lambda query: compare_examples(query.state.parameters, query.examples)
        )


def shares_of(query: GradientQuery) -> TokenContribution:
    """Each token's share in the gradients of the weights."""
    return token_contribution(Unrolled(query.trace, query.layer), query.state.parameters)


def clipping_of(query: GradientQuery) -> ClippingShares:
    """How much clipping changes some of the next steps."""
    steps = next_steps(query, EPOCH_STEPS)
    return ClippingShares(steps.clipped, float(steps.entries.mean()), float(steps.angles.max()))


class BandSource(StrEnum):
    """The sequences whose gradients are drawn as the band around the phrase's."""

    TRAIN = "training"
    TEST = "test"


#: Number of next steps to evaluate at the epoch shown.
STEPS = 32


class GradientLab:
    """Analyses of the gradients, each cached until its input changes."""

    def __init__(self) -> None:
        self.band = BandSource.TRAIN
        self._memo = Memo()
        self.history = GradientHistory()

    def lag(self, query: GradientQuery) -> LagProfile:
        """The gradient by lag, over what has been read of the query's examples: the ``band``.

        Of many that is a random sample first; ``read_on`` reads the others.
        """
        chunks, parameters = self._lags(query), query.state.parameters
        return self._memo.ask(
            "lag", (chunks, len(chunks.results)),
            lambda: profile_of(parameters, joined(chunks.results), query.objective, query.layer),
        )  # fmt: skip

    def read_on(self, query: GradientQuery) -> Iterator[None]:
        """Read the rest of the band; yields before each chunk."""
        return self._lags(query).develop()

    def _lags(self, query: GradientQuery) -> ChunkedRead[LagNorms]:
        parameters, examples, objective = query.state.parameters, query.examples, query.objective
        carried = BackwardRule(query.config.gradient, query.config.truncate, query.layer)

        def read(chunk: Array) -> LagNorms:
            some = [examples[k] for k in chunk.tolist()]
            return lag_norms(parameters, some, objective, carried)

        key = query.state, objective, carried, self.band
        return self._memo.ask(
            "lags", key, lambda: ChunkedRead(chunk_indexes(examples, parameters.theta.size), read)
        )

    def reach(self, query: GradientQuery) -> Flow:
        """The gradient of the phrase's last answer at every token."""
        return self._memo.ask("reach", _flow_key(query), lambda: last_answer_flow(query))

    def at_second(
        self, query: GradientQuery, state: TrainState, config: RunConfig
    ) -> GradientQuery:
        """The query for the same phrase in a second state of the run."""
        trace = self._memo.ask(
            "second trace", (state, config, *phrase_key(query.trace)),
            lambda: query.at(state, config).trace,
        )  # fmt: skip
        return query._replace(state=state, config=config, trace=trace)

    def second(self, query: GradientQuery) -> Flow:
        """The gradient of the phrase's last answer in a second state of the run."""
        return self._memo.ask("second", _flow_key(query), lambda: last_answer_flow(query))

    def second_shares(self, query: GradientQuery) -> TokenContribution:
        """Each token's share in the gradients of the weights, in a second state of the run."""
        return self._memo.ask("second shares", _flow_key(query), lambda: shares_of(query))

    def jacobians(self, query: GradientQuery, second: bool = False) -> Jacobians:
        """The Jacobians along the phrase; those of a ``second`` state are cached separately."""
        state, trace = query.state, query.trace
        key = state, phrase_key(trace)
        return self._memo.ask(
            ("jacobians", second), key, lambda: jacobians_along(state.parameters, trace)
        )

    def second_products(self, query: GradientQuery) -> tuple[Products, Array]:
        """Products and exponents of the Jacobians in a second state of the run."""
        along = self.jacobians(query, second=True)
        return self._memo.ask(
            "second products", (query.state, phrase_key(query.trace)),
            lambda: (products(along), lyapunov_exponents(along)),
        )  # fmt: skip

    def connectivity(self, query: GradientQuery) -> Connectivity:
        """How much each output of the phrase depends on each of its states."""
        state, trace, layer = query.state, query.trace, query.layer
        key = state, layer, phrase_key(trace)
        return self._memo.ask(
            "connectivity", key, lambda: connectivity(state.parameters, trace, layer)
        )

    def next_steps(self, query: GradientQuery) -> NextStepStats:
        """Statistics of the next training steps from these weights, each on its own batch."""
        key = query.state, query.config
        return self._memo.ask("next steps", key, lambda: next_steps(query, STEPS))

    def compare(self, query: GradientQuery) -> Comparison:
        """The exact and the notebook's gradient, compared on the training examples."""
        state, examples = query.state, query.examples
        return self._memo.ask(
            "compare", state, lambda: compare_examples(state.parameters, examples)
        )

    def by_token(self, query: GradientQuery) -> ByToken:
        """Both gradients at every token of the phrase."""
        parameters, trace, layer = query.state.parameters, query.trace, query.layer
        key = query.state, layer, phrase_key(trace)
        return self._memo.ask(
            "by token", key, lambda: compare_by_token(parameters, trace.batch, layer)
        )

    def by_length(self, query: GradientQuery) -> ByLength:
        """The same comparison for each sequence length."""
        state, examples = query.state, query.examples
        return self._memo.ask(
            "by length", state, lambda: compare_by_length(state.parameters, examples)
        )

    def check(self, query: GradientQuery) -> GradientCheck:
        """Check the gradient on the phrase against complex-step differences."""
        parameters, rule, batch = query.state.parameters, query.config.gradient, query.trace.batch
        key = _check_key(query)
        return self._memo.ask("check", key, lambda: check_gradient(parameters, batch, rule))

    def checked(self, query: GradientQuery) -> GradientCheck | None:
        """The last gradient check, if it was for these weights and this phrase."""
        check: GradientCheck | None = self._memo.known("check", _check_key(query))
        return check


def _flow_key(query: GradientQuery) -> tuple[object, ...]:
    return query.state, query.config, query.objective, query.layer, *phrase_key(query.trace)


def _check_key(query: GradientQuery) -> tuple[object, ...]:
    return query.state, query.config.gradient, *phrase_key(query.trace)


#: Largest number of epochs in the gauge; a chart has fewer pixels.
MOST_EPOCHS = 2_000


def flow(query: GradientQuery) -> Flow:
    """The gradient norms at every token of the phrase, of the loss or of the margin."""
    if query.objective is Objective.MARGIN:
        rule, cut = query.config.gradient, query.config.truncate
        return margin_flow(query.state.parameters, query.trace, rule, cut, query.layer)
    return gradient_flow(query.trace, query.layer)


def last_answer_flow(query: GradientQuery) -> Flow:
    """The gradient norms of the last answer alone, as in the lag profile."""
    return Flow(query.objective, _of_last_answer(query))


def _of_last_answer(query: GradientQuery, norms: Array | None = None) -> Array:
    """The norms without what earlier answers add, each at a lag of its own."""
    if not query.trace.every:
        return flow(query).norms if norms is None else norms
    config = query.config
    carried = BackwardRule(config.gradient, config.truncate, query.layer)
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
        state, stored, measure = query.state, run.stored, self._measure(run, query)
        if not state.offset and state.epoch not in self._half_lives:
            self._half_lives[state.epoch] = self._evaluate(query)
        work = measure(coarse_first(stored))
        # At least one epoch besides the one shown, whatever the budget: the map is never blank.
        next(work, None)
        spend(budget, work)
        epochs = sorted(epoch for epoch in self._half_lives if epoch <= run.position.epoch)
        spectra = np.array([self._spectra[epoch] for epoch in epochs]).reshape(-1, 2)
        lives = np.array([self._half_lives[epoch] for epoch in epochs]).reshape(-1, 3)
        gauge = MemoryGauge(
            np.array(epochs, int), spectra[:, 0], spectra[:, 1], lives[:, 0], lives[:, 1:],
            recurrent_name(state.parameters),
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
        while len(self._half_lives) > MOST_EPOCHS:
            self.stride *= 2
            for cache in (self._half_lives, self._spectra):
                cache.retain([epoch for epoch in cache if epoch % self.stride == 0])

    def _measure(self, run: Run, query: GradientQuery) -> Callable[[Iterable[int]], Iterator[None]]:
        self._sync(run, query)

        def row(epoch: int) -> tuple[float, float, float]:
            state = run.replay(Position(epoch), "memory")
            return self._evaluate(query.at(state, run.schedule.at(position_of(state))))

        return lambda epochs: self._half_lives.measure(epochs, row)

    def _evaluate(self, query: GradientQuery) -> tuple[float, float, float]:
        """The half-life and its interval; keeps the spectrum and the norms, too."""
        epoch, norms = query.state.epoch, flow(query).norms
        if epoch not in self._spectra:
            self._spectra[epoch] = spectrum(recurrent(query.state.parameters))
        last = _of_last_answer(query, norms)
        self._norms[epoch] = norms
        with np.errstate(invalid="ignore"):  # A norm may be infinite.
            return half_life(last), *half_life_interval(last)
