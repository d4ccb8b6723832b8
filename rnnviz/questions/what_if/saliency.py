"""Saliency: how much each token contributes to the answer, by three methods."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import numpy as np

from rnnviz.engine.batch import collate
from rnnviz.engine.layer_buffers import Array
from rnnviz.engine.losses import best_other
from rnnviz.engine.parameters import Parameters
from rnnviz.engine.trace import Trace
from rnnviz.engine.training import record
from rnnviz.probe.passes import copies, copies_at_once, forward_pass, input_gradient
from rnnviz.probe.probe import left_out
from rnnviz.tasks.dataset import Example

#: Quadrature nodes of one interval of the path from inputs of zero to the sequence.
NODES = 16
#: The first number of intervals of the path, the maximum number that are evaluated, and the limit
#: of weights * tokens * nodes: a second or two.
_FIRST, _MOST, _WORK = 4, 128, 500_000_000
#: The largest error of the sum of the integrated gradients, as a share of m - m(empty).
INCOMPLETE = 0.01
#: At most this many tokens, evenly spaced, are occluded.
LEFT_OUT = 64


class Answer(NamedTuple):
    """The explained number m: the sum of ``weights`` (N, C) times the logits of the N answers."""

    weights: Array
    name: str


@dataclass(frozen=True, eq=False)
class Saliency:
    """The contribution of each of T tokens to m, in the unit of m, by three methods, (T,) each.

    ``whole`` is m, ``empty`` is m when all inputs are zero. The integrated gradients are NaN where
    their sum is off by more than ``INCOMPLETE``. Occlusion is NaN for a token that can't
    be left out (the only one, or one of a decoder) and, if there are more than ``LEFT_OUT`` tokens,
    for those that were not occluded.
    """

    gradient_input: Array
    occlusion: Array
    integrated: Array
    whole: float
    empty: float

    @property
    def gap(self) -> float:
        """The sum of the integrated gradients less m - m(empty): the quadrature's error."""
        return float(self.integrated.sum()) - (self.whole - self.empty)


def logit_margin(trace: Trace, classes: Sequence[str], every: bool, channel: int = 0) -> Answer:
    """The logit margin of the target over the best other class, at the last answer.

    With ``every`` the mean over all answers. For values it is the answer's ``channel``.
    """
    weights = np.zeros(trace.logits.shape)
    rows = np.arange(len(weights)) if every else np.array([len(weights) - 1])
    if trace.targets.ndim > 1:
        weights[rows, channel] = 1 / len(rows)
        return Answer(weights, f"the answer {classes[channel]}")
    weights[rows, trace.targets[rows]] = 1 / len(rows)
    weights[rows, best_other(trace.logits, trace.targets)[rows]] = -1 / len(rows)
    name = "the lead of the targets" if every else f"the lead of {classes[trace.targets[-1]]}"
    return Answer(weights, name)


def saliency(parameters: Parameters, example: Example, answer: Answer) -> Saliency:
    """The contribution of every token to ``answer`` by all three methods.

    Integrated gradients (Sundararajan et al. 2017) are taken on the straight path from inputs of
    zero to the sequence.
    """
    widths = parameters.architecture.stacks.values()
    reads = [read for read in (example.source, example.inputs) if read is not None]
    # As values (T, D), those of an encoder first.
    inputs = [
        np.eye(width)[read] if read.ndim == 1 else read.astype(float)
        for read, width in zip(reads, widths, strict=True)
    ]
    path = partial(_on_path, parameters, example, inputs, answer=answer)
    (empty, whole), (_, product) = path(scales=np.array([0.0, 1.0]))
    work = parameters.theta.size * sum(map(len, inputs)) * NODES
    most = max(_FIRST, min(_MOST, _WORK // work))
    rounding = 100 * np.finfo(parameters.theta.dtype).eps * max(abs(whole), abs(empty))
    return Saliency(
        gradient_input=product,
        occlusion=whole - _without(parameters, example, answer),
        integrated=_integrated(path, max(INCOMPLETE * abs(whole - empty), rounding), most),
        whole=float(whole),
        empty=float(empty),
    )


def _integrated(path: Callable[..., tuple[Array, Array]], tolerance: float, most: int) -> Array:
    """The integral of the products over the scales 0..1, (T,), from at most ``most`` intervals.

    It is NaN where these are too few.

    By Gauss-Legendre quadrature. The sum over the tokens must be m(end) - m(start) on every
    interval: those where it is off most are halved until all errors together are within tolerance.
    """
    starts, width, total, evaluated = np.arange(_FIRST) / _FIRST, 1 / _FIRST, 0.0, 0
    while True:
        integrals, errors = _quadrature(path, starts, width)
        evaluated += len(starts)
        # Half of the tolerance is shared by length, half is for those around the kinks of a ReLU:
        # halved, such an interval is half as far off, however short it is.
        good = errors <= tolerance / 2 * width
        if errors[~good].sum() <= tolerance / 2:
            return np.asarray(total + integrals.sum(axis=0))
        total = total + integrals[good].sum(axis=0)
        starts = starts[~good]
        if evaluated + 2 * len(starts) > most:
            return np.full(integrals.shape[1], np.nan)
        width /= 2
        starts = np.concatenate([starts, starts + width])


def _quadrature(
    path: Callable[..., tuple[Array, Array]], starts: Array, width: float
) -> tuple[Array, Array]:
    """The integrals over K intervals, (K, T), and how far their sums are off, (K,)."""
    nodes, weights = np.polynomial.legendre.leggauss(NODES)
    scales = starts[:, None] + width * (nodes + 1) / 2
    _, products = path(scales=scales.ravel())
    integrals = width / 2 * np.einsum("n,knt->kt", weights, products.reshape(*scales.shape, -1))
    values, _ = path(scales=np.concatenate([starts, starts + width]))
    before, after = np.split(values, 2)
    return integrals, np.abs(integrals.sum(axis=1) - (after - before))


def _on_path(
    parameters: Parameters, example: Example, inputs: list[Array], *, scales: Array, answer: Answer
) -> tuple[Array, Array]:
    """m, (K,), and gradient times input, (K, T), where the inputs are multiplied by ``scales``."""
    few = copies_at_once(parameters.architecture, sum(map(len, inputs)))
    parts = [
        _scaled_pass(parameters, example, inputs, scales[k : k + few], answer)
        for k in range(0, len(scales), few)
    ]
    values, products = zip(*parts, strict=True)
    return np.concatenate(values), np.concatenate(products)


def _scaled_pass(
    parameters: Parameters, example: Example, inputs: list[Array], scales: Array, answer: Answer
) -> tuple[Array, Array]:
    # The outputs of all copies at one token are adjacent.
    weights = np.repeat(answer.weights, len(scales), axis=0)

    def seed(trace: Trace) -> None:
        trace.dlogits[...] = weights

    batch = copies(collate([example]), len(scales))
    scaled = [array[:, None, :] * scales[None, :, None] for array in inputs]
    source = batch.source and batch.source._replace(inputs=scaled[0])
    batch = batch._replace(read=batch.read._replace(inputs=scaled[-1]), source=source)
    trace = record(parameters, batch, seed=seed)
    values = (weights * trace.logits).sum(axis=1).reshape(-1, len(scales)).sum(axis=0)
    gradients = input_gradients(parameters, trace)
    products = [np.einsum("tbd,td->bt", g, x) for g, x in zip(gradients, inputs, strict=True)]
    return values, np.concatenate(products, axis=1)


def input_gradients(parameters: Parameters, trace: Trace) -> list[Array]:
    """dL/dx_t of the lowest layer of every stack, (T, B, D) each, an encoder's first."""
    of = parameters.architecture
    lowest = range(0, len(trace.layers), of.layers)
    return [input_gradient(of, trace.layers[k], parameters.fused[k]) for k in lowest]


def _without(parameters: Parameters, example: Example, answer: Answer) -> Array:
    """The number m without each token in turn, (T,); NaN for a decoder's own tokens."""
    read = example.inputs if example.source is None else example.source
    count = len(read) + (0 if example.source is None else len(example.inputs))
    without = np.full(count, np.nan)
    if len(read) > 1:
        tokens = np.linspace(0, len(read) - 1, min(len(read), LEFT_OUT)).round().astype(int)
        few = copies_at_once(parameters.architecture, count)
        for part in np.split(tokens, range(few, len(tokens), few)):
            trace = forward_pass(parameters, collate([left_out(example, t) for t in part]))
            for k, t in enumerate(part):
                logits = trace.logits[trace.batch.owners == k]
                without[t] = (answer.weights[-len(logits) :] * logits).sum()
    return without
