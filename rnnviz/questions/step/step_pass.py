"""What one training step has computed at a moment, token by token."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from rnnviz.engine.layer_buffers import Array
from rnnviz.engine.timeline import Moment, Phase
from rnnviz.probe.sequence_pass import SequencePass, sequence_pass
from rnnviz.probe.training_step import Focus, StepRecord
from rnnviz.questions.step.step_vectors import marked

#: Maximum number of tokens that are shown.
MOST_TOKENS = 12


class StepPass(NamedTuple):
    """The pass of the ``tokens`` that are shown, with NaN for what is not computed yet.

    ``targets`` are those of the last tokens, (N,) or (N, C).
    """

    shown: SequencePass
    tokens: range
    targets: Array


def step_pass(step: StepRecord, focus: Focus) -> StepPass:
    """The first example of a step, in the layer and with the unit of ``focus``."""
    unrolled, tokens = step.unrolled(focus.layer), window(len(step.words), focus.moment.t)
    whole = sequence_pass(step.before, step.trace, focus.layer, kept=marked(step, focus))
    return StepPass(
        _of_tokens(_computed(whole, focus.moment), tokens),
        tokens,
        _last(step.trace.targets[unrolled.rows], len(step.words), tokens),
    )


def window(length: int, t: int) -> range:
    """The tokens that are shown at token t: all, or 12 that include both neighbours of t.

    It depends on t alone and moves like a page, every ten tokens.
    """
    stride = MOST_TOKENS - 2
    start = max(0, min((t - 1) // stride * stride, length - MOST_TOKENS))
    return range(start, min(length, start + MOST_TOKENS))


def _computed(whole: SequencePass, moment: Moment) -> SequencePass:
    """States and answers up to the token that is read, gradients from where they have come."""
    (phase, t), length = moment, len(whole.share)
    read = t + 1 if phase is Phase.FORWARD else length
    reached = {Phase.FORWARD: length, Phase.LOSS: length, Phase.BACKWARD: t}.get(phase, 0)
    forward = ("states", "memory", "added", "share", "strength", "cells")
    arrays: dict[str, Any] = {name: _blank(getattr(whole, name), read, length) for name in forward}
    answers = _blank(whole.answers, read - (length - len(whole.answers)), length)
    return replace(whole, **arrays, answers=answers, gradients=_blank(whole.gradients, 0, reached))


def _blank(array: Array, start: int, stop: int) -> Array:
    """A copy with NaN in these rows."""
    copy = np.array(array, float)
    copy[max(start, 0) : stop] = np.nan
    return copy


def _of_tokens(whole: SequencePass, tokens: range) -> SequencePass:
    length, part = len(whole.share), slice(tokens.start, tokens.stop)
    names = ("states", "memory", "added", "share", "strength", "cells", "gradients")
    arrays: dict[str, Any] = {name: getattr(whole, name)[part] for name in names}
    answers, bridge = _last(whole.answers, length, tokens), whole.bridge - tokens.start
    return replace(whole, **arrays, answers=answers, bridge=max(0, bridge))


def _last(rows: Array, length: int, tokens: range) -> Array:
    """Of the rows of the last tokens those of the tokens shown."""
    before = length - len(rows)
    return rows[max(0, tokens.start - before) : max(0, tokens.stop - before)]
