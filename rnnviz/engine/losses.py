"""What training makes small, and its gradient with respect to the logits."""

from __future__ import annotations

import numpy as np

from rnnviz.engine.parameters import Array


def cross_entropy(probs: Array, targets: Array) -> Array:
    """-log of the probability given to the target, in nats: (B, C), (B,) -> (B,).

    Infinite where that probability is below the smallest number, a logit gap of about 745.
    """
    return -np.log(probs[np.arange(len(targets)), targets])


def margin(logits: Array, targets: Array) -> Array:
    """The target's logit less the largest of the others: (B, C), (B,) -> (B,)."""
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
    """The class with the largest logit besides the target: (B, C), (B,) -> (B,)."""
    others = logits.real.copy()
    others[np.arange(len(targets)), targets] = -np.inf
    best: Array = others.argmax(axis=-1)
    return best


def accuracy(probs: Array, targets: Array) -> float:
    """Share of rows whose most probable class is the target: (B, C), (B,) -> 0..1."""
    return float(np.mean(probs.argmax(axis=-1) == targets))
