"""Turning word: the token without which the verdict is another one."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from rnnviz.engine.batch import collate
from rnnviz.engine.parameters import Parameters
from rnnviz.probe.passes import forward_pass
from rnnviz.probe.saliency import left_out
from rnnviz.tasks.example import Example

#: Both verdicts must be at least so probable.
SURE = 0.6
#: Longer sequences are not read without each token in turn.
LONGEST = 24


class Turn(NamedTuple):
    """Without ``token`` (from 0) the verdict is the class ``verdict``, with ``probability``."""

    token: int
    verdict: int
    probability: float


def turning_word(parameters: Parameters, example: Example, verdict: int) -> Turn | None:
    """The token without which another class than ``verdict`` is most probable.

    The network must have one class for the whole sequence. None if no token turns the verdict, or
    with fewer than 2 or more than ``LONGEST`` tokens; of several the one that turns it most.
    """
    count = len(example.inputs)
    if not 2 <= count <= LONGEST:
        return None
    trace = forward_pass(parameters, collate([left_out(example, t) for t in range(count)]))
    # Rows in the order of the examples; each has one answer.
    probabilities = trace.probs[np.argsort(trace.batch.owners)]
    others = np.delete(probabilities, verdict, axis=1)
    token = int(others.max(axis=1).argmax())
    other = int(probabilities[token].argmax())
    sure = float(probabilities[token, other])
    return Turn(token, other, sure) if other != verdict and sure >= SURE else None
