"""The metrics, and the loss of guessing."""

import math

import numpy as np
import pytest

from rnnviz.tasks.dataset import ACCURACY, EXACT, SIGNS, WITHIN, guess_classes, guess_values
from tests.sampling import each_row

OWNER = np.array([0, 0, 1, 1])
LOGITS = np.array([[2.0, 1], [0, 3], [5, 4], [1, 0]])
VALUES = np.array([[0.5, -1.0], [0.2, 0.3]])


@each_row(
    ("targets", "accuracy", "exact"),
    [([0, 1, 0, 0], 1, 1), ([0, 1, 1, 0], 0.75, 0.5), ([1, 1, 0, 1], 0.5, 0), ([1, 0, 1, 1], 0, 0)],
)
@each_row("order", [[0, 1, 2, 3], [2, 0, 3, 1]], ids=str)
def test_classes_in_any_order(targets, accuracy, exact, order):
    rows = LOGITS[order], np.array(targets)[order], OWNER[order]
    assert (ACCURACY.score(*rows), EXACT.score(*rows)) == (accuracy, exact)


@each_row(
    ("shift", "near"), [(0, 1), (0.09, 1), (-0.09, 1), (0.11, 0), ([[0.2, 0.2], [0, 0]], 0.5)]
)
def test_values_may_be_a_little_off(shift, near):
    assert WITHIN.score(VALUES + shift, VALUES, np.arange(2)) == near


@each_row(
    ("outputs", "right"),
    [([[0.1, -9], [3, 1]], 1), ([[0.1, 0.1], [3, 1]], 0.5), ([[0, -1], [-1, -1]], 0)],
)
def test_every_channel_must_have_the_sign(outputs, right):
    assert SIGNS.score(np.array(outputs), VALUES, np.arange(2)) == right


@each_row("metric", [ACCURACY, EXACT, WITHIN, SIGNS], ids=lambda metric: metric.name)
def test_nan_is_never_right(metric):
    targets = np.zeros(2, int) if metric in (ACCURACY, EXACT) else np.ones((2, 3))
    assert metric.score(np.full((2, 3), np.nan), targets, np.arange(2)) == 0


def test_guessing():
    assert guess_classes(4).loss == math.log(4)
    guess = guess_values(np.array([[0.0, 1], [2, 1]]))
    assert (guess.loss, guess.text, guess.unit) == (pytest.approx(0.5), "variance 0.5", "MSE")
