"""Gradient norms, against independent numbers."""

import numpy as np
import pytest

from rnnviz.config import Gradient, RunConfig
from rnnviz.engine.batch import collate
from rnnviz.engine.gradcheck import complex_step_gradient
from rnnviz.engine.initializers import initial_parameters
from rnnviz.engine.parameters import Architecture
from rnnviz.engine.training import record
from rnnviz.probe.gradient_lab import flow
from rnnviz.probe.gradients import Objective, gradient_flow, margin_flow, norms_of
from rnnviz.probe.probe import running_margin
from rnnviz.tasks.example import Example
from tests.sampling import each_row
from tests.unit.engine.networks import phrase

#: Every word once, so that a word's column of dL/dW_xh is dL/da at its token.
TOKENS = np.array([3, 0, 4, 1, 2])
TARGET = 1
BATCH = collate([phrase(TOKENS, TARGET)])


def network(outputs=3, scale=0.7):
    return initial_parameters(Architecture(5, 6, outputs), RunConfig(init_scale=scale, seed=2))


def margins(parameters, trace, gradient=Gradient.EXACT):
    found = margin_flow(parameters, trace, gradient)
    assert found.objective is Objective.MARGIN
    return found.norms


def test_norms_agree_with_the_complex_step():
    parameters = network()
    trace, truth = record(parameters, BATCH), complex_step_gradient(parameters, BATCH)
    da = truth["W_xh"][:, TOKENS].T
    expected = np.linalg.norm(da / (1 - trace.last.h[:, 0] ** 2), axis=1)
    assert gradient_flow(trace).norms == pytest.approx(expected, rel=1e-9)
    norms = {name: float(np.linalg.norm(array)) for name, array in truth.named().items()}
    assert norms_of(trace.gradient) == pytest.approx(norms, rel=1e-9)


def test_flows_begin_at_the_output_layer():
    parameters = network()
    trace = record(parameters, BATCH)
    error = trace.probs[0] - np.eye(3)[TARGET]
    assert gradient_flow(trace).norms[-1] == pytest.approx(
        np.linalg.norm(parameters.W_hy.T @ error)
    )
    best = max({0, 2}, key=lambda c: trace.logits[0, c])
    difference = parameters.W_hy[TARGET] - parameters.W_hy[best]
    assert margins(parameters, trace)[-1] == pytest.approx(np.linalg.norm(difference))
    # With five answers it is the gradient of their mean.
    every = record(parameters, collate([Example("", TOKENS, np.full(5, TARGET))]))
    last = margins(parameters, every)[-1]
    assert last == pytest.approx(np.linalg.norm(difference) / 5)


def test_with_two_classes_the_two_flows_are_proportional():
    trace = record(network(2), BATCH)
    before = trace.last.dh.copy()
    share = gradient_flow(trace).norms / margins(network(2), trace)
    assert share == pytest.approx(np.full(5, 1 - trace.probs[0, TARGET]))
    np.testing.assert_array_equal(trace.last.dh, before)


def test_the_gradient_of_the_margin_does_not_vanish_by_learning(learned):
    probe = learned.inspect("i am not happy")
    assert flow(learned.gradient_query(probe, Objective.LOSS)).norms.max() < 0.1
    assert flow(learned.gradient_query(probe, Objective.MARGIN)).norms.max() > 0.5


def test_the_missing_transpose_changes_all_but_the_last_token():
    trace = record(network(), BATCH)
    exact, notebook = (margins(network(), trace, rule) for rule in Gradient)
    assert notebook[-1] == exact[-1]
    assert (np.abs(notebook / exact - 1)[:-1] > 0.01).all()


@each_row(("outputs", "scale", "factor"), [(3, 0.7, 1e4), (2, 2.0, 5e3)])
def test_norms_of_a_diverged_run_are_finite(outputs, scale, factor):
    parameters = network(outputs, scale)
    parameters.theta *= factor
    trace = record(parameters, BATCH)
    assert np.isfinite([gradient_flow(trace).norms, margins(parameters, trace)]).all()


def test_the_running_margin_is_that_of_the_sequence_up_to_each_token():
    parameters = network()
    for t in range(len(TOKENS)):
        logits = record(parameters, collate([phrase(TOKENS[: t + 1], 0)])).logits[0]
        for target in range(3):
            found = running_margin(parameters, record(parameters, BATCH), target)
            best = max(np.delete(logits, target))
            assert found.target == target
            assert found.values[t] == pytest.approx(logits[target] - best, rel=1e-9)


def test_the_sign_of_the_last_margin_is_the_verdict(learned):
    assert learned.inspect("bad").margin.values[-1] < 0
    assert learned.inspect("not bad").margin.values[-1] > 0
