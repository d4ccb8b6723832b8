"""Cross-entropy, squared error and margin."""

import numpy as np
import pytest

from rnnviz.config import Loss
from rnnviz.engine.losses import LOSSES, margin, margin_gradient
from tests.sampling import each_row


def test_the_loss_is_infinite_where_the_answer_is_ruled_out():
    with np.errstate(divide="ignore"):
        found = LOSSES[Loss.CROSS_ENTROPY].of(np.array([[0.0, 1.0]]), np.array([0]))
    assert found[0] == np.inf


@each_row("kind", Loss)
def test_the_error_is_the_slope_of_the_summed_loss(kind):
    rng, loss = np.random.default_rng(0), LOSSES[kind]
    logits = rng.standard_normal((4, 3))
    targets = rng.integers(0, 3, 4) if kind is Loss.CROSS_ENTROPY else rng.standard_normal((4, 3))

    def total(values):
        answers = np.empty_like(values) if kind is Loss.CROSS_ENTROPY else values
        loss.answer(values, answers)
        return answers, loss.of(answers, targets).sum()

    found = np.empty_like(logits)
    loss.error(total(logits)[0], targets, 0.25, found)
    for place in np.ndindex(logits.shape):
        shifted = logits.astype(complex)
        shifted[place] += 1e-30j
        assert found[place] == pytest.approx(0.25 * total(shifted)[1].imag / 1e-30, abs=1e-14)


def test_the_squared_error_is_the_mean_over_the_channels():
    found = LOSSES[Loss.SQUARED_ERROR].of(np.array([[1.0, 3.0]]), np.array([[0.0, 1.0]]))
    assert found.tolist() == [2.5]


def test_the_margin_is_the_lead_over_the_best_other():
    logits = np.array([[3.0, 1.0, 2.5], [0.0, -1.0, 4.0]])
    assert margin(logits, np.array([0, 1])).tolist() == [0.5, -5.0]


def test_the_gradient_of_the_margin_is_its_slope():
    logits, targets = np.array([[3.0, 1.0, 2.5]]), np.array([0])
    found = np.empty_like(logits)
    margin_gradient(logits, targets, found)
    for k in range(3):
        moved = logits + 1e-6 * np.eye(3)[k]
        slope = (margin(moved, targets) - margin(logits, targets))[0] / 1e-6
        assert found[0, k] == pytest.approx(slope, abs=1e-6)
