"""Cross-entropy, squared error and margin."""

import numpy as np
import pytest

from rnnviz.config import Loss
from rnnviz.engine.losses import LOSSES, margin, margin_gradient
from tests.sampling import each_row


@each_row("kind", Loss)
def test_the_error_is_the_slope_of_the_summed_loss(kind):
    rng, loss = np.random.default_rng(0), LOSSES[kind]
    logits = rng.standard_normal((4, 3))
    targets = rng.integers(0, 3, 4) if kind is Loss.CROSS_ENTROPY else rng.standard_normal((4, 3))

    def total(values):
        outputs = np.empty_like(values) if kind is Loss.CROSS_ENTROPY else values
        loss.answer(values, outputs)
        return outputs, loss.of(outputs, targets).sum()

    error = np.empty_like(logits)
    loss.error(total(logits)[0], targets, 0.25, error)
    for index in np.ndindex(logits.shape):
        shifted = logits.astype(complex)
        shifted[index] += 1e-30j
        assert error[index] == pytest.approx(0.25 * total(shifted)[1].imag / 1e-30, abs=1e-14)


def test_losses_of_known_outputs():
    outputs = np.array([[0.0, 1.0], [0.25, 0.75]])
    with np.errstate(divide="ignore"):
        losses = LOSSES[Loss.CROSS_ENTROPY].of(outputs, np.array([0, 0]))
    assert losses.tolist() == [np.inf, pytest.approx(np.log(4))]
    squared = LOSSES[Loss.SQUARED_ERROR].of(np.array([[1.0, 3.0]]), np.array([[0.0, 1.0]]))
    assert squared.tolist() == [2.5]


def test_the_margin_is_the_distance_to_the_best_other_class():
    logits = np.array([[3.0, 1.0, 2.5], [0.0, -1.0, 4.0], [-3.0, -1.0, -2.0]])
    targets = np.array([0, 1, 1])
    gradient = np.empty_like(logits)
    margin_gradient(logits, targets, gradient)
    assert margin(logits, targets).tolist() == [0.5, -5.0, 1.0]
    assert gradient.tolist() == [[1, 0, -1], [0, 1, -1], [0, 1, -1]]


def test_the_complex_step_through_a_saturated_softmax_is_exactly_zero():
    logits = np.array([[3e25 + 2e-6j, -1e25 - 1e-6j]])
    out = np.empty_like(logits)
    LOSSES[Loss.CROSS_ENTROPY].answer(logits, out)
    assert LOSSES[Loss.CROSS_ENTROPY].of(out, np.array([0])).imag == 0
