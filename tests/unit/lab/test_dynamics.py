"""The choices of the page Dynamics, its search, and what it keeps."""

from dataclasses import replace

import numpy as np
import pytest

from rnnviz.analysis.fixed_points import Kind
from rnnviz.config import RunConfig, TaskName
from rnnviz.figures.theme import shown_token
from rnnviz.lab import dynamics
from rnnviz.lab.dynamics import Hold, read_out
from rnnviz.session import Session
from rnnviz.tasks.table import TaskError
from rnnviz.training.schedule import Position
from tests.sampling import each_row


@pytest.fixture
def session():
    return Session(RunConfig(hidden=6, init_scale=0.3, epochs=20))


@pytest.fixture
def values():
    return Session(RunConfig(task=TaskName.FLIPFLOP, hidden=5))


def find(session):
    session.dynamics.find(session.dynamics_query)
    while session.dynamics.work(1):
        pass
    return found(session)


def found(session):
    query = session.dynamics_query
    return session.dynamics.found(session.dynamics.held(query), query)


# What is held


def test_at_first_the_word_that_comes_most_often_is_held(session):
    hold, words, _ = session.dynamics.choices(session.dynamics_query)
    tokens = np.concatenate([example.inputs for example in session.dataset.train])
    often = session.dataset.vocabulary.words[np.bincount(tokens).argmax()]
    assert (hold, words) == (Hold.OWN, (often,))
    x = session.dynamics.held(session.dynamics_query).inputs
    assert x.sum() == x[session.dataset.vocabulary.number(often)] == 1


def test_of_several_words_the_mean_is_held(session):
    session.dynamics.words = ("good", "not", "happy")
    x = session.dynamics.held(session.dynamics_query).inputs
    places = [session.dataset.vocabulary.number(word) for word in ("good", "not", "happy")]
    assert x[places] == pytest.approx(np.full(3, 1 / 3))
    assert x.sum() == pytest.approx(1)
    assert session.dynamics.label(session.dynamics_query) == "the mean of “good”, “not”, “happy”"
    session.dynamics.words = ("not",)
    assert session.dynamics.label(session.dynamics_query) == "“not”"


def test_without_a_word_there_is_a_sentence(session):
    session.dynamics.words = ()
    assert session.dynamics.problem(session.dynamics_query) == "Choose at least one word to hold."
    with pytest.raises(TaskError):
        session.dynamics.find(session.dynamics_query)


def test_words_of_other_data_are_let_go(session):
    session.dynamics.words = ("zebra",)
    assert session.dynamics.choices(session.dynamics_query)[1] != ("zebra",)
    assert not session.dynamics.problem(session.dynamics_query)


def test_zero_and_the_mean_can_be_held(session):
    session.dynamics.holds[True] = Hold.ZERO
    assert not session.dynamics.held(session.dynamics_query).inputs.any()
    session.dynamics.holds[True] = Hold.MEAN
    x = session.dynamics.held(session.dynamics_query).inputs
    assert x.sum() == pytest.approx(1)
    assert (x > 0).sum() == len(session.dataset.vocabulary)
    assert session.dynamics.label(session.dynamics_query) == "the mean input"


def test_where_values_are_read_zero_is_held_at_first_and_values_can_be_typed(values):
    query = values.dynamics_query
    assert values.dynamics.choices(query)[0] is Hold.ZERO
    values.dynamics.holds[False] = Hold.OWN
    assert values.dynamics.held(query).inputs.tolist() == [1, 0, 0]
    values.dynamics.typed = "0.5,-1,0"
    assert values.dynamics.held(query).inputs.tolist() == [0.5, -1, 0]
    assert values.dynamics.label(query) == "0.5,-1,0"
    values.dynamics.typed = "1,0"
    assert "can't be read" in values.dynamics.problem(query)


def test_states_beyond_all_numbers_get_a_sentence():
    session = Session(RunConfig(activation="relu", hidden=4))
    session.state.parameters["W_hh"][...] = 1e300
    session.state.parameters["b_h"][...] = 1e300
    assert "not finite numbers" in session.dynamics.problem(session.dynamics_query)


# The search


def test_what_is_found_is_kept_for_these_weights_and_this_input(session):
    session.player.advance(2)
    assert found(session) is None
    first = find(session)
    assert first.starts == 200
    session.dynamics.holds[True] = Hold.MEAN
    assert found(session) is None
    session.dynamics.holds[True] = Hold.OWN
    session.player.advance(3)
    assert found(session) is None
    session.player.go_to(Position(2))
    assert found(session) is first
    session.dynamics.starts = 50
    assert found(session) is None


def test_other_networks_of_the_same_weights_have_points_of_their_own():
    """At the start ReLU and tanh have the same weights, and go other ways with them."""
    session = Session(RunConfig(hidden=6, init_scale=0.3, epochs=20))
    first = find(session)
    session.configure(replace(session.config, activation="relu"))
    assert found(session) is None
    assert find(session) is not first


def test_what_is_known_is_not_looked_for_again(session):
    find(session)
    session.dynamics.find(session.dynamics_query)
    assert session.dynamics.searching is None


def test_a_search_goes_on_while_another_epoch_is_looked_at(session):
    session.player.advance(4)
    session.dynamics.find(session.dynamics_query)
    session.player.go_to(Position(1))
    assert session.dynamics.searching == (4, 0)
    while session.dynamics.work(1):
        pass
    assert found(session) is None
    session.player.back_to_now()
    assert found(session).starts == 200


def test_a_cancelled_search_leaves_nothing(session):
    session.dynamics.find(session.dynamics_query)
    assert session.dynamics.work(0)
    session.dynamics.cancel()
    assert not session.dynamics.work(1)
    assert found(session) is None


@pytest.mark.parametrize("limit", ["_BYTES", "_SEARCHES"])
def test_the_eldest_is_forgotten_when_memory_is_short_or_they_are_many(session, monkeypatch, limit):
    size = find(session).nbytes
    monkeypatch.setattr(dynamics, limit, {"_BYTES": 2 * size, "_SEARCHES": 2}[limit])
    for _ in range(4):
        session.player.advance(1)
        find(session)
    kept = session.dynamics._results
    assert 1 <= len(kept) <= 3
    assert found(session) is not None
    session.player.go_to(Position(0))
    assert found(session) is None


def test_the_same_seed_finds_the_same(session):
    again = Session(session.config)
    for one, other in zip(find(session).points, find(again).points, strict=True):
        np.testing.assert_array_equal(one.state, other.state)


# The plane


def test_the_plane_is_kept_and_fitted_anew_when_asked_or_at_the_first_search(session):
    first = session.dynamics.plane(session.dynamics_query).basis
    session.player.advance(2)
    assert session.dynamics.plane(session.dynamics_query).basis is first
    find(session)
    second = session.dynamics.plane(session.dynamics_query).basis
    assert second.epoch == 2
    session.player.advance(1)
    find(session)
    assert session.dynamics.plane(session.dynamics_query).basis is second
    session.dynamics.refit()
    assert session.dynamics.plane(session.dynamics_query).basis.epoch == 3


def test_another_network_has_another_plane(session):
    first = session.dynamics.plane(session.dynamics_query).basis
    session.configure(RunConfig(hidden=7, init_scale=0.3))
    assert session.dynamics.plane(session.dynamics_query).basis.axes.shape[1] == 7
    assert first.axes.shape[1] == 6


def test_the_plane_stays_as_long_as_the_run_has_the_same_start(session):
    first = session.dynamics.plane(session.dynamics_query).basis
    session.player.advance(3)
    session.configure(replace(session.config, lr=0.5))
    session.player.reset()
    session.configure(replace(session.config, lr=0.02, epochs=99))
    assert session.dynamics.plane(session.dynamics_query).basis is first
    session.configure(replace(session.config, seed=1))
    assert session.dynamics.plane(session.dynamics_query).basis is not first


def test_the_plane_says_what_its_axes_carry_at_the_epoch_shown(session):
    first = session.dynamics.plane(session.dynamics_query)
    shares = first.basis.variances[:2] / first.basis.variances.sum()
    assert first.explained == pytest.approx(tuple(shares))
    session.player.advance(20)
    assert session.dynamics.plane(session.dynamics_query).explained != pytest.approx(
        first.explained
    )


@each_row(("hidden", "axes"), [(2, (0, 1)), (6, (1, 2))])
def test_a_pair_of_components_that_is_not_there_is_replaced(hidden, axes):
    session = Session(RunConfig(hidden=hidden))
    session.dynamics.axes = (1, 2)
    assert session.dynamics.plane(session.dynamics_query).axes == axes


def test_a_state_of_one_number_has_no_plane():
    session = Session(RunConfig(hidden=1))
    assert not session.dynamics.flat(session.dynamics_query)
    assert Session(RunConfig(hidden=1, cell="lstm")).dynamics.flat(session.dynamics_query) is False
    assert find(session).of(Kind.STABLE)


# What is read out


def test_a_state_is_read_out_as_the_task_answers(session, values):
    read = read_out(np.array([0.25, 0.75]), session.dataset)
    assert (read.text, read.side) == ("positive 75.0%", 1)
    read = read_out(np.array([0.5, -1.0, 0.25]), values.dataset)
    assert (read.text, read.side) == ("0.5, −1, 0.25", None)


def test_a_space_can_be_seen():
    session = Session(RunConfig(task=TaskName.CHARACTERS, hidden=3))
    session.dynamics.words = (" ", "a")
    assert session.dynamics.label(session.dynamics_query, shown_token) == "the mean of “␣”, “a”"
    answers = np.eye(len(session.dataset.classes))[session.dataset.classes.index(" ")]
    assert read_out(answers, session.dataset, shown_token).text == "␣ 100.0%"
