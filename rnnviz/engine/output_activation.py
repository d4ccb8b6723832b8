"""Readout: from logits to outputs, and from the loss back to dlogits."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from rnnviz.config import Loss
from rnnviz.engine.layer_buffers import Array
from rnnviz.engine.losses import LOSSES
from rnnviz.engine.trace import Trace


def bind_readout(trace: Trace) -> tuple[Callable[[], None], Callable[[float], None]]:
    """Two functions bound to the trace: logits to outputs, and ``scale`` times the loss to dlogits.

    A single output of two classes is computed with Python floats, which is faster.
    """
    softmax = trace.architecture.loss is Loss.CROSS_ENTROPY
    if softmax and trace.logits.shape == (1, 2) and not np.iscomplexobj(trace.logits):
        return _bind_logistic(trace)
    kind = LOSSES[trace.architecture.loss]
    logits, outputs, dlogits = trace.logits, trace.probs, trace.dlogits

    def error(scale: float) -> None:
        kind.error(outputs, trace.targets, scale, dlogits)

    return lambda: kind.answer(logits, outputs), error


def _bind_logistic(trace: Trace) -> tuple[Callable[[], None], Callable[[float], None]]:
    # A memoryview is the fastest way to write single numbers.
    probs, dlogits = memoryview(trace.probs[0]), memoryview(trace.dlogits[0])
    error = partial(_logistic_error, trace, probs, dlogits)
    return partial(_logistic, trace.logits, probs), error


def _logistic(logits: Array, probs: Any) -> None:
    """Softmax of two: p_0 = e / (1 + e), p_1 = 1 / (1 + e), e = exp(y_0 - y_1)."""
    try:
        odds = math.exp(logits.item(0) - logits.item(1))
    except OverflowError:
        probs[0], probs[1] = 1.0, 0.0
        return
    probs[0] = odds / (1 + odds)
    probs[1] = 1 / (1 + odds)


def _logistic_error(trace: Trace, probs: Any, dlogits: Any, scale: float) -> None:
    target = trace.targets.item(0)
    dlogits[0] = scale * (probs[0] - (1 - target))
    dlogits[1] = scale * (probs[1] - target)
