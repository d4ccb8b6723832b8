"""The exact gradient against the notebook's."""

import math

import numpy as np
import pytest

from rnnviz.analysis import exact_vs_notebook as module
from rnnviz.analysis.exact_vs_notebook import (
    compare,
    compare_by_length,
    compare_examples,
    compared,
)
from rnnviz.config import Gradient
from rnnviz.engine.batch import collate
from rnnviz.engine.training import record
from tests.unit.analysis.known import jacobians_of, last_error, linear, states_of, two_units
from tests.unit.engine.networks import architecture, examples, network, phrase


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
