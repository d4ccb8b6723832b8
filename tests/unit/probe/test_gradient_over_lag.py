"""The gradient over the lag, on all sequences of a set."""

import math
from dataclasses import replace

import numpy as np
import pytest

from rnnviz.config import Gradient
from rnnviz.engine.batch import collate
from rnnviz.engine.parameters import Architecture, Parameters
from rnnviz.engine.training import record
from rnnviz.probe.gradients import Objective
from rnnviz.probe.memory_gauge import BackwardRule
from rnnviz.probe.unrolled import Unrolled
from tests.lag_profile import lag_profile
from tests.sampling import each_row, pairwise, singly
from tests.unit.engine.networks import CELLS, architecture, examples, network, phrase
from tests.unit.probe.known import jacobians_of, last_error, linear, two_units

FOUR = [phrase([0, 1, 1, 0], 1)]


@singly(c=[0.5, 0.7, 1.0, 2.0], objective=Objective)
def test_in_a_linear_network_it_shrinks_or_grows_by_the_weight(c, objective):
    found = lag_profile(linear(c), FOUR, objective)
    np.testing.assert_allclose(found.median / found.median[0], c ** np.arange(4.0))
    assert found.slope == pytest.approx(math.log10(c), abs=1e-12)
    half_life = math.log(2) / -math.log(c) if c < 1 else math.inf
    assert found.half_life == pytest.approx(half_life) or (found.half_life > 1e9 and c >= 1)
    np.testing.assert_allclose(found.fitted, found.median)
    np.testing.assert_allclose(found.bound, found.median)


def test_two_units_by_hand():
    weights, tokens = two_units(), [0, 1, 1]
    norms, dh = [], last_error(weights, tokens, 1)
    for jacobian in reversed(jacobians_of(weights, tokens)):
        norms.append(np.linalg.norm(dh))
        dh = jacobian.T @ dh
    found = lag_profile(weights, [phrase(tokens, 1)], Objective.LOSS)
    np.testing.assert_allclose(found.median, norms, rtol=1e-13)


def test_the_notebook_s_rule_and_truncation():
    exact, notebook, cut = (
        lag_profile(two_units(), [phrase([0, 1, 1], 1)], Objective.LOSS, carried).median
        for carried in (BackwardRule(), BackwardRule(Gradient.NOTEBOOK), BackwardRule(truncate=1))
    )
    assert abs(notebook[2] / exact[2] - 1) > 0.05
    assert cut.tolist() == [exact[0], 0, 0]


def by_lag(weights, example, layer=-1):
    """||dh|| by lag, of the last answer alone: dh of all answers less that of all but the last."""
    whole = Unrolled(record(weights, collate([example])), layer)
    count = len(example.targets)
    dh = whole.dh * count
    if count > 1:
        short = replace(example, inputs=example.inputs[:-1], targets=example.targets[:-1])
        dh[:-1] -= Unrolled(record(weights, collate([short])), layer).dh * (count - 1)
    return np.linalg.norm(dh, axis=-1)[::-1]


@pairwise(cell=CELLS, layer=[0, 1], encoder=[False, True])
def test_median_and_mean_are_those_of_the_sequences_of_that_length(cell, layer, encoder):
    of = architecture(cell, layers=2, encoder=encoder)
    weights, given = network(of), examples(of, [5, 2, 3, 4, 1], every=encoder)
    found = lag_profile(weights, given, Objective.LOSS, BackwardRule(layer=layer))
    each = [by_lag(weights, example, layer) for example in given]
    assert len(found.median) == max(map(len, each))
    for lag, (median, mean) in enumerate(zip(found.median, found.mean, strict=True)):
        norms = [n[lag] for n in each if len(n) > lag]
        assert (median, mean) == pytest.approx((np.median(norms), np.mean(norms)))


def test_the_band_has_four_fifths_of_the_sequences():
    of = architecture()
    weights, given = network(of), examples(of, [4] * 50)
    found = lag_profile(weights, given, Objective.LOSS)
    each = np.array([by_lag(weights, example) for example in given])
    inside = (each > found.low) & (each < found.high)
    assert found.sequences == 50
    assert inside.mean(axis=0).tolist() == [0.8] * 4


@each_row(
    ("cell", "layers", "layer", "known"),
    [
        (CELLS[2], 1, -1, False),
        (CELLS[3], 1, -1, False),
        (CELLS[0], 2, 0, False),
        (CELLS[0], 2, 1, True),
        (CELLS[0], 2, -1, True),
    ],
)
def test_only_the_topmost_layer_of_elman_cells_has_a_bound(cell, layers, layer, known):
    of = architecture(cell, layers)
    found = lag_profile(network(of), examples(of, [3]), Objective.LOSS, BackwardRule(layer=layer))
    assert (found.bound is not None) == known


@each_row(("dtype", "eps"), [("float64", 2**-52), ("float32", 2**-23)])
def test_rounding_and_floor_are_those_of_the_number_format(dtype, eps):
    of = architecture()
    weights = network(of).like(network(of).theta.astype(dtype))
    found = lag_profile(weights, examples(of, [3]), Objective.LOSS)
    assert found.rounding == pytest.approx(eps * found.median[0])
    assert found.floor == np.finfo(dtype).tiny


def test_without_two_gradients_there_is_no_slope():
    found = lag_profile(two_units(), [phrase([0], 1)], Objective.LOSS)
    assert math.isnan(found.slope)
    assert np.isnan(found.fitted).all()
    zero = lag_profile(Parameters(Architecture(2, 2, 2)), FOUR, Objective.LOSS)
    assert not zero.median.any()
    assert math.isnan(zero.half_life)
