"""Connectivity: how much each answer depends on each earlier state."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np

from rnnviz.config import Loss
from rnnviz.engine.layer_buffers import Array
from rnnviz.engine.parameters import Parameters
from rnnviz.engine.trace import Trace
from rnnviz.probe.passes import copies, copies_at_once, seeded_pass
from rnnviz.probe.unrolled import Unrolled

#: At most this many answers are shown.
ANSWERS = 48


@dataclass(frozen=True, eq=False)
class Connectivity:
    """C[n, t] = || d logit_target(t') / d h_t || (L2), t' = ``tokens[n]``; sizes (N, T).

    For values it is the norm of the matrix dy(t') / dh_t over all channels. Tokens after t' have no
    influence: zero.
    """

    tokens: Array
    sizes: Array


def connectivity(parameters: Parameters, trace: Trace, layer: int = -1) -> Connectivity:
    """Backpropagate each answer of the trace's one sequence separately (Madsen 2019).

    The sequence is repeated in a batch, and each copy has the gradient of another answer. Of more
    than ``ANSWERS`` answers an evenly spaced subset is used.
    """
    outputs = np.array(list(Unrolled(trace, layer).outputs))
    rows = np.linspace(0, len(outputs) - 1, min(len(outputs), ANSWERS)).round().astype(int)
    classes = trace.architecture.loss is Loss.CROSS_ENTROPY
    channels = [None] if classes else range(trace.architecture.outputs)
    answers = [(row, channel) for row in rows for channel in channels]
    norms = np.concatenate([*_norms(parameters, trace, layer, answers)])
    sizes = np.linalg.norm(norms.reshape(len(rows), len(channels), -1), axis=1)
    return Connectivity(outputs[rows], sizes)


def _norms(
    parameters: Parameters, trace: Trace, layer: int, answers: list[tuple[int, int | None]]
) -> Iterator[Array]:
    """||dh_t||, (answers, T), of as many answers at a time as fit into memory."""
    most = copies_at_once(trace.architecture, len(Unrolled(trace, layer)))
    for start in range(0, len(answers), most):
        part = answers[start : start + most]
        copied = seeded_pass(
            parameters, copies(trace.batch, len(part)), partial(_seed, answers=part)
        )
        yield np.array([Unrolled(copied, layer, b).norms for b in range(len(part))])


def _seed(copied: Trace, answers: list[tuple[int, int | None]]) -> None:
    """Copy b has the gradient of answer b alone: 1 at its channel, or at the target for None."""
    copied.dlogits[...] = 0
    for b, (row, channel) in enumerate(answers):
        output = np.flatnonzero(copied.batch.owners == b)[row]
        copied.dlogits[output, copied.targets[output] if channel is None else channel] = 1
