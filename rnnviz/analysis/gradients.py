"""How large the gradient is, on its way back through time and at every parameter."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from rnnviz.config import Gradient
from rnnviz.engine.losses import margin_gradient
from rnnviz.engine.model import bind
from rnnviz.engine.parameters import Array, Parameters
from rnnviz.engine.trace import Trace


class Objective(StrEnum):
    """Of what the gradient is taken."""

    LOSS = "loss"
    MARGIN = "logit margin"


@dataclass(frozen=True, eq=False)
class Flow:
    """||dL/dh_t|| (L2) for every token of one phrase, (T,); L is the loss or the logit margin."""

    objective: Objective
    norms: Array


def gradient_flow(trace: Trace) -> Flow:
    """The size of dL/dh_t at every token of the trace's (first) phrase, L the loss."""
    return Flow(Objective.LOSS, np.linalg.norm(trace.dh[:, 0], axis=-1))


def margin_flow(parameters: Parameters, trace: Trace, gradient: Gradient) -> Flow:
    """The size of dm/dh_t, where m is the target's logit less the largest other.

    Unlike the loss's gradient it doesn't vanish just because the phrase is learned.
    """
    seeded = Trace(trace.sizes, trace.tokens, trace.targets)
    there = bind(parameters, seeded, gradient)
    there.forward()
    margin_gradient(seeded.logits, seeded.targets, seeded.dlogits)
    there.carry()
    return Flow(Objective.MARGIN, np.linalg.norm(seeded.dh[:, 0], axis=-1))


def parameter_norms(trace: Trace) -> dict[str, float]:
    """||dL/dW|| (L2) of every parameter, before clipping."""
    found = trace.gradient.named()
    return {name: float(np.linalg.norm(array)) for name, array in found.items()}
