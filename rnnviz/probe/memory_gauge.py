"""Memory gauge: spectral radius of W_hh, half-life of the gradient, and the gradient by lag."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from rnnviz.config import Gradient, Loss
from rnnviz.engine.batch import Batch, ExampleLike
from rnnviz.engine.derived_cell import DerivedCell
from rnnviz.engine.evaluation import batches
from rnnviz.engine.graph import topological
from rnnviz.engine.layer_buffers import Array
from rnnviz.engine.losses import margin_gradient
from rnnviz.engine.parameters import Parameters
from rnnviz.engine.trace import Trace
from rnnviz.engine.training import backward_again, record
from rnnviz.probe.cell_parts import cell_parts, memory_norms
from rnnviz.probe.gradient_flow import Flow, GradientQuery, Objective
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
    """The norms (T,) of a sequence without those that say nothing about memory.

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

    ``weights`` is the name of W_hh. The memory is in them alone if they are ``plain``.
    """

    epochs: Array
    radius: Array
    norm: Array
    half_life: Array
    weights: str = "W_hh"
    plain: bool = True

    def radii(self, epochs: Array) -> Array:
        """The radius at ascending ``epochs`` (N,), NaN where it was not measured.

        All are NaN for gated cells, whose memory is not in these weights alone.
        """
        radii = np.full(len(epochs), np.nan)
        if self.plain:
            radii[np.searchsorted(epochs, self.epochs)] = self.radius
        return radii


@dataclass(frozen=True, eq=False)
class GradientMap:
    """||dL/ds_t|| (L2) at ascending ``epochs`` (N,), for every token of one phrase: (N, T)."""

    epochs: Array
    norms: Array


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
    """||dL/dm_t|| (L2) over the lag T - t, as a share of that at lag 0, of many sequences; (L,).

    L is the loss, or the logit margin, of each sequence's last answer, m the memory state. ``low``
    and ``high`` enclose the middle 80% of the ``sequences``. ``bound`` is an upper bound of the
    share, None if unknown.
    """

    objective: Objective
    median: Array
    low: Array
    high: Array
    sequences: int
    bound: Array | None
    dtype: np.dtype[np.floating]

    @property
    def slope(self) -> float:
        """Decades per token, fitted to the median's logarithm; NaN below two values above zero."""
        return slope(self.median[::-1])

    @property
    def half_life(self) -> float:
        """Tokens until the median is halved; see the function ``half_life``."""
        return half_life(self.median[::-1])

    @property
    def fitted(self) -> Array:
        """The line fitted to the median's logarithm, (L,); NaN without one."""
        lags = np.arange(len(self.median))
        if math.isnan(self.slope):
            return np.full(len(lags), np.nan)
        known = lags[self.median > 0]
        line = self.slope * (lags - known.mean()) + np.log10(self.median[known]).mean()
        return np.asarray(10.0**line)

    @property
    def rounding(self) -> float:
        """The rounding error of the gradient at lag 0: a smaller value added to it is lost."""
        return float(np.finfo(self.dtype).eps)


class LagNorms(NamedTuple):
    """The lag of every token, (N,), and the gradient there as a share of that at lag 0, (N,)."""

    lags: Array
    shares: Array


def joined(parts: Iterable[LagNorms]) -> LagNorms:
    """Concatenate the shares of all parts."""
    return LagNorms(*(np.concatenate(arrays) for arrays in zip(*parts, strict=True)))


def lag_norms(
    parameters: Parameters,
    examples: Sequence[ExampleLike],
    objective: Objective,
    rule: BackwardRule,
) -> LagNorms:
    """||dL/dm_t|| (L2) of all examples as shares, from the last answer of each.

    Answers at earlier tokens are ignored: each would add a gradient at its own lag 0.
    """
    of = parameters.architecture
    return joined(
        pair
        for batch in batches(examples, of.hidden * of.layers)
        for pair in _shares(parameters, batch, objective, rule)
    )


def profile_of(
    parameters: Parameters, found: LagNorms, objective: Objective, layer: int = -1
) -> LagProfile:
    """The profile by lag; a sequence that has no gradient at lag 0 has no shares."""
    lags, shares = found
    order = np.argsort(lags, kind="stable")
    parts = np.split(shares[order], np.cumsum(np.bincount(lags))[:-1])
    low, median, high = np.array([_quantiles(part[~np.isnan(part)]) for part in parts]).T
    bound, dtype = _bound(parameters, layer, len(parts)), parameters.theta.dtype
    return LagProfile(objective, median, low, high, len(parts[0]), bound, dtype)


def _quantiles(shares: Array) -> Array:
    return np.quantile(shares, (BAND[0], 0.5, BAND[1])) if len(shares) else np.full(3, np.nan)


def _bound(parameters: Parameters, layer: int, count: int) -> Array | None:
    """||W_hh||^lag (Pascanu et al. 2013).

    Known for the topmost layer of a cell that is one function of W_hh h and the input, whose slope
    is at most 1. Lower layers also have a gradient from above.
    """
    of = parameters.architecture
    parts = cell_parts(of.cell)
    gentle = {"tanh", "relu", "sigmoid", "softplus", "sin", "cos"}
    # Another term with the state would add to the matrix.
    below = topological([parts.memory.total], ends=lambda node: node.kind == "product")
    alone = bool(parts.plain_matrix) and not any(node.kind == "state" for node in below)
    bounded = alone and {*parts.memory.functions} <= gentle
    if not bounded or layer % of.layers != of.layers - 1 or of.source:
        return None
    norm = float(np.linalg.norm(recurrent(parameters), 2))
    with np.errstate(over="ignore"):
        return np.asarray(norm ** np.arange(float(count)))


def _shares(
    parameters: Parameters, batch: Batch, objective: Objective, rule: BackwardRule
) -> Iterator[LagNorms]:
    """The lags and shares of all tokens of a batch, stack by stack."""
    seed = _last_answers(objective)
    trace = record(parameters, batch, rule.gradient, rule.truncate, seed)
    later, columns = np.zeros(batch.read.shape[1], int), np.arange(batch.read.shape[1])
    whole: Array | None = None
    for stack in reversed(trace.stacks):
        layer = stack.layers[rule.layer]
        steps = np.arange(layer.extent.steps)[:, None]
        read = np.array(layer.counts)[:, None] > np.arange(layer.extent.batch)
        lengths, cell = read.sum(axis=0), trace.architecture.cell
        norms = np.where(read, memory_norms(cell.state_gradient(layer), cell), 0)
        if whole is None:
            last = len(norms) - 1 - (norms[::-1] != 0).argmax(axis=0)
            whole = norms[last, columns]
        with np.errstate(all="ignore"):
            yield LagNorms((later + lengths - 1 - steps)[read], (norms / whole)[read])
        if batch.bridge is not None:
            encoded = np.argsort(batch.bridge)
            later, whole = lengths[encoded], whole[encoded]


def last_answer_norms(
    parameters: Parameters, trace: Trace, objective: Objective, rule: BackwardRule = EXACTLY
) -> Array:
    """||dL/ds_t|| (L2) at every token of a trace's sequence, (T,), from its last answer alone."""
    return Unrolled(_of_last_answer(parameters, trace, objective, rule), rule.layer).norms


def last_answer_shares(
    parameters: Parameters, trace: Trace, objective: Objective = Objective.LOSS,
    rule: BackwardRule = EXACTLY,
) -> Array:  # fmt: skip
    """||dL/dm_t|| (L2) of a sequence's last answer, as a share of its norm at that answer, (T,).

    m is the memory state, such as c of an LSTM. After the answer it is 0. An output that reads an
    older state has its first gradient a token before; without any gradient all is NaN.
    """
    unrolled = Unrolled(_of_last_answer(parameters, trace, objective, rule), rule.layer)
    norms = memory_norms(unrolled.ds, trace.architecture.cell)
    norms[max(unrolled.outputs) + 1 :] = 0
    with np.errstate(all="ignore"):
        return np.asarray(norms / norms[np.flatnonzero(norms)[-1:].max(initial=0)])


def answer_flow(query: GradientQuery) -> Flow:
    """What is left of the gradient of the phrase's last answer at every token, as shares."""
    config = query.config
    rule = BackwardRule(config.gradient, config.truncate, query.layer)
    shares = last_answer_shares(query.state.parameters, query.trace, query.objective, rule)
    return Flow(query.objective, shares)


def _of_last_answer(
    parameters: Parameters, trace: Trace, objective: Objective, rule: BackwardRule
) -> Trace:
    """The trace with the gradient of the last answer alone."""
    seed = _last_answers(objective)
    return backward_again(parameters, trace, seed, rule.gradient, rule.truncate)


def _last_answers(objective: Objective) -> Callable[[Trace], None]:
    """What writes the gradient of every sequence's last answer alone into the dlogits."""

    def seed(trace: Trace) -> None:
        if objective is Objective.MARGIN:
            margin_gradient(trace.logits, trace.targets, trace.dlogits)
        else:
            trace.dlogits[...] = _direction(trace)
        columns = trace.batch.outputs % trace.batch.read.shape[1]
        last = len(columns) - 1 - np.unique(columns[::-1], return_index=True)[1]
        trace.dlogits[np.setdiff1d(np.arange(len(columns)), last)] = 0

    return seed


def _direction(trace: Trace) -> Array:
    """dL/dlogits of every answer, scaled to a length that does not vanish when it is right.

    For classes it is (probs - onehot) / (1 - p(target)). For values without an error it is the
    gradient of their sum.
    """
    if trace.architecture.loss is not Loss.CROSS_ENTROPY:
        away = trace.logits - trace.targets
        largest = np.abs(away).max(axis=1, keepdims=True)
        return np.asarray(np.divide(away, largest, np.ones_like(away), where=largest != 0))
    others, rows = trace.logits.copy(), np.arange(len(trace.logits))
    others[rows, trace.targets] = -np.inf
    odds = np.exp(others - others.max(axis=1, keepdims=True))
    odds /= odds.sum(axis=1, keepdims=True)
    odds[rows, trace.targets] = -1
    return np.asarray(odds)
