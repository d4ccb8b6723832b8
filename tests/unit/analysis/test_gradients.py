"""The size of the gradient, against independent numbers."""

import numpy as np
import pytest

from rnnviz.analysis.gradients import Objective, gradient_flow, margin_flow, parameter_norms
from rnnviz.config import Gradient, RunConfig
from rnnviz.engine.batch import collate
from rnnviz.engine.gradcheck import complex_step_gradient
from rnnviz.engine.initializers import initial_parameters
from rnnviz.engine.parameters import Architecture
from rnnviz.engine.training import record
from rnnviz.lab.memory_gauge import flow
from tests.unit.engine.networks import phrase

#: Every word once, so that a word's column of dL/dW_xh is dL/da at its place.
TOKENS = np.array([3, 0, 4, 1, 2])
TARGET = 1
BATCH = collate([phrase(TOKENS, TARGET)])


def network(outputs=3, scale=0.7):
    return initial_parameters(Architecture(5, 6, outputs), RunConfig(init_scale=scale, seed=2))


@pytest.fixture
def parameters():
    return network()


@pytest.fixture
def trace(parameters):
    return record(parameters, BATCH)


def test_the_flow_agrees_with_the_complex_step(parameters, trace):
    truth = complex_step_gradient(parameters, BATCH)
    da = truth["W_xh"][:, TOKENS].T
    expected = np.linalg.norm(da / (1 - trace.last.h[:, 0] ** 2), axis=1)
    flow = gradient_flow(trace)
    assert flow.objective is Objective.LOSS
    assert flow.norms == pytest.approx(expected, rel=1e-9)


def test_the_flow_of_the_loss_begins_at_the_output_layer(parameters, trace):
    missing = trace.probs[0] - np.eye(3)[TARGET]
    assert gradient_flow(trace).norms[-1] == pytest.approx(
        np.linalg.norm(parameters.W_hy.T @ missing)
    )


def test_the_flow_of_the_margin_begins_at_two_rows_of_the_output_layer(parameters, trace):
    other = max({0, 2}, key=lambda c: trace.logits[0, c])
    flow = margin_flow(parameters, trace, Gradient.EXACT)
    assert flow.objective is Objective.MARGIN
    assert flow.norms[-1] == pytest.approx(
        np.linalg.norm(parameters.W_hy[TARGET] - parameters.W_hy[other])
    )


def test_with_two_classes_the_two_flows_are_proportional():
    two = network(2)
    trace = record(two, BATCH)
    share = gradient_flow(trace).norms / margin_flow(two, trace, Gradient.EXACT).norms
    assert share == pytest.approx(np.full(5, 1 - trace.probs[0, TARGET]))


def test_a_flow_has_one_number_a_word(parameters, trace):
    assert gradient_flow(trace).norms.shape == (5,)
    assert margin_flow(parameters, trace, Gradient.EXACT).norms.shape == (5,)


def test_the_margin_s_gradient_outlives_learning(learned):
    probe = learned.inspect("i am not happy")
    assert flow(learned.gradient_query(probe, Objective.LOSS)).norms.max() < 0.1
    assert flow(learned.gradient_query(probe, Objective.MARGIN)).norms.max() > 0.5


def test_the_missing_transpose_changes_all_but_the_last_word(parameters, trace):
    exact = margin_flow(parameters, trace, Gradient.EXACT).norms
    notebook = margin_flow(parameters, trace, Gradient.NOTEBOOK).norms
    assert notebook[-1] == exact[-1]
    assert (np.abs(notebook / exact - 1)[:-1] > 0.01).all()


def test_asking_for_the_margin_leaves_the_trace_alone(parameters, trace):
    before = trace.last.dh.copy()
    margin_flow(parameters, trace, Gradient.EXACT)
    assert np.array_equal(trace.last.dh, before)


def test_the_norms_of_the_parameters_agree_with_the_complex_step(parameters, trace):
    truth = complex_step_gradient(parameters, BATCH).named()
    expected = {name: float(np.linalg.norm(array)) for name, array in truth.items()}
    assert parameter_norms(trace) == pytest.approx(expected, rel=1e-9)


def test_one_word_leaves_the_recurrent_weights_without_gradient(parameters):
    norms = parameter_norms(record(parameters, collate([phrase(TOKENS[:1], TARGET)])))
    assert norms["W_hh"] == 0
    assert all(norm > 0 for name, norm in norms.items() if name != "W_hh")


def test_weights_of_a_diverged_run_can_be_asked(parameters):
    parameters.theta *= 1e4
    trace = record(parameters, BATCH)
    for found in (gradient_flow(trace), margin_flow(parameters, trace, Gradient.EXACT)):
        assert np.isfinite(found.norms).all()


def test_weights_of_a_diverged_run_of_two_classes_can_be_asked():
    two = network(2, 2.0)
    two.theta *= 5e3
    found = margin_flow(two, record(two, BATCH), Gradient.EXACT)
    assert np.isfinite(found.norms).all()
