"""Spectrum of the recurrent weights, and half-life of the gradient."""

import math
from dataclasses import replace

import numpy as np
import pytest

from rnnviz.config import Gradient
from rnnviz.engine.batch import collate
from rnnviz.engine.derived_cell import cell_of
from rnnviz.engine.parameters import Architecture, Parameters
from rnnviz.engine.training import record
from rnnviz.probe.cell_parts import memory_norms
from rnnviz.probe.gradient_flow import Objective
from rnnviz.probe.memory_gauge import (
    BackwardRule,
    LagNorms,
    eigenvalues,
    half_life,
    handed_on,
    last_answer_shares,
    profile_of,
    slope,
    spectrum,
)
from rnnviz.probe.unrolled import Unrolled
from rnnviz.run.history import coarse_first
from tests.lag_profile import lag_profile
from tests.sampling import each_row, pairwise, singly
from tests.unit.engine.networks import CELLS, architecture, examples, network, phrase
from tests.unit.probe.known import jacobians_of, last_error, linear, two_units


@each_row(
    ("W_hh", "radius", "norm"),
    [
        (0.7 * np.eye(5), 0.7, 0.7),
        ([[0.0, 0.9], [-0.9, 0.0]], 0.9, 0.9),
        ([[0.0, 5.0], [0.0, 0.0]], 0, 5),
        (np.diag([-2.0, 1.0, 0.5]), 2, 2),
        ([[np.nan, 0], [0, 1]], np.inf, np.inf),
    ],
    ids=["identity", "rotation", "not normal", "negative", "not finite"],
)
def test_the_spectrum(W_hh, radius, norm):
    assert spectrum(np.array(W_hh)) == pytest.approx((radius, norm))


def test_eigenvalues_are_sorted_by_size():
    found = eigenvalues(np.array([[0.5, 0, 0], [0, 0, -3], [0, 3, 0]]))
    np.testing.assert_allclose(np.abs(found), [3, 3, 0.5])
    np.testing.assert_allclose(sorted(found[:2].imag), [-3, 3])


@each_row("tokens", [0.2, 1.0, 7.5])
def test_a_gradient_that_is_halved_every_so_many_tokens(tokens):
    norms = 0.3 * 0.5 ** (np.arange(9)[::-1] / tokens)
    assert half_life(norms) == pytest.approx(tokens)
    assert slope(norms) == pytest.approx(-math.log10(2) / tokens)


@each_row(
    ("norms", "expected"),
    [
        ([1.0, 1.0, 1.0], math.inf),
        ([4.0, 2.0, 1.0], math.inf),
        ([0.0, 0.25, 0.5, 1.0], 1.0),
        *(([*norms], math.nan) for norms in ([], [1.0], [0.0, 0.0], [0.0, 1.0])),
    ],
)
def test_half_life_without_decay_or_with_norms_of_zero(norms, expected):
    assert half_life(np.array(norms)) == pytest.approx(expected, nan_ok=True)


def test_coarse_epochs_come_before_fine_ones():
    assert coarse_first(range(9)) == [0, 8, 4, 2, 6, 1, 3, 5, 7]


def test_of_several_states_the_output_s_gradient_at_the_answer_is_left_out():
    """It is what the answer alone sees; of an LRU the output is no state, of a GRU the only one."""
    norms = np.array([0.25, 0.5, 1.0, 8.0, 0.0])
    left = {kind: handed_on(norms, cell_of(kind, "tanh")) for kind in ("lstm", "gru", "lru")}
    assert left["lstm"].tolist() == [0.25, 0.5, 1.0]
    assert half_life(left["lstm"]) == pytest.approx(1)
    assert left["gru"] is left["lru"] is norms
    assert handed_on(np.zeros(3), cell_of("lstm", "tanh")).tolist() == [0, 0, 0]


# The gradient over the lag, on all sequences of a set


FOUR = [phrase([0, 1, 1, 0], 1)]


@singly(c=[0.5, 0.7, 1.0, 2.0], objective=Objective)
def test_in_a_linear_network_it_shrinks_or_grows_by_the_weight(c, objective):
    found = lag_profile(linear(c), FOUR, objective)
    np.testing.assert_allclose(found.median, c ** np.arange(4.0))
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
    np.testing.assert_allclose(found.median, np.array(norms) / norms[0], rtol=1e-13)


def test_the_notebook_s_rule_and_truncation():
    exact, notebook, cut = (
        lag_profile(two_units(), [phrase([0, 1, 1], 1)], Objective.LOSS, carried).median
        for carried in (BackwardRule(), BackwardRule(Gradient.NOTEBOOK), BackwardRule(truncate=1))
    )
    assert abs(notebook[2] / exact[2] - 1) > 0.05
    assert cut.tolist() == [exact[0], 0, 0]


def by_lag(weights, example, layer=-1):
    """||dm|| as shares by lag, of the last answer alone: of all answers less all but the last."""
    whole = Unrolled(record(weights, collate([example])), layer)
    count = len(example.targets)
    ds = whole.ds * count
    if count > 1:
        short = replace(example, inputs=example.inputs[:-1], targets=example.targets[:-1])
        ds[:-1] -= Unrolled(record(weights, collate([short])), layer).ds * (count - 1)
    norms = memory_norms(ds, weights.architecture.cell)[::-1]
    return norms / norms[0]


@pairwise(cell=CELLS, layer=[0, 1], encoder=[False, True])
def test_the_median_is_that_of_the_sequences_of_that_length(cell, layer, encoder):
    of = architecture(cell, layers=2, encoder=encoder)
    weights, given = network(of), examples(of, [5, 2, 3, 4, 1], every=encoder)
    found = lag_profile(weights, given, Objective.LOSS, BackwardRule(layer=layer))
    each = [by_lag(weights, example, layer) for example in given]
    assert len(found.median) == max(map(len, each))
    for lag, median in enumerate(found.median):
        assert median == pytest.approx(np.median([n[lag] for n in each if len(n) > lag]))


def test_the_band_has_four_fifths_of_the_sequences():
    of = architecture()
    weights, given = network(of), examples(of, [4] * 50)
    found = lag_profile(weights, given, Objective.LOSS)
    each = np.array([by_lag(weights, example) for example in given])
    inside = (each > found.low) & (each < found.high)
    assert found.sequences == 50
    assert inside.mean(axis=0).tolist() == [0] + [0.8] * 3, "at lag 0 every share is 1"


def test_a_sequence_without_a_gradient_at_its_answer_has_no_share():
    weights = two_units()
    found = LagNorms(np.array([1, 0, 1, 0]), np.array([np.nan, np.nan, 0.25, 1]))
    profile = profile_of(weights, found, Objective.LOSS)
    assert (profile.median.tolist(), profile.sequences) == ([1, 0.25], 2)
    weights["W_hy"][:] = 0
    assert np.isnan(lag_profile(weights, FOUR, Objective.LOSS).median).all()


@singly(objective=Objective)
def test_shares_stay_when_the_answer_is_sure_and_the_gradient_vanishes(objective):
    weights, given = two_units(), phrase([0, 1, 1], 1)
    before = last_answer_shares(weights, record(weights, collate([given])), objective)
    weights["b_y"][1] += 1e4
    after = last_answer_shares(weights, record(weights, collate([given])), objective)
    np.testing.assert_allclose(after, before)
    assert before[-1] == 1


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
def test_the_rounding_is_that_of_the_number_format(dtype, eps):
    of = architecture()
    weights = network(of).like(network(of).theta.astype(dtype))
    found = lag_profile(weights, examples(of, [3]), Objective.LOSS)
    assert found.rounding == eps


def test_without_two_gradients_there_is_no_slope():
    found = lag_profile(two_units(), [phrase([0], 1)], Objective.LOSS)
    assert math.isnan(found.slope)
    assert np.isnan(found.fitted).all()
    zero = lag_profile(Parameters(Architecture(2, 2, 2)), FOUR, Objective.LOSS)
    assert np.isnan(zero.median).all()
    assert math.isnan(zero.half_life)
