"""GradientQuery: the input of an analysis of the gradients."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from rnnviz.config import RunConfig
from rnnviz.engine.batch import Example, collate
from rnnviz.engine.trace import Trace
from rnnviz.engine.training import TrainState, order, record
from rnnviz.probe.gradients import Objective
from rnnviz.probe.optimizer_step_stats import NextStepStats, next_step_stats

#: Limit of weights * tokens of a step; beyond it fewer steps are evaluated. To make a step of a
#: gradient takes as long as so many more tokens.
_WORK, _STEP = 25_000_000, 32


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


def next_steps(query: GradientQuery, steps: int) -> NextStepStats:
    """Statistics of the next ``steps`` steps of the epoch, all from the same weights.

    Fewer for large networks and long batches, but at least two.
    """
    state, config, examples = query.state, query.config, query.examples
    indexes = order(config.seed, state.epoch, len(examples), config.batch)[state.offset :]
    longest = max(len(example.inputs) for example in examples)
    work = state.parameters.theta.size * (config.batch * longest + _STEP)
    starts = range(0, len(indexes), config.batch)[: max(2, min(steps, steps * _WORK // work))]
    batches = [collate([examples[i] for i in indexes[s : s + config.batch]]) for s in starts]
    return next_step_stats(state.parameters, batches, config, state.slots)
