"""Statistics of the next optimizer steps: clipping, and the size of updates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rnnviz.config import RunConfig
from rnnviz.engine.batch import Batch
from rnnviz.engine.layer_buffers import Array
from rnnviz.engine.optimizers import Slots
from rnnviz.engine.parameters import Parameters
from rnnviz.engine.training import Descent, descent, record
from rnnviz.probe.gradients import norms_of, ratio, stacked


@dataclass(frozen=True, eq=False)
class NextStepStats:
    """N possible steps from the same weights, each on another batch.

    ``entries`` (N,) is the share of entries that clipping changes, ``angles`` (N,) the angle of
    the raw and the clipped gradient in degrees, ``ratios`` ||update|| / ||W|| (N,) of every
    parameter, by name, infinite if W is zero.
    """

    entries: Array
    angles: Array
    ratios: dict[str, Array]

    @property
    def clipped(self) -> float:
        """The share of steps that clipping changes, 0..1."""
        return float((self.entries > 0).mean())

    @property
    def ratio(self) -> dict[str, float]:
        """The median update-to-weight ratio of every parameter."""
        return {name: float(np.median(values)) for name, values in self.ratios.items()}

    @property
    def spread(self) -> dict[str, Array]:
        """The quantiles 0.1, 0.5 and 0.9 of every parameter's finite ratios, (3,)."""
        finite = {name: values[np.isfinite(values)] for name, values in self.ratios.items()}
        return {n: np.quantile(v, (0.1, 0.5, 0.9)) for n, v in finite.items() if len(v)}


def next_step_stats(
    parameters: Parameters, batches: Sequence[Batch], config: RunConfig, slots: Slots
) -> NextStepStats:
    """The statistics of the steps that training with ``config`` would take on these batches."""
    rows = []
    # A step has the size of all weights, so only its statistics are kept.
    for batch in batches:
        trace = record(parameters, batch, config.gradient, config.truncate)
        step = descent(trace, config, slots)
        rows.append((cut_share(step), angle(step), update_ratios(parameters, step.update)))
    entries, angles, ratios = zip(*rows, strict=True)
    return NextStepStats(np.array(entries), np.array(angles), stacked(ratios))


def cut_share(step: Descent) -> float:
    """The share of entries that clipping changes, 0..1."""
    return float((step.gradient.theta != step.clipped.theta).mean())


def angle(step: Descent) -> float:
    """The angle between the raw and the clipped gradient, in degrees; 0 if one of them is zero."""
    raw, clipped = (p.theta.astype(float) for p in (step.gradient, step.clipped))
    sizes = [float(np.linalg.norm(g)) for g in (raw, clipped)]
    if not min(sizes):
        return 0.0
    # This form is accurate for small angles too (Kahan 2006).
    u, v = raw / sizes[0], clipped / sizes[1]
    return float(np.degrees(2 * np.arctan2(np.linalg.norm(u - v), np.linalg.norm(u + v))))


def update_ratios(parameters: Parameters, update: Parameters) -> dict[str, float]:
    """||update|| / ||W|| (L2) of every parameter: 0 if both are zero, infinite if only W is."""
    updates, weights = norms_of(update), norms_of(parameters)
    return {name: ratio(updates[name], weights[name]) for name in weights}
