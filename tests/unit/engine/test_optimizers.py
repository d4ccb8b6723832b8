"""Clipping, and the steps of the optimizers."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from rnnviz.config import ClipBy, OptimizerKind
from rnnviz.engine.optimizers import OPTIMIZERS, clip
from tests.sampling import each_row

gradients = arrays(float, st.integers(1, 20), elements=st.floats(-1e3, 1e3))


@given(gradients, st.floats(1e-3, 1e3))
def test_clipping_bounds_the_entries_or_the_norm_or_nothing(gradient, limit):
    by_value, by_norm, off = (gradient.copy() for _ in range(3))
    clip(by_value, ClipBy.VALUE, limit)
    assert np.array_equal(by_value, np.clip(gradient, -limit, limit))
    clip(by_norm, ClipBy.NORM, limit)
    norm = np.linalg.norm(gradient)
    assert np.linalg.norm(by_norm) == pytest.approx(min(norm, limit))
    np.testing.assert_allclose(by_norm * norm, gradient * np.linalg.norm(by_norm), atol=1e-6)
    clip(off, ClipBy.OFF, limit)
    assert np.array_equal(off, gradient)


#: What two steps with the gradients 2 and -1 and a rate of 0.1 subtract, by the formulas.
STEPS = {
    OptimizerKind.SGD: (0.2, -0.1),
    OptimizerKind.MOMENTUM: (0.2, 0.1 * (0.9 * 2 - 1)),
    OptimizerKind.RMSPROP: (0.1 * 2 / 0.04**0.5, -0.1 / (0.99 * 0.04 + 0.01) ** 0.5),
    OptimizerKind.ADAM: (
        0.1,
        0.1 * ((0.9 * 0.2 - 0.1) / (1 - 0.9**2))
        / ((0.999 * 0.004 + 0.001) / (1 - 0.999**2)) ** 0.5,
    ),
}  # fmt: skip


@each_row("kind", OptimizerKind)
def test_two_steps_subtract_what_the_formulas_say(kind):
    optimizer = OPTIMIZERS[kind]
    slots = tuple(np.zeros(1) for _ in range(optimizer.slots))
    for steps, (gradient, update) in enumerate(zip((2.0, -1.0), STEPS[kind], strict=True), 1):
        step = np.array([gradient])
        optimizer.step(step, slots, steps, 0.1)
        assert step[0] == pytest.approx(update, rel=1e-6)


#: What a first step with the gradient 1e-9 and a rate of 0.1 subtracts: there the 10⁻⁸ decides.
TINY = {
    OptimizerKind.RMSPROP: 0.1 * 1e-9 / (0.1 * 1e-9 + 1e-8),
    OptimizerKind.ADAM: 0.1 * 1e-9 / (1e-9 + 1e-8),
}


@each_row(("kind", "update"), TINY.items())
def test_what_is_added_to_the_root_is_in_the_formula(kind, update):
    optimizer, step = OPTIMIZERS[kind], np.array([1e-9])
    optimizer.step(step, tuple(np.zeros(1) for _ in range(optimizer.slots)), 1, 0.1)
    assert step[0] == pytest.approx(update)
    assert optimizer.written.endswith(" + 10⁻⁸)")


def test_a_norm_that_overflows_in_single_precision_is_clipped_too():
    gradient = np.array([3e20, 4e20], np.float32)
    with np.errstate(over="ignore"):
        clip(gradient, ClipBy.NORM, 1.0)
    np.testing.assert_allclose(gradient, [0.6, 0.8], rtol=1e-6)
