"""A run that plays: forward, back, along another branch, and where a link leads."""

import hashlib
import json
import math
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qsl

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rnnviz.config import RunConfig
from rnnviz.engine.cell_text import CellError
from rnnviz.engine.evaluation import Score
from rnnviz.probe.session import Session
from rnnviz.questions.right.measure import RightLab
from rnnviz.questions.step.measure import StepLab, step_query
from rnnviz.run import player as module
from rnnviz.run.player import MOST_PROBLEMS
from rnnviz.run.schedule import Position, Schedule
from rnnviz.run.share_link import Link, read_link
from rnnviz.run.weight_edits import noise, scale, set_weight, silence
from rnnviz.tasks.data.rows import Row
from rnnviz.tasks.data_source import UploadStore
from rnnviz.tasks.text_datasets import build_dataset
from rnnviz.tasks.upload import File, Upload
from tests.sampling import each_row

PLACES = st.builds(Position, st.integers(0, 2), st.integers(0, 9) | st.integers(50, 99))
ROOT = Path(__file__).resolve().parents[3]
CONFIG = RunConfig(hidden=8, init_scale=0.1, lr=0.05, epochs=200)
#: It breaks in its first epoch.
BREAKING = RunConfig(
    task="waves", activation="relu", init_scale=0.5, hidden=8, lr=100.0, clip_by="off"
)
EDITS = [silence(1, 2), scale(0.9), noise(0.1, 3), set_weight("W_hy", 1, 0, 0.5)]


def weights(session):
    return session.state.parameters.theta.tobytes()


def losses(run):
    return run.history.column("train_loss").tolist()


def run_of(count, **settings):
    session = Session(replace(CONFIG, **settings))
    session.player.advance(count)
    return session


@pytest.fixture
def played():
    """A small run at epoch 9."""
    return run_of(9)


def branched(session, position, edits=()):
    """The session on another branch from there."""
    session.player.go_to(position)
    if edits:
        assert session.player.branch_with(edits)
    else:
        session.player.branch()
    return session


def finish(session):
    while session.player.running:
        session.player.tick(1.0)


def opened(query):
    link, problems = read_link(query)
    assert problems == []
    session = Session()
    session.follow(link, patience=math.inf)
    finish(session)
    return session


def reopened(session):
    """The session that its link leads to, with the same weights, scores and link."""
    copy = opened(session.link().to_query())
    assert weights(copy) == weights(session)
    assert losses(copy.run) == losses(session.run)
    assert copy.config == session.config
    assert copy.link() == session.link()
    return copy


# Looking back


def test_going_back_shows_the_weights_of_then_and_trains_nothing(played):
    before = weights(played)
    for epoch in (0, 4):
        then = run_of(epoch)
        played.player.go_to(Position(epoch))
        assert weights(played) == weights(then)
        assert played.inspect().probability == then.inspect().probability
        assert (played.player.progress, played.player.condition) == (str(epoch), "Looking back")
        assert "The run is at epoch 9." in played.player.message
    assert (len(played.run.history), played.run.position) == (10, Position(9))
    played.player.back_to_now()
    assert (weights(played), played.player.shown) == (before, None)
    for beyond in (9, 10, 10**6):
        played.player.go_to(Position(beyond))
        assert (played.player.shown, played.player.progress) == (None, "9")


def test_play_from_the_past_replays_and_then_trains_on(played):
    played.player.go_to(Position(6))
    played.player.play()
    assert played.player.condition == "Replaying"
    played.player.tick(1.0)
    assert (played.player.progress, played.run.position) == ("7", Position(9))
    while played.run.position < (12, 0):
        played.player.tick(1.0)
    assert played.player.condition == "Running"
    assert weights(played) == weights(run_of(12))


@each_row(
    ("speed", "budget", "count", "progress"),
    [
        (60, float("inf"), 2, "5"),
        (60, float("inf"), 50, "9"),
        (60, 0.0, 5, "4"),
        (0, 1.0, 1, "3 + 1/58"),
    ],
)
def test_a_replay_has_the_pace_of_training(played, speed, budget, count, progress):
    played.player.go_to(Position(3))
    played.player.speed = speed
    played.player.play()
    played.player.tick(budget, count)
    assert played.player.progress == progress


def test_a_finished_run_can_be_replayed_to_its_end():
    player = run_of(3, epochs=3).player
    player.go_to(Position(1))
    assert not player.over
    player.play()
    player.tick(1.0, 50)
    assert (player.running, player.condition) == (False, "Finished")
    assert "Finished. Drag" in player.message


RISING = {"optimizer": "adam", "lr": 0.02, "epochs": 120}


@pytest.mark.parametrize("patience", [2, 5, 20])
@pytest.mark.parametrize("budget", [math.inf, 0.001])
def test_a_run_stops_when_the_test_loss_no_longer_falls(patience, budget):
    whole = run_of(120, **RISING)
    losses = whole.run.history.column("test_loss")
    end = next(e for e in range(len(losses)) if e - losses[: e + 1].argmin() == patience)
    stopped = run_of(0, **RISING, patience=patience)
    stopped.player.play()
    while stopped.player.running:
        stopped.player.advance(7, budget)
    player, best = stopped.player, end - patience
    assert (player.run.position, player.position) == (Position(end), Position(best))
    assert (
        f"Stopped early at epoch {end}: the test loss was lowest at epoch {best}," in player.message
    )
    whole.player.go_to(Position(best))
    assert weights(stopped) == weights(whole)


def test_a_stopped_run_is_reopened_replayed_and_trained_on():
    player = run_of(120, **RISING, patience=5).player
    end, link = player.run.position, player.link()
    other = Session(RunConfig()).player
    other.follow(*read_link(link.to_query()), math.inf)
    assert (other.run.position, other.position) == (end, player.position)
    player.play()
    player.tick(1.0, 50)
    assert (player.running, player.over, player.position) == (False, True, end)
    assert "Stopped early" in player.message
    player.advance(1)
    assert player.run.position == end
    player.configure(replace(player.config, patience=0))
    player.back_to_now()
    player.advance(3)
    assert player.position == Position(end.epoch + 3)
    assert not player.run.schedule.changes


def test_without_a_test_set_the_training_loss_counts():
    settings = {"task": "spelling", "optimizer": "adam", "lr": 0.3, "epochs": 60, "patience": 3}
    player = run_of(60, **settings).player
    losses = player.run.history.column("train_loss")
    assert len(losses) - 1 - losses.argmin() == 3
    assert "the train loss was lowest" in player.message


def test_steps_in_the_past_are_replayed(played):
    then = run_of(4)
    played.player.go_to(Position(4))
    for session in (played, then):
        session.player.step_phrase()
    assert played.player.progress == "4 + 1/58"
    assert weights(played) == weights(then)
    played.player.step_epoch()
    assert played.player.progress == "5"
    for _ in range(5):
        played.player.step_epoch()
    assert (played.player.shown, played.run.position) == (None, Position(10))


def test_a_position_inside_the_present_epoch_can_be_left_and_found_again(played):
    played.player.step_phrase()
    before = weights(played)
    played.player.go_to(Position(9))
    assert weights(played) != before
    played.player.step_phrase()
    assert (played.player.shown, weights(played)) == (None, before)


# Branches


def test_a_branch_makes_the_past_the_present_and_keeps_the_old_run(played):
    played.player.branch()
    assert (played.player.ghost, played.run.position) == (None, Position(9))
    old = losses(played.run)
    played.player.go_to(Position(4))
    then = weights(played)
    played.player.branch()
    assert (played.player.shown, played.run.position) == (None, Position(4))
    assert weights(played) == then
    assert "Branched at epoch 4. The old run, up to epoch 9" in played.player.message
    played.configure(replace(CONFIG, lr=0.5))
    assert "Learning rate is 0.5 from epoch 4 on" in played.player.message
    played.player.advance(5)
    ghost = played.player.course.ghost
    assert (ghost.position, losses(ghost)) == (Position(4), old)
    assert losses(played.run)[:5] == old[:5]
    assert all(a != b for a, b in zip(losses(played.run)[5:], old[5:], strict=True))


def test_the_present_is_compared_with_a_past_epoch_or_the_one_that_is_pinned(played):
    player = played.player
    assert player.second is None and played.second is None, "nothing is compared with itself"
    player.go_to(Position(4))
    assert player.second == Position(9)
    assert played.second_state is player.run.state
    then = weights(played)
    player.pin()
    assert player.second is None
    player.go_to(Position(7))
    assert player.second == Position(4)
    assert played.second_state.parameters.theta.tobytes() == then
    player.back_to_now()
    player.advance(1)
    assert player.second == Position(4)
    assert played.second.parameters.theta.tobytes() == then, "the training has not changed it"
    assert player.course.pinned == 4
    player.pin()
    assert player.second is None and player.course.pinned is None


@each_row(("branch", "kept"), [(2, False), (4, False), (6, True)])
def test_a_branch_ends_the_comparison_with_what_it_has_left(branch, kept):
    played = run_of(9)
    played.player.go_to(Position(4))
    played.player.pin()
    branched(played, Position(branch))
    assert (played.player.pinned is not None) == kept


def test_a_link_carries_what_is_compared_with(played):
    played.player.go_to(Position(4, 7))
    played.player.pin()
    played.player.go_to(Position(6))
    query = played.link().to_query()
    assert (query["pin"], query["epoch"], query["now"]) == ("4/7", "6", "9")
    other = run_of(0)
    other.follow(read_link(query)[0], patience=math.inf)
    assert other.player.second == Position(4, 7)
    assert np.array_equal(other.second_state.parameters.theta, played.second_state.parameters.theta)
    assert "beyond" in read_link({**query, "pin": "20"})[1][0]
    played.player.reset()
    assert "pin" not in played.link().to_query()


def test_a_setting_changed_while_looking_back_is_of_the_present_until_a_branch(played):
    played.player.go_to(Position(4))
    before = weights(played)
    played.configure(replace(CONFIG, lr=0.2))
    assert weights(played) == before
    assert played.player.message == (
        "Learning rate is 0.2 from epoch 9 on. To try it from epoch 4, press Branch here."
    )
    assert played.lab(StepLab).record(step_query(played)).config.lr == CONFIG.lr
    played.player.go_to(Position(4))
    assert "Learning rate was 0.05 here" in played.player.message
    played.player.branch()
    assert played.lab(StepLab).record(step_query(played)).config.lr == 0.2
    assert played.run.schedule.text() == "4:lr=0.2"
    assert played.player.ghost.schedule.text() == "9:lr=0.2"


@each_row("restart", [lambda s: s.player.reset(), lambda s: s.configure(RunConfig(seed=5))])
@each_row("edits", [(), EDITS])
def test_a_run_started_again_has_no_ghost_no_past_and_no_edits(restart, edits):
    played = branched(run_of(9), Position(4), edits)
    played.player.go_to(Position(3))
    restart(played)
    assert (played.player.ghost, played.player.shown, played.player.progress) == (None, None, "0")
    assert played.run.schedule.changes == ()
    assert weights(played) == weights(Session(played.config))


def test_a_gradient_check_is_not_taken_for_one_of_another_branch(played):
    played.lab(RightLab).check(played.gradient_query())
    assert played.lab(RightLab).checked(played.gradient_query()) is not None
    branched(played, Position(4)).configure(replace(CONFIG, lr=0.5))
    played.player.advance(5)
    assert played.lab(RightLab).checked(played.gradient_query()) is None


# Links


OPEN_ELSEWHERE = """
import hashlib, json, sys
from tests.unit.run.test_player import opened, weights
print(hashlib.sha256(weights(opened(json.loads(sys.argv[1])))).hexdigest())
"""


def test_a_link_carries_changes_the_past_the_ghost_and_a_position_inside_an_epoch(played):
    """To another process too."""
    played.configure(replace(CONFIG, lr=0.2))
    played.player.advance(3)
    played.player.step_phrase()
    played.configure(replace(CONFIG, lr=0.2, clip_by="norm"))
    played.player.advance(2)
    branched(played, Position(8)).configure(replace(CONFIG, lr=0.03))
    played.player.advance(4)
    played.player.step_phrase()
    played.player.go_to(Position(10, 3))
    query = played.link().to_query()
    assert query["ghost"] == "8:14"
    assert query["ghost_changes"] == "9:lr=0.2,12/1:clip_by=norm"
    copy = reopened(played)
    assert copy.run.state.parameters.theta.tobytes() == played.run.state.parameters.theta.tobytes()
    assert losses(copy.player.ghost) == losses(played.player.ghost)
    command = [sys.executable, "-c", OPEN_ELSEWHERE, json.dumps(query)]
    elsewhere = subprocess.run(command, capture_output=True, encoding="utf-8", check=True, cwd=ROOT)
    assert elsewhere.stdout.strip() == hashlib.sha256(weights(played)).hexdigest()


def test_a_long_way_is_gone_in_ticks_and_the_address_stays_meanwhile():
    query = {"hidden": "2", "epochs": "60", "epoch": "30", "now": "40"}
    session = Session()
    session.follow(read_link(query)[0], patience=0.0)
    session.player.tick(0.0)
    assert (session.player.running, session.player.condition) == (True, "Opening")
    assert "Training to the epoch asked for: now" in session.player.message
    assert session.link().to_query() == query
    finish(session)
    assert (session.player.position, session.run.position) == (Position(30), Position(40))
    straight = Session(RunConfig(hidden=2))
    straight.player.advance(30)
    assert weights(session) == weights(straight)


@each_row("change", [{}, {"lr": 0.3}, {"seed": 3}])
def test_pause_or_a_changed_setting_ends_the_way(change):
    session = Session()
    query = {"hidden": "2", "epoch": "40", "changes": "30:lr=0.5"}
    session.follow(read_link(query)[0], patience=0.0)
    if change:
        session.configure(replace(session.config, **change))
    else:
        session.player.pause()
        assert "The link was followed up to epoch" in session.player.message
    assert session.player.condition == "Paused"
    assert session.run.position < Position(30)
    session.player.advance(1)
    assert session.run.schedule.at(session.run.position) == session.config
    assert session.config.lr == change.get("lr", 0.5)


@each_row(
    "query",
    [
        {"lr": "10.0", "epoch": "900"},
        {"lr": "100.0", "init_scale": "2.0", "epoch": "50", "ghost": "20:40"},
    ],
)
def test_a_link_to_a_run_that_breaks_says_so(query):
    session = opened(query)
    assert session.run.position.epoch < 50
    assert "no longer a finite number" in session.player.message
    assert np.isfinite(session.state.parameters.theta).all()
    assert session.player.ghost is None


def test_a_link_that_is_stopped_before_its_branch_leaves_no_ghost():
    """Its own link would be refused."""
    query = {"hidden": "2", "now": "40", "changes": "30:edit=silence 1 0", "ghost": "30:31"}
    session = Session(RunConfig())
    link, _ = read_link(query)
    session.follow(link, patience=0)
    while not (session.player.ghost and session.run.position < Position(20)):
        session.player.tick(0.0)
    session.player.pause()
    assert session.player.ghost is None
    assert read_link(session.link().to_query())[1] == []


def test_a_run_beyond_its_lowered_last_epoch_has_a_link_that_leads_there(played):
    played.configure(replace(CONFIG, epochs=5))
    assert reopened(played).run.position == Position(9)
    branched(played, Position(4)).configure(replace(CONFIG, epochs=6))
    played.player.advance(2)
    assert len(reopened(played).player.ghost.history) == 10


def test_a_link_to_an_example_that_an_epoch_does_not_have_leads_to_the_last():
    session = opened({"hidden": "2", "epoch": "2/9999", "now": "3/58", "ghost": "1/77:4/99"})
    assert (session.player.position, session.run.position) == (Position(3), Position(4))
    assert session.player.ghost.position == Position(2)


def test_problems_of_a_link_stay_in_sight_at_its_end():
    link, problems = read_link({"hidden": "2", "epoch": "5", "lr": "x"})
    session = Session()
    session.follow(link, problems, patience=0.0)
    session.player.note("The server was started again.")
    assert "In the link: Learning rate" in session.player.message
    finish(session)
    assert session.player.message.startswith("The server was started again. In the link: Learning")
    assert session.player.message.endswith("Opened at epoch 5.")


def test_of_many_problems_of_a_link_the_first_are_told_and_the_others_counted():
    link, problems = read_link({"hidden": "2", "changes": ",".join("x" * 300)})
    session = Session()
    session.follow(link, problems)
    assert f"In the link: {len(problems) - MOST_PROBLEMS} more problems." in (
        session.player.message
    )
    assert len(session.player.message) < 10_000


def test_a_branch_inside_the_present_epoch_has_a_link_that_leads_there(session):
    for _ in range(3):
        session.player.step_phrase()
    branched(session, Position(0, 2))
    assert session.link().to_query()["ghost"] == "0/2:0/3"
    reopened(session)


def test_a_branch_that_breaks_goes_back_to_where_it_began(played):
    branched(played, Position(4, 2)).configure(replace(CONFIG, lr=100.0, clip_by="off"))
    played.run.state.parameters.theta[:] = 1e308
    played.player.step_phrase()
    assert played.run.position == Position(4, 2)
    assert read_link(played.link().to_query())[1] == []


def test_a_default_run_has_an_empty_link_and_one_on_given_data_its_settings_alone():
    session = opened({})
    assert session.player.message.startswith("Press Play")
    assert session.link().to_query() == {}
    rows = [Row(2, "so warm", "sunny"), Row(3, "so cold", "rainy")]
    given = Session(CONFIG, build_dataset("mine", rows))
    given.player.advance(2)
    assert given.link().to_query().keys() == {"hidden", "init_scale", "lr", "epochs"}


AT_THE_START = [
    {},
    {"lr": 0.1},
    {"optimizer": "adam", "lr": 0.01},
    {"clip_by": "norm", "truncate": 2},
]


@each_row("settings", AT_THE_START)
@each_row("edits", [(), EDITS])
def test_a_link_carries_the_settings_of_the_old_run_of_a_branch_at_the_start(settings, edits):
    played = run_of(9)
    played.configure(replace(CONFIG, lr=0.2))
    played.player.advance(3)
    branched(played, Position(0), edits).configure(replace(CONFIG, **settings))
    played.player.advance(2)
    old, ghost = played.player.ghost, reopened(played).player.ghost
    assert losses(ghost) == losses(old)
    for epoch in range(12):
        then, now = (run.schedule.at(Position(epoch)) for run in (old, ghost))
        assert replace(then, epochs=1) == replace(now, epochs=1)


def test_a_branch_at_the_start_of_a_branch_at_the_start_has_a_link_too(played):
    branched(played, Position(0)).configure(replace(CONFIG, lr=0.1))
    played.player.advance(3)
    played = reopened(played)
    played.player.go_to(Position(0))
    branched(played, Position(0)).configure(replace(CONFIG, lr=0.3))
    assert losses(reopened(played).player.ghost) == losses(played.player.ghost)
    assert played.link().to_query()["ghost_changes"] == "0:lr=0.1"


def test_a_run_on_the_readers_own_data_is_found_again_as_long_as_they_are_kept():
    store = UploadStore()
    first, second, elsewhere = Session(CONFIG, None, store), Session(None, None, store), Session()
    content = b"text,label\nso warm,sunny\nso cold,rainy\n"
    first.load(Upload(File("mine.csv", content), test_share=0))
    first.player.advance(3)
    link, problems = read_link(first.link().to_query())
    assert problems == []
    second.follow(link, patience=math.inf)
    assert (second.dataset.name, weights(second)) == ("mine.csv", weights(first))
    elsewhere.follow(link, patience=math.inf)
    assert elsewhere.dataset.name == "sentiment"
    assert "its data are not on this computer" in elsewhere.player.message


def test_more_changes_than_a_link_carries_are_said(played, monkeypatch):
    monkeypatch.setattr(module, "MAX_CHANGES", 2)
    for i in range(4):
        played.player.advance(1)
        played.configure(replace(CONFIG, lr=0.1 + i / 100))
    assert "A link carries 2 changes" in played.player.message


# Weights edited by hand


@each_row("position", [Position(4), Position(4, 7), Position(0), Position(9)])
def test_a_link_carries_what_was_done_to_the_weights(position):
    played = branched(run_of(9), position, EDITS)
    edited = weights(played)
    played.player.advance(5)
    copy = reopened(played)
    assert copy.player.ghost.position == played.player.ghost.position == position
    assert len(copy.player.ghost.history) == len(played.player.ghost.history) == 10
    for session in (copy, played):
        session.player.go_to(position)
        assert weights(session) == edited


def test_another_branch_after_an_edit_has_a_link_too(played):
    branched(played, Position(4), EDITS[:2]).player.advance(3)
    branched(played, Position(4), EDITS[2:]).player.advance(2)
    copy = reopened(played)
    assert copy.player.ghost.schedule == played.player.ghost.schedule
    assert losses(copy.player.ghost) == losses(played.player.ghost)
    reopened(branched(played, Position(4)))


def test_a_branch_with_edits_says_what_was_done(played):
    played.player.branch_with(EDITS[:1])
    assert "edited weights (silence 1 2)" in played.player.message
    assert [change.shown for change in played.player.course.changes] == ["silence 1 2"]


@each_row("position", [Position(4), Position(4, 7), Position(9)])
@each_row("broken", ["train", "test"])
def test_weights_with_a_loss_that_is_not_finite_are_not_branched_with(position, broken):
    played, edits = run_of(9), EDITS
    played.player.go_to(position)
    before, rows = weights(played), losses(played.run)
    if broken == "train":
        edits = [scale(1e6), set_weight("W_hy", 0, 0, 1e6), noise(1e6, 0)] * 60
    else:
        played.run._evaluators[1].score = lambda *_: Score(float("inf"), 0.5)
    assert not played.player.branch_with(edits)
    assert "a loss is not finite" in played.player.message
    assert (weights(played), played.player.ghost) == (before, None)
    assert losses(played.run) == rows


def test_what_changes_within_a_batch_has_changed_at_its_start():
    query = {"hidden": "4", "batch": "4"}
    assert weights(opened({**query, "now": "0/8", "changes": "0/2:lr=0.5"})) == weights(
        opened({**query, "now": "0/8", "lr": "0.5"})
    )
    changes = "0/3:edit=scale 0.5,1/99:lr=0.5,1/99:edit=silence 1 1"
    own = opened({**query, "epoch": "2/5", "now": "3", "changes": changes})
    page = branched(opened({**query, "now": "2"}), Position(0), [scale(0.5)])
    page.player.advance(2)
    page = branched(page, page.run.position, [silence(1, 1)])
    page.configure(replace(page.config, lr=0.5))
    page.player.advance(1)
    assert weights(own) != weights(page)  # at 2/4 and at 3
    own.player.back_to_now()
    assert weights(own) == weights(page)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.builds("{}:{}".format, PLACES, st.sampled_from(["lr=0.5", "edit=scale 0.9"]))),
    st.lists(PLACES, min_size=4, max_size=4).map(sorted),
)
def test_every_place_of_a_link_is_one_where_a_page_can_be(changes, places):
    left, shown, now, end = map(str, places)
    session, old = Session(), {"ghost": f"{left}:{end}", "ghost_changes": f"{shown}:lr=0.3"}
    query = {"hidden": "2", "batch": "4", "epoch": shown, "now": now, "pin": left, **old}
    session.follow(read_link({**query, "changes": ",".join(changes)})[0], patience=math.inf)
    link, run = session.player.link(), session.run
    told = [link.now, link.shown, link.old.left, link.old.now, link.pinned]
    told += [change.position for change in (*link.schedule.changes, *link.old.changes)]
    assert told == [*map(run.clamped, told)]
    reopened(session)


def test_edits_that_a_network_has_no_weights_for_are_left_out_of_a_link():
    query = {"hidden": "4", "init_scale": "0.1", "epoch": "3"}
    link, problems = read_link({**query, "changes": "2:edit=silence 1 9,2:edit=scale 0.5"})
    session = Session()
    session.follow(link, problems, patience=math.inf)
    assert (
        "2:edit=silence 1 9 is left out: there is no unit 9 in a layer 1." in session.player.message
    )
    assert weights(session) == weights(opened({**query, "changes": "2:edit=scale 0.5"}))
    assert weights(session) != weights(opened(query))


def test_an_edit_that_ends_a_run_is_named_and_what_is_written_is_read_again():
    query = "task=recall&cell=leaky&hidden=8&init=xavier&batch=41&now=3"
    session = opened(dict(parse_qsl(f"{query}&changes=1:edit=scale 1e6&ghost=1:2")))
    assert session.run.position == Position(0)
    assert "with the weights that are edited after it, the loss" in session.player.message
    _, problems = read_link(session.link().to_query())
    assert problems == []


@each_row("changes", ["0:edit=scale 1e6", "0:edit=silence 1 1,0:edit=scale 1e6,0:lr=0.5"])
@each_row("whose", [{"now": "3", "epoch": "2"}, {"now": "3", "ghost": "0:2"}])
def test_edits_at_the_start_without_which_the_run_begins_are_named(whose, changes):
    query = {"task": "recall", "lag": "50", "activation": "relu", "init_scale": "0.1"}
    side = "ghost_changes" if "ghost" in whose else "changes"
    session = opened({**query, **whose, "hidden": "8", side: changes})
    assert session.run.position == Position(0)
    assert "Stopped at epoch 0: with the weights that are edited there" in session.player.message
    assert session.player.message.endswith("Make the edit smaller.")
    assert "make the edit smaller" in session.story.sentence
    assert np.isfinite(session.run.history.row(0)["train_loss"])
    session.player.advance(1)
    assert session.run.position == Position(1)


def test_of_a_run_that_breaks_after_an_edit_both_causes_are_named():
    session = branched(Session(replace(BREAKING, lr=1e-5)), Position(0), [scale(1.5)])
    session.configure(BREAKING)
    session.player.advance(1)
    assert "Stopped at epoch 0: with the weights that are edited there" in session.player.message
    assert session.player.message.endswith(
        "Make the edit smaller, or try a learning rate of 0.02, or clip the gradient."
    )


def test_what_is_compared_with_ends_where_a_run_that_breaks_goes_back_to():
    """Else its link would lead beyond the run."""
    session = Session(replace(BREAKING, lr=1e-4, clip_by="value"))
    for _ in range(2):
        session.player.step_phrase()
    session.player.pin()
    session.configure(BREAKING)
    session.player.advance(1)
    assert (session.run.position, session.player.pinned) == (Position(0), None)
    session.player.pin()
    session.player.advance(1)
    assert (session.player.remedy != "", session.player.pinned) == (True, Position(0))
    assert read_link(session.link().to_query())[1] == []


def test_equations_that_make_no_cell_change_nothing():
    session = Session(CONFIG)
    with pytest.raises(CellError):
        session.configure(replace(CONFIG, cell="own", equations="h = é"))
    assert session.config == CONFIG
    session.player.reset()


def test_a_link_has_no_more_noise_than_is_soon_added(monkeypatch):
    query = {"hidden": "4", "epoch": "1"}
    noises = [f"0:edit=noise 0.1 {seed}" for seed in range(4)]
    size = Session(RunConfig(hidden=4)).state.parameters.theta.size
    monkeypatch.setattr(module, "MOST_DRAWN", 3 * size - 1)
    session = opened({**query, "changes": ",".join(noises)})
    assert "of 4 noises the first 2 are read." in session.player.message
    # Equal ones, too.
    alike = opened({**query, "changes": ",".join(noises[:1] * 4)})
    assert len(alike.run.schedule.changes) == 2
    assert weights(session) == weights(opened({**query, "changes": ",".join(noises[:2])}))


def test_a_loss_that_is_not_finite_to_begin_with_is_told():
    session = Session(RunConfig(activation="relu", init_scale=2, dtype="float32", hidden=256))
    session.player.play()
    session.player.tick(1.0)
    assert not session.player.running
    assert "Try a smaller initial scale" in session.player.message
    session.configure(replace(session.config, init_scale=0.01))
    session.player.advance(1)
    assert session.player.position == Position(1)


def test_a_link_to_the_start_leaves_no_message_of_the_run_before():
    played = run_of(2)
    played.player.message = "Finished."
    played.player.follow(Link(Schedule(replace(CONFIG, cell="gru"))))
    assert played.player.message.startswith("Press Play") and played.run.position == Position(0)
