"""Gradient norms: back through time, and of every parameter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from rnnviz.config import Gradient
from rnnviz.engine.layer_buffers import Array
from rnnviz.engine.losses import margin_gradient
from rnnviz.engine.parameters import Parameters
from rnnviz.engine.trace import Trace
from rnnviz.probe.passes import seeded_pass
from rnnviz.probe.unrolled import Unrolled


class Objective(StrEnum):
    """The quantity whose gradient is taken."""

    LOSS = "loss"
    MARGIN = "logit margin"


@dataclass(frozen=True, eq=False)
class Flow:
    """||dL/dh_t|| (L2) at every token of one sequence, (T,); L is the loss or the logit margin."""

    objective: Objective
    norms: Array


def gradient_flow(trace: Trace, layer: int = -1) -> Flow:
    """||dL/dh_t|| in one layer at every token of the trace's first sequence."""
    return Flow(Objective.LOSS, Unrolled(trace, layer).norms)


def margin_flow(
    parameters: Parameters, trace: Trace, gradient: Gradient, truncate: int = 0, layer: int = -1
) -> Flow:
    """||dm/dh_t||, m the mean over the answers of the target's logit margin.

    Unlike the gradient of the loss it does not vanish when the sequence is learned.
    """

    def seed(seeded: Trace) -> None:
        margin_gradient(seeded.logits, seeded.targets, seeded.dlogits)
        np.divide(seeded.dlogits, len(seeded.logits), seeded.dlogits)

    seeded = seeded_pass(parameters, trace.batch, seed, gradient, truncate)
    return Flow(Objective.MARGIN, Unrolled(seeded, layer).norms)


def ratio(numerator: float, denominator: float) -> float:
    """The ratio of two norms: 0 if both are zero, infinite if only the denominator is."""
    if denominator:
        return numerator / denominator
    return float("inf") if numerator else 0.0


def stacked(rows: Sequence[Mapping[str, float]]) -> dict[str, Array]:
    """Numbers by parameter as one array for each parameter, (N,); empty without rows."""
    return {name: np.array([row[name] for row in rows]) for name in (rows[0] if rows else ())}


def norms_of(parameters: Parameters) -> dict[str, float]:
    """The L2 norm of every parameter, by name."""
    with np.errstate(over="ignore"):
        return {name: float(np.linalg.norm(array)) for name, array in parameters.named().items()}
