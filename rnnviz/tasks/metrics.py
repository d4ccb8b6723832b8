"""Metrics: the share of correct outputs, and the loss of guessing."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

import numpy as np

from rnnviz.tasks.vocabulary import Array

_WITHIN = "within "
_NUMBER = re.compile(r"\d{1,12}(\.\d{1,12})?(e[+-]\d{1,3})?", re.ASCII)


@dataclass(frozen=True)
class Metric:
    """A score from 0 to 1, explained by ``label``.

    ``tolerance`` is set if the score counts values that are less than it off.
    ``score`` takes ``outputs`` (M, C), logits or values, ``targets``, classes (M,) or values
    (M, C), and ``owner`` (M,), the index of each row's example; M >= 1.
    """

    name: str
    label: str
    score: Callable[[Array, Array, Array], float]
    tolerance: float | None = None


class Guess(NamedTuple):
    """The loss of guessing, its formula, and the unit of the loss."""

    loss: float
    text: str
    unit: str


def guess_classes(count: int) -> Guess:
    """Guess all classes with the same probability: ln C nats."""
    loss = math.log(count)
    return Guess(loss, f"ln {count} = {loss:.3f}", "nats")


def guess_values(targets: Array) -> Guess:
    """Guess the mean of every channel of the targets (N, C): their variance."""
    loss = float(targets.var(axis=0).mean())
    return Guess(loss, f"variance {loss:.3g}", "MSE")


def share_right(outputs: Array, targets: Array, owner: Array) -> float:
    """The share of outputs (M, C) whose largest logit is the target's."""
    return float(np.mean(_correct(outputs, targets)))


def share_exact(outputs: Array, targets: Array, owner: Array) -> float:
    """The share of examples with only correct outputs."""
    wrong = np.unique(owner[~_correct(outputs, targets)])
    return 1 - len(wrong) / len(np.unique(owner))


@cache
def within(tolerance: float) -> Metric:
    """The share of outputs (M, C) with all values less than ``tolerance`` from the target."""

    def share(outputs: Array, targets: Array, owner: Array) -> float:
        return float(np.mean(np.all(np.abs(outputs - targets) < tolerance, axis=1)))

    label = f"share of answers less than {tolerance:g} off"
    return Metric(f"{_WITHIN}{tolerance:g}", label, share, tolerance)


def share_of_signs(outputs: Array, targets: Array, owner: Array) -> float:
    """The share of outputs (M, C) with all values of the target's sign."""
    return float(np.mean(np.all(outputs * targets > 0, axis=1)))


def _correct(outputs: Array, targets: Array) -> Array:
    # NaN is never correct, although argmax would pick it.
    correct: Array = (outputs.argmax(axis=1) == targets) & ~np.isnan(outputs).any(axis=1)
    return correct


ACCURACY = Metric("accuracy", "share of answers that are right", share_right)
EXACT = Metric("exact match", "share of sequences that are right as a whole", share_exact)
WITHIN = within(0.1)
SIGNS = Metric("signs right", "share of answers whose every sign is right", share_of_signs)


def metric_named(name: str) -> Metric | None:
    """The metric of this name, if there is one."""
    if name.startswith(_WITHIN) and _NUMBER.fullmatch(name.removeprefix(_WITHIN)):
        return within(float(name.removeprefix(_WITHIN)))
    return {metric.name: metric for metric in (ACCURACY, EXACT, SIGNS)}.get(name)
