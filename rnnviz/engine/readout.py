"""Readout: from logits to answers, and back from the loss to the logits."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from rnnviz.config import Loss
from rnnviz.engine.losses import LOSSES
from rnnviz.engine.trace import Trace


def bind_readout(trace: Trace) -> tuple[Callable[[], None], Callable[[float], None]]:
    """Two functions bound to the trace: logits to answers, ``scale`` times the error to dlogits.

    One output of two real classes takes plain arithmetic instead of arrays, with the same results.
    """
    classes = trace.architecture.loss is Loss.CROSS_ENTROPY
    if classes and trace.logits.shape == (1, 2) and not np.iscomplexobj(trace.logits):
        return _bind_logistic(trace)
    kind = LOSSES[trace.architecture.loss]
    logits, answers, dlogits = trace.logits, trace.probs, trace.dlogits

    def error(scale: float) -> None:
        kind.error(answers, trace.targets, scale, dlogits)

    return lambda: kind.answer(logits, answers), error


def _bind_logistic(trace: Trace) -> tuple[Callable[[], None], Callable[[float], None]]:
    """Softmax of two: p_0 = e / (1 + e), p_1 = 1 / (1 + e), e = exp(y_0 - y_1)."""
    logit, probability = trace.logits.item, trace.probs.item
    # Single numbers are written fastest through a memoryview.
    probs: Any = memoryview(trace.probs[0])
    dlogits: Any = memoryview(trace.dlogits[0])
    exp = math.exp

    def logistic() -> None:
        try:
            odds = exp(logit(0) - logit(1))
        except OverflowError:
            probs[0], probs[1] = 1.0, 0.0
            return
        probs[0] = odds / (1 + odds)
        probs[1] = 1 / (1 + odds)

    def error(scale: float) -> None:
        wanted = trace.targets.item(0)
        dlogits[0] = scale * (probability(0) - (1 - wanted))
        dlogits[1] = scale * (probability(1) - wanted)

    return logistic, error
