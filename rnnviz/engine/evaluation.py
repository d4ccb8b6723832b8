"""Evaluation: how well a network does on a set of examples."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from rnnviz.engine.batch import Batch, Example, collate
from rnnviz.engine.layer import Array
from rnnviz.engine.losses import LOSSES
from rnnviz.engine.model import bind
from rnnviz.engine.parameters import Parameters
from rnnviz.engine.trace import Trace

#: From answers (M, C), what was wanted (M,) or (M, C), and the example of each, (M,), to 0..1.
Measure = Callable[[Array, Array, Array], float]

#: The most tokens that are read side by side, and the most numbers of all layers' states and gates.
_TOKENS, _NUMBERS = 2_048, 2_000_000


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


def evaluate(parameters: Parameters, groups: Sequence[Batch], measure: Measure) -> Score:
    """Loss and metric over all the examples of ``batches``; no step is taken.

    The loss is infinite or not a number where the network has diverged.
    """
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        answers = np.concatenate([_answers(parameters, batch) for batch in groups])
        targets = np.concatenate([batch.targets for batch in groups])
        loss = LOSSES[parameters.architecture.loss].of(answers, targets)
        owners = np.concatenate([batch.owners for batch in groups])
        return Score(float(loss.mean()), measure(answers, targets, owners))


def _answers(parameters: Parameters, batch: Batch) -> Array:
    trace = Trace(parameters.architecture, batch, parameters.theta.dtype)
    bind(parameters, trace).forward()
    return trace.probs
