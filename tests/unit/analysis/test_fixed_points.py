"""Fixed points: closed forms, what Newton's method may and may not do, and the flip-flop."""

import math
from collections import Counter
from itertools import product

import numpy as np
import pytest

from rnnviz.analysis.fixed_points import (
    FAR,
    FIXED,
    MERGE,
    SLOW,
    FixedPoints,
    Kind,
    Newton,
    Search,
    describe,
    first_states,
    merge,
    middles_of,
)
from rnnviz.analysis.flow_map import FixedInputMap, FlowMap
from rnnviz.analysis.visited_states import VisitedStates, visit_states
from rnnviz.config import Activation, CellKind, RunConfig, TaskName
from rnnviz.engine.parameters import Architecture, Parameters
from rnnviz.presets import PRESETS
from rnnviz.session import Session
from tests.sampling import each_row, singly
from tests.unit.engine.networks import CELLS, architecture, examples, network


def elman(W_hh, b_h, activation=Activation.TANH, layers=1):
    """A network of these recurrent weights that reads one value, which weighs nothing."""
    hidden = len(b_h)
    parameters = Parameters(Architecture(1, hidden, 2, activation=activation, layers=layers))
    parameters["W_hh"][...], parameters["b_h"][...] = W_hh, b_h
    parameters["W_hy"][0, 0] = parameters["W_hy"][1, -1] = 3.0
    return FixedInputMap(FlowMap(parameters), np.zeros(1))


def around(*states):
    """A cloud of visited states."""
    cloud = np.array(states, float)
    return VisitedStates((cloud,), cloud, np.zeros(1), 1)


def cube(size, limit=1.0):
    return around(*product([-limit, limit], repeat=size))


def found_by(flow, visited, starts=100, **options):
    search = Search(flow, visited, starts, **options)
    assert not search.work(math.inf)
    return search.found


def held(w):
    """The h > 0 with h = tanh(w h), by bisection."""
    low, high = 1e-6, 1.0
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if math.tanh(w * middle) > middle else (low, middle)
    return low


# Closed forms


@each_row("c", [0.5, 0.9, -0.8])
def test_a_linear_network_has_one_point_and_the_time_constant_of_its_weight(c):
    """Where no sum is below zero ReLU is linear: h = c h + b, h = b / (1 - c), J = c I."""
    b = np.array([3.0, 2.0, 2.5])
    cloud = around(0.8 * b / (1 - c), 1.3 * b / (1 - c))
    found = found_by(elman(c * np.eye(3), b, Activation.RELU), cloud)
    (point,) = found.points
    np.testing.assert_allclose(point.state, b / (1 - c), rtol=1e-12)
    assert point.kind is Kind.STABLE
    assert point.speed < FIXED
    assert point.starts == found.starts == 100
    np.testing.assert_allclose(point.eigenvalues, np.full(3, c), atol=1e-14)
    np.testing.assert_allclose(point.time_constants, np.full(3, -1 / math.log(abs(c))))
    assert point.memory == pytest.approx(-1 / math.log(abs(c)))
    assert point.directions.shape == (0, 3)


def test_a_linear_network_that_grows_leaves_in_every_direction():
    """h = 1.5 h - 1 is left at h = 2; below that ReLU ends at zero, where nothing is left of it."""
    flow = elman(1.5 * np.eye(2), -np.ones(2), Activation.RELU)
    point = describe(flow, np.array([2.0, 2.0]))
    assert (point.kind, point.unstable, point.speed) == (Kind.SADDLE, 2, 0)
    np.testing.assert_allclose(np.abs(point.directions @ point.directions.T), np.eye(2), atol=1e-12)
    assert point.time_constants.tolist() == pytest.approx([-1 / math.log(1.5)] * 2)
    zero = describe(flow, np.zeros(2))
    assert (zero.kind, zero.memory) == (Kind.STABLE, 0)
    assert zero.time_constants.tolist() == [0, 0]


def test_two_units_on_their_own_hold_four_states_with_saddles_between():
    """h = tanh(w h) holds at ±h* and is left at 0, so that two units have 3 x 3 points."""
    flow = elman(np.diag([2.0, 1.5]), np.zeros(2))
    found = found_by(flow, cube(2))
    assert len(found.points) == 9
    assert Counter((p.kind, p.unstable) for p in found.points) == {
        (Kind.STABLE, 0): 4, (Kind.SADDLE, 1): 4, (Kind.SADDLE, 2): 1,
    }  # fmt: skip
    wanted = set(product((-1, 0, 1), (-1, 0, 1)))
    for point in found.points:
        place = tuple(np.rint(point.state).astype(int))
        np.testing.assert_allclose(
            point.state, [place[0] * held(2.0), place[1] * held(1.5)], atol=1e-9
        )
        slopes = [2.0 * (1 - point.state[0] ** 2), 1.5 * (1 - point.state[1] ** 2)]
        np.testing.assert_allclose(point.eigenvalues, sorted(slopes, reverse=True), atol=1e-9)
        wanted.remove(place)
    assert not wanted


def test_two_units_that_excite_each_other_are_left_along_the_diagonal():
    """W = [[0, 2], [2, 0]]: J at zero is W, with eigenvalues 2 and -2 along (1, ±1)."""
    flow = elman([[0.0, 2.0], [2.0, 0.0]], np.zeros(2))
    found = found_by(flow, cube(2))
    zero = next(p for p in found.points if np.abs(p.state).max() < 1e-9)
    assert (zero.kind, zero.unstable) == (Kind.SADDLE, 2)
    assert np.sort(zero.eigenvalues.real) == pytest.approx([-2, 2])
    assert np.abs(zero.directions) == pytest.approx(np.full((2, 2), 0.5**0.5))
    held_points = [p.state for p in found.of(Kind.STABLE)]
    assert np.sort(np.array(held_points), axis=0) == pytest.approx(
        np.array([[-held(2.0)] * 2, [held(2.0)] * 2]), abs=1e-9
    )


def test_a_rotation_that_grows_is_left_in_two_directions():
    turn = 1.2 * np.array([[0.8, -0.6], [0.6, 0.8]])
    point = describe(elman(turn, np.zeros(2)), np.zeros(2))
    assert point.unstable == 2
    assert np.abs(point.eigenvalues) == pytest.approx([1.2, 1.2])
    assert np.linalg.matrix_rank(point.directions) == 2
    assert np.linalg.norm(point.directions, axis=1) == pytest.approx([1, 1])


def test_just_before_two_points_meet_there_is_a_slow_one():
    """h = tanh(2 h + b): at h = sqrt(1/2), b = artanh h - 2 h the slope is 1; beyond, no point."""
    h = 0.5**0.5
    flow = elman([[2.0]], [math.atanh(h) - 2 * h - 1e-4])
    found = found_by(flow, around([-1.0], [1.0]), starts=60)
    (slow,) = found.of(Kind.SLOW)
    assert FIXED < slow.speed < SLOW
    assert slow.state[0] == pytest.approx(h, abs=0.02)
    assert slow.speed == pytest.approx(0.5 * (1e-4 * 0.5) ** 2, rel=0.1)
    assert [round(point.state[0], 1) for point in found.of(Kind.STABLE)] == [-1.0]


@each_row(("slope", "kind"), [(0.9, Kind.STABLE), (1.0, Kind.SADDLE)])
def test_what_neither_grows_nor_shrinks_is_not_called_stable(slope, kind):
    point = describe(elman(slope * np.eye(2), np.zeros(2)), np.zeros(2))
    assert point.kind is kind


# The search


def test_what_is_far_from_what_is_visited_is_dropped_and_counted():
    """h = 0.9 h + 1 has its point at 10, the states that are visited are about 1."""
    flow = elman([[0.9]], [1.0], Activation.RELU)
    found = found_by(flow, around([1.0], [1.2]), starts=20)
    assert (found.points, found.outside, found.lost) == ((), 20, 0)


def test_starts_that_come_nowhere_are_counted():
    """h = h + 1/2: nothing is slow, and every state is moved alike."""
    flow = elman([[1.0]], [0.5], Activation.RELU)
    found = found_by(flow, around([0.0], [1.0]), starts=10)
    assert not found.points
    assert found.outside + found.lost == 10


def test_where_nothing_moves_every_start_is_a_point():
    flow = elman(np.eye(2), np.zeros(2), Activation.RELU)
    visited = around([1.0, 2.0], [3.0, 1.0])
    found = found_by(flow, visited, starts=12)
    assert len(found.points) == 12
    assert all(point.speed == 0 and point.unstable == 2 for point in found.points)


def test_a_network_without_weights_goes_to_its_bias_at_once():
    parameters = Parameters(Architecture(1, 3, 2, CellKind.LSTM))
    found = found_by(
        FixedInputMap(FlowMap(parameters), np.zeros(1)), around(np.zeros(6), np.zeros(6))
    )
    (point,) = found.points
    assert (point.kind, point.starts) == (Kind.STABLE, 100)
    # Half of c stays: the forget gate stands half open.
    assert point.memory == pytest.approx(1 / math.log(2))


@singly(cell=CELLS, layers=[1, 2])
def test_what_is_found_is_held_by_the_network_itself(cell, layers):
    of = architecture(cell, layers)
    parameters = network(of, scale=0.4)
    flow, visited = FlowMap(parameters), visit_states(parameters, examples(of, [6, 9, 4]))
    word = np.eye(of.inputs)[2]
    search = Search(FixedInputMap(flow, word), visited, 40)
    search.work(math.inf)
    assert search.found.points
    for point in search.found.points:
        again = flow.step(point.state[None], word)[0]
        assert 0.5 * ((again - point.state) ** 2).sum() == pytest.approx(point.speed, abs=1e-30)
        assert point.speed <= SLOW
        jacobian = flow.jacobian(point.state[None], word)[0]
        assert point.eigenvalues.sum() == pytest.approx(np.trace(jacobian))
        np.testing.assert_array_equal(point.answers, flow.answers(point.state[None])[0])
        away = np.linalg.norm(point.state - visited.centre)
        assert away <= FAR * visited.radius + MERGE


def test_a_little_at_a_time_the_same_is_found():
    flow, visited = elman(np.diag([2.0, 1.5]), np.zeros(2)), cube(2)
    at_once = found_by(flow, visited)
    search, progress = Search(flow, visited, 100), [0.0]
    assert search.left
    assert search.work(0)
    while search.work(1e-9):
        progress.append(search.progress)
        assert search.found.points == ()
    assert len(progress) > 5
    assert progress == sorted(progress)
    assert (search.left, search.progress, search.work(1)) == (False, 1.0, False)
    for one, other in zip(at_once.points, search.found.points, strict=True):
        np.testing.assert_array_equal(one.state, other.state)


def test_when_its_time_is_up_a_search_tells_what_it_has(monkeypatch):
    monkeypatch.setattr("rnnviz.analysis.fixed_points._NUMBERS", 4 * 10)
    flow, visited = elman(np.diag([2.0, 1.5]), np.zeros(2)), cube(2)
    found = found_by(flow, visited, limit=0)
    assert (found.wanted, found.starts) == (100, 10)
    assert found.points == ()
    assert found.untold > 0


def test_at_most_three_directions_are_kept():
    point = describe(elman(2 * np.eye(7), np.zeros(7)), np.zeros(7))
    assert (point.unstable, point.directions.shape) == (7, (3, 7))
    found = FixedPoints((point,))
    assert found.nbytes == 8 * 7 + point.eigenvalues.nbytes + 8 * 21


def test_starts_are_visited_states_and_midpoints_with_little_noise():
    visited = cube(2)
    starts = first_states(visited, 400)
    np.testing.assert_array_equal(starts, first_states(visited, 400))
    assert not np.array_equal(starts, first_states(visited, 400, seed=1))
    assert np.abs(starts[::2] - np.rint(starts[::2])).std() == pytest.approx(0.06, abs=0.02)
    assert set(np.unique(np.rint(starts[::2]))) == {-1, 1}
    assert set(np.unique(np.rint(starts[1::2]))) == {-1, 0, 1}


def test_of_points_that_are_one_the_slowest_stays():
    states = np.array([[0.0], [0.5 * MERGE], [1.0], [-0.5 * MERGE]])
    merged = merge(states, np.array([3.0, 1.0, 2.0, 4.0]))
    assert [(state.tolist(), count) for state, count in merged] == [
        ([0.5 * MERGE], 3), ([1.0], 1),
    ]  # fmt: skip


def test_a_step_that_would_be_faster_is_halved():
    """From h = 1.2 Newton's step for h = tanh(3 h) goes too far; every step taken is slower."""
    flow = elman([[3.0]], [0.0])
    starts = np.linspace(-1.5, 1.5, 41)[:, None]
    descent = Newton(flow, starts, np.zeros(1), 10)
    while descent.moving.any():
        before, moving = descent.speeds.copy(), descent.moving.copy()
        descent.step()
        assert (descent.speeds[moving & descent.moving] < before[moving & descent.moving]).all()
    assert (descent.speeds < FIXED).all()


def test_a_state_that_is_no_number_is_let_go():
    flow = elman([[2.0]], [0.0], Activation.RELU)
    descent = Newton(flow, np.array([[np.inf], [1.0]]), np.zeros(1), 10)
    assert descent.moving.tolist() == [False, True]


def test_nothing_is_found_before_anything_is_looked_for():
    assert FixedPoints().of(Kind.STABLE) == []


# The textbook picture


@pytest.fixture(scope="module")
def flipflop():
    session = Session(PRESETS[TaskName.FLIPFLOP][0].config())
    session.player.advance(session.config.epochs)
    return session


@each_row("seed", range(6))
def test_the_flip_flop_holds_its_eight_states(flipflop, seed):
    """Eight corners of a cube, a saddle on each of its 12 edges and 6 faces, one in the middle."""
    parameters = flipflop.state.parameters
    visited = visit_states(parameters, flipflop.dataset.train)
    search = Search(FixedInputMap(FlowMap(parameters), np.zeros(3)), visited, 200, seed)
    search.work(math.inf)
    found = search.found
    assert len(found.of(Kind.STABLE)) == 8
    signs = {tuple(np.sign(point.answers)) for point in found.of(Kind.STABLE)}
    assert signs == set(product((-1, 1), repeat=3))
    assert all(np.abs(np.abs(p.answers) - 1).max() < 0.35 for p in found.of(Kind.STABLE))
    unstable = Counter(point.unstable for point in found.of(Kind.SADDLE))
    assert unstable == {1: 12, 2: 6, 3: 1}


def test_while_a_pulse_comes_only_what_agrees_with_it_is_held(flipflop):
    parameters = flipflop.state.parameters
    visited = visit_states(parameters, flipflop.dataset.train)
    search = Search(FixedInputMap(FlowMap(parameters), np.array([1.0, 0.0, 0.0])), visited, 200)
    search.work(math.inf)
    held_states = [tuple(np.sign(p.answers)) for p in search.found.of(Kind.STABLE)]
    assert sorted(held_states) == sorted((1, *rest) for rest in product((-1, 1), repeat=2))


def test_later_starts_lie_between_the_points_found_stable_ones_first():
    """h = tanh(2 h) stands still at 0, which it leaves, and at two points that it comes to."""
    flow, end = elman([[2.0]], [0.0]), held(2.0)
    points = [np.zeros(1), np.full(1, -end), np.full(1, end)]
    assert middles_of(flow, points, 1).tolist() == [[0]]
    assert sorted(middles_of(flow, points, 3).ravel()) == [-end / 2, 0, end / 2]
    assert middles_of(flow, points, 50).shape == (3, 1)
    assert middles_of(flow, points[:1], 50).shape == middles_of(flow, [], 50).shape == (0, 1)


def test_no_start_is_given_to_what_lies_between_twice():
    """With a hundred starts 25 wait, and seven points have 21 pairs."""
    flow = elman(2 * np.eye(3), np.zeros(3))
    many = [np.full(3, value) for value in np.linspace(-0.1, 0.1, 40)]
    assert middles_of(flow, many, 25).shape == (21, 3)


def test_an_untrained_network_holds_one_state():
    session = Session(RunConfig())
    parameters = session.state.parameters
    visited = visit_states(parameters, session.dataset.train)
    held_map = FixedInputMap(FlowMap(parameters), np.zeros(len(visited.mean_input)))
    search = Search(held_map, visited, 50)
    search.work(math.inf)
    (point,) = search.found.points
    assert point.kind is Kind.STABLE
    assert point.starts == 50
