"""The exact gradient against the notebook's."""

import math

import numpy as np
import pytest

from rnnviz.config import Gradient
from rnnviz.engine.batch import collate
from rnnviz.engine.training import record
from rnnviz.probe import gradients as module
from rnnviz.probe.gradients import (
    ByToken,
    compare,
    compare_by_length,
    compare_by_token,
    compare_examples,
    compared,
)
from tests.sampling import each_row
from tests.unit.engine.networks import architecture, examples, network, phrase
from tests.unit.probe.known import jacobians_of, last_error, linear, states_of, two_units


def test_symmetric_weights_hide_the_missing_transpose():
    found = compare(linear(0.5), collate([phrase([0, 1, 1, 0], 1)]))
    assert max(found.errors.values()) < 1e-15
    assert found.cosines["W_hh"] == pytest.approx(1)
    assert found.exact == pytest.approx(found.notebook)


def test_two_units_by_hand():
    weights, tokens = two_units(), [0, 1, 1]
    h = np.array([np.zeros(2), *states_of(weights, tokens)])
    jacobians, slopes = jacobians_of(weights, tokens), 1 - h[1:] ** 2

    def dW_hh(back):
        dh, total = last_error(weights, tokens, 1), np.zeros((2, 2))
        for t in (2, 1, 0):
            total += np.outer(slopes[t] * dh, h[t])
            dh = back(t, dh)
        return total

    exact = dW_hh(lambda t, dh: jacobians[t].T @ dh)
    notebook = dW_hh(lambda t, dh: weights["W_hh"] @ (slopes[t] * dh))
    found = compare(weights, collate([phrase(tokens, 1)]))
    error = np.linalg.norm(notebook - exact) / np.linalg.norm(exact)
    assert found.errors["W_hh"] == pytest.approx(error)
    assert error > 0.1
    norms = np.linalg.norm(exact) * np.linalg.norm(notebook)
    assert found.cosines["W_hh"] == pytest.approx((exact * notebook).sum() / norms)


def test_norms_are_those_of_the_engine_and_the_readout_is_never_wrong():
    of = architecture(layers=2)
    weights, batch = network(of), collate(examples(of, [6, 4]))
    found = compare(weights, batch)
    for rule, norms in ((Gradient.EXACT, found.exact), (Gradient.NOTEBOOK, found.notebook)):
        gradient = record(weights, batch, rule).gradient.named()
        assert norms == {name: np.linalg.norm(array) for name, array in gradient.items()}
    assert found.errors["W_hy"] == found.errors["b_y"] == 0
    assert found.errors["W_hh.1"] > 0.01


def test_up_to_length_two_the_recurrent_gradient_is_right():
    """With two tokens the gradient goes one step back, to the initial state of zero."""
    of = architecture()
    found = compare_by_length(network(of), examples(of, [1, 2, 2, 3, 7]))
    assert (found.lengths.tolist(), found.counts.tolist()) == ([1, 2, 3, 7], [1, 2, 1, 1])
    errors = [comparison.errors["W_hh"] for comparison in found.comparisons]
    assert errors[:2] == [0, 0]
    assert min(errors[2:]) > 1e-3
    assert found.table("errors")["W_hh"].tolist() == errors
    assert math.isnan(found.table("cosines")["W_hh"][0])
    assert found.table("cosines")["W_hh"][1] == pytest.approx(1)


def test_of_many_examples_the_first_are_compared(monkeypatch):
    of = architecture()
    weights, given = network(of), examples(of, [4, 4, 4, 4])
    monkeypatch.setattr(module, "_TOKENS", 10)
    assert compared(given) == 2
    assert compare_examples(weights, given).errors == compare(weights, collate(given[:2])).errors
    assert compare_by_length(weights, given).counts.tolist() == [2]
    monkeypatch.setattr(module, "_TOKENS", 1)
    assert compared(given) == 1


# Token by token


@each_row("layer", [0, 1])
def test_at_every_token_both_rules_are_those_of_the_engine(layer):
    of = architecture(layers=2)
    weights, batch = network(of), collate(examples(of, [5]))
    found = compare_by_token(weights, batch, layer)
    exact, notebook = (
        record(weights, batch, rule).stacks[0].layers[layer].dh[:, 0]
        for rule in (Gradient.EXACT, Gradient.NOTEBOOK)
    )
    np.testing.assert_allclose(found.exact, np.linalg.norm(exact, axis=1))
    np.testing.assert_allclose(found.notebook, np.linalg.norm(notebook, axis=1))
    for t in range(5):
        cosine = exact[t] @ notebook[t] / found.exact[t] / found.notebook[t]
        assert found.angles[t] == pytest.approx(np.degrees(np.arccos(min(cosine, 1))), abs=1e-5)


def test_the_notebook_points_elsewhere_from_the_first_step_back():
    weights, tokens = two_units(), [0, 1, 1]
    found = compare_by_token(weights, collate([phrase(tokens, 1)]))
    assert found.angles[-1] == pytest.approx(0, abs=1e-5)
    assert found.exact[-1] == found.notebook[-1]
    assert (found.angles[:-1] > 1).all()
    last, jacobian = last_error(weights, tokens, 1), jacobians_of(weights, tokens)[2]
    slope = 1 - states_of(weights, tokens)[2] ** 2
    one, other = jacobian.T @ last, weights["W_hh"] @ (slope * last)
    angle = np.degrees(np.arccos(one @ other / np.linalg.norm(one) / np.linalg.norm(other)))
    assert found.angles[1] == pytest.approx(angle)


def test_angles_go_from_0_to_180_and_a_gradient_of_zero_has_none():
    ones = np.ones(4)
    angles = ByToken(ones, ones, np.array([1 + 1e-16, 0, -1 - 1e-15, np.nan])).angles
    np.testing.assert_allclose(angles, [0, 90, 180, np.nan])
    still = compare_by_token(linear(0.0), collate([phrase([0, 1, 1], 1)]))
    assert np.isnan(still.angles[:-1]).all()
