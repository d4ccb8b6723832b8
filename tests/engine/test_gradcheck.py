"""Every parameter's gradient against complex-step differences, which share no formula with it."""

import numpy as np
import pytest

from rnnviz.config import Gradient, RunConfig
from rnnviz.engine.gradcheck import (
    GradientCheck,
    analytic_gradient,
    check_gradient,
    complex_step_gradient,
    relative_errors,
)
from rnnviz.engine.parameters import Sizes, initial_parameters
from rnnviz.engine.training import Workspace, begin, train_epoch
from rnnviz.session import Session
from rnnviz.tasks.dataset import sentiment


def trained(epochs=250):
    """The default network in the middle of its training, where no gradient is negligible."""
    config, data = RunConfig(hidden=12, init_scale=0.1), sentiment()
    sizes = Sizes(len(data.vocabulary), config.hidden, len(data.classes))
    state, workspace = begin(sizes, config), Workspace(data.train, sizes)
    for _ in range(epochs // 10):
        state = train_epoch(state, workspace, config)
    return state.parameters


@pytest.mark.parametrize("batch", [1, 3])
@pytest.mark.parametrize("steps", [1, 2, 5, 10])
def test_the_exact_gradient_agrees_for_every_parameter(steps, batch):
    parameters = trained()
    rng = np.random.default_rng(steps)
    tokens, targets = rng.integers(0, 18, (steps, batch)), rng.integers(0, 2, batch)
    truth = complex_step_gradient(parameters, tokens, targets)
    found = analytic_gradient(parameters, tokens, targets, Gradient.EXACT)
    assert max(relative_errors(found, truth).values()) < 1e-12


@pytest.mark.parametrize("steps", [1, 2, 5, 10])
def test_more_than_two_classes_agree_too(steps):
    parameters = initial_parameters(Sizes(5, 6, 4), 0.6, 1)
    tokens, targets = np.arange(steps)[:, None] % 5, np.array([3])
    truth = complex_step_gradient(parameters, tokens, targets)
    found = analytic_gradient(parameters, tokens, targets, Gradient.EXACT)
    assert max(relative_errors(found, truth).values()) < 1e-12


def test_the_missing_transpose_shows_from_the_third_token_in_w_hh():
    parameters = trained()
    errors = {}
    for steps in (1, 2, 3, 10):
        tokens = (np.arange(steps)[:, None] * 7) % 18
        truth = complex_step_gradient(parameters, tokens, np.array([0]))
        found = analytic_gradient(parameters, tokens, np.array([0]), Gradient.NOTEBOOK)
        errors[steps] = relative_errors(found, truth)
    assert max(errors[1].values()) < 1e-12
    assert errors[2]["W_hh"] < 1e-12
    assert errors[3]["W_hh"] > 0.01
    assert errors[10]["W_hh"] > 0.1
    assert max(errors[10][name] for name in ("W_hy", "b_y")) < 1e-12


def test_an_error_in_one_weight_is_found():
    parameters = trained()
    tokens, targets = np.array([[1], [2], [3]]), np.array([1])
    truth = complex_step_gradient(parameters, tokens, targets)
    found = analytic_gradient(parameters, tokens, targets, Gradient.EXACT)
    found.W_hh[3, 4] += 1e-6 * np.abs(truth.W_hh).max()
    errors = relative_errors(found, truth)
    assert errors["W_hh"] > 1e-8
    assert errors["W_xh"] < 1e-12


# The check on demand


def on(session, text):
    trace = session.inspect(text).trace
    return session.state.parameters, trace.tokens, trace.targets


@pytest.mark.parametrize("text", ["bad", "not bad", "i am not at all happy"])
def test_the_exact_gradient_is_found_right(learned, text):
    check = check_gradient(*on(learned, text), Gradient.EXACT)
    assert check.worst < 1e-12
    assert check.wrong == {}
    assert check.entries == check.total == learned.state.parameters.theta.size


def test_the_notebooks_gradient_is_found_wrong_where_it_is(learned):
    check = check_gradient(*on(learned, "i am not at all happy"), Gradient.NOTEBOOK)
    assert set(check.wrong) == {"W_xh", "W_hh", "b_h"}
    assert check.wrong["W_hh"] > 0.1
    assert max(check.errors["W_hy"], check.errors["b_y"]) < 1e-12


def test_a_large_network_is_checked_at_entries_of_every_parameter():
    session = Session(RunConfig(hidden=256, init_scale=0.05))
    check = check_gradient(*on(session, "i am not at all happy"), Gradient.EXACT)
    assert 1000 <= check.entries < check.total / 10
    assert set(check.errors) == {"W_xh", "W_hh", "b_h", "W_hy", "b_y"}
    assert check.worst < 1e-10
    wrong = check_gradient(*on(session, "i am not at all happy"), Gradient.NOTEBOOK)
    assert {"W_hh", "W_xh", "b_h"} <= set(wrong.wrong)


def test_an_error_that_is_no_number_counts_as_wrong():
    check = GradientCheck({"W_hh": float("nan"), "b_y": 1e-9}, 1, 1)
    assert list(check.wrong) == ["W_hh"]


def test_entries_that_were_not_found_do_not_count(learned):
    truth = complex_step_gradient(*on(learned, "not bad"), entries=np.array([3, 5]))
    assert np.isnan(truth.theta).sum() == truth.theta.size - 2
    found = analytic_gradient(*on(learned, "not bad"), Gradient.EXACT)
    assert max(relative_errors(found, truth).values()) < 1e-12
