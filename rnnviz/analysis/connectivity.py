"""Connectivity: how much each answer depends on each earlier state."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from rnnviz.analysis.unrolled import Unrolled
from rnnviz.config import Loss
from rnnviz.engine.batch import Batch, Sequences
from rnnviz.engine.bptt import bind
from rnnviz.engine.layer_buffers import Array
from rnnviz.engine.parameters import Parameters
from rnnviz.engine.trace import Trace

#: The most answers that are followed back, and the most numbers of states and gates at a time.
ANSWERS, _NUMBERS = 48, 2_000_000


@dataclass(frozen=True, eq=False)
class Connectivity:
    """C[n, t] = || d logit_target(t') / d h_t || (L2), t' = ``tokens[n]``; sizes (N, T).

    Of values the whole answer stands for the logit: the size is that of the matrix dy(t') / dh_t.
    After its answer a token has no influence: zero.
    """

    tokens: Array
    sizes: Array


def connectivity(parameters: Parameters, trace: Trace, layer: int = -1) -> Connectivity:
    """Carry every answer of the trace's one sequence back alone (Madsen 2019).

    The sequence stands as often in a batch as it has answers, each copy with another answer's
    gradient. Of very many answers some are followed, evenly spread.
    """
    outputs = Unrolled(trace, layer).outputs
    rows = np.unique(np.linspace(0, len(outputs) - 1, min(len(outputs), ANSWERS)).round())
    squares = sum(
        np.concatenate([*_carried(parameters, trace, layer, rows.astype(int), channel)]) ** 2
        for channel in _channels(trace)
    )
    return Connectivity(np.array(list(outputs))[rows.astype(int)], np.sqrt(squares))


def _channels(trace: Trace) -> list[int | None]:
    """Of values each channel in its turn; of classes the target alone, None."""
    if trace.architecture.loss is Loss.CROSS_ENTROPY:
        return [None]
    return list(range(trace.architecture.outputs))


def _carried(
    parameters: Parameters, trace: Trace, layer: int, rows: Array, channel: int | None
) -> Iterator[Array]:
    """||dh_t||, (answers, T), of as many answers at a time as memory allows."""
    architecture = trace.architecture
    steps = len(Unrolled(trace, layer))
    many = max(1, _NUMBERS // (8 * steps * architecture.hidden * architecture.layers))
    for start in range(0, len(rows), many):
        part = rows[start : start + many]
        copies = Trace(architecture, _copies(trace.batch, len(part)), trace.dtype)
        there = bind(parameters, copies)
        with np.errstate(over="ignore", invalid="ignore"):
            there.forward()
            _seed(copies, part, channel)
            there.carry()
        yield np.array([Unrolled(copies, layer, b).norms for b in range(len(part))])


def _seed(copies: Trace, rows: Array, channel: int | None) -> None:
    """Copy b has the gradient of answer ``rows[b]`` alone: 1 at the target, or at the channel."""
    copies.dlogits[...] = 0
    for b, row in enumerate(rows):
        place = np.flatnonzero(copies.batch.owners == b)[row]
        copies.dlogits[place, copies.targets[place] if channel is None else channel] = 1


def _copies(batch: Batch, count: int) -> Batch:
    """One sequence so many times side by side."""
    steps, answers = batch.read.shape[0], len(batch.outputs)
    rows = np.arange(steps - answers, steps)[:, None] * count + np.arange(count)
    source = batch.source and _side_by_side(batch.source, count)
    return Batch(
        _side_by_side(batch.read, count),
        np.repeat(batch.targets, count, axis=0),
        rows.ravel(),
        np.tile(np.arange(count), answers),
        source,
        None if source is None else np.arange(count),
    )


def _side_by_side(read: Sequences, count: int) -> Sequences:
    return Sequences(np.repeat(read.inputs, count, axis=1), (count,) * len(read.counts))
