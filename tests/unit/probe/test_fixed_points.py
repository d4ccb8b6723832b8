"""Fixed points: closed forms, the descent to minima of q, the search, and the flip-flop."""

import math
from collections import Counter
from itertools import product

import numpy as np
import pytest

from rnnviz.config import Activation, TaskName
from rnnviz.engine.parameters import Architecture, Parameters
from rnnviz.probe.fixed_points import (
    FAR,
    FIXED,
    FLAT,
    MERGE,
    SLOW,
    FixedPoints,
    Kind,
    LevenbergMarquardt,
    Search,
    describe,
    first_states,
    merge,
    middles_of,
)
from rnnviz.probe.session import Session
from rnnviz.probe.state_transition import (
    FixedInputMap,
    StateTransition,
    VisitedStates,
    visit_states,
)
from rnnviz.probe.work import spend
from rnnviz.tasks.data_source import PRESETS
from tests.sampling import each_row, singly
from tests.unit.engine.networks import CELLS, architecture, examples, network
from tests.unit.probe.known import elman

TWO_UNITS = elman(np.diag([2.0, 1.5]), np.zeros(2))


def around(*states):
    """Visited states."""
    states = np.array(states, float)
    return VisitedStates((states,), states, np.zeros(1), 1)


SQUARE = around(*product([-1.0, 1.0], repeat=2))


def found_by(flow, visited, starts=100, **options):
    search = Search(flow, visited, starts, **options)
    assert not spend(math.inf, search.work())
    return search.found


def positive_root(w):
    """The h > 0 with h = tanh(w h), by bisection."""
    low, high = 1e-6, 1.0
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if math.tanh(w * middle) > middle else (low, middle)
    return low


# Closed forms


@each_row("c", [0.5, 0.9, -0.8])
def test_a_linear_network_has_one_point_with_the_time_constant_of_its_weight(c):
    """If no sum is negative ReLU is linear: h = c h + b, h = b / (1 - c), J = c I."""
    b = np.array([3.0, 2.0, 2.5])
    visited = around(0.8 * b / (1 - c), 1.3 * b / (1 - c))
    found = found_by(elman(c * np.eye(3), b, Activation.RELU), visited)
    (point,) = found.points
    np.testing.assert_allclose(point.state, b / (1 - c), rtol=1e-12)
    assert (point.kind, point.starts, found.starts) == (Kind.STABLE, 100, 100)
    assert point.speed < FIXED
    np.testing.assert_allclose(point.eigenvalues, np.full(3, c), atol=1e-14)
    np.testing.assert_allclose(point.time_constants, np.full(3, -1 / math.log(abs(c))))
    assert point.memory == pytest.approx(-1 / math.log(abs(c)))
    assert point.directions.shape == (0, 3)


def test_a_growing_linear_network_is_unstable_in_every_direction():
    """h = 1.5 h - 1 is unstable at h = 2; below that ReLU ends at zero, which forgets at once."""
    flow = elman(1.5 * np.eye(7), -np.ones(7), Activation.RELU)
    point = describe(flow, np.full(7, 2.0))
    assert (point.kind, point.unstable, point.speed) == (Kind.SADDLE, 7, 0)
    # Three directions are kept.
    np.testing.assert_allclose(np.abs(point.directions @ point.directions.T), np.eye(3), atol=1e-12)
    assert point.time_constants.tolist() == pytest.approx([-1 / math.log(1.5)] * 7)
    assert FixedPoints((point,)).nbytes == 8 * 7 + point.eigenvalues.nbytes + 8 * 21
    zero = describe(flow, np.zeros(7))
    assert (zero.kind, zero.memory, zero.time_constants.tolist()) == (Kind.STABLE, 0, [0] * 7)


def test_two_separate_units_have_four_stable_points_with_saddles_between():
    """h = tanh(w h) has stable points ±h* and an unstable one at 0: two units have 3 x 3 points."""
    found = found_by(TWO_UNITS, SQUARE)
    assert Counter((p.kind, p.unstable) for p in found.points) == {
        (Kind.STABLE, 0): 4, (Kind.SADDLE, 1): 4, (Kind.SADDLE, 2): 1,
    }  # fmt: skip
    assert [p.unstable for p in found.points] == [0] * 4 + [1] * 4 + [2]
    roots = np.array([positive_root(2.0), positive_root(1.5)])
    signs = [np.rint(point.state) for point in found.points]
    assert {tuple(sign) for sign in signs} == set(product((-1, 0, 1), repeat=2))
    for point, sign in zip(found.points, signs, strict=True):
        np.testing.assert_allclose(point.state, sign * roots, atol=1e-9)
        slopes = [2.0, 1.5] * (1 - point.state**2)
        np.testing.assert_allclose(point.eigenvalues, sorted(slopes, reverse=True), atol=1e-9)


@each_row(
    ("W_hh", "sizes", "angle"),
    [([[0, 2], [2, 0]], [2, 2], 0.5**0.5), ([[0.96, -0.72], [0.72, 0.96]], [1.2, 1.2], None)],
    ids=["exchange", "rotation"],
)
def test_zero_is_left_along_the_eigenvectors_of_the_weights(W_hh, sizes, angle):
    """J at zero is W: eigenvalues ±2 along (1, ±1), or a complex pair that spans the plane."""
    point = describe(elman(W_hh, np.zeros(2)), np.zeros(2))
    assert (point.kind, point.unstable) == (Kind.SADDLE, 2)
    assert np.abs(point.eigenvalues) == pytest.approx(sizes)
    assert np.linalg.matrix_rank(point.directions) == 2
    assert np.linalg.norm(point.directions, axis=1) == pytest.approx([1, 1])
    if angle:
        assert np.abs(point.directions) == pytest.approx(np.full((2, 2), angle))


@each_row("gap", [1e-4, 2e-3])
def test_just_before_two_points_meet_there_is_a_slow_one(gap):
    """h = tanh(2 h + b): for b = artanh f - 2 f, f = sqrt(1/2), the curves touch at h = f.

    A little below, q has its minimum where the slope is 1 still: F(h) = f, h = f + gap / 2.
    A second unit on its own has three fixed points: q has three minima.
    """
    f = 0.5**0.5
    flow = elman(np.diag([2.0, 1.5]), [math.atanh(f) - 2 * f - gap, 0.0])
    found = found_by(flow, SQUARE, starts=200)
    slow = found.of(Kind.SLOW)
    root, speed = positive_root(1.5), 0.5 * (gap / 2) ** 2
    assert [p.speed for p in slow] == pytest.approx([speed] * 3, rel=1e-6)
    states = sorted((tuple(point.state) for point in slow), key=lambda state: state[1])
    expected = [(f + gap / 2, end) for end in (-root, 0, root)]
    np.testing.assert_allclose(states, expected, atol=1e-5)
    assert {round(point.state[0], 1) for point in found.of(Kind.STABLE)} == {-1.0}
    assert (found.outside, found.lost) == (0, 0)


def test_a_minimum_that_moves_on_faster_is_not_slow():
    """The same with a gap of 0.01, one unit: q = 1.25e-5 at its minimum."""
    f = 0.5**0.5
    flow = elman([[2.0]], [math.atanh(f) - 2 * f - 0.01])
    found = found_by(flow, around([0.5], [1.0]), starts=60)
    assert (found.points, found.lost) == ((), 60)


def test_what_no_state_can_be_is_no_point():
    """h = z h + (1 - z) / 2 is 1/2. Far above 1 z = sigmoid(20 h - 20) is 1, and nothing moves."""
    parameters = Parameters(Architecture(1, 1, 2, "gru"))
    parameters["W_hz"][...], parameters["b_z"][...] = 20, -20
    parameters["b_xn"][...] = math.atanh(0.5)
    held = FixedInputMap(StateTransition(parameters), np.zeros(1))
    assert describe(held, np.full(1, 2.5)).speed < FIXED
    found = found_by(held, around([0.0], [1.0]))
    assert [p.state[0] for p in found.points] == pytest.approx([0.5])
    assert found.outside == 100 - found.points[0].starts > 0


@each_row(("slope", "kind"), [(0.9, Kind.STABLE), (1.0, Kind.SADDLE)])
def test_a_direction_that_does_not_shrink_is_not_stable(slope, kind):
    assert describe(elman(slope * np.eye(2), np.zeros(2)), np.zeros(2)).kind is kind


# The search


def test_starts_that_end_far_away_or_nowhere_are_counted():
    """h = 0.9 h + 1 has its point at 10, far from the visited states; h = h + 1/2 has none."""
    far = found_by(elman([[0.9]], [1.0], Activation.RELU), around([1.0], [1.2]), starts=20)
    assert (far.points, far.outside, far.lost) == ((), 20, 0)
    none = found_by(elman([[1.0]], [0.5], Activation.RELU), around([0.0], [1.0]), starts=10)
    assert (none.points, none.outside + none.lost) == ((), 10)
    assert none.of(Kind.STABLE) == []


@singly(cell=CELLS, layers=[1, 2])
def test_points_are_fixed_points_of_the_network(cell, layers):
    of = architecture(cell, layers)
    parameters = network(of, scale=0.4)
    flow, visited = StateTransition(parameters), visit_states(parameters, examples(of, [6, 9, 4]))
    word = np.eye(of.inputs)[2]
    found = found_by(FixedInputMap(flow, word), visited, 40)
    assert found.points
    for point in found.points:
        after = flow.step(point.state[None], word)[0]
        assert 0.5 * ((after - point.state) ** 2).sum() == pytest.approx(point.speed, abs=1e-30)
        assert point.speed <= SLOW
        jacobian = flow.jacobian(point.state[None], word)[0]
        gap = point.state - after
        slope = np.linalg.norm((np.eye(flow.size) - jacobian).T @ gap)
        assert point.speed < FIXED or slope <= FLAT * np.linalg.norm(gap)
        assert (np.abs(point.state) <= flow.bound + MERGE).all()
        assert point.eigenvalues.sum() == pytest.approx(np.trace(jacobian))
        np.testing.assert_array_equal(point.answers, flow.answers(point.state[None])[0])
        distance = np.linalg.norm(point.state - visited.centre)
        assert distance <= FAR * visited.radius + MERGE


def test_an_interrupted_search_finds_the_same():
    search, progress = Search(TWO_UNITS, SQUARE, 100), [0.0]
    assert search.left
    assert spend(0, search.work())
    while spend(1e-4, search.work()):
        progress.append(search.progress)
        assert search.found.points == ()
    assert len(progress) > 5
    assert progress == sorted(progress)
    assert (search.left, search.progress, spend(1, search.work())) == (False, 1.0, False)
    for one, other in zip(found_by(TWO_UNITS, SQUARE).points, search.found.points, strict=True):
        np.testing.assert_array_equal(one.state, other.state)


def test_after_its_time_limit_a_search_ends_with_what_it_has(monkeypatch):
    monkeypatch.setattr("rnnviz.probe.fixed_points._NUMBERS", 4 * 10)
    found = found_by(TWO_UNITS, SQUARE, limit=0)
    assert (found.requested, found.starts, found.points) == (100, 10, ())
    assert found.undescribed > 0


def test_points_are_described_even_if_the_first_starts_outlast_the_limit():
    found = found_by(TWO_UNITS, SQUARE, limit=1e-9)
    assert found.starts < found.requested or found.undescribed > 0
    assert found.points


def test_starts_are_visited_states_and_midpoints_with_noise():
    starts = first_states(SQUARE, 400)
    np.testing.assert_array_equal(starts, first_states(SQUARE, 400))
    assert not np.array_equal(starts, first_states(SQUARE, 400, seed=1))
    assert np.abs(starts[::2] - np.rint(starts[::2])).std() == pytest.approx(0.06, abs=0.02)
    assert set(np.unique(np.rint(starts[::2]))) == {-1, 1}
    assert set(np.unique(np.rint(starts[1::2]))) == {-1, 0, 1}


def test_later_starts_are_midpoints_of_points_stable_ones_first():
    """h = tanh(2 h) has two stable points and the unstable 0. Seven points have 21 pairs."""
    flow, end = elman([[2.0]], [0.0]), positive_root(2.0)
    points = [np.zeros(1), np.full(1, -end), np.full(1, end)]
    assert middles_of(flow, points, 1).tolist() == [[0]]
    assert sorted(middles_of(flow, points, 3).ravel()) == [-end / 2, 0, end / 2]
    assert middles_of(flow, points, 50).shape == (3, 1)
    assert middles_of(flow, points[:1], 50).shape == middles_of(flow, [], 50).shape == (0, 1)
    assert middles_of(flow, [np.full(1, x) for x in np.linspace(-1, 1, 40)], 25).shape == (21, 1)


def test_of_merged_points_the_slowest_is_kept():
    states = np.array([[0.0], [0.5 * MERGE], [1.0], [-0.5 * MERGE]])
    merged = merge(states, np.array([3.0, 1.0, 2.0, 4.0]))
    assert [(*state, count) for state, count in merged] == [(0.5 * MERGE, 3), (1.0, 1)]


def test_every_step_that_is_taken_lowers_the_speed():
    """From h = 1.2 a full step for h = tanh(3 h) goes too far, so it is damped."""
    starts = np.linspace(-1.5, 1.5, 41)[:, None]
    search = LevenbergMarquardt(elman([[3.0]], [0.0]), starts, np.zeros(1), 10)
    while search.moving.any():
        before, states = search.speeds.copy(), search.states.copy()
        search.step()
        moved = (search.states != states).any(axis=1)
        assert (search.speeds[moved] < before[moved]).all()
        np.testing.assert_array_equal(search.speeds[~moved], before[~moved])
    assert (search.speeds < FIXED).all()
    infinite = np.array([[np.inf], [1.0]])
    flow = elman([[2.0]], [0.0], Activation.RELU)
    assert LevenbergMarquardt(flow, infinite, np.zeros(1), 10).moving.tolist() == [False, True]


def test_without_a_slope_a_state_stays():
    """h = h + 1/2 has the slope 0 everywhere: each state is a minimum of q = 1/8."""
    flow = elman([[1.0]], [0.5], Activation.RELU)
    search = LevenbergMarquardt(flow, np.ones((3, 1)), np.zeros(1), 10)
    assert (search.moving.tolist(), search.flat.tolist()) == ([False] * 3, [True] * 3)


# Trained networks


@pytest.fixture(scope="module")
def flipflop():
    """A trained flip-flop, as a function from an input and a seed to the points."""
    session = Session(PRESETS[TaskName.FLIPFLOP][0].config())
    session.player.advance(session.config.epochs)
    parameters = session.state.parameters
    flow, visited = StateTransition(parameters), visit_states(parameters, session.dataset.train)
    return lambda x, seed=0: found_by(FixedInputMap(flow, np.array(x)), visited, 200, seed=seed)


@each_row("seed", range(6))
def test_the_flip_flop_has_eight_stable_states(flipflop, seed):
    """Eight corners of a cube, a saddle on each of its 12 edges and 6 faces, one in the middle."""
    found = flipflop([0.0, 0.0, 0.0], seed)
    stable = [point.answers for point in found.of(Kind.STABLE)]
    assert sorted(tuple(np.sign(answer)) for answer in stable) == sorted(product((-1, 1), repeat=3))
    assert all(np.abs(np.abs(answer) - 1).max() < 0.35 for answer in stable)
    unstable = Counter(point.unstable for point in found.of(Kind.SADDLE))
    assert unstable == {1: 12, 2: 6, 3: 1}


def test_during_a_pulse_only_states_that_agree_with_it_are_stable(flipflop):
    stable = [tuple(np.sign(p.answers)) for p in flipflop([1.0, 0.0, 0.0]).of(Kind.STABLE)]
    assert sorted(stable) == sorted((1, *rest) for rest in product((-1, 1), repeat=2))
