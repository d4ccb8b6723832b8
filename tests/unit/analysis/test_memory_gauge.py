"""How far the memory reaches."""

import math

import numpy as np
import pytest

from rnnviz.analysis.memory_gauge import (
    coarse_first,
    eigenvalues,
    half_life,
    slope,
    spectrum,
)
from tests.sampling import each_row


def test_a_multiple_of_the_identity_stretches_by_that():
    assert spectrum(0.7 * np.eye(5)) == pytest.approx((0.7, 0.7))


def test_a_rotation_keeps_lengths():
    turn = np.array([[0.0, -1.0], [1.0, 0.0]])
    assert spectrum(0.9 * turn) == pytest.approx((0.9, 0.9))


def test_a_matrix_that_is_not_normal_stretches_once_and_forgets_all():
    assert spectrum(np.array([[0.0, 5.0], [0.0, 0.0]])) == pytest.approx((0.0, 5.0))


def test_the_sign_of_an_eigenvalue_does_not_matter():
    assert spectrum(np.diag([-2.0, 1.0, 0.5])) == pytest.approx((2.0, 2.0))


def test_the_radius_is_that_of_ever_longer_products():
    W = np.random.default_rng(0).standard_normal((12, 12)) / 4
    power = np.linalg.matrix_power(W, 512)
    assert spectrum(W).radius == pytest.approx(np.linalg.norm(power, 2) ** (1 / 512), rel=0.02)


def test_eigenvalues_come_by_their_size():
    found = eigenvalues(np.array([[0.5, 0, 0], [0, 0, -3], [0, 3, 0]]))
    np.testing.assert_allclose(np.abs(found), [3, 3, 0.5])
    np.testing.assert_allclose(sorted(found[:2].imag), [-3, 3])


@each_row("factor", [0.1, 2.0])
def test_the_slope_is_in_decades_a_token_back(factor):
    assert slope(5 * factor ** np.arange(6.0)[::-1]) == pytest.approx(math.log10(factor))


@each_row("tokens", [0.2, 1.0, 7.5])
def test_a_gradient_that_is_halved_every_so_many_tokens(tokens):
    lag = np.arange(9)[::-1]
    assert half_life(0.3 * 0.5 ** (lag / tokens)) == pytest.approx(tokens)


@each_row("norms", [[1.0, 1.0, 1.0], [4.0, 2.0, 1.0]])
def test_a_gradient_that_does_not_shrink_has_no_half_life(norms):
    assert half_life(np.array(norms)) == math.inf


@each_row("norms", [[], [1.0], [0.0, 0.0], [0.0, 1.0]])
def test_without_two_sizes_there_is_no_slope(norms):
    assert math.isnan(half_life(np.array(norms)))


def test_what_has_vanished_altogether_is_left_out():
    assert half_life(np.array([0.0, 0.25, 0.5, 1.0])) == pytest.approx(1.0)


def test_coarse_epochs_come_before_fine_ones():
    assert coarse_first(range(9)) == [0, 8, 4, 2, 6, 1, 3, 5, 7]
