"""Principal components: known ellipsoids, planes, and the decision boundary."""

import numpy as np
import pytest

from rnnviz.probe import activations as projection
from rnnviz.probe.activations import (
    Plane,
    Projection,
    boundary,
    fit,
    participation_ratio,
    plane_of,
    svd,
    variances_of,
)
from tests.sampling import each_row
from tests.unit.engine.networks import HIDDEN, architecture, network


def ellipsoid(*halves):
    """Two points on every axis, at this distance from the center (1, 1, ...): variances h^2 / n."""
    eye = np.eye(len(halves)) * np.array(halves)
    return np.concatenate([eye, -eye]) + 1


def normal(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


def shares(states, basis):
    """The share of variance along all three axes."""
    return [
        *plane_of(basis, (0, 1), states).explained,
        plane_of(basis, (2, 0), states).explained[0],
    ]


def test_the_axes_of_an_ellipsoid_are_found_longest_first():
    basis = fit(ellipsoid(1.0, 3.0, 2.0, 0.5), epoch=7)
    assert basis.epoch == 7
    assert basis.mean == pytest.approx(np.ones(4))
    assert basis.axes == pytest.approx(np.eye(4)[[1, 2, 0]])
    assert basis.variances == pytest.approx(np.array([9.0, 4.0, 1.0, 0.25]) / 4)
    assert variances_of(ellipsoid(1.0, 3.0, 2.0, 0.5)) == pytest.approx(basis.variances)


@each_row(("halves", "ratio"), [((2, 0, 0), 1), ((3, 3, 0), 2), ((1, 1, 1), 3), ((0, 0, 0), 0)])
def test_the_participation_ratio_counts_the_dimensions_in_use(halves, ratio):
    assert fit(ellipsoid(*halves)).participation == pytest.approx(ratio)
    assert participation_ratio(variances_of(ellipsoid(*halves))) == pytest.approx(ratio)
    assert participation_ratio(np.array([3.0, 1.0])) == pytest.approx(16 / 10)


def test_points_of_a_plane_are_lifted_and_projected_back():
    basis, points = fit(normal(50, 5)), normal(7, 2, seed=1)
    lifted = Plane(basis).lift(points)
    assert basis.project(lifted) == pytest.approx(np.column_stack([points, np.zeros(7)]))
    assert basis.axes @ basis.axes.T == pytest.approx(np.eye(3))


def test_a_plane_loses_the_variance_of_the_other_axes():
    states = normal(40, 6, seed=2) * [5, 3, 2, 1, 1, 1]
    basis = fit(states)
    plane = Plane(basis, (0, 2))
    lost = states - plane.lift(plane.project(states))
    assert (lost**2).sum() / 40 == pytest.approx(basis.variances[[1, 3, 4, 5]].sum())
    assert basis.variances.sum() == pytest.approx(states.var(axis=0).sum())


def test_signs_do_not_depend_on_the_order_or_sign_of_the_states():
    states = normal(30, 4, seed=3) * [4, 3, 2, 1]
    basis = fit(states)
    assert fit(-states[::-1]).axes == pytest.approx(basis.axes)
    assert (basis.axes.max(axis=1) == np.abs(basis.axes).max(axis=1)).all()


@each_row(("count", "hidden", "axes"), [(20, 1, 1), (20, 2, 2), (1, 8, 1)])
def test_few_units_or_states_have_fewer_axes(count, hidden, axes):
    assert fit(normal(count, hidden)).axes.shape == (axes, hidden)


def test_of_wide_states_a_sample_is_decomposed(monkeypatch):
    states = normal(60, 7) * np.arange(1, 8)
    monkeypatch.setattr(projection, "_SAMPLE", 6)
    found = fit(states)
    assert found.variances == pytest.approx(fit(states[::10]).variances)
    assert len(found.variances) == 6


def test_the_boundary_is_where_two_logits_are_equal():
    parameters, basis = network(architecture(outputs=2)), fit(normal(40, HIDDEN))
    line = boundary(parameters, basis, (0, 2))
    for point in normal(5, 2, seed=6):
        logits = parameters.W_hy @ Plane(basis, (0, 2)).lift(point) + parameters.b_y
        assert line.normal @ point + line.offset == pytest.approx(logits[1] - logits[0])
    # By hand: the margin is x - 1/2.
    parameters["W_hy"][...], parameters["b_y"][...] = 0, [0.5, 0]
    parameters["W_hy"][1, 0] = 1
    units = Projection(np.zeros(HIDDEN), np.eye(HIDDEN)[:2], np.ones(2))
    line = boundary(parameters, units, (0, 1))
    assert (line.normal.tolist(), line.offset) == ([1, 0], -0.5)


def test_a_plane_has_the_shares_of_the_current_variance():
    basis = fit(ellipsoid(3.0, 2.0, 1.0, 0.5))
    assert shares(ellipsoid(3.0, 2.0, 1.0, 0.5), basis) == pytest.approx(
        [9 / 14.25, 4 / 14.25, 1 / 14.25]
    )
    assert shares(ellipsoid(1.0, 1.0, 1.0, 1.0), basis) == pytest.approx([0.25] * 3)
    assert shares(np.ones((5, 4)), basis) == pytest.approx([0] * 3)


@each_row("value", [np.nan, np.inf, -np.inf, 1e100, -1e300])
def test_states_without_a_finite_variance_are_left_out(value):
    states = ellipsoid(3.0, 2.0, 1.0, 0.5)
    more = np.vstack([states, np.full(4, value), [0, value, 0, 0]])
    assert fit(more).axes == pytest.approx(fit(states).axes)
    assert variances_of(more) == pytest.approx(variances_of(states))
    assert shares(more, fit(states)) == pytest.approx(shares(states, fit(states)))
    nothing = np.full((3, 4), value)
    assert not fit(nothing).mean.any()
    assert not variances_of(nothing).any()


def test_states_of_any_size_have_finite_numbers():
    for size in 10.0 ** np.arange(-300, 300, 20):
        basis = fit(size * ellipsoid(3.0, 2.0, 1.0, 0.5))
        assert np.isfinite([*basis.variances, basis.participation]).all()


# The singular value decomposition, and matrices for which LAPACK's does not converge


@pytest.mark.parametrize("fails", [False, True])
def test_the_parts_multiply_to_the_matrix(fails, monkeypatch):
    matrix = np.random.default_rng(0).normal(size=(5, 3))
    true_svd = np.linalg.svd

    def lapack(given, **options):
        if fails and given.shape == matrix.shape:
            raise np.linalg.LinAlgError("SVD did not converge")
        return true_svd(given, **options)

    monkeypatch.setattr(np.linalg, "svd", lapack)
    left, sizes, right = svd(matrix)
    assert (left.shape, sizes.shape, right.shape) == ((5, 3), (3,), (3, 3))
    assert left * sizes @ right == pytest.approx(matrix)
    assert sizes.tolist() == sorted(sizes, reverse=True)
