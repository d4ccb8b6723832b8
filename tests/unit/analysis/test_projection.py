"""Principal components: known ellipsoids, and the way there and back."""

import numpy as np
import pytest

from rnnviz.analysis.projection import (
    Plane,
    Projection,
    boundary,
    fit,
    participation,
    participation_ratio,
    plane_of,
    spread,
)
from tests.sampling import each_row
from tests.unit.engine.networks import HIDDEN, architecture, network


def ellipsoid(*halves):
    """Two points on every axis, so far from the centre (1, 1, ...): variances h^2 / n."""
    eye = np.eye(len(halves)) * np.array(halves)
    return np.concatenate([eye, -eye]) + 1


def test_the_axes_of_an_ellipsoid_are_found_the_longest_first():
    basis = fit(ellipsoid(1.0, 3.0, 2.0, 0.5))
    assert basis.mean == pytest.approx(np.ones(4))
    assert basis.axes == pytest.approx(np.eye(4)[[1, 2, 0]])
    assert basis.variances == pytest.approx(np.array([9.0, 4.0, 1.0, 0.25]) / 4)


@each_row(("halves", "ratio"), [((2, 0, 0), 1), ((3, 3, 0), 2), ((1, 1, 1), 3), ((0, 0, 0), 0)])
def test_the_participation_ratio_counts_the_dimensions_in_use(halves, ratio):
    assert fit(ellipsoid(*halves)).participation == pytest.approx(ratio)


def test_an_uneven_spread_lies_between():
    assert participation_ratio(np.array([3.0, 1.0])) == pytest.approx(16 / 10)


def test_what_lies_in_the_plane_comes_back():
    basis = fit(np.random.default_rng(0).normal(size=(50, 5)))
    points = np.random.default_rng(1).normal(size=(7, 2))
    lifted = Plane(basis).lift(points)
    assert lifted.shape == (7, 5)
    assert basis.project(lifted) == pytest.approx(np.column_stack([points, np.zeros(7)]))
    assert basis.axes @ basis.axes.T == pytest.approx(np.eye(3))


def test_the_plane_loses_as_little_as_its_variances_say():
    states = np.random.default_rng(2).normal(size=(40, 6)) * [5, 3, 2, 1, 1, 1]
    basis = fit(states)
    plane = Plane(basis, (0, 2))
    lost = states - plane.lift(plane.project(states))
    assert (lost**2).sum() / 40 == pytest.approx(basis.variances[[1, 3, 4, 5]].sum())
    assert basis.variances.sum() == pytest.approx(states.var(axis=0).sum())


def test_signs_do_not_depend_on_the_states_order_or_sign():
    states = np.random.default_rng(3).normal(size=(30, 4)) * [4, 3, 2, 1]
    basis, turned = fit(states), fit(-states[::-1])
    assert turned.axes == pytest.approx(basis.axes)
    assert (basis.axes.max(axis=1) == np.abs(basis.axes).max(axis=1)).all()


@each_row(("count", "hidden", "axes"), [(20, 1, 1), (20, 2, 2), (1, 8, 1)])
def test_few_units_or_states_have_fewer_axes(count, hidden, axes):
    basis = fit(np.random.default_rng(4).normal(size=(count, hidden)), epoch=7)
    assert basis.axes.shape == (axes, hidden)
    assert basis.project(np.zeros((3, hidden))).shape == (3, axes)
    assert basis.epoch == 7


def test_states_that_never_move_have_no_spread():
    basis = fit(np.ones((10, 3)))
    assert not basis.variances.any()
    assert basis.participation == 0


def test_the_decision_line_is_where_the_readout_is_undecided():
    parameters = network(architecture(outputs=2))
    basis = fit(np.random.default_rng(5).normal(size=(40, HIDDEN)))
    line = boundary(parameters, basis, (0, 2))
    for point in np.random.default_rng(6).normal(size=(5, 2)):
        state = Plane(basis, (0, 2)).lift(point)
        logits = parameters.W_hy @ state + parameters.b_y
        assert line.normal @ point + line.offset == pytest.approx(logits[1] - logits[0])


def test_by_hand_the_line_is_at_half():
    """The lead is x - 1/2 in the first direction, and doesn't depend on the second."""
    parameters = network(architecture(outputs=2))
    parameters["W_hy"][...], parameters["b_y"][...] = 0, [0.5, 0]
    parameters["W_hy"][1, 0] = 1
    line = boundary(
        parameters, Projection(np.zeros(HIDDEN), np.eye(HIDDEN)[:2], np.ones(2)), (0, 1)
    )
    assert line.normal == pytest.approx([1, 0])
    assert line.offset == -0.5


def test_other_states_spread_otherwise_in_the_same_plane():
    basis = fit(ellipsoid(3.0, 2.0, 1.0, 0.5))
    shares = np.array([9.0, 4.0, 1.0]) / 14.25
    assert spread(ellipsoid(3.0, 2.0, 1.0, 0.5), basis) == pytest.approx(shares)
    later = ellipsoid(1.0, 1.0, 1.0, 1.0)
    assert spread(later, basis) == pytest.approx([0.25, 0.25, 0.25])
    assert spread(np.ones((5, 4)), basis) == pytest.approx([0, 0, 0])


def test_a_plane_says_what_its_axes_carry_of_the_states_that_are_there_now():
    basis = fit(ellipsoid(3.0, 2.0, 1.0, 0.5))
    plane = plane_of(basis, (0, 2), ellipsoid(1.0, 1.0, 1.0, 1.0))
    assert plane.explained == pytest.approx((0.25, 0.25))
    assert plane.axes == (0, 2)


@each_row("beyond", [np.nan, np.inf, -np.inf])
def test_states_beyond_all_numbers_are_left_out(beyond):
    states = ellipsoid(3.0, 2.0, 1.0, 0.5)
    more = np.vstack([states, np.full(4, beyond), [0, beyond, 0, 0]])
    assert fit(more).axes == pytest.approx(fit(states).axes)
    assert participation(more) == pytest.approx(participation(states))
    assert spread(more, fit(states)) == pytest.approx(spread(states, fit(states)))
    nothing = fit(np.full((3, 4), beyond))
    assert not nothing.mean.any()
    assert participation(np.full((3, 4), beyond)) == 0
