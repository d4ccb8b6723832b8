"""A run that plays: forwards, back, on another way, and where a link leads."""

import hashlib
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from rnnviz.config import RunConfig
from rnnviz.engine.evaluation import Score
from rnnviz.session import Session
from rnnviz.tasks.dataset import build_dataset
from rnnviz.tasks.table import Row
from rnnviz.tasks.upload import File, Upload
from rnnviz.tasks.upload_store import UploadStore
from rnnviz.training import player as module
from rnnviz.training.schedule import Position
from rnnviz.training.share_link import read_link
from rnnviz.training.weight_edits import noise, scale, set_weight, silence
from tests.sampling import each_row

ROOT = Path(__file__).resolve().parents[3]


def weights(session):
    return session.state.parameters.theta.tobytes()


@pytest.fixture
def played(session):
    """A small run at epoch 9."""
    session.player.advance(9)
    return session


def opened(query):
    link, problems = read_link(query)
    assert problems == []
    session = Session()
    session.follow(link)
    while session.player.running:
        session.player.tick(1.0)
    return session


# Looking back


def test_going_back_shows_the_weights_of_then(played, config):
    then = Session(config)
    then.player.advance(4)
    played.player.go_to(Position(4))
    assert weights(played) == weights(then)
    assert played.inspect().probability == then.inspect().probability
    assert (played.player.progress, played.player.condition) == ("4", "Looking back")
    assert "Looking back at epoch 4; the run is at 9." in played.player.message


def test_back_to_now_shows_the_present_again(played):
    before = weights(played)
    played.player.go_to(Position(4))
    assert weights(played) != before
    played.player.back_to_now()
    assert weights(played) == before
    assert played.player.shown is None


@each_row("epoch", [9, 10, 10**6])
def test_there_is_nothing_beyond_the_present(played, epoch):
    played.player.go_to(Position(epoch))
    assert (played.player.shown, played.player.progress) == (None, "9")


def test_a_run_can_be_looked_back_in_to_its_start(played, config):
    played.player.go_to(Position(0))
    assert weights(played) == weights(Session(config))


def test_looking_back_trains_nothing(played):
    before = len(played.run.history), played.run.position
    for epoch in range(9):
        played.player.go_to(Position(epoch))
    assert (len(played.run.history), played.run.position) == before


def test_play_from_the_past_replays_and_then_trains_on(played, config):
    straight = Session(config)
    straight.player.advance(12)
    played.player.go_to(Position(6))
    played.player.play()
    assert played.player.condition == "Replaying"
    played.player.tick(1.0)
    assert (played.player.progress, played.run.position) == ("7", Position(9))
    while played.run.position < (12, 0):
        played.player.tick(1.0)
    assert played.player.condition == "Running"
    assert weights(played) == weights(straight)


@pytest.mark.parametrize("count", [2, 5, 50])
def test_a_replay_goes_up_to_the_present(played, count):
    played.player.go_to(Position(3))
    played.player.play()
    played.player.tick(float("inf"), count)
    assert played.player.position == Position(min(3 + count, 9))


def test_a_replay_in_slow_motion_goes_phrase_by_phrase(played):
    played.player.go_to(Position(3))
    played.player.speed = 0
    played.player.play()
    played.player.tick(1.0)
    assert played.player.progress == "3 + 1/58"


def test_a_replay_without_time_still_takes_a_step(played):
    played.player.go_to(Position(3))
    played.player.play()
    played.player.tick(0.0, 5)
    assert played.player.position == Position(4)


def test_a_finished_run_can_be_replayed_to_its_end():
    session = Session(RunConfig(hidden=2, epochs=3))
    session.player.advance(3)
    session.player.go_to(Position(1))
    assert not session.player.over
    session.player.play()
    assert session.player.running
    session.player.tick(1.0, 50)
    assert not session.player.running
    assert session.player.condition == "Finished"
    assert "Finished: 3 of 3 epochs done" in session.player.message


def test_steps_in_the_past_are_replayed(played, config):
    played.player.go_to(Position(4))
    played.player.step_phrase()
    assert played.player.progress == "4 + 1/58"
    then = Session(config)
    then.player.advance(4)
    then.player.step_phrase()
    assert weights(played) == weights(then)
    played.player.step_epoch()
    assert played.player.progress == "5"
    for _ in range(5):
        played.player.step_epoch()
    assert (played.player.shown, played.run.position) == (None, Position(10))


def test_a_place_inside_the_present_epoch_can_be_left_and_found_again(played):
    played.player.step_phrase()
    before = weights(played)
    played.player.go_to(Position(9))
    assert weights(played) != before
    played.player.step_phrase()
    assert played.player.shown is None
    assert weights(played) == before


def test_reset_ends_the_looking_back(played):
    played.player.go_to(Position(4))
    played.player.reset()
    assert (played.player.shown, played.player.progress) == (None, "0")


# Branches


def test_a_branch_makes_the_past_the_present_and_keeps_the_old_run(played):
    old = played.run.history.column("train_loss").tolist()
    played.player.go_to(Position(4))
    then = weights(played)
    played.player.branch()
    assert (played.player.shown, played.run.position) == (None, Position(4))
    assert weights(played) == then
    assert played.player.course.ghost.position == Position(4)
    assert played.player.course.ghost.history.column("train_loss").tolist() == old
    assert "Branched at epoch 4 of a run that had gone to 9" in played.player.message


def test_at_the_present_there_is_nothing_to_branch_from(played):
    played.player.branch()
    assert (played.player.ghost, played.run.position) == (None, Position(9))


def test_another_learning_rate_takes_another_way(played, config):
    played.player.go_to(Position(4))
    played.player.branch()
    played.configure(replace(config, lr=0.5))
    played.player.advance(5)
    ghost = played.player.ghost.history.column("train_loss")
    mine = played.run.history.column("train_loss")
    assert mine[:5].tolist() == ghost[:5].tolist()
    assert (mine[5:] != ghost[5:]).all()
    assert "Learning rate is 0.5 from epoch 4 on" in played.player.message
    assert played.run.schedule.text() == "4:lr=0.5"


def test_a_setting_changed_while_looking_back_is_of_the_present_until_a_branch(played, config):
    played.player.go_to(Position(4))
    before = weights(played)
    played.configure(replace(config, lr=0.5))
    assert weights(played) == before
    assert played.player.message == (
        "Learning rate is 0.5 from epoch 9 on. To try it from epoch 4, press Branch here."
    )
    played.player.branch()
    assert played.run.schedule.text() == "4:lr=0.5"
    assert played.player.ghost.schedule.text() == "9:lr=0.5"


@pytest.mark.parametrize(
    "restart", [lambda s: s.player.reset(), lambda s: s.configure(RunConfig(seed=5))]
)
def test_a_run_started_again_has_no_ghost(played, restart):
    played.player.go_to(Position(4))
    played.player.branch()
    restart(played)
    assert played.player.ghost is None


# Links


def test_a_link_leads_to_the_same_weights(played):
    copy = opened(played.link().to_query())
    assert weights(copy) == weights(played)
    assert copy.run.history.column("test_loss").tolist() == (
        played.run.history.column("test_loss").tolist()
    )
    assert copy.link() == played.link()


def test_a_link_carries_changes_the_past_the_ghost_and_a_place_inside_an_epoch(played, config):
    played.configure(replace(config, lr=0.2))
    played.player.advance(3)
    played.player.step_phrase()
    played.configure(replace(config, lr=0.2, clip_by="norm"))
    played.player.advance(2)
    played.player.go_to(Position(8))
    played.player.branch()
    played.configure(replace(config, lr=0.03))
    played.player.advance(4)
    played.player.step_phrase()
    played.player.go_to(Position(10, 3))
    query = played.link().to_query()
    assert query["ghost"] == "8:14"
    assert query["ghost_changes"] == "9:lr=0.2,12/1:clip_by=norm"
    copy = opened(query)
    assert weights(copy) == weights(played)
    assert copy.run.state.parameters.theta.tobytes() == played.run.state.parameters.theta.tobytes()
    mine, theirs = copy.player.ghost.history, played.player.ghost.history
    assert mine.column("train_loss").tolist() == theirs.column("train_loss").tolist()
    assert copy.config == played.config
    assert copy.link().to_query() == query


def test_a_long_way_is_gone_in_ticks_and_shown():
    link, _ = read_link({"hidden": "2", "epoch": "30", "now": "40"})
    session = Session()
    session.follow(link, patience=0.0)
    assert (session.player.running, session.player.condition) == (True, "Opening")
    assert "Following the link: epoch" in session.player.message
    while session.player.running:
        session.player.tick(0.01)
    assert (session.player.position, session.run.position) == (Position(30), Position(40))
    straight = Session(RunConfig(hidden=2))
    straight.player.advance(30)
    assert weights(session) == weights(straight)


def test_pause_stays_where_the_way_has_led():
    link, _ = read_link({"hidden": "2", "epoch": "40", "changes": "30:lr=0.5"})
    session = Session()
    session.follow(link, patience=0.0)
    session.player.tick(0.0)
    session.player.pause()
    assert session.player.condition == "Paused"
    assert session.run.position < Position(30)
    assert "The link was followed up to epoch" in session.player.message
    session.player.advance(1)
    assert session.run.schedule.at(session.run.position).lr == session.config.lr == 0.5


def test_a_link_to_a_run_that_breaks_says_so():
    session = opened({"lr": "10.0", "epoch": "900"})
    assert not session.player.running
    assert session.run.position.epoch < 900
    assert "no longer a finite number" in session.player.message
    assert np.isfinite(session.state.parameters.theta).all()


def test_the_old_run_may_have_gone_further_than_the_new_one_is_to_go(played, config):
    played.player.go_to(Position(4))
    played.player.branch()
    played.configure(replace(config, epochs=6))
    played.player.advance(2)
    copy = opened(played.link().to_query())
    assert len(copy.player.ghost.history) == len(played.player.ghost.history) == 10
    assert copy.link() == played.link()


def test_a_link_to_a_phrase_that_an_epoch_does_not_have_leads_to_the_last():
    session = opened({"hidden": "2", "epoch": "2/9999", "now": "3/58", "ghost": "1/77:4/99"})
    assert (session.player.position, session.run.position) == (Position(3), Position(4))
    assert session.player.ghost.position == Position(2)


def test_an_empty_link_leaves_the_first_message():
    session = opened({})
    assert session.player.message.startswith("Press Play")
    assert session.link().to_query() == {}


def test_an_address_stays_what_it_was_while_it_is_followed():
    query = {"hidden": "2", "epochs": "60", "epoch": "30", "now": "40"}
    session = Session()
    session.follow(read_link(query)[0], patience=0.0)
    session.player.tick(0.0)
    assert session.link().to_query() == query


@each_row("change", [{"lr": 0.5}, {"seed": 3}])
def test_a_setting_changed_on_the_way_ends_it(change):
    session = Session()
    session.follow(read_link({"hidden": "2", "epoch": "40"})[0], patience=0.0)
    session.configure(replace(session.config, **change))
    assert not session.player.running
    session.player.advance(1)
    assert session.run.schedule.at(session.run.position) == session.config


def test_problems_of_a_link_stay_in_sight_at_its_end():
    link, problems = read_link({"hidden": "2", "epoch": "5", "lr": "x"})
    session = Session()
    session.follow(link, problems, patience=0.0)
    assert "In the link: Learning rate" in session.player.message
    while session.player.running:
        session.player.tick(1.0)
    assert session.player.message.startswith("In the link: Learning rate")
    assert session.player.message.endswith("Opened at epoch 5.")


def test_a_link_that_breaks_before_its_ghost_was_left_has_none():
    session = opened({"lr": "100.0", "init_scale": "2.0", "epoch": "50", "ghost": "20:40"})
    assert session.player.ghost is None
    assert "no longer a finite number" in session.player.message


def test_a_run_beyond_its_lowered_last_epoch_has_a_link_that_leads_there(played, config):
    played.configure(replace(config, epochs=5))
    copy = opened(played.link().to_query())
    assert copy.run.position == Position(9)
    assert weights(copy) == weights(played)


def test_a_branch_inside_the_present_epoch_has_a_link_that_leads_there(session):
    for _ in range(3):
        session.player.step_phrase()
    session.player.go_to(Position(0, 2))
    session.player.branch()
    query = session.link().to_query()
    assert query["ghost"] == "0/2:0/3"
    copy = opened(query)
    assert weights(copy) == weights(session)
    assert copy.link() == session.link()


def test_a_branch_that_breaks_goes_back_to_where_it_began(played, config):
    played.player.go_to(Position(4, 2))
    played.player.branch()
    played.configure(replace(config, lr=100.0, clip_by="off"))
    played.run.state.parameters.theta[:] = 1e308
    played.player.step_phrase()
    assert played.run.position == Position(4, 2)
    assert read_link(played.link().to_query())[1] == []


def test_a_run_on_given_data_has_its_settings_alone_in_the_link(config):
    rows = [Row(2, "so warm", "sunny"), Row(3, "so cold", "rainy")]
    given = Session(config, build_dataset("mine", rows))
    given.player.advance(2)
    assert given.link().to_query().keys() == {"hidden", "init_scale", "lr", "epochs"}


def test_a_run_on_the_readers_own_data_is_found_again_as_long_as_they_are_kept(config):
    upload_store, mine = (
        UploadStore(),
        File("mine.csv", b"text,label\nso warm,sunny\nso cold,rainy\n"),
    )
    first, second, elsewhere = (
        Session(config, upload_store=upload_store),
        Session(upload_store=upload_store),
        Session(),
    )
    first.load(Upload(mine, test_share=0))
    first.player.advance(3)
    link, problems = read_link(first.link().to_query())
    assert problems == []
    second.follow(link)
    assert second.dataset.name == "mine.csv"
    assert second.state.parameters.theta.tobytes() == first.state.parameters.theta.tobytes()
    elsewhere.follow(link)
    assert elsewhere.dataset.name == "sentiment"
    assert "its data are not on this computer any more" in elsewhere.player.message


def test_after_a_branch_the_step_has_the_new_settings(played, config):
    played.configure(replace(config, lr=0.2))
    played.player.go_to(Position(4))
    assert played.step.record(played.step_query()).config.lr == config.lr
    assert "Learning rate was 0.05 here" in played.player.message
    played.player.branch()
    assert played.step.record(played.step_query()).config.lr == 0.2


def test_a_gradient_check_is_not_taken_for_one_of_another_branch(played, config):
    played.gradients.check(played.gradient_query())
    assert played.gradients.checked(played.gradient_query()) is not None
    played.player.go_to(Position(4))
    played.player.branch()
    played.configure(replace(config, lr=0.5))
    played.player.advance(5)
    assert played.gradients.checked(played.gradient_query()) is None


def test_more_changes_than_a_link_carries_are_said(played, config, monkeypatch):
    monkeypatch.setattr(module, "MAX_CHANGES", 2)
    for i in range(4):
        played.player.advance(1)
        played.configure(replace(config, lr=0.1 + i / 100))
    assert "A link carries 2 changes" in played.player.message


OPEN_ELSEWHERE = """
import hashlib, json, sys
from rnnviz.training.share_link import read_link
from rnnviz.session import Session
from rnnviz.tasks.upload_store import UploadStore
from rnnviz.tasks.dataset import build_dataset
from rnnviz.tasks.table import Row
from rnnviz.tasks.upload import File, Upload
link, problems = read_link(json.loads(sys.argv[1]))
session = Session()
session.follow(link, problems)
while session.player.running:
    session.player.tick(1.0)
print(hashlib.sha256(session.state.parameters.theta.tobytes()).hexdigest())
"""


def test_a_link_leads_to_the_same_bytes_in_another_process(played, config):
    played.configure(replace(config, lr=0.2))
    played.player.advance(3)
    played.player.go_to(Position(10))
    played.player.branch()
    played.configure(replace(config, lr=0.01, clip_by="norm"))
    played.player.advance(3)
    played.player.step_phrase()
    played.player.go_to(Position(11, 7))
    query = json.dumps(played.link().to_query())
    command = [sys.executable, "-c", OPEN_ELSEWHERE, query]
    elsewhere = subprocess.run(command, capture_output=True, encoding="utf-8", check=True, cwd=ROOT)
    mine = hashlib.sha256(played.state.parameters.theta.tobytes()).hexdigest()
    assert elsewhere.stdout.strip() == mine


# Weights edited by hand

EDITS = [silence(1, 2), scale(0.9), noise(0.1, 3), set_weight("W_hy", 1, 0, 0.5)]


@pytest.mark.parametrize("shown", [Position(4), Position(4, 7), Position(0), None], ids=str)
def test_a_link_carries_what_was_done_to_the_weights(played, shown):
    if shown:
        played.player.go_to(shown)
    assert played.player.branch_with(EDITS)
    edited = weights(played)
    played.player.advance(5)
    found = opened(played.link().to_query())
    assert weights(found) == weights(played)
    assert found.player.ghost.position == played.player.ghost.position == (shown or Position(9))
    assert len(found.player.ghost.history) == len(played.player.ghost.history) == 10
    for session in (found, played):
        session.player.go_to(shown or Position(9))
        assert weights(session) == edited


def test_another_branch_after_an_edit_has_a_link_too(played):
    played.player.go_to(Position(4))
    played.player.branch_with(EDITS[:2])
    played.player.advance(3)
    played.player.go_to(Position(4))
    played.player.branch_with(EDITS[2:])
    played.player.advance(2)
    found = opened(played.link().to_query())
    assert weights(found) == weights(played)
    assert found.player.ghost.schedule == played.player.ghost.schedule
    assert found.player.ghost.history.column("train_loss").tolist() == (
        played.player.ghost.history.column("train_loss").tolist()
    )
    played.player.go_to(Position(4))
    played.player.branch()
    assert weights(opened(played.link().to_query())) == weights(played)


def test_a_branch_with_edits_says_what_was_done(played):
    played.player.branch_with(EDITS[:1])
    assert "edited weights (silence 1 2)" in played.player.message
    assert [change.shown for change in played.player.course.changes] == ["silence 1 2"]


def test_weights_that_break_the_network_are_not_branched_with(played):
    before, ghost = weights(played), played.player.ghost
    assert not played.player.branch_with(
        [scale(1e6), set_weight("W_hy", 0, 0, 1e6), noise(1e6, 0)] * 60
    )
    assert weights(played) == before
    assert played.player.ghost is ghost
    assert "a loss is not finite" in played.player.message


@pytest.mark.parametrize("position", [Position(4), Position(4, 7), None], ids=str)
def test_a_test_loss_that_is_not_finite_is_not_branched_with_either(played, position, monkeypatch):
    if position:
        played.player.go_to(position)
    before, rows = weights(played), len(played.run.history)
    test = played.run._evaluators[1]
    monkeypatch.setattr(test, "score", lambda *_: Score(float("inf"), 0.5))
    assert not played.player.branch_with(EDITS)
    assert weights(played) == before
    assert len(played.run.history) == rows
    played.player.go_to(Position(3))
    played.player.back_to_now()
    assert played.player.course.history.row(rows - 1)["train_loss"] > 0


def test_edits_that_a_network_has_no_weights_for_are_left_out_of_a_link():
    query = {"hidden": "4", "init_scale": "0.1", "epoch": "3"}
    link, problems = read_link({**query, "changes": "2:edit=silence 1 9,2:edit=scale 0.5"})
    session = Session()
    session.follow(link, problems)
    assert (
        "2:edit=silence 1 9 is left out: there is no unit 9 in a layer 1." in session.player.message
    )
    assert weights(session) == weights(opened({**query, "changes": "2:edit=scale 0.5"}))
    assert weights(session) != weights(opened(query))


def test_a_loss_that_is_not_finite_to_begin_with_is_told():
    session = Session(RunConfig(activation="relu", init_scale=2, dtype="float32", hidden=256))
    session.player.play()
    session.player.tick(1.0)
    assert not session.player.running
    assert "Try a smaller initial scale" in session.player.message
    session.configure(replace(session.config, init_scale=0.01))
    session.player.advance(1)
    assert session.player.position == Position(1)


def test_a_reset_ends_an_edit(played, config):
    played.player.branch_with(EDITS)
    played.player.reset()
    assert weights(played) == weights(Session(config))
    assert played.run.schedule.changes == ()
