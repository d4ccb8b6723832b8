"""Passes over many sequences, and over many copies of one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from rnnviz.config import Loss
from rnnviz.engine.batch import Batch, ExampleLike, Sequences
from rnnviz.engine.bptt import bind_forward
from rnnviz.engine.evaluation import batches
from rnnviz.engine.layer_buffers import Array, Layer
from rnnviz.engine.losses import LOSSES
from rnnviz.engine.parameters import Architecture, Parameters
from rnnviz.engine.trace import Trace
from rnnviz.probe.work import lengths_of

#: At most this many tokens of the training set are read.
MOST_TOKENS = 4_000
#: Copies in one batch have at most this many numbers: inputs, states, gates and outputs.
_NUMBERS = 2_000_000
#: The fixed seed of the sample.
_SEED = 7


def sample(examples: Sequence[ExampleLike]) -> Array:
    """The indexes of all examples, or of a sample with at most ``MOST_TOKENS`` tokens."""
    return draw(lengths_of(examples), MOST_TOKENS)


def draw(lengths: Array, most: int) -> Array:
    """The indexes of all lengths, or of a sample whose sum is at most ``most``; at least one.

    The sample is random, because examples are often ordered by class.
    """
    order = np.random.default_rng(_SEED).permutation(len(lengths))
    count = max(1, int(np.searchsorted(np.cumsum(lengths[order]), most, side="right")))
    return np.sort(order[:count])


def forward_pass(parameters: Parameters, batch: Batch, thin: bool = False) -> Trace:
    """The trace of a forward pass alone; for a ``thin`` one see ``Trace``."""
    trace = Trace(parameters.architecture, batch, parameters.theta.dtype, thin=thin)
    with np.errstate(all="ignore"):
        bind_forward(parameters, trace)()
    return trace


def read_all(
    parameters: Parameters, examples: Sequence[ExampleLike]
) -> Iterator[tuple[int, Trace]]:
    """The index of every example, and the trace of its batch, where it is this sequence."""
    of = parameters.architecture
    for batch in batches(examples, of.hidden * of.layers):
        trace = forward_pass(parameters, batch)
        for k in np.unique(batch.owners).tolist():
            yield k, trace


def answers_of(logits: Array, loss: Loss) -> Array:
    """The answers (N, C) of a network with this loss: probabilities, or values."""
    answers = logits.copy()
    LOSSES[loss].answer(logits, answers)
    return answers


def copies(batch: Batch, count: int) -> Batch:
    """A batch of one sequence, ``count`` times side by side."""

    def repeated(read: Sequences) -> Sequences:
        return Sequences(np.repeat(read.inputs, count, axis=1), (count,) * len(read.counts))

    numbers = np.arange(count)
    return Batch(
        repeated(batch.read), np.repeat(batch.targets, count, axis=0),
        (batch.outputs[:, None] * count + numbers).ravel(), np.tile(numbers, len(batch.outputs)),
        batch.source and repeated(batch.source), batch.source and numbers,
    )  # fmt: skip


def copies_at_once(architecture: Architecture, tokens: int) -> int:
    """The number of copies of ``tokens`` tokens that fit into memory together."""
    of = architecture
    numbers = 8 * of.hidden * of.layers + max(of.inputs, of.source) + 4 * of.outputs
    return max(1, _NUMBERS // (numbers * tokens))


def input_gradient(architecture: Architecture, layer: Layer, fused: list[Array]) -> Array:
    """dL/dx_t = W_x^T da_t of one layer, (T, B, D), from its fused weights."""
    pairs = architecture.cell.input_errors(layer, fused)
    return np.asarray(sum(error @ W_x for error, W_x in pairs))
