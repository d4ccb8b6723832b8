"""Retention: what is left of a token in the memory after every later one, and of the gradient.

Both are shares at the memory state m, such as c of an LSTM. They are one product of Jacobians, from
its two ends: dm_T / dm_t, once applied to a difference of states, once transposed to a gradient.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from rnnviz.engine.batch import collate
from rnnviz.engine.layer_buffers import Array
from rnnviz.engine.parameters import Parameters
from rnnviz.engine.trace import Trace
from rnnviz.probe.cell_parts import memory_states
from rnnviz.probe.memory_gauge import EXACTLY, BackwardRule, last_answer_shares
from rnnviz.probe.passes import copies_at_once, forward_pass
from rnnviz.probe.probe import other_tokens, spaced, with_token
from rnnviz.probe.work import lengths_of
from rnnviz.tasks.dataset import Dataset, Example

#: At most this many others are read in a token's place, or in that of values.
_OTHERS, _VALUES = 64, 16
#: Below this share a token counts as forgotten.
FORGOTTEN = 0.05


class Retention(NamedTuple):
    """What is left of ``token`` (from 0), as shares (T,) at the memory state of one layer.

    ``memory`` is the mean distance of the memories with another token in its place, as a share of
    that right after it; NaN before it. ``gradient`` is ||dL/dm_t|| (L2) of the last answer, as a
    share of that at its own token; NaN after it. An encoder's tokens come first. If the memory
    ``waits``, it is NaN until the run rests.
    """

    token: int
    memory: Array
    gradient: Array
    waits: bool = False

    @property
    def lasts(self) -> int:
        """The largest lag in tokens at which at least 5% is left."""
        left = self.memory[self.token :] >= FORGOTTEN
        return int(np.flatnonzero(left)[-1]) if left.any() else 0


def memory_shares(
    parameters: Parameters, example: Example, token: int, others: Array, layer: int = -1
) -> Array:
    """What is left of a token of the example in the memory of a layer, as shares (T,).

    It is measured with each of ``others`` in its place: tokens (N,), or values (N, D), see
    ``other_inputs``. Before the token, and with none of them, it is NaN.
    """
    (steps,) = lengths_of([example])
    few, distance = copies_at_once(parameters.architecture, int(steps)), np.zeros(steps)
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        for part in np.split(others, range(few, len(others), few)):
            read = [example, *(with_token(example, token, other) for other in part)]
            own, *memories = _memories(parameters, read, layer)
            # In float64, as the square of a large float32 overflows.
            differences = (np.subtract(memory, own, dtype=float) for memory in memories)
            distance += sum(np.linalg.norm(difference, axis=-1) for difference in differences)
        shares: Array = distance / distance[token]
    shares[:token] = np.nan
    return shares


def other_inputs(dataset: Dataset, example: Example, token: int) -> Array:
    """What else could stand in a token's place: other tokens (N,), or values (N, D) of the data.

    At most 64 tokens, or 16 values; equally spaced.
    """
    own = example.read[token]
    if dataset.tokens:
        return other_tokens(len(dataset.source or dataset.vocabulary), int(own), _OTHERS)
    every = _values_read(dataset)
    return spaced(every[(every != own).any(axis=-1)], _VALUES)


@lru_cache(maxsize=2)
def _values_read(dataset: Dataset) -> Array:
    """The values at every step of the training, (N, D); cached, as windows are dragged."""
    return np.concatenate([one.read for one in dataset.train])


def _memories(parameters: Parameters, examples: Sequence[Example], layer: int) -> Array:
    """The memories after every token of examples of one length, (B, T, M)."""
    batch = collate(examples)
    # Answers would take far longer and more memory, if the vocabulary is large.
    none = {name: getattr(batch, name)[:0] for name in ("targets", "outputs", "owners")}
    trace = forward_pass(parameters, batch._replace(**none))
    names, bridge = memory_states(parameters.architecture.cell), batch.bridge
    encoder, *decoder = (
        # A copy of a single state would take half as long as the pass.
        np.concatenate([arrays[name] for name in names], axis=-1) if names[1:] else arrays[names[0]]
        for arrays in (stack.layers[layer].arrays for stack in trace.stacks)
    )
    every = encoder if bridge is None else np.concatenate([encoder[:, bridge], *decoder])
    return every.swapaxes(0, 1)


def gradient_shares(parameters: Parameters, trace: Trace, rule: BackwardRule = EXACTLY) -> Array:
    """||dL/dm_t|| of the last answer, as a share of that at its token, (T,); NaN after it.

    The gradient is that of the ``rule`` with which the network trains, in its layer.
    """
    shares = last_answer_shares(parameters, trace, rule=rule)
    shares[np.flatnonzero(shares)[-1:].max(initial=0) + 1 :] = np.nan
    return shares
