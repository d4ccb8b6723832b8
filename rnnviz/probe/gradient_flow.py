"""Gradients: norms by token, token contributions, next steps, and the notebook's gradient."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property, partial
from typing import NamedTuple

import numpy as np

from rnnviz.config import Gradient, Loss, RunConfig
from rnnviz.engine.batch import Batch, ExampleLike, collate
from rnnviz.engine.bptt import bind
from rnnviz.engine.dropout import factors_at
from rnnviz.engine.layer_buffers import Array
from rnnviz.engine.losses import margin_gradient
from rnnviz.engine.parameters import Parameters
from rnnviz.engine.trace import Trace
from rnnviz.engine.training import TrainState, backward_again, descent, order, record
from rnnviz.probe.cell_parts import cell_parts
from rnnviz.probe.passes import copies, copies_at_once
from rnnviz.probe.probe import phrase_key
from rnnviz.probe.unrolled import CellValues, Unrolled


class Objective(StrEnum):
    """The quantity whose gradient is taken."""

    LOSS = "loss"
    MARGIN = "logit margin"


@dataclass(frozen=True, eq=False)
class Flow:
    """||dL/ds_t|| (L2) at every token of one sequence, (T,); L is the loss or the logit margin.

    s is the whole state that the cell hands on: of an LSTM h and c. As shares it is that of the
    memory state, over that at the answer.
    """

    objective: Objective
    norms: Array


def gradient_flow(trace: Trace, layer: int = -1) -> Flow:
    """||dL/ds_t|| in one layer at every token of the trace's first sequence."""
    return Flow(Objective.LOSS, Unrolled(trace, layer).norms)


def margin_flow(
    parameters: Parameters, trace: Trace, gradient: Gradient, truncate: int = 0, layer: int = -1
) -> Flow:
    """||dm/ds_t||, m the mean over the answers of the target's logit margin.

    Unlike the gradient of the loss it does not vanish when the sequence is learned.
    """

    def seed(seeded: Trace) -> None:
        margin_gradient(seeded.logits, seeded.targets, seeded.dlogits)
        np.divide(seeded.dlogits, len(seeded.logits), seeded.dlogits)

    seeded = backward_again(parameters, trace, seed, gradient, truncate)
    return Flow(Objective.MARGIN, Unrolled(seeded, layer).norms)


def ratio(numerator: float, denominator: float) -> float:
    """The ratio of two norms: 0 if both are zero, infinite if only the denominator is."""
    if denominator:
        return numerator / denominator
    return float("inf") if numerator else 0.0


def stacked(rows: Sequence[Mapping[str, float]]) -> dict[str, Array]:
    """One array of N numbers for each parameter from N rows; empty without rows."""
    return {name: np.array([row[name] for row in rows]) for name in (rows[0] if rows else ())}


def norms_of(parameters: Parameters) -> dict[str, float]:
    """The L2 norm of every parameter, by name."""
    with np.errstate(over="ignore"):
        return {name: float(np.linalg.norm(array)) for name, array in parameters.named().items()}


@dataclass(frozen=True, eq=False)
class TokenContribution:
    """The share, 0..1, of every token of one sequence in two gradients, (T,) each.

    ``W_hh`` stands for all recurrent weights of a layer, ``W_xh`` for all input weights. A token's
    share is ||da_t z_t^T|| over the sum of these norms. Shares sum to 1, or are all zero if the
    gradient is zero.
    """

    W_hh: Array
    W_xh: Array


def token_contribution(unrolled: Unrolled, parameters: Parameters) -> TokenContribution:
    """Each token's share in dW_hh and dW_xh; dW = sum_t da_t z_t^T, z_t = h_{t-1} or x_t."""
    norms = [part_norms(unrolled, parameters, inputs) for inputs in (False, True)]
    W_hh, W_xh = (n / n.sum() if n.sum() > 0 else np.zeros_like(n) for n in norms)
    return TokenContribution(W_hh, W_xh)


def part_norms(unrolled: Unrolled, parameters: Parameters, inputs: bool) -> Array:
    """||da_t z_t^T|| (L2) of every token, (T,), over all matrices that read ``inputs``, or states.

    For states, only matrices that read an earlier token's count.
    The norm of an outer product is the product of the norms.
    """
    parts = cell_parts(unrolled.trace.architecture.cell)
    values = CellValues(parts, unrolled, parameters)
    squares = np.zeros(len(unrolled))
    recurrent = parts.equations.recurrent
    for affine in parts.affines.values():
        # Squares of float32 would overflow.
        error = unrolled.error(parts.cell.layout.slots[affine.node]).astype(float)
        errors = (error**2).sum(axis=-1)
        for product in affine.products:
            (read,) = product.args
            if (read.kind == "input") != inputs or not (inputs or product.name in recurrent):
                continue
            if inputs:
                sizes = np.array([float((unrolled.x(t) ** 2).sum()) for t in range(len(unrolled))])
            else:
                sizes = (values(read).astype(float) ** 2).sum(axis=-1)
            squares += errors * sizes
    return np.asarray(np.sqrt(squares))


#: At most this many answers are shown.
ANSWERS = 48


def connectivity(parameters: Parameters, trace: Trace, layer: int = -1) -> tuple[Array, Array]:
    """The tokens t' (N,) of some answers, and C[n, t] = || d logit_target(t'_n) / d s_t || (L2).

    For values it is the norm of the matrix dy(t') / ds_t over all channels. Tokens after t' have no
    influence: zero. Each answer of the trace's one sequence is backpropagated separately (Madsen
    2019): the sequence is repeated in a batch, and each copy has the gradient of another answer. Of
    more than ``ANSWERS`` answers an evenly spaced subset is used.
    """
    outputs = np.array(list(Unrolled(trace, layer).outputs))
    rows = np.linspace(0, len(outputs) - 1, min(len(outputs), ANSWERS)).round().astype(int)
    classes = trace.architecture.loss is Loss.CROSS_ENTROPY
    channels = [None] if classes else range(trace.architecture.outputs)
    answers = [(row, channel) for row in rows for channel in channels]
    most, norms = copies_at_once(trace.architecture, len(Unrolled(trace, layer))), list[Array]()
    for start in range(0, len(answers), most):
        part = answers[start : start + most]
        seed = partial(_seed, answers=part)
        copied = record(parameters, copies(trace.batch, len(part)), seed=seed)
        norms += [Unrolled(copied, layer, b).norms for b in range(len(part))]
    sizes = np.linalg.norm(np.reshape(norms, (len(rows), len(channels), -1)), axis=1)
    return outputs[rows], sizes


def _seed(copied: Trace, answers: list[tuple[int, int | None]]) -> None:
    """Set the gradient of answer b alone in copy b: 1 at its channel, or at the target for None."""
    copied.dlogits[...] = 0
    for b, (row, channel) in enumerate(answers):
        output = np.flatnonzero(copied.batch.owners == b)[row]
        copied.dlogits[output, copied.targets[output] if channel is None else channel] = 1


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

    @cached_property
    def clipped(self) -> float:
        """The share of steps that clipping changes, 0..1."""
        return float((self.entries > 0).mean())

    @cached_property
    def entry_share(self) -> float:
        """The mean share of entries that clipping changes, 0..1."""
        return float(self.entries.mean())

    @cached_property
    def largest_angle(self) -> float:
        """The largest angle by which clipping turns the gradient, in degrees."""
        return float(self.angles.max())

    @property
    def spread(self) -> dict[str, Array]:
        """The quantiles 0.1, 0.5 and 0.9 of every parameter's finite ratios, (3,)."""
        finite = {name: values[np.isfinite(values)] for name, values in self.ratios.items()}
        return {n: np.quantile(v, (0.1, 0.5, 0.9)) for n, v in finite.items() if len(v)}


def next_step_stats(
    state: TrainState, batches: Mapping[int, Batch], config: RunConfig
) -> NextStepStats:
    """The statistics of the steps that training with ``config`` would take on these batches.

    All are taken from the weights of ``state``; ``batches`` are by their offset in the epoch.
    """
    parameters, rows = state.parameters, []
    weights = norms_of(parameters)
    # A step has the size of all weights, so only its statistics are kept.
    for offset, batch in batches.items():
        factors = factors_at(parameters, config, state.epoch, offset)
        trace = record(parameters.times(factors), batch, config.gradient, config.truncate)
        step = descent(parameters, trace, config, state.slots, factors)
        rows.append((step.changed.mean(), step.angle, update_ratios(weights, step.update)))
    entries, angles, ratios = zip(*rows, strict=True)
    # A parameter of zero has no ratio, even if its update is zero, too.
    none = {name: np.full(len(rows), np.inf) for name, norm in weights.items() if not norm}
    return NextStepStats(np.array(entries), np.array(angles), stacked(ratios) | none)


def update_ratios(weights: Mapping[str, float], update: Parameters) -> dict[str, float]:
    """||update|| / ||W|| (L2) of every parameter: 0 if both are zero, infinite if only W is.

    ``weights`` are the norms of all W by name.
    """
    updates = norms_of(update)
    return {name: ratio(updates[name], norm) for name, norm in weights.items()}


#: Limit of weights * tokens; beyond it fewer steps are evaluated. An optimizer's update costs as
#: much as ``_STEP`` tokens.
_WORK, _STEP = 25_000_000, 32


class GradientQuery(NamedTuple):
    """The input of an analysis: a state, its settings, the trace of a phrase, the examples.

    The gradient is that of ``objective`` in ``layer``.
    """

    state: TrainState
    config: RunConfig
    trace: Trace
    examples: Sequence[ExampleLike]
    objective: Objective = Objective.LOSS
    layer: int = -1

    def at(self, state: TrainState, config: RunConfig) -> GradientQuery:
        """The query for the same phrase in another state of the run."""
        trace = record(state.parameters, self.trace.batch, config.gradient, config.truncate)
        return self._replace(state=state, config=config, trace=trace)


def token_shares(query: GradientQuery) -> TokenContribution:
    """Each token's share in the gradients of the weights of the query's layer."""
    return token_contribution(Unrolled(query.trace, query.layer), query.state.parameters)


def next_steps(query: GradientQuery, steps: int) -> NextStepStats:
    """Statistics of the next ``steps`` steps of the epoch, all from the same weights.

    Fewer for large networks and long batches, but at least two.
    """
    state, config, examples = query.state, query.config, query.examples
    indexes = order(config.seed, state.epoch, len(examples), config.batch)
    longest = max(len(example.inputs) for example in examples)
    work = state.parameters.theta.size * (config.batch * longest + _STEP)
    starts = range(state.offset, len(indexes), config.batch)
    few = starts[: max(2, min(steps, steps * _WORK // work))]
    batches = {s: collate([examples[i] for i in indexes[s : s + config.batch]]) for s in few}
    return next_step_stats(state, batches, config)


# The exact gradient and the notebook's, compared at the same weights


#: At most this many tokens, of the first examples, are compared.
_TOKENS = 4_000


@dataclass(frozen=True, eq=False)
class Comparison:
    """L2 norms, cosines and relative errors of the two gradients, by parameter.

    ``errors`` are ||notebook - exact|| / ||exact||. The cosine with a gradient of zero is NaN.
    """

    exact: dict[str, float]
    notebook: dict[str, float]
    cosines: dict[str, float]
    errors: dict[str, float]

    def angle(self, name: str) -> float:
        """The angle between both gradients of a parameter, in degrees; NaN where there is none."""
        return float(np.degrees(np.arccos(np.clip(self.cosines[name], -1, 1))))


@dataclass(frozen=True, eq=False)
class ByLength:
    """Comparisons for the sequences of each length (N,), on ``counts`` (N,) of them."""

    lengths: Array
    counts: Array
    comparisons: tuple[Comparison, ...]

    def table(self, name: str) -> dict[str, Array]:
        """The errors or cosines at every length by parameter, (N,) each."""
        return stacked([getattr(comparison, name) for comparison in self.comparisons])


@dataclass(frozen=True, eq=False)
class ByToken:
    """dL/dh_t by both rules at every token of one sequence: L2 norms and cosines, all (T,).

    The cosine with a gradient of zero is NaN.
    """

    exact: Array
    notebook: Array
    cosines: Array

    @property
    def angles(self) -> Array:
        """The angles between both, in degrees; NaN where there is none."""
        return np.asarray(np.degrees(np.arccos(np.clip(self.cosines, -1, 1))))


def _by_both_rules(parameters: Parameters, batch: Batch) -> Iterator[Trace]:
    """A trace with the exact gradient, then the same one with the notebook's: one forward pass."""
    trace = Trace(parameters.architecture, batch, parameters.theta.dtype)
    for rule in (Gradient.EXACT, Gradient.NOTEBOOK):
        bound = bind(parameters, trace, rule)
        with np.errstate(all="ignore"):
            if rule is Gradient.EXACT:
                bound.forward()
            bound.backward(1 / len(trace.logits))
        yield trace


def compare_by_token(parameters: Parameters, batch: Batch, layer: int = -1) -> ByToken:
    """Compare dL/dh_t in one layer at every token of the first sequence of a batch."""
    exact, notebook = (
        Unrolled(trace, layer).dh.copy() for trace in _by_both_rules(parameters, batch)
    )
    cosines = [cosine(one, other) for one, other in zip(exact, notebook, strict=True)]
    one, other = (np.linalg.norm(rows, axis=1) for rows in (exact, notebook))
    return ByToken(one, other, np.array(cosines))


def compare(parameters: Parameters, batch: Batch) -> Comparison:
    """Compare both gradients of the mean loss of these sequences, without truncation."""
    exact, notebook = (trace.gradient for trace in _by_both_rules(parameters, batch))
    difference = norms_of(exact.like(notebook.theta - exact.theta))
    norms = norms_of(exact)
    cosines = {name: cosine(exact[name], notebook[name]) for name in norms}
    errors = {name: ratio(difference[name], norms[name]) for name in norms}
    return Comparison(norms, norms_of(notebook), cosines, errors)


def compare_examples(parameters: Parameters, examples: Sequence[ExampleLike]) -> Comparison:
    """The comparison for the mean loss of the examples, or of the first if there are many."""
    return compare(parameters, collate(examples[: compared(examples)]))


def compared(examples: Sequence[ExampleLike]) -> int:
    """The number of first examples that are compared."""
    ends = np.cumsum([len(example.inputs) for example in examples])
    return max(1, int(np.searchsorted(ends, _TOKENS, "right")))


def compare_by_length(parameters: Parameters, examples: Sequence[ExampleLike]) -> ByLength:
    """The comparison for the sequences of each length."""
    lengths = np.unique([len(example.inputs) for example in examples])
    groups = [[e for e in examples if len(e.inputs) == length] for length in lengths]
    comparisons = tuple(compare_examples(parameters, group) for group in groups)
    return ByLength(lengths, np.array([compared(group) for group in groups]), comparisons)


def cosine(one: Array, other: Array) -> float:
    """The cosine of the angle between two arrays; NaN if one of them is zero."""
    one, other = one.ravel().astype(float), other.ravel().astype(float)
    norms = float(np.linalg.norm(one) * np.linalg.norm(other))
    return float(one @ other) / norms if norms > 0 else float("nan")


def flow_key(query: GradientQuery) -> tuple[object, ...]:
    """What the gradient flow of a query depends on, as a key."""
    return query.state, query.config, query.objective, query.layer, *phrase_key(query.trace)
