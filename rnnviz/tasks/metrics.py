"""Metrics: how good the answers are, from 0 to 1."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from rnnviz.tasks.vocabulary import Array

#: How far a value may be off.
TOLERANCE = 0.1


@dataclass(frozen=True)
class Metric:
    """A share of answers that are right: 0 is none, 1 is all; ``label`` says of what.

    ``score`` gets at least one output: ``outputs`` (M, C), logits or values, ``targets``, classes
    (M,) or values (M, C), and ``owner`` (M,), the number of the example that each row belongs to.
    """

    name: str
    label: str
    score: Callable[[Array, Array, Array], float]


class Guess(NamedTuple):
    """The loss of guessing, how it comes about, and the unit of the loss."""

    loss: float
    text: str
    unit: str


def guess_classes(count: int) -> Guess:
    """All of so many classes alike: ln C nats."""
    loss = math.log(count)
    return Guess(loss, f"ln {count} = {loss:.3f}", "nats")


def guess_values(targets: Array) -> Guess:
    """The mean of every channel of the targets (N, C): their variance."""
    loss = float(targets.var(axis=0).mean())
    return Guess(loss, f"the mean, {loss:.3g}", "MSE")


def share_right(outputs: Array, targets: Array, owner: Array) -> float:
    """The share of outputs (M, C) whose largest logit is that of the class that is wanted."""
    return float(np.mean(_right(outputs, targets)))


def share_exact(outputs: Array, targets: Array, owner: Array) -> float:
    """The share of examples whose every output (M, C) is right."""
    wrong = np.unique(owner[~_right(outputs, targets)])
    return 1 - len(wrong) / len(np.unique(owner))


def share_within(outputs: Array, targets: Array, owner: Array) -> float:
    """The share of outputs (M, C) whose every value is less than 0.1 off."""
    return float(np.mean(np.all(np.abs(outputs - targets) < TOLERANCE, axis=1)))


def share_of_signs(outputs: Array, targets: Array, owner: Array) -> float:
    """The share of outputs (M, C) whose every value has the sign that is wanted."""
    return float(np.mean(np.all(outputs * targets > 0, axis=1)))


def _right(outputs: Array, targets: Array) -> Array:
    # What is not a number is never right, although argmax would pick it.
    right: Array = (outputs.argmax(axis=1) == targets) & ~np.isnan(outputs).any(axis=1)
    return right


ACCURACY = Metric("accuracy", "share of answers that are right", share_right)
EXACT = Metric("exact match", "share of sequences that are right as a whole", share_exact)
WITHIN = Metric(
    f"within {TOLERANCE:g}", f"share of answers less than {TOLERANCE:g} off", share_within
)
SIGNS = Metric("signs right", "share of answers whose every sign is right", share_of_signs)
