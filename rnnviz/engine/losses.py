"""Losses, and their gradients with respect to the logits."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from rnnviz.config import Loss
from rnnviz.engine.layer_buffers import Array


class LossKind(Protocol):
    """One way to compare M answers (M, C) with what is wanted."""

    def answer(self, logits: Array, out: Array) -> None:
        """Write the answers that follow from the logits, (M, C)."""

    def of(self, answers: Array, targets: Array) -> Array:
        """The loss of every output, (M,)."""

    def error(self, answers: Array, targets: Array, scale: float, out: Array) -> None:
        """Write ``scale`` times the gradient of the summed loss with respect to the logits."""


class CrossEntropy:
    """-log of the probability given to the target, in nats."""

    def answer(self, logits: Array, out: Array) -> None:
        """Softmax: exp(logits) / sum(exp(logits)) along the last axis.

        Shifted by the maximum, so that nothing overflows.
        """
        np.subtract(logits, logits.real.max(axis=-1, keepdims=True), out)
        np.exp(out, out)
        # A product sums the rows, and a reciprocal divides them, several times as fast.
        np.multiply(out, 1 / (out @ np.ones((out.shape[-1], 1), out.dtype)), out)

    def of(self, answers: Array, targets: Array) -> Array:
        """Infinite where a probability is below the smallest number, a logit gap of about 745.

        In single precision that gap is about 104.
        """
        loss: Array = -np.log(answers[np.arange(len(targets)), targets])
        return loss

    def error(self, answers: Array, targets: Array, scale: float, out: Array) -> None:
        """dL/dlogits = probs - onehot."""
        np.multiply(answers, scale, out)
        out[np.arange(len(targets)), targets] -= scale


class SquaredError:
    """The mean over the channels of the squared difference."""

    def answer(self, logits: Array, out: Array) -> None:
        """The logits themselves; ``out`` is their own memory."""

    def of(self, answers: Array, targets: Array) -> Array:
        """1/C sum_c (y_c - target_c)^2."""
        loss: Array = ((answers - targets) ** 2).mean(axis=-1)
        return loss

    def error(self, answers: Array, targets: Array, scale: float, out: Array) -> None:
        """dL/dy_c = 2/C (y_c - target_c)."""
        np.subtract(answers, targets, out)
        np.multiply(out, 2 * scale / answers.shape[-1], out)


LOSSES: dict[Loss, LossKind] = {
    Loss.CROSS_ENTROPY: CrossEntropy(),
    Loss.SQUARED_ERROR: SquaredError(),
}


def margin(logits: Array, targets: Array) -> Array:
    """The target's logit less the largest of the others: (M, C), (M,) -> (M,)."""
    rows = np.arange(len(targets))
    lead: Array = logits[rows, targets] - logits[rows, best_other(logits, targets)]
    return lead


def margin_gradient(logits: Array, targets: Array, out: Array) -> None:
    """Write d margin / d logits, +1 at the target and -1 at the best other, into ``out``."""
    rows = np.arange(len(targets))
    out[...] = 0
    out[rows, targets] = 1
    out[rows, best_other(logits, targets)] = -1


def best_other(logits: Array, targets: Array) -> Array:
    """The class with the largest logit besides the target: (M, C), (M,) -> (M,)."""
    others = logits.real.copy()
    others[np.arange(len(targets)), targets] = -np.inf
    best: Array = others.argmax(axis=-1)
    return best
