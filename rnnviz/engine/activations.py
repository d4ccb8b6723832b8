"""Nonlinearities, and their slopes from the outputs."""

from __future__ import annotations

import numpy as np

from rnnviz.engine.parameters import Array

_ONE = np.array(1.0)


def tanh_slope(h: Array, out: Array) -> None:
    """Write d tanh(a) / da = 1 - h**2, for h = tanh(a) of any shape, into ``out``."""
    np.multiply(h, h, out)
    np.subtract(_ONE, out, out)


def softmax(logits: Array, out: Array) -> None:
    """Write exp(logits) / sum(exp(logits)) along the last axis, (B, C), into ``out``.

    Never overflows: two classes are the logistic function of the difference (an exponential
    that is infinite gives an exact zero), more are shifted by their maximum.
    """
    if logits.shape[-1] == 2:
        np.subtract(logits[:, ::-1], logits, out)
        np.exp(out, out)
        np.add(out, _ONE, out)
        np.reciprocal(out, out)
        return
    np.exp(logits - logits.real.max(axis=-1, keepdims=True), out)
    np.divide(out, out.sum(axis=-1, keepdims=True), out)
