"""The passes: against a formula-by-formula network, and every view of one trace."""

import numpy as np
import pytest

from rnnviz.config import Gradient
from rnnviz.engine.model import bind
from rnnviz.engine.parameters import Parameters, Sizes, initial_parameters
from rnnviz.engine.trace import Trace
from rnnviz.engine.training import record

SIZES = Sizes(inputs=5, hidden=7, outputs=3)


def network(sizes=SIZES, scale=0.5, seed=3):
    parameters = initial_parameters(sizes, scale, seed)
    rng = np.random.default_rng(seed)
    parameters.theta += 0.1 * rng.standard_normal(parameters.theta.shape)
    return parameters


def states_by_hand(parameters, tokens):
    h, states = np.zeros(parameters.sizes.hidden), []
    for token in tokens:
        x = np.eye(parameters.sizes.inputs)[token]
        h = np.tanh(parameters.W_xh @ x + parameters.W_hh @ h + parameters.b_h)
        states.append(h)
    return np.array(states)


@pytest.mark.parametrize("tokens", [[2], [0, 0], [4, 1, 3, 1, 0, 2]])
def test_the_states_are_those_of_the_formula(tokens):
    parameters = network()
    trace = record(parameters, np.array(tokens), 1)
    np.testing.assert_allclose(trace.h[:, 0], states_by_hand(parameters, tokens), rtol=1e-14)
    logits = parameters.W_hy @ trace.h[-1, 0] + parameters.b_y
    np.testing.assert_allclose(trace.logits[0], logits, rtol=1e-13)
    np.testing.assert_allclose(trace.probs[0], np.exp(logits) / np.exp(logits).sum(), rtol=1e-13)


@pytest.mark.parametrize("gradient", Gradient)
def test_the_gradient_goes_back_by_the_formula(gradient):
    parameters = network()
    trace = record(parameters, np.array([4, 1, 3, 1]), 2, gradient)
    back = parameters.W_hh.T if gradient is Gradient.EXACT else parameters.W_hh
    dh = parameters.W_hy.T @ (trace.probs[0] - [0, 0, 1])
    for t in (3, 2, 1, 0):
        np.testing.assert_allclose(trace.dh[t, 0], dh, rtol=1e-12)
        da = (1 - trace.h[t, 0] ** 2) * dh
        np.testing.assert_allclose(trace.da[t, 0], da, rtol=1e-12)
        dh = back @ da


def test_phrases_side_by_side_are_read_as_each_alone():
    parameters, tokens = network(), np.array([[4, 0], [1, 2], [3, 3]])
    together = Trace(SIZES, tokens, np.array([0, 2]))
    there = bind(parameters, together)
    there.forward()
    there.backward(1.0)
    for i, target in enumerate((0, 2)):
        alone = record(parameters, tokens[:, i], target)
        for name in ("h", "a", "dh", "da"):
            np.testing.assert_allclose(getattr(together, name)[:, i], getattr(alone, name)[:, 0])
        np.testing.assert_allclose(together.probs[i], alone.probs[0])


def test_backward_is_linear_in_its_scale():
    trace = Trace(SIZES, np.array([[1], [2], [0]]), np.array([1]))
    there = bind(network(), trace)
    there.forward()
    there.backward(1.0)
    whole = trace.dh.copy()
    there.backward(0.25)
    np.testing.assert_allclose(trace.dh, whole / 4, rtol=1e-14)


def test_local_and_future_gradient_add_to_the_whole():
    trace = record(network(), np.array([0, 1, 2, 3]), 0)
    assert np.array_equal(trace.dh_local + trace.dh_future, trace.dh)
    assert not trace.dh_local[:-1].any()
    assert not trace.dh_future[-1].any()


def test_a_long_way_back_ends_in_exact_zeros_instead_of_denormals():
    sizes = Sizes(5, 7, 2)
    trace = record(initial_parameters(sizes, 1e-3, 0), np.arange(200) % 5, 1)
    tiny = np.finfo(float).tiny
    sizes_of_dh = np.abs(trace.dh[:, 0]).max(axis=1)
    assert sizes_of_dh[0] == 0
    assert not trace.da[0].any()
    assert ((sizes_of_dh == 0) | (sizes_of_dh > tiny)).all()
    assert (sizes_of_dh[-10:] > 0).all()


def test_a_frozen_trace_cannot_be_written():
    trace = record(network(), np.array([0, 1]), 0)
    for name in ("h", "dh", "da", "probs", "z", "tokens"):
        with pytest.raises(ValueError, match="read-only"):
            getattr(trace, name)[...] = 0


def test_the_named_parameters_are_views_of_one_array():
    parameters = Parameters(Sizes(4, 3, 2))
    for name, array in parameters.named().items():
        array[...] = 1
        assert np.shares_memory(array, parameters.theta), name
    assert parameters.theta.all()
    assert {k: v.shape for k, v in parameters.named().items()} == {
        "W_xh": (3, 4),
        "W_hh": (3, 3),
        "b_h": (3,),
        "W_hy": (2, 3),
        "b_y": (2,),
    }


def test_initial_weights_have_the_scale_and_zero_biases():
    parameters = initial_parameters(Sizes(18, 64, 2), 1e-3, 0)
    assert not parameters.b_h.any()
    assert not parameters.b_y.any()
    assert parameters.W_hh.std() == pytest.approx(1e-3, rel=0.05)
    assert np.abs(np.linalg.eigvals(parameters.W_hh)).max() == pytest.approx(0.008, rel=0.15)


def test_what_each_timestep_adds_sums_to_the_gradient():
    trace = record(network(), np.array([0, 3, 1, 3]), 2)
    for name, whole in trace.gradient.named().items():
        share = trace.shares[name]
        assert share.shape == (4, *whole.shape)
        np.testing.assert_allclose(share.sum(axis=0), whole, atol=1e-15)


def test_the_loss_is_that_of_the_target():
    trace = record(network(), np.array([0, 3]), 2)
    assert trace.loss[0] == pytest.approx(-np.log(trace.probs[0, 2]))
