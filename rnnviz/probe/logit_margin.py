"""Logit margin after every token, as if the sequence ended there."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rnnviz.engine.layer_buffers import Array
from rnnviz.engine.losses import margin
from rnnviz.engine.parameters import Parameters
from rnnviz.engine.trace import Trace
from rnnviz.probe.unrolled import Unrolled


@dataclass(frozen=True, eq=False)
class RunningMargin:
    """The logit margin of ``target`` after every token, (T,)."""

    target: int
    values: Array


def running_logits(parameters: Parameters, trace: Trace) -> Array:
    """The logits after every token, as if the sequence ended there, (T, C)."""
    return Unrolled(trace).h @ parameters.W_hy.T + parameters.b_y


def running_margin(parameters: Parameters, trace: Trace, target: int) -> RunningMargin:
    """m_t = logit of ``target`` less the largest other, as if the sequence ended at t."""
    logits = running_logits(parameters, trace)
    return RunningMargin(target, margin(logits, np.full(len(logits), target)))
