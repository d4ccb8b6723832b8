"""The exact gradient against the notebook's."""

import math

import numpy as np
import pytest

from rnnviz.analysis import gradient_comparison as module
from rnnviz.analysis.gradient_comparison import (
    compare,
    compare_by_length,
    compare_examples,
    compared,
    cosine,
)
from rnnviz.config import Gradient
from rnnviz.engine.batch import collate
from rnnviz.engine.training import record
from tests.sampling import each_row
from tests.unit.analysis.linear import jacobians_of, linear, states_of, two_units
from tests.unit.engine.networks import architecture, examples, network, phrase


def test_symmetric_weights_hide_the_missing_transpose():
    found = compare(linear(0.5), collate([phrase([0, 1, 1, 0], 1)]))
    assert max(found.errors.values()) < 1e-15
    assert found.cosines["W_hh"] == pytest.approx(1)
    assert found.exact == pytest.approx(found.notebook)


def test_two_units_by_hand():
    weights, tokens = two_units(), [0, 1, 1]
    h = np.array([np.zeros(2), *states_of(weights, tokens)])
    jacobians = jacobians_of(weights, tokens)
    slopes = 1 - h[1:] ** 2
    logits = weights.W_hy @ h[-1]
    last = weights.W_hy.T @ (np.exp(logits) / np.exp(logits).sum() - [0, 1])

    def dW_hh(back):
        dh, found = last, np.zeros((2, 2))
        for t in (2, 1, 0):
            da = slopes[t] * dh
            found, dh = found + np.outer(da, h[t]), back(t, dh)
        return found

    exact = dW_hh(lambda t, dh: jacobians[t].T @ dh)
    notebook = dW_hh(lambda t, dh: weights["W_hh"] @ (slopes[t] * dh))
    found = compare(weights, collate([phrase(tokens, 1)]))
    wanted = np.linalg.norm(notebook - exact) / np.linalg.norm(exact)
    assert found.errors["W_hh"] == pytest.approx(wanted)
    assert found.errors["W_hh"] > 0.1
    assert found.cosines["W_hh"] == pytest.approx(cosine(exact, notebook))


def test_the_readout_is_never_wrong():
    of = architecture()
    found = compare(network(of), collate(examples(of, [6, 4])))
    assert found.errors["W_hy"] == found.errors["b_y"] == 0
    assert found.errors["W_hh"] > 0.01


def test_they_are_the_engines_gradients():
    of = architecture(layers=2)
    weights, batch = network(of), collate(examples(of, [6, 4]))
    found = compare(weights, batch)
    for rule, sizes in ((Gradient.EXACT, found.exact), (Gradient.NOTEBOOK, found.notebook)):
        gradient = record(weights, batch, rule).gradient.named()
        assert sizes == {name: np.linalg.norm(array) for name, array in gradient.items()}


def test_up_to_length_two_the_recurrent_gradient_is_right():
    """Of two tokens one step goes back, and what it brings meets no memory before it."""
    of = architecture()
    found = compare_by_length(network(of), examples(of, [1, 2, 2, 3, 7]))
    assert found.lengths.tolist() == [1, 2, 3, 7]
    assert found.counts.tolist() == [1, 2, 1, 1]
    wrong = [comparison.errors["W_hh"] for comparison in found.comparisons]
    assert wrong[:2] == [0, 0]
    assert min(wrong[2:]) > 1e-3
    assert found.table("errors")["W_hh"].tolist() == wrong
    assert found.table("cosines")["W_hh"][1] == pytest.approx(1)


def test_of_very_many_the_first_are_compared(monkeypatch):
    of = architecture()
    weights, given = network(of), examples(of, [4, 4, 4, 4])
    monkeypatch.setattr(module, "_TOKENS", 10)
    assert compared(given) == 2
    assert compare_examples(weights, given).errors == compare(weights, collate(given[:2])).errors
    assert compare_by_length(weights, given).counts.tolist() == [2]
    monkeypatch.setattr(module, "_TOKENS", 1)
    assert compared(given) == 1


def test_a_gradient_of_zero_has_no_direction():
    found = compare(two_units(), collate([phrase([0], 1)]))
    assert math.isnan(found.cosines["W_hh"])
    assert found.errors["W_hh"] == 0


@each_row(
    ("one", "other", "wanted"), [([1, 0], [2, 0], 1), ([1, 0], [0, 3], 0), ([1, 1], [-1, -1], -1)]
)
def test_the_cosine(one, other, wanted):
    assert cosine(np.array(one), np.array(other)) == pytest.approx(wanted)
