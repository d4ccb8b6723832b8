"""Losses, and their gradients with respect to the logits."""

from __future__ import annotations

import numpy as np

from rnnviz.config import Loss
from rnnviz.engine.layer_buffers import Array


class CrossEntropy:
    """-log of the target's probability, in nats.

    ``answer`` writes the outputs (M, C) of the logits, ``of`` returns the losses (M,), ``error``
    writes ``scale`` times the gradient of the summed loss with respect to the logits.
    """

    def answer(self, logits: Array, out: Array) -> None:
        """Softmax along the last axis, shifted by the maximum to avoid overflow.

        For complex logits, the largest real part is the maximum.
        """
        np.subtract(logits, logits.max(axis=-1, keepdims=True), out)
        np.exp(out, out)
        # Several times as fast as summing and dividing the rows.
        np.multiply(out, 1 / (out @ np.ones((out.shape[-1], 1), out.dtype)), out)

    def of(self, answers: Array, targets: Array) -> Array:
        """Infinite where a probability underflows: at a logit gap of 745, in float32 of 104."""
        loss: Array = -np.log(answers[np.arange(len(targets)), targets])
        return loss

    def error(self, answers: Array, targets: Array, scale: float, out: Array) -> None:
        """dL/dlogits = probs - onehot."""
        np.multiply(answers, scale, out)
        out[np.arange(len(targets)), targets] -= scale


class SquaredError:
    """The squared difference, averaged over the channels; methods as in CrossEntropy."""

    def answer(self, logits: Array, out: Array) -> None:
        """Do nothing: the outputs are the logits, in the same memory."""

    def of(self, answers: Array, targets: Array) -> Array:
        """1/C sum_c (y_c - target_c)^2."""
        loss: Array = ((answers - targets) ** 2).mean(axis=-1)
        return loss

    def error(self, answers: Array, targets: Array, scale: float, out: Array) -> None:
        """dL/dy_c = 2/C (y_c - target_c)."""
        np.subtract(answers, targets, out)
        np.multiply(out, 2 * scale / answers.shape[-1], out)


LOSSES: dict[Loss, CrossEntropy | SquaredError] = {
    Loss.CROSS_ENTROPY: CrossEntropy(),
    Loss.SQUARED_ERROR: SquaredError(),
}


def margin(logits: Array, targets: Array) -> Array:
    """The logit margin, target minus best other class: (M, C), (M,) -> (M,)."""
    rows = np.arange(len(targets))
    margins: Array = logits[rows, targets] - logits[rows, best_other(logits, targets)]
    return margins


def margin_gradient(logits: Array, targets: Array, out: Array) -> None:
    """Write d margin / d logits into ``out``: +1 at the target, -1 at the best other class."""
    rows = np.arange(len(targets))
    out[...] = 0
    out[rows, targets] = 1
    out[rows, best_other(logits, targets)] = -1


def best_other(logits: Array, targets: Array) -> Array:
    """The class with the largest logit except the target: (M, C), (M,) -> (M,)."""
    others = logits.real.copy()
    others[np.arange(len(targets)), targets] = -np.inf
    best: Array = others.argmax(axis=-1)
    return best
