"""How much each answer depends on each state."""

import numpy as np
import pytest

from rnnviz.engine.batch import collate
from rnnviz.engine.training import record
from rnnviz.probe import gradients as module
from rnnviz.probe import passes
from rnnviz.probe.gradients import connectivity
from rnnviz.probe.unrolled import Unrolled
from rnnviz.tasks.example import Example
from tests.sampling import each_row, pairwise
from tests.unit.engine.networks import CELLS, architecture, examples, network
from tests.unit.probe.known import jacobians_of, linear, two_units


def found_by(weights, tokens, targets):
    example = Example("", np.array(tokens), np.array(targets))
    return connectivity(weights, record(weights, collate([example])))


@each_row("c", [0.5, 2.0])
def test_in_a_linear_network_it_is_a_power_of_the_weight(c):
    weights, targets = linear(c), [0, 1, 1, 0]
    found = found_by(weights, [0, 1, 1, 0], targets)
    rows = np.linalg.norm(weights.W_hy, axis=1)[targets]
    lag = np.subtract.outer(np.arange(4), np.arange(4.0))
    np.testing.assert_allclose(found.sizes, np.where(lag >= 0, c**lag * rows[:, None], 0))
    assert found.tokens.tolist() == [0, 1, 2, 3]


def test_two_units_by_hand():
    weights, tokens, targets = two_units(), [0, 1, 1], [1, 0, 1]
    found, jacobians = found_by(weights, tokens, targets), jacobians_of(weights, tokens)
    for n, target in enumerate(targets):
        gradient = weights.W_hy[target]
        for t in reversed(range(n + 1)):
            assert found.sizes[n, t] == pytest.approx(np.linalg.norm(gradient), rel=1e-12)
            gradient = gradient @ jacobians[t]


@pairwise(cell=CELLS, layer=[0, 1], encoder=[False, True])
def test_an_answer_depends_on_all_earlier_states_and_on_no_later_one(cell, layer, encoder):
    of = architecture(cell, layers=2, encoder=encoder)
    weights = network(of)
    trace = record(weights, collate(examples(of, [4], every=True)))
    found, steps = connectivity(weights, trace, layer), len(Unrolled(trace, layer))
    later = np.arange(steps) > found.tokens[:, None]
    assert (found.sizes.shape, found.sizes[later].any()) == ((4, steps), False)
    if of.activation == "tanh":
        assert (found.sizes[~later] > 0).all()


def test_for_values_all_channels_count_and_one_answer_is_one_row():
    of = architecture(squared=True)
    weights = network(of)
    trace = record(weights, collate(examples(of, [3], every=True, values=True)))
    found = connectivity(weights, trace)
    np.testing.assert_allclose(np.diag(found.sizes), np.linalg.norm(weights.W_hy))
    weights = network(architecture())
    trace = record(weights, collate(examples(architecture(), [5])))
    assert connectivity(weights, trace).sizes.shape == (1, 5)


def test_limits_of_memory_and_of_answers(monkeypatch):
    weights = network(architecture(CELLS[3]))
    trace = record(weights, collate(examples(architecture(), [9], every=True)))
    whole = connectivity(weights, trace).sizes
    monkeypatch.setattr(passes, "_NUMBERS", 800)
    np.testing.assert_allclose(connectivity(weights, trace).sizes, whole, rtol=1e-12)
    monkeypatch.setattr(module, "ANSWERS", 3)
    some = connectivity(weights, trace)
    assert some.tokens.tolist() == [0, 4, 8]
    np.testing.assert_allclose(some.sizes, whole[[0, 4, 8]])
