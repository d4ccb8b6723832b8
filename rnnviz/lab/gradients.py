"""Backflow: what is asked about the gradients of a run, and what is known already."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeVar

import numpy as np

from rnnviz.analysis.connectivity import Connectivity, connectivity
from rnnviz.analysis.gradient_comparison import (
    ByLength,
    Comparison,
    compare_by_length,
    compare_examples,
)
from rnnviz.analysis.gradient_history import TRAIL, Entry, Ledger, Pages
from rnnviz.analysis.gradients import Objective
from rnnviz.analysis.jacobians import Jacobians, jacobians_along
from rnnviz.analysis.lag import Carried, LagProfile, lag_profile
from rnnviz.analysis.memory_gauge import coarse_first, eigenvalues, recurrent
from rnnviz.analysis.next_step_stats import Survey, survey
from rnnviz.analysis.token_contribution import shares
from rnnviz.analysis.unrolled import Unrolled
from rnnviz.config import CellKind, RunConfig
from rnnviz.engine.batch import Example, collate
from rnnviz.engine.trace import Trace
from rnnviz.engine.training import TrainState, order, record
from rnnviz.lab.probe import phrase_key
from rnnviz.training.run import Run, place_of
from rnnviz.training.schedule import Place

T = TypeVar("T")

#: How many of the next steps are surveyed at the epoch shown, and at each epoch of the past.
STEPS, PAST_STEPS = 32, 8
#: Weights times tokens of a step; where there are more, fewer steps are surveyed.
_WORK = 25_000_000
#: At how many epochs of the past the ledger is kept, at most.
EPOCHS = 100


class Sight(NamedTuple):
    """What is looked at: the network, its settings, one phrase's trace, the training examples.

    And of what the gradient is taken, in which layer.
    """

    state: TrainState
    config: RunConfig
    trace: Trace
    examples: Sequence[Example]
    objective: Objective = Objective.LOSS
    layer: int = -1

    @property
    def compares(self) -> bool:
        """Whether the notebook's rule, which is there for Elman cells, makes any difference."""
        return self.config.cell is CellKind.ELMAN

    def at(self, state: TrainState, config: RunConfig) -> Sight:
        """The same phrase, read by the network of another time."""
        batch, rule, cut = self.trace.batch, config.gradient, config.truncate
        return self._replace(
            state=state, config=config, trace=record(state.parameters, batch, rule, cut)
        )


class Backflow:
    """The answers, each kept as long as what is looked at stays the same."""

    def __init__(self) -> None:
        self._known: dict[object, tuple[tuple[object, ...], Any]] = {}
        self._ledger = Ledger()

    def _kept(self, key: tuple[object, ...], act: Callable[..., T], *args: Any) -> T:
        """The answer of one question; the last one to each is kept."""
        if act not in self._known or self._known[act][0] != key:
            self._known[act] = key, act(*args)
        found: T = self._known[act][1]
        return found

    def lag(self, sight: Sight) -> LagProfile:
        """The gradient over the lag, on all training examples."""
        state, config = sight.state, sight.config
        carried = Carried(config.gradient, config.truncate, sight.layer)
        key, given = (state, sight.objective, carried), (sight.examples, sight.objective, carried)
        return self._kept(key, lag_profile, state.parameters, *given)

    def jacobians(self, sight: Sight) -> Jacobians:
        """The Jacobians along the phrase."""
        state, trace = sight.state, sight.trace
        return self._kept((state, phrase_key(trace)), jacobians_along, state.parameters, trace)

    def connectivity(self, sight: Sight) -> Connectivity:
        """Which states of the phrase each of its answers hears."""
        state, trace, layer = sight.state, sight.trace, sight.layer
        key = state, layer, phrase_key(trace)
        return self._kept(key, connectivity, state.parameters, trace, layer)

    def survey(self, sight: Sight) -> Survey:
        """The next steps that training would take from these weights, each on its own batch."""
        return self._kept((sight.state, sight.config), survey_next, sight, STEPS)

    def compare(self, sight: Sight) -> Comparison:
        """Exact against notebook on the training examples."""
        state = sight.state
        return self._kept((state,), compare_examples, state.parameters, sight.examples)

    def by_length(self, sight: Sight) -> ByLength:
        """The same for each length that occurs."""
        state = sight.state
        return self._kept((state,), compare_by_length, state.parameters, sight.examples)

    # Over the epochs

    def past(self, run: Run, sight: Sight, budget: float) -> Pages:
        """The ledger as far as it is written: the epoch shown, and more for ``budget`` seconds."""
        until = time.perf_counter() + budget
        lacking = self._lacking(run, sight)
        for count, epoch in enumerate(lacking):
            # One epoch besides the one shown, however little time there is.
            if count > 1 and time.perf_counter() > until:
                break
            self._write(run, sight, epoch)
        return self._ledger.pages()

    def develop(self, run: Run, sight: Sight, budget: float) -> bool:
        """Write for about ``budget`` seconds; whether something is lacking still."""
        until = time.perf_counter() + budget
        for epoch in self._lacking(run, sight):
            if time.perf_counter() > until:
                return True
            self._write(run, sight, epoch)
        return False

    def _lacking(self, run: Run, sight: Sight) -> list[int]:
        """The epochs of which snapshots are kept, of many every n-th, and the one shown, first."""
        epochs = run.snapshots.epochs
        wanted = epochs[:: math.ceil(len(epochs) / EPOCHS)]
        shown = [] if sight.state.position else [sight.state.epoch]
        subject = run.dataset, sight.layer, phrase_key(sight.trace)
        self._ledger.keep(run.schedule, subject, [*wanted, *shown])
        return [*self._ledger.missing(dict.fromkeys([*shown, *coarse_first(wanted)]))]

    def _write(self, run: Run, sight: Sight, epoch: int) -> None:
        place = Place(epoch)
        shown = place_of(sight.state) == place
        there = sight.state if shown else run.visit(place, "ledger")
        self._ledger.write(epoch, entry_of(sight.at(there, run.schedule.at(place))))


def entry_of(sight: Sight) -> Entry:
    """What is written of one epoch."""
    parameters, examples = sight.state.parameters, sight.examples
    seen = survey_next(sight, PAST_STEPS)
    beside = compare_examples(parameters, examples) if sight.compares else None
    return Entry(
        eigenvalues(recurrent(parameters, sight.layer))[:TRAIL],
        shares(Unrolled(sight.trace, sight.layer)),
        seen.clipped,
        float(seen.entries.mean()),
        float(np.median(seen.angles)),
        seen.ratio,
        beside.errors if beside else {},
        beside.cosines if beside else {},
    )


def survey_next(sight: Sight, steps: int) -> Survey:
    """The next ``steps`` steps, or those that are left of the epoch, from the same weights.

    Of large networks and long batches fewer, but two at least.
    """
    state, config, examples = sight.state, sight.config, sight.examples
    indexes = order(config.seed, state.epoch, len(examples), config.batch)[state.position :]
    longest = max(len(example.inputs) for example in examples)
    each = state.parameters.theta.size * config.batch * longest
    starts = range(0, len(indexes), config.batch)[: max(2, min(steps, steps * _WORK // each))]
    batches = [collate([examples[i] for i in indexes[s : s + config.batch]]) for s in starts]
    return survey(state.parameters, batches, config, state.slots)
