"""What the Jacobians along a sequence do, in closed form."""

import numpy as np
import pytest

from rnnviz.analysis import jacobians as module
from rnnviz.analysis.jacobians import (
    Jacobians,
    jacobians_along,
    lyapunov_exponents,
    products,
    state_spectra,
)
from rnnviz.engine.batch import collate
from rnnviz.engine.training import record
from tests.sampling import each_row, singly
from tests.unit.analysis.linear import jacobians_of, linear, two_units
from tests.unit.engine.networks import CELLS, architecture, examples, network, phrase


def along(weights, example):
    return jacobians_along(weights, record(weights, collate([example])))


def of_identity(c, steps, size=3):
    return Jacobians(np.array([c * np.eye(size)] * steps), steps)


@each_row("c", [0.5, 1.0, 2.0])
def test_a_linear_network_stretches_all_directions_by_its_weight(c):
    found = along(linear(c), phrase([0, 1, 1, 0, 1], 1))
    lag = np.arange(5.0)[::-1]
    seen = products(found)
    assert seen.tokens.tolist() == [0, 1, 2, 3, 4]
    np.testing.assert_allclose(seen.largest, lag * np.log10(c), atol=1e-14)
    np.testing.assert_allclose(seen.smallest, lag * np.log10(c), atol=1e-14)
    np.testing.assert_allclose(state_spectra(found).eigenvalues, c)
    np.testing.assert_allclose(lyapunov_exponents(found), np.log(c), atol=1e-14)


def test_two_units_by_hand():
    weights, tokens = two_units(), [0, 1, 1, 0]
    matrices = jacobians_of(weights, tokens)
    found = along(weights, phrase(tokens, 1))
    np.testing.assert_allclose(found.matrices, matrices, rtol=1e-13)
    seen, product = products(found), np.eye(2)
    for t in reversed(range(4)):
        sizes = np.log10(np.linalg.svd(product, compute_uv=False))
        np.testing.assert_allclose([seen.largest[t], seen.smallest[t]], sizes, atol=1e-12)
        product = product @ matrices[t]


@each_row("c", [1e-20, 1e20])
def test_nothing_over_or_underflows(c):
    seen = products(of_identity(c, 40))
    np.testing.assert_allclose(seen.largest[0], 39 * np.log10(c))
    np.testing.assert_allclose(seen.smallest[0], 39 * np.log10(c))


def test_the_smallest_is_not_lost_in_the_rounding_of_the_largest():
    seen = products(Jacobians(np.array([np.diag([10.0, 1e-4])] * 11), 11))
    assert seen.largest[0] == pytest.approx(10)
    assert seen.smallest[0] == pytest.approx(-40)


def test_a_direction_that_is_lost_stays_lost():
    matrices = np.array([np.eye(2), np.eye(2), np.diag([1.0, 0.0]), np.eye(2)])
    seen = products(Jacobians(matrices, 4))
    assert seen.smallest.tolist() == [-np.inf, -np.inf, 0, 0]
    assert seen.largest.tolist() == [0] * 4
    assert lyapunov_exponents(Jacobians(matrices, 4)).tolist() == [0, -np.inf]


def test_all_is_lost():
    seen = products(Jacobians(np.zeros((3, 2, 2)), 3))
    assert seen.largest.tolist() == seen.smallest.tolist() == [-np.inf, -np.inf, 0]


@singly(cell=[CELLS[0], *CELLS[2:]], layers=[1, 2])
def test_the_exponents_sum_to_the_growth_of_volumes(cell, layers):
    """QR keeps volumes: sum = mean log |det J_t|, whatever the basis."""
    of = architecture(cell, layers)
    found = along(network(of), examples(of, [6])[0])
    volumes = np.linalg.slogdet(found.matrices).logabsdet
    exponents = lyapunov_exponents(found)
    assert exponents.sum() == pytest.approx(volumes.mean())
    assert (np.diff(exponents) <= 0).all()


def test_over_a_long_time_the_exponents_are_those_of_the_eigenvalues():
    W = np.diag([1.5, 0.7, 0.2]) + np.triu(np.random.default_rng(0).normal(size=(3, 3)), 1)
    found = lyapunov_exponents(Jacobians(np.array([W] * 2000), 2000))
    np.testing.assert_allclose(found, np.log([1.5, 0.7, 0.2]), atol=2e-3)


def test_of_a_large_state_only_the_last_tokens_are_worked_through(monkeypatch):
    of = architecture()
    weights, given = network(of), examples(of, [9])[0]
    whole = along(weights, given)
    monkeypatch.setattr(module, "_WORK", 4 * of.hidden**3)
    some = along(weights, given)
    assert (len(some.matrices), some.first, some.steps) == (4, 5, 9)
    np.testing.assert_allclose(some.matrices, whole.matrices[5:])
    assert products(some).tokens.tolist() == [5, 6, 7, 8]
    np.testing.assert_allclose(products(some).largest, products(whole).largest[5:])
    assert state_spectra(some).tokens.tolist() == [5, 6, 7, 8]


def test_where_the_states_overflow_nothing_breaks():
    matrices = np.array([np.eye(2), np.full((2, 2), np.inf)])
    assert state_spectra(Jacobians(matrices, 2)).tokens.tolist() == [0]
    assert state_spectra(Jacobians(matrices[1:], 1)).eigenvalues.shape == (0, 2)
    assert products(Jacobians(matrices, 2)).largest.tolist() == [np.inf, 0]


def test_one_token_is_the_identity():
    of = architecture()
    seen = products(along(network(of), examples(of, [1])[0]))
    assert (seen.tokens.tolist(), seen.largest.tolist(), seen.smallest.tolist()) == ([0], [0], [0])


def test_of_an_encoder_and_a_decoder_it_is_the_decoder():
    of = architecture(CELLS[2], encoder=True)
    found = along(network(of), examples(of, [4], every=True)[0])
    assert found.matrices.shape == (4, of.hidden, of.hidden)
