"""SequencePass: one sequence on its way through the network and back, token by token."""

from __future__ import annotations

import operator
from dataclasses import dataclass
from functools import reduce

import numpy as np

from rnnviz.engine.layer_buffers import Array
from rnnviz.engine.losses import LOSSES
from rnnviz.engine.parameters import Architecture, Parameters
from rnnviz.engine.trace import Trace
from rnnviz.probe.cell_parts import cell_parts
from rnnviz.probe.cell_values import CellValues
from rnnviz.probe.logit_margin import running_logits
from rnnviz.probe.unrolled import Unrolled

#: At most this many units are shown.
MOST_UNITS = 64
#: Larger numbers have no place in a picture, whose arrays are float32.
LARGEST = float(np.finfo(np.float32).max)


@dataclass(frozen=True, eq=False)
class SequencePass:
    """One sequence of T tokens in one layer; the ``bridge`` tokens of an encoder come first.

    ``memory`` is what a token's state has from the state before it, ``added`` what the token adds:

        Elman: a_t = W_hh h_{t-1} + (W_xh x_t + b_h)
        GRU: h_t = z_t h_{t-1} + (1 - z_t) n_t
        LSTM: c_t = f_t c_{t-1} + i_t g_t

    In any cell they are the terms with and without a state of the equation that keeps it.

    ``share`` (T,) is ||memory|| / (||memory|| + ||added||) over all H units, L2; ``strength`` (T,)
    is ||memory||. The gates and n, g of a gated cell read both, so its share is that of the state
    kept, not of all that is known of the past.

    ``states`` h_t, ``memory`` and ``added`` are (T, U), of the ``units`` (U,): all, or of every
    ``group`` neighbours the one with the largest |h_t|. ``weights`` are the W_hh (U, U) between
    them, of every stack; a gated cell has none. ``cells`` (T, U) are the state or gate ``part`` of
    the ``layer`` (from 0). ``gradients`` (T,) is ||dL/dh_t||, ``answers``
    (N, C) are the outputs after the last N tokens, ``loss`` is the mean over the targets.
    """

    architecture: Architecture
    bridge: int
    group: int
    units: Array
    states: Array
    memory: Array
    added: Array
    share: Array
    strength: Array
    weights: tuple[Array, ...]
    gradients: Array
    answers: Array
    loss: float
    layer: int
    part: str
    cells: Array

    @property
    def finite(self) -> bool:
        """Whether all numbers can be drawn; the loss and the gradient may be infinite."""
        shown = (self.states, self.cells, self.memory, self.added, self.strength, self.share)
        arrays = (*shown, *self.weights, self.answers)
        # A comparison with NaN is false.
        bounded = all(bool((np.abs(array) <= LARGEST).all()) for array in arrays)
        return bounded and not np.isnan(self.gradients).any()


def sequence_pass(
    parameters: Parameters,
    trace: Trace,
    layer: int = -1,
    part: str = "",
    kept: int | None = None,
) -> SequencePass:
    """The first sequence of a trace in a layer, -1 for the topmost, and a state or gate there.

    Without a ``part`` that is the output. The unit ``kept`` is shown in any case.

    The answers are those of the trace if it has one after every token. Else they are those after
    every token, as if the sequence ended there.
    """
    unrolled, of = Unrolled(trace, layer), trace.architecture
    with np.errstate(all="ignore"):
        parts = cell_parts(of.cell)
        weights = _recurrent(unrolled, parameters, parts.plain_matrix)
        memory, added = _summands(CellValues(parts, unrolled, parameters))
        strength, share = _share(memory, added)
        group = -(-of.hidden // MOST_UNITS)
        units = _largest_of(unrolled.h, group)
        if kept is not None:
            units[kept // group] = kept
        states, memory, added = (array[:, units] for array in (unrolled.h, memory, added))
        matrices = tuple(W[np.ix_(units, units)] for W in weights)
        return SequencePass(
            of, unrolled.bridge, group, units, states, memory, added, share, strength, matrices,
            unrolled.norms, _answers(parameters, unrolled), float(trace.loss[unrolled.rows].mean()),
            layer % of.layers, part or parts.out, unrolled.of(part or parts.out)[:, units],
        )  # fmt: skip


def memory_share(parameters: Parameters, trace: Trace, layer: int = -1) -> Array:
    """The ``share`` of a pass alone, (T,)."""
    unrolled, parts = Unrolled(trace, layer), cell_parts(trace.architecture.cell)
    with np.errstate(all="ignore"):
        return _share(*_summands(CellValues(parts, unrolled, parameters)))[1]


def _share(memory: Array, added: Array) -> tuple[Array, Array]:
    """||memory||, and its share of both lengths, (T,) each."""
    strength = np.linalg.norm(memory, axis=-1)
    total = strength + np.linalg.norm(added, axis=-1)
    return strength, np.divide(strength, total, np.zeros_like(total), where=total != 0)


def _recurrent(unrolled: Unrolled, parameters: Parameters, name: str) -> list[Array]:
    """W_hh (H, H) of every stack; none of a gated cell."""
    firsts = (0, unrolled.bridge) if unrolled.bridge else (0,)
    return [unrolled.weight(parameters, t, name) for t in firsts] if name else []


def _summands(values: CellValues) -> tuple[Array, Array]:
    """What the state has from the state before it, and what is added, (T, H) each."""
    shape = len(values.unrolled), values.unrolled.h.shape[1]
    kept, added = np.zeros(shape), np.zeros(shape)
    for term in values.parts.summands(values.parts.memory):
        product = reduce(operator.mul, map(values, term.factors)) * term.sign
        total = kept if values.parts.kept(term) else added
        total += product
    return kept, added


def _largest_of(states: Array, group: int) -> Array:
    """Of every ``group`` neighbours the unit with the largest |h_t|, (U,), of states (T, H)."""
    sizes = np.abs(np.nan_to_num(states)).max(axis=0)
    starts = np.arange(0, len(sizes), group)
    return starts + [int(sizes[start : start + group].argmax()) for start in starts]


def _answers(parameters: Parameters, unrolled: Unrolled) -> Array:
    trace = unrolled.trace
    if trace.every:
        answers: Array = trace.probs[unrolled.rows]
        return answers
    logits = running_logits(parameters, trace)
    answers = logits.copy()
    LOSSES[trace.architecture.loss].answer(logits, answers)
    return answers
