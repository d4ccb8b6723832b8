"""Trajectories and flow in one plane."""

import numpy as np

from rnnviz.config import Activation
from rnnviz.probe.fixed_points import describe
from rnnviz.probe.projection import Plane, Projection, fit
from rnnviz.probe.state_transition import VisitedStates
from rnnviz.questions.rest.measure import ARROWS, flow_field, portrait
from tests.sampling import each_row
from tests.unit.probe.known import elman

BOX = ((0.0, 2.0), (0.0, 4.0))
#: The plane of the first two units.
FLAT = Plane(Projection(np.zeros(3), np.eye(3), np.array([3.0, 2, 1])))
DIAGONAL = [[-1, -1, 0], [1, 1, 0]]


def seen(flow, states, probe=None, points=(), plane=FLAT):
    states = np.array(states, float)
    visited = VisitedStates((states,), states, np.zeros(1), 1)
    return portrait(flow, plane, visited, states if probe is None else np.array(probe), points)


def test_in_a_linear_network_arrows_show_the_weights():
    """W = diag(1/2, 3, 1): (x, y, 0) goes to (x / 2, 3 y, 0)."""
    flow = elman(np.diag([0.5, 3.0, 1.0]), activation=Activation.RELU)
    points, moves, speeds = flow_field(flow, FLAT, BOX, count=4)
    assert points[[0, -1]].tolist() == [[0.25, 0.5], [1.75, 3.5]]
    np.testing.assert_allclose(moves, points * [-0.5, 2.0], atol=1e-14)
    np.testing.assert_allclose(speeds, np.linalg.norm(moves, axis=1))
    # A step out of the plane is only in the speed.
    flow = elman([[1, 0, 0], [0, 1, 0], [1, 0, 0]], activation=Activation.RELU)
    points, moves, speeds = flow_field(flow, FLAT, BOX, count=3)
    np.testing.assert_allclose(moves, 0, atol=1e-14)
    np.testing.assert_allclose(speeds, points[:, 0])


def test_a_plane_of_two_axes_contains_the_mean():
    plane = Plane(Projection(np.array([5.0, 1.0, 2.0]), np.eye(3), np.ones(3)), (0, 2))
    assert plane.lift(np.array([[0.5, -1.0]])).tolist() == [[5.5, 1.0, 1.0]]
    assert plane.project(np.array([5.5, 9.0, 1.0])).tolist() == [0.5, -1.0]


@each_row(("W_hh", "length"), [([2.0, 0.5, 0.5], 0.12), ([0.5, 0.5, 2.0], 0)], ids=["in", "out"])
def test_a_fixed_point_has_its_unstable_directions_projected_onto_the_plane(W_hh, length):
    """J at zero is W: the direction of the first unit is in the plane, that of the third is not."""
    flow = elman(np.diag(W_hh))
    swapped = Plane(Projection(np.zeros(3), np.eye(3)[[1, 2, 0]], np.ones(3)), (0, 2))
    found = seen(flow, DIAGONAL, points=[describe(flow, np.zeros(3))], plane=swapped)
    assert found.places.tolist() == [[0, 0]]
    (ends,) = found.lines
    width = found.spans[0][1] - found.spans[0][0]
    np.testing.assert_allclose(np.abs(ends[1] - ends[0]), [0, length * width], atol=1e-12)
    np.testing.assert_allclose(ends.mean(axis=0), 0, atol=1e-12)


def test_the_window_contains_all_paths_and_seldom_changes():
    states = np.random.default_rng(0).standard_normal((50, 3))
    flow, plane = elman(0.5 * np.eye(3)), Plane(fit(states))
    found = seen(flow, states, states[:4], plane=plane)
    for axis, (low, high) in enumerate(found.spans):
        assert low < found.paths[0][:, axis].min() < found.paths[0][:, axis].max() < high
    assert seen(flow, 1.001 * states, states[:4], plane=plane).spans == found.spans
    assert len(found.field[0]) == ARROWS**2


def test_a_far_point_is_outside_the_window():
    flow = elman(0.5 * np.eye(3))
    near, far = (describe(flow, np.array([x, 0.0, 0])) for x in (2.5, 30))
    found = seen(flow, DIAGONAL, points=[near, far])
    assert found.places.tolist() == [[2.5, 0], [30, 0]]
    assert 2.5 < found.spans[0][1] < 4
    assert (found.beyond, seen(flow, DIAGONAL, points=[near]).beyond) == (1, 0)


def test_a_path_ends_before_its_first_infinite_state():
    path = [[0.0, 0, 0], [1, 1, 0], [np.inf, 0, 0], [0, 0, 0]]
    found = seen(elman(np.eye(3)), np.eye(3), path)
    assert found.probe.tolist() == [[0, 0], [1, 1]]
    assert np.isfinite(found.spans).all()


@each_row("scale", [0.0, 1e-9, 1e9])
def test_any_spread_has_a_window(scale):
    states = scale * np.array([[1.0, 2.0, 3.0], [3.0, 1.0, 2.0], [0.0, 0.0, 1.0]])
    found = seen(elman(np.eye(3)), states, plane=Plane(fit(states)))
    assert all(low < high for low, high in found.spans)
    assert np.isfinite(found.field[1]).all()
