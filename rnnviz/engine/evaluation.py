"""Evaluator: the scores of a network on a set of examples."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from rnnviz.engine.batch import Batch, Example, collate
from rnnviz.engine.bptt import bind_forward
from rnnviz.engine.cell import Kernel
from rnnviz.engine.layer_buffers import Array
from rnnviz.engine.losses import LOSSES
from rnnviz.engine.parameters import Parameters
from rnnviz.engine.trace import Trace

#: From answers (M, C), what was wanted (M,) or (M, C), and the example of each, (M,), to 0..1.
Measure = Callable[[Array, Array, Array], float]

#: The most tokens that are read side by side, and the most numbers of all layers' states and gates.
_TOKENS, _NUMBERS = 2_048, 800_000


class Score(NamedTuple):
    """How well a set of examples is known: mean loss of the outputs, and a metric, 0..1."""

    loss: float
    metric: float


def batches(examples: Sequence[Example], units: int = 1) -> list[Batch]:
    """Examples side by side, those of like length together; owners count through all of them.

    The more ``units`` the network has, in all layers, the fewer are read at once.
    """
    tokens = max(1, min(_TOKENS, _NUMBERS // (8 * units)))
    lengths = [len(example.inputs) for example in examples]
    order = sorted(range(len(examples)), key=lambda i: -lengths[i])
    found, start = [], 0
    while start < len(order):
        end = start + max(1, tokens // lengths[order[start]])
        part = np.array(order[start:end])
        batch = collate([examples[i] for i in part])
        found.append(batch._replace(owners=part[batch.owners]))
        start = end
    return found


class Evaluator:
    """Examples on which networks are tried out; no step is taken.

    A network's weights are copied into ``parameters``, to which the passes are bound once; these
    are kept, up to ``limit`` bytes.
    """

    def __init__(
        self,
        examples: Sequence[Example],
        parameters: Parameters,
        limit: int = 2_000_000,
    ) -> None:
        architecture, self._parameters = parameters.architecture, parameters
        self._batches = batches(examples, architecture.hidden * architecture.layers)
        self._kept: dict[int, tuple[Trace, Kernel]] = {}
        self._room = limit
        self._targets = np.concatenate([batch.targets for batch in self._batches])
        self._owners = np.concatenate([batch.owners for batch in self._batches])

    def score(self, parameters: Parameters, measure: Measure) -> Score:
        """Loss and metric over all the examples.

        The loss is infinite or not a number where the network has diverged.
        """
        self._parameters.theta[...] = parameters.theta
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            answers = np.concatenate([self._answers(k) for k in range(len(self._batches))])
            loss = LOSSES[parameters.architecture.loss].of(answers, self._targets)
            return Score(float(loss.mean()), measure(answers, self._targets, self._owners))

    def _answers(self, number: int) -> Array:
        trace, forward = self._kept.get(number) or self._bind(number)
        forward()
        return trace.probs

    def _bind(self, number: int) -> tuple[Trace, Kernel]:
        own = self._parameters
        trace = Trace(own.architecture, self._batches[number], own.theta.dtype, thin=True)
        bound = trace, bind_forward(own, trace)
        if trace.nbytes <= self._room:
            self._room -= trace.nbytes
            self._kept[number] = bound
        return bound
