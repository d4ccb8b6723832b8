"""A plane of states, and the flow in it."""

import numpy as np

from rnnviz.analysis.fixed_points import describe
from rnnviz.analysis.flow_map import FixedInputMap, FlowMap
from rnnviz.analysis.phase_portrait import ARROWS, flow_field, portrait
from rnnviz.analysis.projection import Plane, Projection, fit
from rnnviz.analysis.visited_states import VisitedStates
from rnnviz.config import Activation
from rnnviz.engine.parameters import Architecture, Parameters
from tests.sampling import each_row


def network(W_hh, activation=Activation.TANH):
    hidden = len(W_hh)
    parameters = Parameters(Architecture(1, hidden, 2, activation=activation))
    parameters["W_hh"][...] = W_hh
    return FixedInputMap(FlowMap(parameters), np.zeros(1))


def plane_of(*axes, mean=(0.0, 0.0, 0.0), chosen=(0, 1)):
    return Plane(Projection(np.array(mean), np.array(axes, float), np.array([3.0, 2, 1])), chosen)


def cloud(states):
    states = np.array(states, float)
    return VisitedStates((states,), states, np.zeros(1), 1)


BOX = ((0.0, 2.0), (0.0, 4.0))
FLAT = plane_of([1, 0, 0], [0, 1, 0])


def test_in_a_linear_network_every_arrow_shows_the_weight():
    """W = diag(1/2, 3, 1): from (x, y, 0) it goes to (x / 2, 3 y, 0)."""
    held = network(np.diag([0.5, 3.0, 1.0]), Activation.RELU)
    field = flow_field(held, FLAT, BOX, count=4)
    assert field.points[0].tolist() == [0.25, 0.5]
    assert field.points[-1].tolist() == [1.75, 3.5]
    np.testing.assert_allclose(field.moves, field.points * [-0.5, 2.0], atol=1e-14)
    np.testing.assert_allclose(field.speeds, np.linalg.norm(field.moves, axis=1))


def test_what_leads_out_of_the_plane_is_in_the_speed_alone():
    W_hh = np.zeros((3, 3))
    W_hh[2, 0] = 1.0
    W_hh[:2, :2] = np.eye(2)
    field = flow_field(network(W_hh, Activation.RELU), FLAT, BOX, count=3)
    np.testing.assert_allclose(field.moves, 0, atol=1e-14)
    np.testing.assert_allclose(field.speeds, field.points[:, 0])


def test_the_plane_goes_through_the_mean():
    plane = plane_of([0, 1, 0], [0, 0, 1], mean=(5.0, 1.0, 2.0))
    assert plane.lift(np.array([[0.5, -1.0]])).tolist() == [[5.0, 1.5, 1.0]]
    assert plane.project(np.array([9.0, 1.5, 1.0])).tolist() == [0.5, -1.0]


def test_two_of_three_axes_can_be_chosen():
    plane = plane_of([1, 0, 0], [0, 1, 0], [0, 0, 1], chosen=(0, 2))
    assert plane.project(np.array([1.0, 2.0, 3.0])).tolist() == [1, 3]
    assert plane.lift(np.array([1.0, 3.0])).tolist() == [1, 0, 3]


def test_fixed_points_stand_where_they_are_with_what_leaves_them():
    """J at zero is W: it is left along the first unit, which lies in the plane whole."""
    held = network(np.diag([2.0, 0.5, 0.5]))
    point = describe(held, np.zeros(3))
    visited = cloud([[-1, -1, 0], [1, 1, 0.0]])
    seen = portrait(held, FLAT, visited, visited.paths[0], [point])
    assert seen.places.tolist() == [[0, 0]]
    (ends,) = seen.lines
    width = seen.spans[0][1] - seen.spans[0][0]
    np.testing.assert_allclose(np.abs(ends[1] - ends[0]), [0.12 * width, 0], atol=1e-12)
    np.testing.assert_allclose(ends.mean(axis=0), 0, atol=1e-12)


def test_a_direction_out_of_the_plane_is_seen_as_short_as_it_is():
    held = network(np.diag([0.5, 0.5, 2.0]))
    seen = portrait(held, FLAT, cloud(np.eye(3)), np.zeros((2, 3)), [describe(held, np.zeros(3))])
    (ends,) = seen.lines
    np.testing.assert_allclose(ends[1] - ends[0], 0, atol=1e-12)


def test_the_window_holds_all_that_is_drawn_and_moves_seldom():
    rng = np.random.default_rng(0)
    states = rng.standard_normal((50, 3))
    held, plane = network(0.5 * np.eye(3)), Plane(fit(states))
    seen = portrait(held, plane, cloud(states), states[:4])
    for axis, (low, high) in enumerate(seen.spans):
        assert low < seen.paths[0][:, axis].min() < seen.paths[0][:, axis].max() < high
    again = portrait(held, plane, cloud(1.001 * states), states[:4])
    assert again.spans == seen.spans
    assert len(seen.field.points) == ARROWS**2


def test_a_point_far_off_does_not_press_what_is_visited_into_a_corner():
    held, visited = network(0.5 * np.eye(3)), cloud([[-1, -1, 0], [1, 1, 0.0]])
    near, far = (describe(held, np.array([x, 0.0, 0])) for x in (2.5, 30))
    seen = portrait(held, FLAT, visited, visited.paths[0], [near, far])
    assert seen.places.tolist() == [[2.5, 0], [30, 0]]
    assert 2.5 < seen.spans[0][1] < 4
    assert seen.beyond == 1
    assert portrait(held, FLAT, visited, visited.paths[0], [near]).beyond == 0


def test_of_a_path_that_leaves_all_bounds_the_part_before_is_seen():
    path = np.array([[0.0, 0, 0], [1, 1, 0], [np.inf, 0, 0], [0, 0, 0]])
    seen = portrait(network(np.eye(3)), FLAT, cloud(np.eye(3)), path)
    assert seen.probe.tolist() == [[0, 0], [1, 1]]
    assert np.isfinite(seen.spans).all()


@each_row("scale", [0.0, 1e-9, 1e9])
def test_any_spread_has_a_window(scale):
    states = scale * np.array([[1.0, 2.0, 3.0], [3.0, 1.0, 2.0], [0.0, 0.0, 1.0]])
    seen = portrait(network(np.eye(3)), Plane(fit(states)), cloud(states), states)
    assert all(low < high for low, high in seen.spans)
    assert np.isfinite(seen.field.moves).all()
