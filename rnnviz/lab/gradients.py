"""GradientLab: analyses of the gradients of a run, cached."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from rnnviz.analysis.connectivity import Connectivity, connectivity
from rnnviz.analysis.exact_vs_notebook import (
    ByLength,
    ByToken,
    Comparison,
    compare_by_length,
    compare_by_token,
    compare_examples,
)
from rnnviz.analysis.gradient_history import TRAIL, GradientRow, GradientSeries
from rnnviz.analysis.gradient_over_lag import Carried, LagProfile, lag_profile
from rnnviz.analysis.gradients import Objective
from rnnviz.analysis.jacobians import Jacobians, jacobians_along
from rnnviz.analysis.memory_gauge import coarse_first, eigenvalues, recurrent
from rnnviz.analysis.optimizer_step_stats import NextStepStats, next_step_stats
from rnnviz.analysis.token_contribution import token_contribution
from rnnviz.analysis.unrolled import Unrolled
from rnnviz.config import CellKind, RunConfig
from rnnviz.engine.batch import Example, collate
from rnnviz.engine.gradcheck import GradientCheck, check_gradient
from rnnviz.engine.trace import Trace
from rnnviz.engine.training import TrainState, order, record
from rnnviz.lab.memo import Memo
from rnnviz.lab.probe import phrase_key
from rnnviz.lab.questions import GradientQuestion
from rnnviz.training.epoch_cache import EpochCache
from rnnviz.training.run import Run, position_of
from rnnviz.training.schedule import Position

#: Number of next steps to evaluate at the epoch shown, and at each past epoch.
STEPS, PAST_STEPS = 32, 8
#: Limit of weights * tokens of a step; beyond it fewer steps are evaluated.
_WORK = 25_000_000
#: Largest number of past epochs to evaluate.
EPOCHS = 100


class GradientQuery(NamedTuple):
    """The input of an analysis: a state, its settings, the trace of a phrase, the examples.

    The gradient is that of ``objective`` in ``layer``.
    """

    state: TrainState
    config: RunConfig
    trace: Trace
    examples: Sequence[Example]
    objective: Objective = Objective.LOSS
    layer: int = -1

    def at(self, state: TrainState, config: RunConfig) -> GradientQuery:
        """The query for the same phrase in another state of the run."""
        trace = record(state.parameters, self.trace.batch, config.gradient, config.truncate)
        return self._replace(state=state, config=config, trace=trace)


class GradientLab:
    """Analyses of the gradients, each cached until its input changes."""

    def __init__(self) -> None:
        self.question = GradientQuestion.REACH
        self._memo = Memo()
        self._past = EpochCache[GradientRow]()

    def lag(self, query: GradientQuery) -> LagProfile:
        """The gradient by lag, over all training examples."""
        state, config, objective = query.state, query.config, query.objective
        carried = Carried(config.gradient, config.truncate, query.layer)
        key = state, objective, carried
        return self._memo.ask(
            "lag", key, lambda: lag_profile(state.parameters, query.examples, objective, carried)
        )

    def jacobians(self, query: GradientQuery) -> Jacobians:
        """The Jacobians along the phrase."""
        state, trace = query.state, query.trace
        key = state, phrase_key(trace)
        return self._memo.ask("jacobians", key, lambda: jacobians_along(state.parameters, trace))

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

    # Over the epochs

    def past(self, run: Run, query: GradientQuery, budget: float) -> GradientSeries:
        """The rows so far; evaluates the epoch shown, and more for about ``budget`` seconds."""
        # The epoch shown and one more, whatever the budget.
        self.develop(run, query, budget, least=2)
        epochs = sorted(self._past)
        return GradientSeries(np.array(epochs, int), tuple(self._past[epoch] for epoch in epochs))

    def develop(self, run: Run, query: GradientQuery, budget: float, least: int = 0) -> bool:
        """Evaluate more epochs for about ``budget`` seconds; return whether some are missing.

        At least ``least`` epochs are evaluated, the epoch shown first.
        """
        until = time.perf_counter() + budget
        for count, epoch in enumerate(self._missing(run, query)):
            if count >= least and time.perf_counter() > until:
                return True
            self._evaluate(run, query, epoch)
        return False

    def _missing(self, run: Run, query: GradientQuery) -> list[int]:
        """The missing epochs: the one shown first, then at most ``EPOCHS`` snapshots."""
        stored = run.snapshots.epochs
        selected = stored[:: math.ceil(len(stored) / EPOCHS)]
        shown = [] if query.state.offset else [query.state.epoch]
        self._past.sync(run.schedule, (run.dataset, query.layer, phrase_key(query.trace)))
        self._past.retain([*selected, *shown])
        return [*self._past.missing(dict.fromkeys([*shown, *coarse_first(selected)]))]

    def _evaluate(self, run: Run, query: GradientQuery, epoch: int) -> None:
        position = Position(epoch)
        shown = position_of(query.state) == position
        state = query.state if shown else run.replay(position, "gradients")
        self._past[epoch] = row_of(query.at(state, run.schedule.at(position)))


def _check_key(query: GradientQuery) -> tuple[object, ...]:
    return query.state, query.config.gradient, *phrase_key(query.trace)


def row_of(query: GradientQuery) -> GradientRow:
    """The row of one epoch."""
    parameters, examples = query.state.parameters, query.examples
    steps = next_steps(query, PAST_STEPS)
    # The notebook's gradient rule applies to Elman cells only.
    elman = query.config.cell is CellKind.ELMAN
    comparison = compare_examples(parameters, examples) if elman else None
    return GradientRow(
        eigenvalues(recurrent(parameters, query.layer))[:TRAIL],
        token_contribution(Unrolled(query.trace, query.layer)),
        steps.clipped,
        float(steps.entries.mean()),
        float(np.median(steps.angles)),
        steps.ratio,
        comparison.errors if comparison else {},
        comparison.cosines if comparison else {},
    )


def next_steps(query: GradientQuery, steps: int) -> NextStepStats:
    """Statistics of the next ``steps`` steps of the epoch, all from the same weights.

    Fewer for large networks and long batches, but at least two.
    """
    state, config, examples = query.state, query.config, query.examples
    indexes = order(config.seed, state.epoch, len(examples), config.batch)[state.offset :]
    longest = max(len(example.inputs) for example in examples)
    work = state.parameters.theta.size * config.batch * longest
    starts = range(0, len(indexes), config.batch)[: max(2, min(steps, steps * _WORK // work))]
    batches = [collate([examples[i] for i in indexes[s : s + config.batch]]) for s in starts]
    return next_step_stats(state.parameters, batches, config, state.slots)
