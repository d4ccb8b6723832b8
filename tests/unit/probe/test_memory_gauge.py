"""Spectrum of the recurrent weights, and half-life of the gradient."""

import math

import numpy as np
import pytest

from rnnviz.probe.memory_gauge import (
    GradientMap,
    eigenvalues,
    half_life,
    half_life_interval,
    slope,
    spectrum,
)
from rnnviz.questions.reach.measure import last_epoch_without_gradient
from rnnviz.run.epoch_cache import coarse_first
from tests.sampling import each_row


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


def test_the_interval_of_the_half_life_is_that_of_the_slope():
    """Student's t by a table: 8 points, 6 degrees of freedom."""
    rng = np.random.default_rng(0)
    logs = -0.1 * np.arange(8)[::-1] + 0.1 * rng.normal(size=8)
    line = np.polyfit(np.arange(8), logs, 1)[0]
    lag = np.arange(8) - 3.5
    residuals = logs - logs.mean() - line * lag
    error = 2.4469 * math.sqrt(residuals @ residuals / 6 / (lag @ lag))
    low, high = half_life_interval(10.0**logs)
    assert low == pytest.approx(math.log10(2) / (line + error), rel=1e-3)
    assert high == pytest.approx(math.log10(2) / (line - error), rel=1e-3)
    assert low < half_life(10.0**logs) < high


@each_row(
    ("norms", "interval"),
    [
        ([1.0], (0, math.inf)),
        ([0.5, 1.0], (0, math.inf)),
        ([0.25, 0.5, 1.0], (1, 1)),
        ([1.0, 0.5, 0.25], (math.inf, math.inf)),
        ([0.5, 1.0, 0.5, 1.0], (0.7055, math.inf)),
    ],
)
def test_where_little_is_known_the_interval_is_wide(norms, interval):
    assert half_life_interval(np.array(norms)) == pytest.approx(interval, rel=0.05)


@each_row(
    ("shares", "last"),
    [([1e-9, 1e-4, 0.1], 20), ([0.1, 1e-9, 0.1], None), ([0, 1e-9, 1e-8], 30), ([0, 1, 0], 10)],
)
def test_until_when_the_first_token_gets_too_little(shares, last):
    norms = np.array([[5 * share, 0.1, 5] for share in shares])
    assert last_epoch_without_gradient(GradientMap(np.array([10, 20, 30]), norms), 1e-3) == last
