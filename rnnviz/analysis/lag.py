"""Gradient over the lag: how it shrinks or grows, over all sequences of a set."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from rnnviz.analysis.gradients import Objective
from rnnviz.analysis.memory_gauge import half_life, recurrent, slope
from rnnviz.config import CellKind, Gradient
from rnnviz.engine.batch import Batch, Example
from rnnviz.engine.bptt import bind
from rnnviz.engine.evaluation import batches
from rnnviz.engine.layer_buffers import Array
from rnnviz.engine.losses import LOSSES, margin_gradient
from rnnviz.engine.parameters import Parameters
from rnnviz.engine.trace import Trace

#: The part of the sequences that the band spans: the middle 80 %.
BAND = (0.1, 0.9)


class Carried(NamedTuple):
    """How the gradient is carried back: by which rule, cut after how many tokens, which layer."""

    gradient: Gradient = Gradient.EXACT
    truncate: int = 0
    layer: int = -1


#: All the way back, by the chain rule, through the topmost layer.
EXACTLY = Carried()


@dataclass(frozen=True, eq=False)
class LagProfile:
    """||dL/dh_t|| (L2) over the lag T - t, from 0, of ``sequences`` sequences; all (L,).

    L is the loss, or the logit margin, of each sequence's last answer. At every lag: the median and
    the mean, and ``low`` and ``high``, between which the middle 80 % of the sequences lie. No size
    can lie above ``bound``; None where no bound is known.
    """

    objective: Objective
    median: Array
    mean: Array
    low: Array
    high: Array
    sequences: int
    bound: Array | None
    dtype: np.dtype[np.floating]

    @property
    def slope(self) -> float:
        """Decades a token, fitted to the median's logarithm; NaN with fewer than two sizes."""
        return slope(self.median[::-1])

    @property
    def half_life(self) -> float:
        """After how many tokens the median is halved, see ``memory.half_life``."""
        return half_life(self.median[::-1])

    @property
    def fitted(self) -> Array:
        """The median as the fitted line has it; NaN where there is none, (L,)."""
        known = np.flatnonzero(self.median > 0)
        lags = np.arange(len(self.median))
        if math.isnan(self.slope):
            return np.full(len(lags), np.nan)
        line: Array = self.slope * (lags - known.mean()) + np.log10(self.median[known]).mean()
        return 10.0**line

    @property
    def rounding(self) -> float:
        """What is smaller is lost when it is added to the gradient of lag 0: its last digit."""
        return float(np.finfo(self.dtype).eps * self.median[0])

    @property
    def floor(self) -> float:
        """The smallest number that this format has in full precision."""
        return float(np.finfo(self.dtype).tiny)


def lag_profile(
    parameters: Parameters,
    examples: Sequence[Example],
    objective: Objective,
    carried: Carried = EXACTLY,
) -> LagProfile:
    """The gradient's size over the lag on all ``examples``, carried back from their last answers.

    Where there is an answer after every token, the last one alone is carried back: otherwise each
    token would have a gradient of its own, at lag 0.
    """
    architecture = parameters.architecture
    units = architecture.hidden * architecture.layers
    pairs = [
        pair
        for batch in batches(examples, units)
        for pair in _sizes(parameters, batch, objective, carried)
    ]
    lags, sizes = (np.concatenate(arrays) for arrays in zip(*pairs, strict=True))
    order = np.argsort(lags, kind="stable")
    parts = np.split(sizes[order], np.cumsum(np.bincount(lags))[:-1])
    low, median, high = np.array([np.quantile(p, (BAND[0], 0.5, BAND[1])) for p in parts]).T
    with np.errstate(over="ignore"):
        mean = np.array([part.mean(dtype=float) for part in parts])
    bound = _bound(parameters, carried.layer, float(parts[0].max()), len(parts))
    dtype = parameters.theta.dtype
    return LagProfile(objective, median, mean, low, high, len(parts[0]), bound, dtype)


def _bound(parameters: Parameters, layer: int, largest: float, count: int) -> Array | None:
    """||W_hh||^lag times the largest size at lag 0 (Pascanu et al. 2013), where slopes are <= 1.

    Known for the topmost layer of Elman cells: below it the gradient also comes from above.
    """
    architecture = parameters.architecture
    topmost = layer % architecture.layers == architecture.layers - 1
    if architecture.kind is not CellKind.ELMAN or not topmost or architecture.source:
        return None
    norm = float(np.linalg.norm(recurrent(parameters), 2))
    with np.errstate(over="ignore"):
        bound: Array = largest * norm ** np.arange(float(count))
    return bound


def _sizes(
    parameters: Parameters, batch: Batch, objective: Objective, carried: Carried
) -> Iterator[tuple[Array, Array]]:
    """Lags, and the sizes there, of all tokens of a batch."""
    trace = Trace(parameters.architecture, batch, parameters.theta.dtype)
    there = bind(parameters, trace, carried.gradient, carried.truncate)
    with np.errstate(over="ignore", invalid="ignore"):
        there.forward()
        seed_last(trace, objective)
        there.carry()
    lengths = (np.array(batch.read.counts)[:, None] > np.arange(batch.read.shape[1])).sum(axis=0)
    later = np.zeros_like(lengths)
    for stack in reversed(trace.stacks):
        layer = stack.layers[carried.layer]
        steps = np.arange(layer.extent.steps)[:, None]
        there_too = np.array(layer.counts)[:, None] > np.arange(layer.extent.batch)
        own = there_too.sum(axis=0)
        yield (later + own - 1 - steps)[there_too], np.linalg.norm(layer.dh, axis=-1)[there_too]
        if batch.bridge is not None:
            later[batch.bridge] = lengths


def seed_last(trace: Trace, objective: Objective) -> None:
    """Write the gradient of every sequence's last answer into dlogits; the others' are zero."""
    if objective is Objective.MARGIN:
        margin_gradient(trace.logits, trace.targets, trace.dlogits)
    else:
        LOSSES[trace.architecture.loss].error(trace.probs, trace.targets, 1.0, trace.dlogits)
    columns = trace.batch.outputs % trace.batch.read.shape[1]
    last = len(columns) - 1 - np.unique(columns[::-1], return_index=True)[1]
    trace.dlogits[np.setdiff1d(np.arange(len(columns)), last)] = 0
