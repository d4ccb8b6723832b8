"""The gradient over the lag, on all sequences of a set."""

import math

import numpy as np
import pytest

from rnnviz.analysis.gradients import Objective
from rnnviz.analysis.lag import Carried, lag_profile
from rnnviz.analysis.unrolled import Unrolled
from rnnviz.config import Gradient
from rnnviz.engine.batch import collate
from rnnviz.engine.parameters import Architecture, Parameters
from rnnviz.engine.training import record
from tests.sampling import each_row, pairwise, singly
from tests.unit.analysis.linear import jacobians_of, linear, states_of, two_units
from tests.unit.engine.networks import CELLS, architecture, examples, network, phrase

PHRASES = [phrase(tokens, target) for tokens, target in (([0, 1, 1, 0], 1), ([1, 1], 0), ([0], 1))]


@singly(c=[0.5, 1.0, 2.0], objective=Objective)
def test_a_linear_network_shrinks_or_grows_by_its_weight(c, objective):
    found = lag_profile(linear(c), PHRASES[:1], objective)
    np.testing.assert_allclose(found.median / found.median[0], c ** np.arange(4.0))
    assert found.slope == pytest.approx(math.log10(c), abs=1e-12)
    wanted = math.log(2) / -math.log(c) if c < 1 else math.inf
    assert found.half_life == pytest.approx(wanted) or (found.half_life > 1e9 and c >= 1)
    np.testing.assert_allclose(found.fitted, found.median)


def test_the_bound_of_a_linear_network_is_met():
    found = lag_profile(linear(0.7), PHRASES[:1], Objective.LOSS)
    np.testing.assert_allclose(found.bound, found.median)


def test_two_units_by_hand():
    weights, tokens = two_units(), [0, 1, 1]
    h = states_of(weights, tokens)
    logits = weights.W_hy @ h[-1]
    error = np.exp(logits) / np.exp(logits).sum() - [0, 1]
    sizes, dh = [], weights.W_hy.T @ error
    for jacobian in reversed(jacobians_of(weights, tokens)):
        sizes.append(np.linalg.norm(dh))
        dh = jacobian.T @ dh
    found = lag_profile(weights, [phrase(tokens, 1)], Objective.LOSS)
    np.testing.assert_allclose(found.median, sizes, rtol=1e-13)


def test_the_notebooks_rule_and_truncation_are_followed():
    weights, given = two_units(), [phrase([0, 1, 1], 1)]
    exact, notebook, cut = (
        lag_profile(weights, given, Objective.LOSS, carried).median
        for carried in (Carried(), Carried(Gradient.NOTEBOOK), Carried(truncate=1))
    )
    assert abs(notebook[2] / exact[2] - 1) > 0.05
    assert cut.tolist() == [exact[0], 0, 0]


@pairwise(cell=CELLS, layer=[0, 1], encoder=[False, True])
def test_each_sequence_has_the_size_that_it_has_alone(cell, layer, encoder):
    of = architecture(cell, layers=2, encoder=encoder)
    weights, given = network(of), examples(of, [5, 2, 3], every=encoder)
    found = lag_profile(weights, given, Objective.LOSS, Carried(layer=layer))
    alone = [last_alone(weights, example, layer) for example in given]
    assert len(found.median) == max(map(len, alone))
    for lag, size in enumerate(found.median):
        assert size == pytest.approx(np.median([s[lag] for s in alone if len(s) > lag]))


def last_alone(weights, example, layer):
    """||dh|| by lag of the last answer's loss: that of all less that of all but the last."""
    whole = Unrolled(record(weights, collate([example])), layer)
    trace = whole.trace
    dh = whole.dh * len(trace.logits)
    if len(trace.logits) > 1:
        dh = dh - without_last(weights, example, layer)
    return np.linalg.norm(dh, axis=-1)[::-1]


def without_last(weights, example, layer):
    short = example.__class__("", example.inputs[:-1], example.targets[:-1], example.source)
    found = Unrolled(record(weights, collate([short])), layer)
    dh = found.dh * (len(example.targets) - 1)
    return np.concatenate([dh, np.zeros((1, dh.shape[1]))])


def test_the_band_holds_four_fifths_of_the_sequences():
    of = architecture()
    weights, given = network(of), examples(of, [4] * 50)
    found = lag_profile(weights, given, Objective.LOSS)
    alone = np.array([last_alone(weights, example, 0) for example in given])
    inside = (alone > found.low) & (alone < found.high)
    assert found.sequences == 50
    assert inside.mean(axis=0).tolist() == [0.8] * 4
    np.testing.assert_allclose(found.median, np.median(alone, axis=0))
    np.testing.assert_allclose(found.mean, alone.mean(axis=0))


def test_the_mean_is_that_of_the_sequences_that_are_so_long():
    of = architecture()
    weights, given = network(of), examples(of, [5, 2, 3, 5])
    found = lag_profile(weights, given, Objective.LOSS)
    alone = [last_alone(weights, example, 0) for example in given]
    for lag, size in enumerate(found.mean):
        assert size == pytest.approx(np.mean([s[lag] for s in alone if len(s) > lag]))


@each_row("scale", [0.1, 0.5])
def test_no_sequence_lies_above_the_bound(scale):
    of = architecture()
    found = lag_profile(network(of, scale=scale), examples(of, [9] * 20), Objective.LOSS)
    assert (found.high <= found.bound * (1 + 1e-12)).all()


@each_row("of", [architecture(CELLS[2]), architecture(CELLS[3])])
def test_gated_cells_have_no_bound(of):
    assert lag_profile(network(of), examples(of, [3]), Objective.LOSS).bound is None


def test_below_the_topmost_layer_there_is_no_bound():
    of = architecture(layers=2)
    found = [
        lag_profile(network(of), examples(of, [3]), Objective.LOSS, Carried(layer=layer)).bound
        for layer in (0, 1, -1)
    ]
    assert [bound is None for bound in found] == [True, False, False]


@each_row(("dtype", "eps"), [("float64", 2**-52), ("float32", 2**-23)])
def test_the_last_digit_is_that_of_the_number_format(dtype, eps):
    of = architecture()
    weights = network(of).like(network(of).theta.astype(dtype))
    found = lag_profile(weights, examples(of, [3]), Objective.LOSS)
    assert found.rounding == pytest.approx(eps * found.median[0])
    assert found.floor == np.finfo(dtype).tiny


def test_one_token_has_no_slope():
    found = lag_profile(two_units(), PHRASES[2:], Objective.LOSS)
    assert math.isnan(found.slope)
    assert np.isnan(found.fitted).all()


def test_values_after_every_token_are_carried_back_from_the_last():
    of = architecture(squared=True)
    found = lag_profile(network(of), examples(of, [4, 4], every=True, values=True), Objective.LOSS)
    assert len(found.median) == 4
    assert (found.median > 0).all()


def test_weights_of_zero_give_no_gradient_and_no_slope():
    found = lag_profile(Parameters(Architecture(2, 2, 2)), PHRASES[:1], Objective.LOSS)
    assert (found.median == 0).all()
    assert math.isnan(found.half_life)
