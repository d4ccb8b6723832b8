"""What the states say: the verdict as it forms, word by word."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rnnviz.engine.losses import margin
from rnnviz.engine.parameters import Array, Parameters
from rnnviz.engine.trace import Trace


@dataclass(frozen=True, eq=False)
class RunningMargin:
    """The output layer read after every token: the lead of ``target``'s logit, (T,)."""

    target: int
    values: Array


def running_margin(parameters: Parameters, trace: Trace, target: int) -> RunningMargin:
    """m_t = logit of ``target`` less the largest other, from h_t as if the phrase ended at t."""
    logits = trace.h[:, 0] @ parameters.W_hy.T + parameters.b_y
    return RunningMargin(target, margin(logits, np.full(len(logits), target)))
