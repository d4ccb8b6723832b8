"""From logits to probabilities, and back to the error that training makes small."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from rnnviz.engine.parameters import Array
from rnnviz.engine.trace import Trace


def softmax(logits: Array, out: Array) -> None:
    """Write exp(logits) / sum(exp(logits)) along the last axis, (B, C), into ``out``.

    Shifted by the maximum, so that nothing overflows.
    """
    np.exp(logits - logits.real.max(axis=-1, keepdims=True), out)
    np.divide(out, out.sum(axis=-1, keepdims=True), out)


def bind_readout(trace: Trace) -> tuple[Callable[[], None], Callable[[float], None]]:
    """Two functions bound to the trace: logits to probs, and ``scale`` times the error to dlogits.

    The error is dL/dlogits = probs - onehot, L the cross-entropy. One phrase and two real classes
    take plain arithmetic instead of arrays, with the same results.
    """
    if trace.logits.shape == (1, 2) and not np.iscomplexobj(trace.logits):
        return _bind_logistic(trace)
    logits, probs, onehot, dlogits = trace.logits, trace.probs, trace.onehot, trace.dlogits

    def error(scale: float) -> None:
        np.multiply(probs - onehot, scale, dlogits)

    return lambda: softmax(logits, probs), error


def _bind_logistic(trace: Trace) -> tuple[Callable[[], None], Callable[[float], None]]:
    """The same for two classes: p_0 = e / (1 + e), p_1 = 1 / (1 + e), e = exp(y_0 - y_1)."""
    logit, probability = trace.logits.item, trace.probs.item
    # Single numbers are written fastest through a memoryview.
    probs: Any = memoryview(trace.probs[0])
    dlogits: Any = memoryview(trace.dlogits[0])
    wanted = trace.onehot.tolist()[0]
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
        dlogits[0] = scale * (probability(0) - wanted[0])
        dlogits[1] = scale * (probability(1) - wanted[1])

    return logistic, error
