"""A run that begins with given weights: every position of it is reached again all the same."""

import math
from dataclasses import replace

import numpy as np
import pytest

from rnnviz.config import RunConfig
from rnnviz.probe.session import Session
from rnnviz.run.run import FirstNetwork, architecture_of
from rnnviz.run.schedule import Position
from rnnviz.run.weight_edits import scale
from rnnviz.tasks.sentiment import sentiment

CONFIG = RunConfig(hidden=4, init_scale=0.1, lr=0.05, epochs=20)


@pytest.fixture(scope="module")
def given():
    """The weights of another run."""
    other = Session(replace(CONFIG, seed=7))
    other.player.advance(3)
    return FirstNetwork(other.state.parameters, CONFIG, "a file", "Steps are larger there.")


@pytest.fixture
def session(given):
    return Session(CONFIG, sentiment(), first=given)


def weights(state):
    return state.parameters.theta.tobytes()


def test_it_begins_with_these_weights(session, given):
    assert session.state.parameters.architecture == architecture_of(sentiment(), CONFIG)
    assert weights(session.state) == given.parameters.theta.tobytes()


def test_every_epoch_is_reached_again(session):
    player = session.player
    player.advance(6)
    then, end = weights(player.run.at(Position(3, 20))), weights(session.state)
    player.go_to(Position(3, 20))
    player.branch()
    assert weights(session.state) == then
    player.run.train(38)
    player.advance(2)
    assert weights(session.state) == end


def test_without_snapshots_it_is_replayed_from_these_weights(session):
    session.player.advance(2)
    end = weights(session.state)
    session.player.run.snapshots._snapshots.clear()
    assert weights(session.run.at(Position(1, 57))) != end
    session.player.reset()
    session.player.advance(2)
    assert weights(session.state) == end


def test_training_changes_nothing_of_what_was_given(session, given):
    before = given.parameters.theta.copy()
    session.player.branch_with([scale(2.0)])
    session.player.advance(2)
    np.testing.assert_array_equal(given.parameters.theta, before)
    session.player.reset()
    assert weights(session.state) == before.tobytes()


@pytest.mark.parametrize(
    ("setting", "value"),
    [("hidden", 5), ("seed", 1), ("cell", "gru"), ("layers", 2), ("init", "xavier")],
)
def test_other_settings_of_the_network_draw_new_weights_and_the_page_says_so(
    session, given, setting, value
):
    session.configure(replace(CONFIG, **{setting: value}))
    plain = Session(session.config, sentiment())
    assert weights(session.state) == weights(plain.state)
    assert session.player.message.endswith(
        "The weights are new: those from a file go with the settings they came with."
    )
    assert session.player.imported is None
    session.configure(CONFIG)
    assert weights(session.state) == given.parameters.theta.tobytes()
    assert "new" not in session.player.message


@pytest.mark.parametrize(("setting", "value"), [("batch", 4), ("lr", 0.1), ("optimizer", "adam")])
def test_other_settings_of_training_keep_them(session, given, setting, value):
    session.configure(replace(CONFIG, **{setting: value}))
    assert weights(session.state) == given.parameters.theta.tobytes()


def test_another_precision_rounds_them(session, given):
    session.configure(replace(CONFIG, dtype="float32"))
    theta = session.state.parameters.theta
    assert theta.dtype == np.float32
    np.testing.assert_array_equal(theta, given.parameters.theta.astype("float32"))


def test_what_differs_is_said_where_one_presses_play(session):
    player = session.player
    assert player.message == "Steps are larger there."
    player.play()
    assert player.message == "Steps are larger there."
    player.reset()
    assert player.message == "Steps are larger there."
    player.advance(1)
    player.play()
    assert player.message == ""


def test_the_story_does_not_call_them_random(session):
    assert session.story.chapter == "Opened"
    assert session.story.sentence.startswith("The weights came from a file.")
    session.configure(replace(CONFIG, seed=3))
    assert session.story.chapter == "Untrained"


def test_an_edit_does_not_promise_a_link(session):
    session.player.branch_with([scale(0.9)])
    assert "link" not in session.player.message


def test_the_link_of_such_a_session_leads_on_from_these_weights(session, given):
    session.follow(session.link(), patience=math.inf)
    assert weights(session.state) == given.parameters.theta.tobytes()
    other = Session(CONFIG, sentiment(), first=given)
    there = Position(2)
    other.player.follow(replace(session.player.link(), now=there, shown=there), patience=math.inf)
    session.player.advance(2)
    assert weights(other.state) == weights(session.state)


# Without labels


@pytest.fixture
def unlabelled(given):
    return Session(CONFIG, replace(sentiment(), labelled=False), first=given)


def test_without_labels_nothing_trains(unlabelled, given):
    player = unlabelled.player
    for act in (player.play, player.step_epoch, player.step_phrase, player.advance, player.reset):
        act()
        assert player.message == (
            "There are no labelled examples to train on: open the network with examples."
        )
        assert not player.running
        assert player.position == Position(0)
        assert weights(unlabelled.state) == given.parameters.theta.tobytes()


def test_without_labels_there_is_no_score(unlabelled):
    row = unlabelled.run.history.row(0)
    assert all(map(np.isnan, row.values()))
    assert unlabelled.inspect("i am not bad").label is None
    assert unlabelled.story.chapter == "Opened"
    unlabelled.player.follow(replace(unlabelled.link(), now=Position(2)), patience=math.inf)
    assert unlabelled.player.position == Position(0)
