"""Memory gauge: spectral radius of W_hh, half-life of the gradient, and the gradient by lag."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import numpy as np

from rnnviz.config import Gradient
from rnnviz.engine.batch import Batch, ExampleLike
from rnnviz.engine.derived_cell import DerivedCell
from rnnviz.engine.evaluation import batches
from rnnviz.engine.layer_buffers import Array
from rnnviz.engine.losses import LOSSES, margin_gradient
from rnnviz.engine.parameters import Parameters, plain
from rnnviz.engine.trace import Trace
from rnnviz.engine.training import record
from rnnviz.probe.cell_parts import cell_parts
from rnnviz.probe.gradients import Objective
from rnnviz.probe.unrolled import Unrolled


class Spectrum(NamedTuple):
    """The spectral radius (largest |eigenvalue|) of W_hh, and its largest singular value."""

    radius: float
    norm: float


def eigenvalues(W_hh: Array) -> Array:
    """The eigenvalues (H,) of W_hh (H, H), the largest first."""
    values = np.linalg.eigvals(W_hh)
    return values[np.argsort(-np.abs(values), kind="stable")]


def spectrum(W_hh: Array) -> Spectrum:
    """The largest growth of a state by W_hh (H, H) per step: in the long run, and in one step.

    Both are infinite if a weight is not finite, and NaN for an empty matrix.
    """
    if not W_hh.size:
        return Spectrum(math.nan, math.nan)
    if not np.isfinite(W_hh).all():
        return Spectrum(math.inf, math.inf)
    radius = float(np.abs(np.linalg.eigvals(W_hh)).max())
    return Spectrum(radius, float(np.linalg.svd(W_hh, compute_uv=False)[0]))


def recurrent(parameters: Parameters, layer: int = -1) -> Array:
    """The recurrent weights (H, H) of a layer of the last stack; of a gated cell's candidate.

    A cell whose state enters no matrix has none, (0, 0).
    """
    name = recurrent_name(parameters, layer)
    return parameters[name] if name else np.empty((0, 0))


def recurrent_name(parameters: Parameters, layer: int = -1) -> str:
    """The name of ``recurrent``: W_hh, W_hn (GRU), W_hg (LSTM), with the layer; or empty."""
    of = parameters.architecture
    name = cell_parts(of.cell).recurrent_matrix
    prefix, suffix = of.affixes[-of.layers :][layer]
    return f"{prefix}{name}{suffix}" if name else ""


def slope(norms: Array) -> float:
    """The growth of ||dL/ds_t||, (T,), per token of lag, in decades; negative if it shrinks.

    The slope of a least-squares line through log10 ||dL/ds_t|| over the lag T - t; NaN with fewer
    than two norms above zero.
    """
    known = np.flatnonzero(norms > 0)
    if len(known) < 2:
        return math.nan
    lag, logs = -(known - known.mean()), np.log10(norms[known])
    return float(lag @ (logs - logs.mean()) / (lag @ lag))


def handed_on(norms: Array, cell: DerivedCell) -> Array:
    """The norms (T,) of a sequence without those that tell nothing of the memory.

    If the output is one of several states, such as h of an LSTM, its gradient at the last answer is
    what the answer alone sees: the drop after it is no loss of memory.
    """
    several = len(cell.states) > 1 and cell.equations.out in cell.states
    answer = np.flatnonzero(norms > 0)[-1:]
    return norms[: int(answer[0])] if several and len(answer) else norms


def half_life(norms: Array) -> float:
    """The lag in tokens at which the gradient is halved, log10(2) / -slope, fitted to norms (T,).

    Infinite if the gradient doesn't shrink; NaN with fewer than two norms above zero.
    """
    decades = slope(norms)
    return math.inf if decades >= 0 else math.log10(2) / -decades


@dataclass(frozen=True, eq=False)
class MemoryGauge:
    """Radius and norm of W_hh, and half-life in tokens, at ascending ``epochs``; all (N,).

    ``weights`` is the name of W_hh.
    """

    epochs: Array
    radius: Array
    norm: Array
    half_life: Array
    weights: str = "W_hh"

    def radii(self, epochs: Array) -> Array:
        """The radius at ascending ``epochs`` (N,), NaN where it was not measured.

        All are NaN for gated cells, whose memory is not in these weights alone.
        """
        radii = np.full(len(epochs), np.nan)
        if plain(self.weights) == "W_hh":
            radii[np.searchsorted(epochs, self.epochs)] = self.radius
        return radii


@dataclass(frozen=True, eq=False)
class GradientMap:
    """||dL/ds_t|| (L2) at ascending ``epochs`` (N,), for every token of one phrase: (N, T)."""

    epochs: Array
    norms: Array

    def last_starved(self, limit: float) -> int | None:
        """The epoch up to which the first token got less than ``limit`` of the last one's gradient.

        None if it got more at the first epoch.
        """
        starved = self.norms[:, 0] < limit * self.norms[:, -1]
        count = len(starved) if starved.all() else int(starved.argmin())
        return int(self.epochs[count - 1]) if count else None


#: The quantiles of the sequences that bound the band: the middle 80%.
BAND = (0.1, 0.9)


class BackwardRule(NamedTuple):
    """How the gradient is backpropagated: the rule, the truncation in tokens, and the layer."""

    gradient: Gradient = Gradient.EXACT
    truncate: int = 0
    layer: int = -1


#: The exact gradient without truncation, in the topmost layer.
EXACTLY = BackwardRule()


@dataclass(frozen=True, eq=False)
class LagProfile:
    """||dL/ds_t|| (L2) over the lag T - t, from 0, of ``sequences`` sequences; all (L,).

    L is the loss, or the logit margin, of each sequence's last answer, s the whole state. ``low``
    and ``high`` enclose the middle 80% of the sequences. ``bound`` is an upper bound of the norm,
    None if unknown. The line is fitted from the lag ``first`` on, see ``handed_on``.
    """

    objective: Objective
    median: Array
    mean: Array
    low: Array
    high: Array
    sequences: int
    bound: Array | None
    dtype: np.dtype[np.floating]
    first: int = 0

    @property
    def slope(self) -> float:
        """Decades per token, fitted to the median's logarithm; NaN below two values above zero."""
        return slope(self.median[self.first :][::-1])

    @property
    def half_life(self) -> float:
        """Tokens until the median is halved; see the function ``half_life``."""
        return half_life(self.median[self.first :][::-1])

    @property
    def fitted(self) -> Array:
        """The line fitted to the median's logarithm, (L,); NaN without one."""
        lags = np.arange(len(self.median))
        if math.isnan(self.slope):
            return np.full(len(lags), np.nan)
        known = lags[(self.median > 0) & (lags >= self.first)]
        line = self.slope * (lags - known.mean()) + np.log10(self.median[known]).mean()
        return np.asarray(10.0**line)

    @property
    def rounding(self) -> float:
        """The rounding error of the gradient at lag 0: a smaller value added to it is lost."""
        return float(np.finfo(self.dtype).eps * self.median[0])

    @property
    def floor(self) -> float:
        """The smallest normal number of the format."""
        return float(np.finfo(self.dtype).tiny)


class LagNorms(NamedTuple):
    """The lag of every token, (N,), and the gradient norm there, (N,)."""

    lags: Array
    norms: Array


def joined(parts: Iterable[LagNorms]) -> LagNorms:
    """Concatenate the norms of all parts."""
    return LagNorms(*(np.concatenate(arrays) for arrays in zip(*parts, strict=True)))


def lag_norms(
    parameters: Parameters,
    examples: Sequence[ExampleLike],
    objective: Objective,
    rule: BackwardRule,
) -> LagNorms:
    """The gradient norms of all examples, from the last answer of each.

    Answers at earlier tokens are ignored: each would add a gradient at its own lag 0.
    """
    of = parameters.architecture
    return joined(
        pair
        for batch in batches(examples, of.hidden * of.layers)
        for pair in _norms(parameters, batch, objective, rule)
    )


def profile_of(
    parameters: Parameters, found: LagNorms, objective: Objective, layer: int = -1
) -> LagProfile:
    """The profile of gradient norms by lag."""
    lags, norms = found
    order = np.argsort(lags, kind="stable")
    parts = np.split(norms[order], np.cumsum(np.bincount(lags))[:-1])
    low, median, high = np.array([np.quantile(p, (BAND[0], 0.5, BAND[1])) for p in parts]).T
    with np.errstate(over="ignore"):
        mean = np.array([part.mean(dtype=float) for part in parts])
    bound = _bound(parameters, layer, float(parts[0].max()), len(parts))
    cell, dtype = parameters.architecture.cell, parameters.theta.dtype
    first = len(median) - len(handed_on(median[::-1], cell))
    return LagProfile(objective, median, mean, low, high, len(parts[0]), bound, dtype, first)


def _bound(parameters: Parameters, layer: int, largest: float, count: int) -> Array | None:
    """||W_hh||^lag times the largest norm at lag 0 (Pascanu et al. 2013).

    Known for the topmost layer of a cell that is one function of W_hh h and the input, whose slope
    is at most 1. Lower layers also have a gradient from above.
    """
    of = parameters.architecture
    parts = cell_parts(of.cell)
    gentle = {"tanh", "relu", "sigmoid", "softplus", "sin", "cos"}
    bounded = bool(parts.plain_matrix) and {*parts.memory.functions} <= gentle
    if not bounded or layer % of.layers != of.layers - 1 or of.source:
        return None
    norm = float(np.linalg.norm(recurrent(parameters), 2))
    with np.errstate(over="ignore"):
        return np.asarray(largest * norm ** np.arange(float(count)))


def _norms(
    parameters: Parameters, batch: Batch, objective: Objective, rule: BackwardRule
) -> Iterator[LagNorms]:
    """The lags and norms of all tokens of a batch, stack by stack."""
    seed = partial(_seed_last, objective=objective)
    trace = record(parameters, batch, rule.gradient, rule.truncate, seed)
    later = np.zeros(batch.read.shape[1], int)
    for stack in reversed(trace.stacks):
        layer = stack.layers[rule.layer]
        steps = np.arange(layer.extent.steps)[:, None]
        read = np.array(layer.counts)[:, None] > np.arange(layer.extent.batch)
        lengths = read.sum(axis=0)
        ds = trace.architecture.cell.state_gradient(layer)
        norms = np.linalg.norm(ds.astype(float), axis=-1)
        yield LagNorms((later + lengths - 1 - steps)[read], norms[read])
        if batch.bridge is not None:
            later = lengths[np.argsort(batch.bridge)]


def last_answer_norms(
    parameters: Parameters, batch: Batch, objective: Objective, rule: BackwardRule = EXACTLY
) -> Array:
    """||dL/ds_t|| (L2) at every token of one sequence, (T,), from its last answer alone."""
    seed = partial(_seed_last, objective=objective)
    trace = record(parameters, batch, rule.gradient, rule.truncate, seed)
    return Unrolled(trace, rule.layer).norms


def _seed_last(trace: Trace, objective: Objective) -> None:
    """Write the gradient of every sequence's last answer into dlogits; the others are zero."""
    if objective is Objective.MARGIN:
        margin_gradient(trace.logits, trace.targets, trace.dlogits)
    else:
        LOSSES[trace.architecture.loss].error(trace.probs, trace.targets, 1.0, trace.dlogits)
    # An unknown target has no error, and so no gradient: then the answer before it is the last.
    rows = np.flatnonzero(trace.dlogits.any(axis=1))
    columns = trace.batch.outputs[rows] % trace.batch.read.shape[1]
    last = rows[len(columns) - 1 - np.unique(columns[::-1], return_index=True)[1]]
    trace.dlogits[np.setdiff1d(np.arange(len(trace.dlogits)), last)] = 0
