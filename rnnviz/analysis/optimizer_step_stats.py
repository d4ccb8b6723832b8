"""Statistics of the next optimizer steps: how much is clipped, how far the weights move."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rnnviz.analysis.gradients import norms_of
from rnnviz.config import RunConfig
from rnnviz.engine.batch import Batch
from rnnviz.engine.layer_buffers import Array
from rnnviz.engine.optimizers import Slots
from rnnviz.engine.parameters import Parameters
from rnnviz.engine.training import Descent, descent, record


@dataclass(frozen=True, eq=False)
class NextStepStats:
    """Steps from the same weights, each on a batch of its own; none of them is taken.

    ``entries`` (N,): the share of the entries that
    clipping changes. ``angles`` (N,): between the raw and the clipped gradient, in degrees.
    ``ratios``: ||update|| / ||W|| of every parameter, by name, (N,); infinite where W is zero.
    """

    entries: Array
    angles: Array
    ratios: dict[str, Array]

    @property
    def clipped(self) -> float:
        """The share of the steps that clipping changes, 0..1."""
        return float((self.entries > 0).mean())

    @property
    def ratio(self) -> dict[str, float]:
        """The median over the steps of every parameter's update-to-weight ratio."""
        return {name: float(np.median(values)) for name, values in self.ratios.items()}

    @property
    def spread(self) -> dict[str, Array]:
        """Quantiles 0.1, 0.5 and 0.9 of every ratio over the steps where it is finite, (3,)."""
        finite = {name: values[np.isfinite(values)] for name, values in self.ratios.items()}
        return {n: np.quantile(v, (0.1, 0.5, 0.9)) for n, v in finite.items() if len(v)}


def survey(
    parameters: Parameters, batches: Sequence[Batch], config: RunConfig, slots: Slots
) -> NextStepStats:
    """Look at the step that training with ``config`` would take on each of the batches."""
    found = []
    # The steps themselves, each as large as all the weights, are not kept.
    for batch in batches:
        trace = record(parameters, batch, config.gradient, config.truncate)
        step = descent(trace, config, slots)
        found.append((cut_share(step), angle(step), update_ratios(parameters, step.update)))
    entries, angles, ratios = zip(*found, strict=True)
    names = parameters.named()
    by_name = {name: np.array([ratio[name] for ratio in ratios]) for name in names}
    return NextStepStats(np.array(entries), np.array(angles), by_name)


def cut_share(step: Descent) -> float:
    """The share of the gradient's entries, 0..1, that clipping changes."""
    return float((step.gradient.theta != step.clipped.theta).mean())


def angle(step: Descent) -> float:
    """Between the raw and the clipped gradient, in degrees; 0 where one of them is zero.

    2 atan2(||u - v||, ||u + v||) of the unit vectors, exact for small angles too (Kahan 2006).
    """
    raw, clipped = (p.theta.astype(float) for p in (step.gradient, step.clipped))
    sizes = [float(np.linalg.norm(g)) for g in (raw, clipped)]
    if not min(sizes):
        return 0.0
    u, v = raw / sizes[0], clipped / sizes[1]
    return float(np.degrees(2 * np.arctan2(np.linalg.norm(u - v), np.linalg.norm(u + v))))


def update_ratios(parameters: Parameters, update: Parameters) -> dict[str, float]:
    """||update|| / ||W|| (L2) of every parameter: 0 where neither is, infinite where W is zero."""
    moves, sizes = norms_of(update), norms_of(parameters)
    return {name: _ratio(moves[name], size) for name, size in sizes.items()}


def _ratio(update: float, weights: float) -> float:
    if weights:
        return update / weights
    return float("inf") if update else 0.0
