"""Cross-entropy, squared error and margin."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnnviz.config import Loss
from rnnviz.engine.batch import collate
from rnnviz.engine.bptt import bind_readout
from rnnviz.engine.losses import LOSSES, CrossEntropy, margin, margin_gradient
from rnnviz.engine.parameters import Architecture
from rnnviz.engine.trace import Trace
from tests.sampling import each_row
from tests.unit.engine.networks import phrase


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


# Softmax, in arrays and in plain arithmetic


logits = st.lists(st.floats(-1e4, 1e4), min_size=2, max_size=6)


def probabilities(values):
    out = np.empty((1, len(values)))
    CrossEntropy().answer(np.array([values]), out)
    return out[0]


@given(logits, st.floats(-1e3, 1e3))
def test_softmax_ignores_a_shift_and_sums_to_one(values, shift):
    first, second = probabilities(values), probabilities([v + shift for v in values])
    assert first.sum() == pytest.approx(1)
    np.testing.assert_allclose(first, second, rtol=1e-8, atol=1e-12)
    assert probabilities([*values, max(values) + 800])[:-1].tolist() == [0] * len(values)


@given(st.floats(-1e4, 1e4), st.floats(-1e4, 1e4), st.sampled_from([0, 1]))
def test_two_classes_in_plain_arithmetic_agree_with_the_arrays(first, second, target):
    trace = Trace(Architecture(2, 2, 2), collate([phrase([0], target)]))
    read, error = bind_readout(trace)
    trace.logits[0] = first, second
    read()
    expected = probabilities([first, second])
    np.testing.assert_allclose(trace.probs[0], expected, rtol=1e-11, atol=1e-300)
    error(0.5)
    np.testing.assert_allclose(trace.dlogits[0], 0.5 * (expected - np.eye(2)[target]), atol=1e-15)
