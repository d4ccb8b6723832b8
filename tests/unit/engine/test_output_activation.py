"""Softmax, in arrays and in plain arithmetic."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnnviz.engine.batch import collate
from rnnviz.engine.bptt import bind_readout
from rnnviz.engine.losses import CrossEntropy
from rnnviz.engine.parameters import Architecture
from rnnviz.engine.trace import Trace
from tests.unit.engine.networks import phrase

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
