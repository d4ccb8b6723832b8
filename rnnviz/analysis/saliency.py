"""Saliency: how much each token matters to the answer, by three methods."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from rnnviz.engine.batch import Batch, Sequences, collate
from rnnviz.engine.bptt import bind, bind_forward
from rnnviz.engine.layer_buffers import Array, Layer
from rnnviz.engine.losses import best_other
from rnnviz.engine.parameters import Parameters
from rnnviz.engine.trace import Trace
from rnnviz.tasks.example import Example

#: At how many points of the way from nothing to the sequence the gradient is taken.
NODES = 64
#: The most tokens that are left out in turn; of more, some that are evenly spread.
LEFT_OUT = 64
#: The most numbers of states and gates of several sequences that are read side by side.
_NUMBERS = 2_000_000


class Answer(NamedTuple):
    """The number m that is explained: ``weights`` (N, C) times the N answers' logits, summed."""

    weights: Array
    name: str


@dataclass(frozen=True, eq=False)
class Saliency:
    """What each of T tokens adds to m, in m's unit, by three methods, (T,) each.

    ``whole`` is m, ``empty`` is m with as many tokens that bring nothing in. Of occlusion it is not
    a number where there is nothing left to read, or nothing to leave out; nor, of more than
    ``LEFT_OUT`` tokens, where it was not tried.
    """

    gradient_input: Array
    occlusion: Array
    integrated: Array
    whole: float
    empty: float

    @property
    def gap(self) -> float:
        """By how much the integrated gradients miss m - m(empty), which they must sum to."""
        return float(self.integrated.sum()) - (self.whole - self.empty)


def logit_margin(trace: Trace, classes: Sequence[str], every: bool, channel: int = 0) -> Answer:
    """The lead of the target's logit over its strongest rival, at the last answer.

    With ``every`` the mean over all answers; of values one channel.
    """
    weights = np.zeros(trace.logits.shape)
    rows = np.arange(len(weights)) if every else np.array([len(weights) - 1])
    if trace.targets.ndim > 1:
        weights[rows, channel] = 1 / len(rows)
        return Answer(weights, f"the answer {classes[channel]}")
    weights[rows, trace.targets[rows]] = 1 / len(rows)
    weights[rows, best_other(trace.logits, trace.targets)[rows]] = -1 / len(rows)
    said = "the lead of the targets" if every else f"the lead of {classes[trace.targets[-1]]}"
    return Answer(weights, said)


def saliency(parameters: Parameters, example: Example, answer: Answer) -> Saliency:
    """Every token's share in ``answer``, by gradient times input, occlusion, and integration.

    Integrated gradients (Sundararajan et al. 2017) go from inputs of zero straight to the
    sequence, by Gauss-Legendre quadrature.
    """
    inputs = _inputs(parameters, example)
    places, shares = np.polynomial.legendre.leggauss(NODES)
    ends = _swept(parameters, example, inputs, np.array([0.0, 1.0]), answer)
    inside = _swept(parameters, example, inputs, (places + 1) / 2, answer)
    empty, whole = ends.values.tolist()
    return Saliency(
        gradient_input=ends.products[1],
        occlusion=whole - _without(parameters, example, answer),
        integrated=shares / 2 @ inside.products,
        whole=whole,
        empty=empty,
    )


class _Swept(NamedTuple):
    """At some points of the way: m (K,), and the gradient there times the whole input, (K, T)."""

    values: Array
    products: Array


def _inputs(parameters: Parameters, example: Example) -> list[Array]:
    """What is read as values (T, D), an encoder's first."""
    widths = list(parameters.architecture.stacks.values())
    reads = [read for read in (example.source, example.inputs) if read is not None]
    return [
        np.eye(width)[read] if read.ndim == 1 else read.astype(float)
        for read, width in zip(reads, widths, strict=True)
    ]


def _swept(
    parameters: Parameters, example: Example, inputs: list[Array], along: Array, answer: Answer
) -> _Swept:
    """The network on the inputs times each of ``along``, a few at a time."""
    few = _side(parameters, sum(len(array) for array in inputs))
    parts = [along[k : k + few] for k in range(0, len(along), few)]
    found = [_shortened(parameters, example, inputs, part, answer) for part in parts]
    values, products = zip(*found, strict=True)
    return _Swept(np.concatenate(values), np.concatenate(products))


def _shortened(
    parameters: Parameters, example: Example, inputs: list[Array], along: Array, answer: Answer
) -> _Swept:
    batch = _side_by_side(example, inputs, along)
    trace = Trace(parameters.architecture, batch, parameters.theta.dtype)
    there = bind(parameters, trace)
    there.forward()
    # The outputs of all copies of one token lie together.
    weights = np.repeat(answer.weights, len(along), axis=0)
    trace.dlogits[...] = weights
    there.carry()
    values = (weights * trace.logits).sum(axis=1).reshape(-1, len(along)).sum(axis=0)
    gradients = input_gradients(parameters, trace)
    products = [np.einsum("tbd,td->bt", g, x) for g, x in zip(gradients, inputs, strict=True)]
    return _Swept(values, np.concatenate(products, axis=1))


def _side_by_side(example: Example, inputs: list[Array], along: Array) -> Batch:
    """The example once for each of ``along``, its inputs multiplied by it."""
    count, batch = len(along), collate([example])
    reads = [
        Sequences(array[:, None, :] * along[None, :, None], (count,) * len(array))
        for array in inputs
    ]
    outputs = (batch.outputs[:, None] * count + np.arange(count)).ravel()
    owners = np.tile(np.arange(count), len(batch.outputs))
    source = reads[0] if len(reads) > 1 else None
    bridge = np.arange(count) if source else None
    targets = np.repeat(batch.targets, count, axis=0)
    return Batch(reads[-1], targets, outputs, owners, source, bridge)


def input_gradients(parameters: Parameters, trace: Trace) -> list[Array]:
    """dL/dx_t = W_x^T da_t of every stack's lowest layer, (T, B, D), an encoder's first."""
    lowest = range(0, len(trace.layers), parameters.architecture.layers)
    return [_input_gradient(parameters, trace.layers[k], parameters.fused[k]) for k in lowest]


def _input_gradient(parameters: Parameters, layer: Layer, fused: list[Array]) -> Array:
    cell, hidden = parameters.architecture.cell, parameters.architecture.hidden
    pairs = [
        (error, matrix[hidden * block.state + 1 :].T)
        for block, matrices, errors in zip(cell.blocks, fused, cell.errors(layer), strict=True)
        if block.inputs
        for error, matrix in zip(errors, matrices, strict=True)
    ]
    found: Array = sum(error @ W_x for error, W_x in pairs)
    return found


def _side(parameters: Parameters, tokens: int) -> int:
    """How many sequences of so many tokens are read side by side."""
    of = parameters.architecture
    return max(1, _NUMBERS // (8 * of.hidden * of.layers * tokens))


def _without(parameters: Parameters, example: Example, answer: Answer) -> Array:
    """The answer when each token in turn isn't read, (T,); a decoder's own tokens always are."""
    read = example.inputs if example.source is None else example.source
    count = len(read) + (0 if example.source is None else len(example.inputs))
    found = np.full(count, np.nan)
    if len(read) > 1:
        places = np.unique(np.linspace(0, len(read) - 1, min(len(read), LEFT_OUT)).round())
        few = _side(parameters, count)
        for part in np.split(places.astype(int), range(few, len(places), few)):
            found[part] = _answers(parameters, [_left_out(example, t) for t in part], answer)
    return found


def _answers(parameters: Parameters, examples: Sequence[Example], answer: Answer) -> list[float]:
    """The number that is explained, of each example by its last answers."""
    batch = collate(examples)
    trace = Trace(parameters.architecture, batch, parameters.theta.dtype)
    with np.errstate(over="ignore", invalid="ignore"):
        bind_forward(parameters, trace)()
    rows = [trace.logits[batch.owners == k] for k in range(len(examples))]
    return [float((answer.weights[-len(logits) :] * logits).sum()) for logits in rows]


def _left_out(example: Example, t: int) -> Example:
    if example.source is not None:
        return replace(example, source=np.delete(example.source, t, axis=0))
    inputs, targets = np.delete(example.inputs, t, axis=0), example.targets
    if len(targets) > 1:
        targets = np.delete(targets, t, axis=0)
    return replace(example, inputs=inputs, targets=targets)
