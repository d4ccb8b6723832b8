"""Which states each answer still hears."""

import numpy as np
import pytest

from rnnviz.analysis import connectivity as module
from rnnviz.analysis.connectivity import connectivity
from rnnviz.analysis.unrolled import Unrolled
from rnnviz.engine.batch import collate
from rnnviz.engine.training import record
from rnnviz.tasks.example import Example
from tests.sampling import each_row, pairwise
from tests.unit.analysis.linear import jacobians_of, linear, two_units
from tests.unit.engine.networks import CELLS, architecture, examples, network


def spoken(tokens, targets):
    return Example("", np.array(tokens), np.array(targets))


@each_row("c", [0.5, 2.0])
def test_a_linear_network_hears_by_the_power_of_its_weight(c):
    weights = linear(c)
    targets = [0, 1, 1, 0]
    trace = record(weights, collate([spoken([0, 1, 1, 0], targets)]))
    found = connectivity(weights, trace)
    rows = np.linalg.norm(weights.W_hy, axis=1)[targets]
    lag = np.subtract.outer(np.arange(4), np.arange(4.0))
    wanted = np.where(lag >= 0, c**lag * rows[:, None], 0)
    np.testing.assert_allclose(found.sizes, wanted)
    assert found.tokens.tolist() == [0, 1, 2, 3]


def test_two_units_by_hand():
    weights, tokens, targets = two_units(), [0, 1, 1], [1, 0, 1]
    found = connectivity(weights, record(weights, collate([spoken(tokens, targets)])))
    jacobians = jacobians_of(weights, tokens)
    for n, target in enumerate(targets):
        way = weights.W_hy[target]
        for t in reversed(range(n + 1)):
            assert found.sizes[n, t] == pytest.approx(np.linalg.norm(way), rel=1e-12)
            way = way @ jacobians[t]


@pairwise(cell=CELLS, layer=[0, 1], encoder=[False, True])
def test_nothing_is_heard_before_it_is_said_and_the_rest_is(cell, layer, encoder):
    of = architecture(cell, layers=2, encoder=encoder)
    weights = network(of)
    trace = record(weights, collate(examples(of, [4], every=True)))
    found = connectivity(weights, trace, layer)
    steps = len(Unrolled(trace, layer))
    assert found.sizes.shape == (4, steps)
    later = np.arange(steps) > found.tokens[:, None]
    assert (found.sizes[later] == 0).all()
    if of.activation == "tanh":
        assert (found.sizes[~later] > 0).all()


def test_of_values_the_whole_answer_counts():
    of = architecture(squared=True)
    weights = network(of)
    trace = record(weights, collate(examples(of, [3], every=True, values=True)))
    found = connectivity(weights, trace)
    np.testing.assert_allclose(np.diag(found.sizes), np.linalg.norm(weights.W_hy))


def test_one_verdict_is_one_row():
    of = architecture()
    weights = network(of)
    trace = record(weights, collate(examples(of, [5])))
    assert connectivity(weights, trace).sizes.shape == (1, 5)


def test_little_memory_makes_no_difference(monkeypatch):
    of = architecture(CELLS[3])
    weights = network(of)
    trace = record(weights, collate(examples(of, [7], every=True)))
    whole = connectivity(weights, trace).sizes
    monkeypatch.setattr("rnnviz.analysis.passes._NUMBERS", 800)
    np.testing.assert_allclose(connectivity(weights, trace).sizes, whole, rtol=1e-12)


def test_of_many_answers_some_are_followed(monkeypatch):
    of = architecture()
    weights = network(of)
    trace = record(weights, collate(examples(of, [9], every=True)))
    whole = connectivity(weights, trace)
    monkeypatch.setattr(module, "ANSWERS", 3)
    some = connectivity(weights, trace)
    assert some.tokens.tolist() == [0, 4, 8]
    np.testing.assert_allclose(some.sizes, whole.sizes[[0, 4, 8]])
