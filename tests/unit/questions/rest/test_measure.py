"""The choices of the page Dynamics, its search, and its caches."""

from dataclasses import replace

import numpy as np
import pytest

from rnnviz.charts.theme import shown_token
from rnnviz.config import Activation, RunConfig, TaskName
from rnnviz.probe.activations import Plane, Projection, fit
from rnnviz.probe.fixed_points import Kind, describe
from rnnviz.probe.session import Session
from rnnviz.probe.state_transition import VisitedStates
from rnnviz.probe.work import spend
from rnnviz.questions.rest import measure as dynamics
from rnnviz.questions.rest.measure import (
    ARROWS,
    DynamicsLab,
    Hold,
    dynamics_query,
    flow_field,
    portrait,
    read_out,
)
from rnnviz.run.schedule import Position
from rnnviz.tasks.data.csv_table import TaskError
from tests.sampling import each_row
from tests.unit.probe.known import elman


@pytest.fixture
def session():
    return Session(RunConfig(hidden=6, init_scale=0.3, epochs=20))


@pytest.fixture
def lab(session):
    return session.lab(DynamicsLab)


@pytest.fixture
def values():
    return Session(RunConfig(task=TaskName.FLIPFLOP, hidden=5))


def held(session):
    return session.lab(DynamicsLab).held(dynamics_query(session))


def label(session, *shown):
    return session.lab(DynamicsLab).label(dynamics_query(session), *shown)


def problem(session):
    return session.lab(DynamicsLab).problem(dynamics_query(session))


def plane(session):
    return session.lab(DynamicsLab).plane(dynamics_query(session))


def found(session):
    return session.lab(DynamicsLab).found(held(session), dynamics_query(session))


def finish(session):
    while spend(1, session.lab(DynamicsLab).work()):
        pass
    return found(session)


def find(session):
    session.lab(DynamicsLab).find(dynamics_query(session))
    return finish(session)


# What is held


def test_at_first_the_word_that_comes_most_often_is_held(session, lab):
    """Also where those that were chosen are of other data."""
    vocabulary = session.dataset.vocabulary
    tokens = np.concatenate([example.inputs for example in session.dataset.train])
    often = vocabulary.words[np.bincount(tokens).argmax()]
    for words in (None, ("zebra",)):
        lab.words = words
        assert lab.choices(dynamics_query(session))[:2] == (Hold.OWN, (often,))
        x = held(session).inputs
        assert x.sum() == x[vocabulary.number(often)] == 1
        assert not problem(session)


@each_row(
    ("hold", "words", "text", "count"),
    [
        (Hold.OWN, ("not",), "“not”", 1),
        (Hold.OWN, ("good", "not", "happy"), "the mean of “good”, “not”, “happy”", 3),
        (Hold.OWN, ("good", "not", "happy", "bad"), "the mean of “good”, “not”, “happy” …", 4),
        (Hold.MEAN, (), "the mean input", 18),
        (Hold.ZERO, (), "the zero input", 0),
    ],
)
def test_of_several_words_the_mean_is_held_or_that_of_all_or_zero(
    session, hold, words, text, count
):
    session.lab(DynamicsLab).holds[True], session.lab(DynamicsLab).words = hold, words
    x = held(session).inputs
    assert (x > 0).sum() == count
    assert x.sum() == pytest.approx(min(count, 1))
    indexes = [session.dataset.vocabulary.number(word) for word in words]
    assert x[indexes] == pytest.approx(np.full(len(words), 1 / max(len(words), 1)))
    assert label(session) == text


def test_without_a_word_there_is_a_sentence(session, lab):
    lab.words = ()
    assert problem(session) == "Choose at least one word."
    with pytest.raises(TaskError):
        lab.find(dynamics_query(session))


def test_where_values_are_read_zero_is_held_at_first_and_values_can_be_typed(values):
    lab = values.lab(DynamicsLab)
    assert lab.choices(dynamics_query(values))[0] is Hold.ZERO
    lab.holds[False] = Hold.OWN
    assert held(values).inputs.tolist() == [1, 0, 0]
    lab.typed = "0.5,-1,0"
    assert held(values).inputs.tolist() == [0.5, -1, 0]
    assert label(values) == "0.5,-1,0"
    lab.typed = "1,0"
    assert "can't be read" in problem(values)


def test_states_beyond_all_numbers_get_a_sentence():
    session = Session(RunConfig(activation="relu", hidden=4))
    for name in ("W_hh", "b_h"):
        session.state.parameters[name][...] = 1e300
    assert "not finite numbers" in problem(session)


def test_a_very_large_state_is_not_searched():
    session = Session(RunConfig(cell="slstm", hidden=256, layers=3))
    assert "has 3,072 numbers. Points are found for at most 2,048" in problem(session)


# The search


def test_what_is_found_is_kept_for_these_weights_and_this_input(session, lab):
    session.player.advance(2)
    assert found(session) is None
    first = find(session)
    assert first.starts == 200
    lab.find(dynamics_query(session))
    assert lab.searching is None
    lab.holds[True] = Hold.MEAN
    assert found(session) is None
    lab.holds[True] = Hold.OWN
    session.player.advance(3)
    assert found(session) is None
    session.player.go_to(Position(2))
    assert found(session) is first
    lab.starts = 50
    assert found(session) is None


def test_other_networks_of_the_same_weights_have_points_of_their_own(session):
    """At the start ReLU and tanh have the same weights, and go other ways with them."""
    first = find(session)
    session.configure(replace(session.config, activation="relu"))
    assert found(session) is None
    assert find(session) is not first


def test_a_search_goes_on_while_another_epoch_is_looked_at_or_is_cancelled(session, lab):
    session.player.advance(4)
    lab.find(dynamics_query(session))
    assert spend(0, lab.work())
    lab.cancel()
    assert not spend(1, lab.work())
    assert found(session) is None
    lab.find(dynamics_query(session))
    session.player.go_to(Position(1))
    assert lab.searching == (4, 0)
    assert finish(session) is None
    session.player.back_to_now()
    assert found(session).starts == 200


def test_every_word_is_held_one_after_the_other(session, lab):
    lab.starts, query = 50, dynamics_query(session)
    lab.words = ("not",)
    lab.find(query)
    while spend(1.0, lab.work()):
        pass
    lab.find_each(query)
    shares, words = [], query.dataset.vocabulary.words
    while lab.searching:
        shares.append(lab.searching[1])
        spend(1e-4, lab.work())
    assert shares == sorted(shares)
    assert len(shares) >= len(words) - 1, "that of “not” was known"
    rests = lab.rests(query)
    assert {rest.held for rest in rests} == {f"“{word}”" for word in words}
    assert all(rest.own == (rest.held == "“not”") for rest in rests)
    lab.find_each(query)
    assert lab.searching is None, "all is known"
    lab.starts = 100
    lab.find_each(query)
    assert lab.is_asked(query)
    lab.words = ("not", "good")
    assert not lab.is_asked(query), "their mean is not searched"
    assert "search" not in vars(lab._asked[-1]), "it begins when it is its turn"
    lab.cancel()
    assert lab.searching is None and not spend(1.0, lab.work())


@pytest.mark.parametrize("limit", ["_BYTES", "_SEARCHES"])
def test_the_eldest_is_forgotten_when_memory_is_short_or_they_are_many(session, monkeypatch, limit):
    size = find(session).nbytes
    monkeypatch.setattr(dynamics, limit, {"_BYTES": 2 * size, "_SEARCHES": 2}[limit])
    for _ in range(4):
        session.player.advance(1)
        find(session)
    assert 1 <= len(session.lab(DynamicsLab)._results) <= 3
    assert found(session) is not None
    session.player.go_to(Position(0))
    assert found(session) is None


def test_the_same_seed_finds_the_same(session):
    again = Session(session.config)
    for one, other in zip(find(session).points, find(again).points, strict=True):
        np.testing.assert_array_equal(one.state, other.state)


# The points


def test_a_point_is_chosen_until_another_input_is_held(session, lab):
    find(session)
    lab.words = ("bad",)
    find(session)
    query = dynamics_query(session)
    rests = lab.rests(query)
    own = [rest for rest in rests if rest.own]
    assert [rest.point for rest in own] == list(found(session).points)
    assert [(rest.held, rest.own) for rest in rests[len(own) :]] == [("“not”", False)]
    assert lab.chosen(query, rests) == 0
    lab.choose(query, len(rests) - 1)
    assert (lab.chosen(query, rests), lab.opened) == (len(rests) - 1, True)
    lab.choose(query, len(rests) - 1)
    assert (lab.chosen(query, rests), lab.opened) == (len(rests) - 1, False)
    for index in (-1, 999):
        lab.choose(query, index)
        assert lab.chosen(query, rests) == len(rests) - 1
    lab.words = ("not",)
    assert lab.chosen(query, lab.rests(query)) == 0
    lab.words = ("good",)
    assert [rest.own for rest in lab.rests(query)] == [False, False]
    assert lab.chosen(query, lab.rests(query)) is None
    session.player.advance(1)
    assert lab.rests(dynamics_query(session)) == []


def test_what_is_read_at_the_ends_is_the_answer_to_each_phrase(session, values):
    session.player.advance(20)
    read = session.lab(DynamicsLab).read_at_ends(dynamics_query(session))
    verdicts = [session.inspect(example.text).verdict for example in session.dataset.train]
    assert [session.dataset.classes[side] for side in read] == verdicts
    assert values.lab(DynamicsLab).read_at_ends(dynamics_query(values)) is None


# The plane


def test_the_plane_is_fitted_again_when_asked_or_at_the_first_search(session, lab):
    first = plane(session).basis
    session.player.advance(2)
    assert plane(session).basis is first
    find(session)
    second = plane(session).basis
    assert second.epoch == 2
    session.player.advance(1)
    find(session)
    assert plane(session).basis is second
    lab.refit()
    assert plane(session).basis.epoch == 3
    session.configure(replace(session.config, seed=session.config.seed + 1))
    plane(session)
    session.player.advance(4)
    find(session)
    assert plane(session).basis.epoch == 4, "the first search of another run"


def test_the_plane_stays_as_long_as_the_run_has_the_same_start(session):
    first = plane(session).basis
    session.player.advance(3)
    session.configure(replace(session.config, lr=0.5))
    session.player.reset()
    session.configure(replace(session.config, lr=0.02, epochs=99))
    assert plane(session).basis is first
    session.configure(replace(session.config, seed=1))
    assert plane(session).basis is not first
    session.configure(RunConfig(hidden=7, init_scale=0.3))
    assert plane(session).basis.axes.shape[1] == 7


def test_the_plane_says_what_its_axes_carry_at_the_epoch_shown(session):
    first = plane(session)
    shares = first.basis.variances[:2] / first.basis.variances.sum()
    assert first.explained == pytest.approx(tuple(shares))
    session.player.advance(20)
    assert plane(session).explained != pytest.approx(first.explained)


@each_row(("hidden", "axes"), [(2, (0, 1)), (6, (1, 2))])
def test_a_pair_of_components_that_is_not_there_is_replaced(hidden, axes):
    session = Session(RunConfig(hidden=hidden))
    session.lab(DynamicsLab).axes = (1, 2)
    assert session.lab(DynamicsLab).flat(dynamics_query(session))
    assert plane(session).axes == axes


@each_row(("cell", "flat"), [("elman", False), ("lstm", True)])
def test_a_state_of_one_number_has_no_plane(cell, flat):
    """That of an LSTM has two."""
    session = Session(RunConfig(hidden=1, cell=cell))
    assert session.lab(DynamicsLab).flat(dynamics_query(session)) is flat
    assert find(session).of(Kind.STABLE)


# What is read out


def test_a_state_is_read_out_as_the_task_answers(session, values):
    read = read_out(np.array([0.25, 0.75]), session.dataset)
    assert (read.text, read.side) == ("positive 75.0%", 1)
    read = read_out(np.array([0.5, -1.0, 0.25]), values.dataset)
    assert (read.text, read.side) == ("0.5, −1, 0.25", None)


def test_a_space_can_be_seen():
    session = Session(RunConfig(task=TaskName.CHARACTERS, hidden=3))
    session.lab(DynamicsLab).words = (" ", "a")
    assert label(session, shown_token) == "the mean of “␣”, “a”"
    answers = np.eye(len(session.dataset.classes))[session.dataset.classes.index(" ")]
    assert read_out(answers, session.dataset, shown_token).text == "␣ 100.0%"


# Trajectories and flow in one plane


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
