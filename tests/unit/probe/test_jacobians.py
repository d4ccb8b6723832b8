"""Jacobians along a sequence, in closed form."""

import numpy as np
import pytest

from rnnviz.engine.batch import collate
from rnnviz.engine.training import record
from rnnviz.probe import jacobians as module
from rnnviz.probe.jacobians import Jacobians, jacobians_along, lyapunov_exponents, products
from rnnviz.questions.reach.measure import state_spectra
from tests.sampling import each_row, singly
from tests.unit.engine.networks import CELLS, architecture, examples, network, phrase
from tests.unit.probe.known import jacobians_of, linear, two_units

INF = np.inf


def along(weights, example):
    return jacobians_along(weights, record(weights, collate([example])))


def of(*matrices):
    return Jacobians(np.array(matrices), len(matrices))


@each_row("c", [0.5, 1.0, 2.0])
def test_a_linear_network_stretches_all_directions_by_its_weight(c):
    found = along(linear(c), phrase([0, 1, 1, 0, 1], 1))
    logs = np.arange(5.0)[::-1] * np.log10(c)
    assert products(found).tokens.tolist() == [0, 1, 2, 3, 4]
    np.testing.assert_allclose(products(found).largest, logs, atol=1e-14)
    np.testing.assert_allclose(products(found).smallest, logs, atol=1e-14)
    np.testing.assert_allclose(state_spectra(found)[1], c)
    np.testing.assert_allclose(lyapunov_exponents(found), np.log(c), atol=1e-14)


def test_two_units_by_hand():
    weights, tokens = two_units(), [0, 1, 1, 0]
    matrices = jacobians_of(weights, tokens)
    found = along(weights, phrase(tokens, 1))
    np.testing.assert_allclose(found.matrices, matrices, rtol=1e-13)
    logs, product = products(found), np.eye(2)
    for t in reversed(range(4)):
        values = np.log10(np.linalg.svd(product, compute_uv=False))
        np.testing.assert_allclose([logs.largest[t], logs.smallest[t]], values, atol=1e-12)
        product = product @ matrices[t]


@each_row(
    ("matrix", "count", "largest", "smallest"),
    [
        (1e-20 * np.eye(3), 40, -780, -780),
        (1e20 * np.eye(3), 40, 780, 780),
        (np.diag([10.0, 1e-4]), 11, 10, -40),
    ],
    ids=["underflow", "overflow", "rounding"],
)
def test_long_products_lose_nothing(matrix, count, largest, smallest):
    found = products(of(*[matrix] * count))
    assert (found.largest[0], found.smallest[0]) == pytest.approx((largest, smallest))


@each_row(
    ("matrices", "largest", "smallest"),
    [
        ([np.eye(2), np.eye(2), np.diag([1, 0]), np.eye(2)], [0, 0, 0, 0], [-INF, -INF, 0, 0]),
        ([np.zeros((2, 2))] * 3, [-INF, -INF, 0], [-INF, -INF, 0]),
        ([np.eye(2)], [0], [0]),
    ],
    ids=["singular", "zero", "one token"],
)
def test_a_lost_direction_stays_lost(matrices, largest, smallest):
    found = products(of(*matrices))
    assert (found.largest.tolist(), found.smallest.tolist()) == (largest, smallest)
    lost = np.linalg.matrix_rank(np.linalg.multi_dot([np.eye(2), *matrices])) < 2
    assert (lyapunov_exponents(of(*matrices))[-1] == -INF) == lost


def test_what_is_lost_in_rounding_has_no_number():
    """Of a nearly singular matrix the smallest singular value is rounding error."""
    rng = np.random.default_rng(0)
    turn = np.linalg.qr(rng.normal(size=(6, 6)))[0]
    nearly = turn @ np.diag([1, 1, 1, 1, 1, 1e-17]) @ turn.T
    found = products(of(np.eye(6), np.eye(6), nearly, np.eye(6)))
    assert np.isnan(found.smallest).tolist() == [True, True, False, False]
    assert np.isfinite(found.largest).all()


def test_states_that_overflow_have_no_eigenvalues():
    matrices = np.eye(2), np.full((2, 2), INF)
    assert state_spectra(of(*matrices))[0].tolist() == [0]
    assert state_spectra(of(matrices[1]))[1].shape == (0, 2)
    assert products(of(*matrices)).largest.tolist() == [INF, 0]


@each_row("size", [1e160, 1e250, 1e308])
def test_jacobians_whose_products_overflow_count_as_infinite(size):
    matrices = np.eye(3), np.full((3, 3), size), np.eye(3)
    with np.errstate(over="ignore"):
        found = products(of(*matrices)), products(of(*np.array(matrices) / size))
    assert found[0].largest.tolist() == [INF, 0, 0]
    assert not np.isnan([found[0].smallest, found[1].smallest]).any()
    assert np.isnan(lyapunov_exponents(of(*matrices))).all()


@singly(cell=[CELLS[0], *CELLS[2:]], layers=[1, 2])
def test_the_exponents_sum_to_the_growth_of_volumes(cell, layers):
    """QR keeps volumes: sum = mean log |det J_t|, whatever the basis."""
    found = along(network(architecture(cell, layers)), examples(architecture(cell), [6])[0])
    exponents = lyapunov_exponents(found)
    assert exponents.sum() == pytest.approx(np.linalg.slogdet(found.matrices).logabsdet.mean())
    assert (np.diff(exponents) <= 0).all()


def test_the_exponents_do_not_depend_on_how_the_units_are_numbered():
    weights, (example,) = network(architecture()), examples(architecture(), [8])
    order, other = np.random.default_rng(3).permutation(architecture().hidden), weights.copy()
    other["W_hh"][...] = weights["W_hh"][np.ix_(order, order)]
    other["W_xh"][...], other["b_h"][...] = weights["W_xh"][order], weights["b_h"][order]
    other["W_hy"][...] = weights["W_hy"][:, order]
    found, renumbered = (lyapunov_exponents(along(w, example)) for w in (weights, other))
    np.testing.assert_allclose(renumbered, found, rtol=1e-9)


def test_the_exponents_are_the_singular_values_of_the_product():
    """Also where the product's own rounding error hides them, by the inverse of the product."""
    rng = np.random.default_rng(0)
    some = rng.normal(size=(6, 5, 5))
    product = np.linalg.multi_dot(some[::-1])
    expected = np.log(np.linalg.svd(product, compute_uv=False)) / 6
    np.testing.assert_allclose(lyapunov_exponents(of(*some)), expected, atol=1e-9)
    steep = some[:, :2, :2] * [[1.0], [1e-9]]
    found = lyapunov_exponents(of(*steep))
    assert found.sum() * 6 == pytest.approx(np.linalg.slogdet(steep).logabsdet.sum())
    assert found[0] == pytest.approx(np.log(10) * _log10_norm(steep) / 6)


def _log10_norm(matrices):
    return products(of(np.eye(2), *matrices)).largest[0]


@each_row(
    ("steps", "tokens"),
    [
        (1, [0]),
        (8, [*range(8)]),
        (9, [1, 4, 7]),
        (12, [1, 4, 7, 10]),
        (13, [2, 5, 8, 11]),
        (21, [1, 4, 7, 10, 13, 16, 19]),
    ],
)
def test_of_many_tokens_those_with_eigenvalues_have_room_at_both_ends(steps, tokens):
    assert state_spectra(of(*[np.eye(2)] * steps))[0].tolist() == tokens


def test_of_a_large_state_only_the_last_tokens_have_jacobians(monkeypatch):
    weights, (example,) = network(architecture()), examples(architecture(), [9])
    whole = along(weights, example)
    monkeypatch.setattr(module, "_WORK", 4 * architecture().hidden ** 3)
    some = along(weights, example)
    assert (len(some.matrices), some.first, some.steps) == (4, 5, 9)
    np.testing.assert_allclose(some.matrices, whole.matrices[5:])
    assert products(some).tokens.tolist() == state_spectra(some)[0].tolist() == [5, 6, 7, 8]
    np.testing.assert_allclose(products(some).largest, products(whole).largest[5:])
