"""The session host with a given clock: training, frames, commands, and background work."""

import math
import time
from contextlib import suppress
from dataclasses import replace
from functools import partial, reduce
from itertools import repeat
from urllib.parse import parse_qsl, urlencode

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnnviz.charts.picture import Picture, scatter
from rnnviz.config import RunConfig
from rnnviz.engine.batch import collate
from rnnviz.engine.training import record
from rnnviz.page import command, session_host
from rnnviz.page.command import RefusedError as Refused
from rnnviz.page.session_host import (
    FAILED,
    FRAME,
    LEASE,
    MAX_BACKLOG,
    MAX_CLIENTS,
    REFINE,
    STEPS,
    Pace,
    SessionHost,
)
from rnnviz.probe.session import Session
from rnnviz.run import run as running
from rnnviz.run.checksum import Checksum
from rnnviz.run.run import TrainingRun
from rnnviz.run.schedule import MAX_CHANGES, Position
from rnnviz.run.share_link import read_link
from rnnviz.run.weight_edits import scale
from rnnviz.ui import frame
from rnnviz.ui.frame import FREE_SECONDS
from rnnviz.ui.viewer import MAX_IN_FLIGHT, SILENCE, Scene
from tests.sampling import each_row
from tests.unit.page.browser import Browser

SMALL = RunConfig(hidden=2, epochs=100_000)


class Clock:
    """A host with its time."""

    def __init__(self, session=None):
        self.now = 0.0
        self.host = SessionHost(session or Session(SMALL), self.now)

    @property
    def session(self):
        return self.host.session

    @property
    def epoch(self):
        return self.session.run.position.epoch

    def playing(self, speed=60, scene=None):
        """A browser that has started the run."""
        browser = Browser(self, scene)
        browser.say("speed", epochs=speed)
        browser.say("play")
        return browser

    def run(self, seconds, *browsers):
        """Let the time pass, as an actor does; these browsers answer at once."""
        until = self.now + seconds
        while self.now < until:
            work = self.host.background_work(self.now)
            if work:
                work()
            self.host.turn(self.now)
            for browser in browsers:
                browser.answer()
            wait = self.host.idle_time(self.now)
            self.now = min(until, self.now + (math.inf if wait is None else max(wait, 1e-4)))


@pytest.fixture
def clock():
    return Clock()


# Speed


@pytest.mark.parametrize("speed", [1, 5, 20, 60])
def test_the_speed_is_epochs_a_second_and_the_first_is_due_at_once(clock, speed):
    browser = clock.playing(speed)
    clock.run(0.01, browser)
    assert clock.epoch == 1
    clock.run(3.99, browser)
    assert clock.epoch == pytest.approx(4 * speed, abs=1 + 0.05 * 4 * speed)


def test_slow_motion_takes_single_steps(clock):
    clock.run(3.0, clock.playing(0))
    assert clock.session.run.position == Position(0, pytest.approx(3 * STEPS, abs=1))


def test_a_browser_that_draws_slowly_gets_the_newest_and_the_run_keeps_its_speed(clock):
    browser = clock.playing(20)
    for count in range(1, 9):
        clock.run(0.25)
        assert len(browser.frames) == count * MAX_IN_FLIGHT
        browser.answer()
    assert clock.epoch == pytest.approx(40, abs=3)
    # Two frames on the way: what is drawn is at most a frame older than the newest.
    assert browser.header["epoch"] >= 30


@each_row("rate", [5, 10, 20])
def test_an_epoch_that_takes_long_takes_its_time_from_the_wait(rate):
    pace, now, done = Pace(), 0.0, 0
    pace.reset()
    while now < 10:
        if pace.due(now, rate):
            now += 0.9 / rate
            done += 1
            pace.credit -= 1
        now += max(pace.wait(now, rate), 1e-4)
    assert done == pytest.approx(10 * rate, rel=0.03)
    assert pace.due(now + 100.0, rate) == max(2, 1 + int(MAX_BACKLOG * rate)), "not all of it"


# Frames


def test_frames_come_no_faster_than_a_screen_and_only_while_something_changes(clock):
    browser = clock.playing(600)
    clock.run(0.5, browser)
    assert len(browser.frames) <= 0.5 / FRAME + 2
    browser.say("pause")
    clock.run(1.0, browser)
    last, before = browser.header, len(browser.frames)
    assert [frame["running"] for frame in browser.frames[-2:]] == [True, False]
    assert (last["epoch"], last["heard"]) == (clock.epoch, browser.number)
    clock.run(5.0, browser)
    assert len(browser.frames) == before
    assert clock.host.idle_time(clock.now) is None


def drawing(session, drawn=None):
    """A scene of a curve that grows with the run, and of a far picture."""

    def curve():
        return Picture([scatter(y=session.run.history.column("train_loss").copy())], {"title": "L"})

    def draw(frame):
        frame.chart("loss", curve)
        frame.chart("far", lambda: drawn.append("far") or Picture([], {}))

    return Scene(session, draw)


def test_a_curve_sends_its_new_rows_and_what_is_out_of_sight_is_not_computed(clock, monkeypatch):
    # On a busy machine any picture may take long.
    monkeypatch.setattr(frame, "FREE_SECONDS", math.inf)
    drawn = []
    browser = clock.playing(scene=drawing(clock.session, drawn))
    browser.watch("loss", new=["loss"])
    clock.run(0.7, browser)
    sent = [frame["pictures"]["loss"] for frame in browser.frames if frame["pictures"]]
    assert [row["arrays"][0][3] > 0 for row in sent] == [False] + [True] * (len(sent) - 1)
    assert all(row["outline"] is None for row in sent[1:])
    losses = clock.session.run.history.column("train_loss").tolist()
    assert browser.array("loss", "0.y").tolist() == losses
    assert not drawn
    browser.watch("far")
    clock.run(0.1, browser)
    assert drawn


def test_what_waits_during_a_drag_is_drawn_when_the_hand_rests(clock):
    epochs = []

    def slow():
        time.sleep(8 * FREE_SECONDS)
        epochs.append(clock.session.player.position.epoch)
        return Picture([scatter(y=[float(epochs[-1])])], {})

    scene = Scene(clock.session, lambda frame: frame.chart("slow", slow))
    clock.session.player.advance(9)
    browser = Browser(clock, scene)
    browser.watch("slow", new=["slow"])
    clock.run(0.02, browser)
    for epoch in (3, 4, 5, 6):
        browser.say("seek", epoch=epoch, settled=False)
        clock.run(0.001, browser)
    assert epochs == [9]
    clock.run(2 * REFINE, browser)
    assert epochs == [9, 6]


def test_a_picture_that_is_laid_out_again_is_sent_whole_and_none_of_another_run(clock):
    browser, other = Browser(clock, drawing(clock.session)), Browser(clock, drawing(Session(SMALL)))
    other.watch("loss", new=["loss"])
    for new, whole in ((["loss"], True), ([], False), (["loss"], True)):
        browser.watch("loss", new=new)
        clock.run(0.1, browser)
        assert bool(browser.header["pictures"].get("loss", {}).get("outline")) == whole
    assert other.header["pictures"] == {}


def test_a_page_that_can_not_be_drawn_says_so_and_holds_the_run_until_it_can_be(clock):
    divisor = 0
    browser = clock.playing(scene=Scene(clock.session, lambda frame: 1 / divisor))
    clock.run(0.5, browser)
    assert browser.header["problem"].startswith("This page can't be drawn here.")
    assert not clock.session.player.running
    assert len(browser.frames) < 5
    divisor = 1
    browser.say("step", what="epoch")
    clock.run(0.1, browser)
    assert browser.header["problem"] == ""


def test_a_picture_that_takes_too_long_is_given_up_and_the_others_are_drawn(clock, monkeypatch):
    monkeypatch.setattr(frame, "PICTURE_TIME", 0)
    parameters = clock.session.state.parameters
    batch = collate(clock.session.player.dataset.train[:1])

    def slow():
        record(parameters, batch)
        pytest.fail("begins another pass")

    def draw(frame):
        frame.chart("loss", slow)
        frame.chart("accuracy", lambda: Picture([scatter(y=[1.0])], {}))

    browser = clock.playing(scene=Scene(clock.session, draw))
    browser.watch("loss", "accuracy")
    clock.run(0.01)
    assert [*browser.header["pictures"]] == ["accuracy"]
    assert clock.session.player.running and not browser.header["problem"]


def test_who_leaves_has_nothing_more_drawn(clock):
    parameters, passes = clock.session.state.parameters, []
    batch = collate(clock.session.player.dataset.train[:1])

    def draw(_):
        for _ in range(3):
            passes.append(record(parameters, batch))
            browser.viewer.gone = True

    browser = clock.playing(scene=Scene(clock.session, draw))
    clock.run(0.01, browser)
    assert len(passes) == 1
    assert clock.session.player.running and FAILED not in clock.session.player.message


def test_who_leaves_has_no_commands_executed_until_they_come_back(clock):
    browser = Browser(clock)
    browser.viewer.gone = True
    browser.say("step", what="epoch")
    assert clock.epoch == 0
    again = Browser(clock)
    again.say("step", what="epoch")
    assert clock.epoch == 1


@pytest.fixture
def slow(monkeypatch):
    """Turns in which an epoch takes a single step."""
    monkeypatch.setattr(running, "_WORK", 1)
    monkeypatch.setattr(command, "PATIENCE", 0.0)
    monkeypatch.setattr(session_host, "WORK_SLICE", 0.0)


def work(clock, turns=10_000):
    """Work for so many turns, or until there is nothing more to do."""
    for _ in range(turns):
        if not (work := clock.host.background_work(clock.now)):
            break
        work()
        clock.host.turn(clock.now)
    return clock.session.run.position


def test_an_epoch_is_trained_in_turns_between_which_it_can_be_paused(clock, slow):
    browser = Browser(clock)
    browser.say("speed", epochs=0)
    browser.say("step", what="epoch")
    assert clock.session.run.position == Position(0, 1)
    assert work(clock, 3) == Position(0, 4)
    assert clock.session.player.condition == "Running"
    browser.say("pause")
    assert work(clock) == Position(0, 4)
    browser.say("step", what="epoch")
    assert work(clock) == Position(1)
    assert clock.session.player.condition == "Paused"
    straight = Session(SMALL)
    straight.player.advance(1)
    assert np.array_equal(clock.session.state.parameters.theta, straight.state.parameters.theta)


def test_while_an_epoch_is_trained_every_press_is_one_more(clock, slow):
    browser = Browser(clock)
    for _ in range(3):
        browser.say("step", what="epoch")
        work(clock, 1)
    before = clock.host.edition
    assert work(clock) == Position(3)
    assert clock.host.edition > before, "the rest of the page shows the end of it"


@pytest.mark.parametrize("by", ["play", "pause", "reset", "seed", "step_phrase", "seek"])
def test_what_else_is_done_ends_the_epoch_that_is_trained(by, clock, slow):
    browser = Browser(clock)
    clock.session.player.advance(1)
    browser.say("step", what="epoch")
    assert clock.session.player.stepping
    browser.say(**{"step_phrase": {"do": "step", "what": "phrase"}}.get(by, {"do": by, "epoch": 0}))
    assert not clock.host.pair.at_work
    assert clock.session.player.running == (by == "play")


def test_settings_of_the_next_step_leave_the_epoch_going_on(clock, slow):
    Browser(clock).say("step", what="epoch")
    clock.session.configure(replace(SMALL, lr=0.1))
    assert work(clock) == Position(1)


def test_an_epoch_rests_while_nobody_looks_and_ends_if_it_breaks(clock, slow, monkeypatch):
    browser = Browser(clock)
    browser.say("step", what="epoch")
    clock.host.detach(browser.viewer, clock.now)
    assert work(clock) == Position(0, 1)
    Browser(clock)
    monkeypatch.setattr(TrainingRun, "_append_scores", lambda _: False)
    assert work(clock) == Position(0)
    assert not clock.session.player.running
    assert clock.session.player.remedy


def test_an_epoch_goes_on_for_longer_than_its_pictures_take(clock, slow):
    browser = Browser(clock, Scene(clock.session, lambda _: time.sleep(0.02)))
    browser.say("step", what="epoch")
    clock.host.turn(clock.now)

    def frames_after(seconds):
        before = len(browser.frames)
        clock.now += seconds
        browser.answer()
        clock.host.background_work(clock.now)()
        clock.host.turn(clock.now)
        return len(browser.frames) - before

    assert frames_after(0.05) == 0
    browser.say("mark", unit=1)
    assert frames_after(0.02) == 1, "what is done is seen at once"
    assert frames_after(0.05) == 0
    assert frames_after(1.5) == 1
    browser.say("pause")
    clock.host.turn(clock.now + FRAME)
    assert browser.header["running"] is False


def test_two_networks_end_their_epochs_together(slow):
    clock = Clock(Session(replace(SMALL, batch=4)))
    browser = Browser(clock)
    browser.say("compare", what="cell", text="lstm")
    for _ in range(2):
        browser.say("step", what="epoch")
        work(clock, 2)
    work(clock)
    assert [player.run.position for player in clock.host.pair.players] == [Position(2)] * 2


def test_an_epoch_ends_when_its_browser_leaves_and_goes_on_when_it_is_back(clock, monkeypatch):
    monkeypatch.setattr(running, "_WORK", 1)
    browser, train, steps = Browser(clock), TrainingRun.train, []

    def left(run, count):
        finite = train(run, count)
        steps.append(count)
        browser.viewer.gone = len(steps) == 3
        return finite

    with monkeypatch.context() as leaving:
        leaving.setattr(TrainingRun, "train", left)
        browser.say("step", what="epoch")
    assert clock.session.run.position == Position(0, 3)
    assert not clock.session.player.running
    assert FAILED not in clock.session.player.message
    Browser(clock).say("step", what="epoch")
    assert work(clock) == Position(1)
    straight = TrainingRun(clock.session.dataset, clock.session.run.schedule)
    straight.train(straight.examples)
    assert np.array_equal(clock.session.state.parameters.theta, straight.state.parameters.theta)


def test_settings_that_restart_the_run_change_with_it_or_not_at_all(clock, monkeypatch):
    browser, run, scores = Browser(clock), clock.session.run, TrainingRun._append_scores

    def left(run):
        browser.viewer.gone = True
        record(run.state.parameters, collate(run.dataset.train[:1]))
        return scores(run)

    with monkeypatch.context() as leaving:
        leaving.setattr(TrainingRun, "_append_scores", left)
        browser.say("seed")
    assert (clock.session.run, clock.session.config) == (run, SMALL)
    Browser(clock).say("seed")
    assert clock.session.config.seed == SMALL.seed + 1
    assert clock.session.run.schedule.start == clock.session.config


def test_turns_may_be_long_while_weight_edits_are_replayed(clock):
    player = clock.session.player
    player.advance(2)
    assert player.branch_with([scale(0.9)])
    player.advance(20)
    browser = Browser(clock)
    browser.say("seek", epoch=0)
    browser.say("play")
    clock.run(0.1, browser)
    assert player.shown and clock.host.untried
    clock.run(1.0, browser)
    assert player.shown is None and not clock.host.untried


# Who looks


def test_a_run_that_nobody_looks_at_is_held_goes_on_when_somebody_does_and_ends_at_last(clock):
    clock.now = 30.0
    browser = clock.playing()
    clock.run(0.2, browser)
    clock.host.detach(browser.viewer, clock.now)
    epoch = clock.epoch
    clock.run(LEASE - 1)
    assert (clock.session.player.running, clock.epoch) == (True, epoch)
    assert not clock.host.expired(clock.now)
    again = Browser(clock)
    clock.run(0.1, again)
    assert epoch < clock.epoch < epoch + 20
    assert again.header["running"]
    clock.host.detach(again.viewer, clock.now)
    clock.run(LEASE + 0.5)
    assert clock.host.expired(clock.now)


def test_a_browser_that_no_longer_answers_holds_the_run(clock):
    clock.playing()
    clock.run(SILENCE + 0.1)
    epoch = clock.epoch
    clock.run(60.0)
    assert clock.epoch <= epoch + 1


# Commands


def test_a_command_that_comes_twice_is_done_once(clock):
    browser = Browser(clock)
    command = browser.say("step", what="epoch")
    again = Browser(clock)
    again.send(command)
    assert clock.session.run.position == Position(1)
    again.number = browser.number
    again.say("step", what="epoch")
    assert clock.session.run.position == Position(2)


def test_browsers_of_one_run_see_the_same_and_of_very_many_the_oldest_are_forgotten(clock):
    first, *others = (Browser(clock, client=str(k)) for k in range(MAX_CLIENTS + 1))
    command = first.say("step", what="epoch")
    for other in others:
        other.say("pause")
    first.send(command)
    clock.run(0.1)
    assert {browser.header["progress"] for browser in (first, *others)} == {"2"}


def test_a_phrase_is_asked_as_it_is_typed(clock):
    browser = Browser(clock)
    cases = [("<b>bad</b>",) * 2, ("so bad \ud83d", "so bad ?"), ("x" * 30_000, "x" * 2001)]
    for typed, shown in cases:
        browser.say("phrase", text=typed)
        clock.run(0.1, browser)
        assert browser.header["typed"] == shown
    assert "30,000 characters" in clock.session.phrase_input.problem


def test_a_unit_and_a_token_are_marked_until_they_are_not_and_the_link_has_them(clock):
    browser = Browser(clock)
    browser.say("mark", unit=3)
    browser.say("mark", token=1)
    clock.run(0.1, browser)
    assert browser.header["marked"] == {"unit": 3, "token": 1}
    assert clock.session.link().to_query() | {"unit": "3", "token": "2"} == (
        clock.session.link().to_query()
    )
    browser.say("mark", unit=None)
    clock.run(0.1, browser)
    assert browser.header["marked"] == {"unit": None, "token": 1}
    for wrong in ({"unit": -1}, {"unit": "x"}, {"token": 1.5}, {}):
        with pytest.raises(Refused):
            browser.say("mark", **wrong)


def test_a_frame_that_can_not_be_packed_counts_for_nothing(clock, monkeypatch):
    browser = Browser(clock)
    with monkeypatch.context() as patch:
        patch.setattr(clock.session, "link", lambda: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            clock.run(0.1, browser)
    browser.say("step", what="epoch")
    clock.run(0.1, browser)
    assert browser.header["epoch"] == 1


def test_clicks_and_selections_go_to_the_page(clock):
    events = []
    browser = Browser(clock, Scene(clock.session, lambda frame: None, {"map": events.append}))
    browser.say("click", on="map", x=3)
    browser.say("select", on="map", value=4)
    assert events == [
        {"do": "click", "n": 1, "on": "map", "x": 3},
        {"do": "select", "n": 2, "on": "map", "value": 4},
    ]
    with pytest.raises(Refused, match="nothing to do for 'elsewhere'"):
        browser.say("click", on="elsewhere")


#: As deep as JSON can be read.
DEEP = reduce(lambda inner, _: [inner], range(900), [])


@each_row(
    "command",
    [
        {},
        {"do": "play"},
        {"do": 3, "n": 1},
        {"do": "fly", "n": 2},
        {"do": "seek", "epoch": -1, "n": 3},
        {"do": "seek", "epoch": "1", "n": 4},
        {"do": "speed", "epochs": 7, "n": 5},
        {"do": "phrase", "text": 3, "n": 6},
        {"do": ["play"], "n": 7},
        {"do": "step", "what": {}, "n": 8},
        {"do": "speed", "epochs": None, "n": 9},
        {"do": "speed", "epochs": [1], "n": 10},
        {"do": "play", "n": "11"},
        {"do": "write", "n": 12},
        {"do": "use", "text": None, "n": 13},
        {"do": "ack", "seq": 99},
        {"do": "ack", "seq": -1},
        {"do": "watch", "pictures": "loss", "new": []},
        {"do": "watch", "pictures": ["loss"]},
        {"do": [], "n": 14},
        {"do": {}, "n": 15},
        {"do": "play", "n": True},
        {"do": "play", "n": 2**70},
        {"do": "play", "n": 16.0},
        {"do": "seek", "epoch": True, "n": 17},
        {"do": "seek", "epoch": 1.5, "n": 18},
        {"do": "seek", "epoch": math.inf, "n": 19},
        {"do": "seek", "epoch": 2**70, "n": 20},
        {"do": "speed", "epochs": True, "n": 21},
        {"do": "mark", "unit": True, "n": 22},
        {"do": "mark", "unit": 2**70, "n": 23},
        {"do": "mark", "token": 1.5, "n": 24},
        {"do": "phrase", "text": "x" * 100_000, "n": 25},
        {"do": "phrase", "text": DEEP, "n": 26},
        {"do": "seek", "epoch": 1, "settled": 0, "n": 27},
        {"do": "open", "window": 0, "n": 28},
        {"do": "open", "window": -1, "n": 29},
        {"do": "ack", "seq": True},
        {"do": "ack", "seq": DEEP},
    ],
    ids=str,
)
def test_what_makes_no_sense_is_refused(clock, command):
    browser, before = Browser(clock), clock.session.link()
    with pytest.raises(Refused, match="not understood"):
        browser.send(command)
    assert clock.session.link() == before
    browser.watch("loss", {"no": "key"}, None, new=[[], 3])
    assert browser.viewer.in_sight == {"loss"}


FIELDS = ("what", "label", "text", "epoch", "epochs", "settled", "unit", "token", "value", "by",
          "move", "x", "y", "data", "seq", "pictures", "new", "more", "window")  # fmt: skip
ACTIONS = ("ack", "watch", "play", "pause", "reset", "branch", "pin", "now", "seed", "speed",
           "seek", "mark", "phrase", "write", "use", "step", "preset", "click",
           "select", "open")  # fmt: skip
ODD = st.sampled_from(
    [True, None, -1, 1.5, math.nan, math.inf, 2**70, -(2**53), "", "\ud83d", [], {}]
)
VALUES = st.recursive(ODD | st.integers(0, 3), lambda one: st.lists(one, max_size=2), max_leaves=4)


@given(st.lists(st.tuples(
    st.sampled_from(ACTIONS), st.dictionaries(st.sampled_from(FIELDS), VALUES, max_size=3)
), max_size=6))  # fmt: skip
def test_whatever_is_sent_is_done_or_refused_and_the_page_can_be_drawn(commands):
    clock, got = Clock(Session(RunConfig(hidden=2, epochs=3))), []

    def take(event):
        # What a page may count on.
        assert type(event.get("by", 0)) is int
        for name in ("x", "y", "value"):
            assert not isinstance(event.get(name), (bool, list, dict))
            assert math.isfinite(event[name]) if isinstance(event.get(name), float) else True
        got.append(event)

    browser = Browser(clock, Scene(clock.session, lambda frame: None, {"map": take}))
    for action, fields in commands:
        with suppress(Refused):
            browser.say(action, on="map", **fields)
    clock.session.player.pause()
    browser.say("now")
    browser.viewer.acknowledged = browser.viewer.sent
    clock.run(0.1)
    assert (browser.header["problem"], browser.header["heard"]) == ("", browser.number)
    query = clock.session.link().to_query()
    assert read_link(dict(parse_qsl(urlencode(query))))[1] == []
    assert all("more" not in event for event in got)


def test_a_preset_of_the_task_is_trained_from_its_beginning(clock):
    browser = Browser(clock)
    with pytest.raises(Refused, match="no preset 'LSTM, lag 20'"):
        browser.send({"do": "preset", "label": "LSTM, lag 20", "n": 1})
    clock.session.configure(RunConfig(task="recall", seed=4))
    browser.send({"do": "preset", "label": "LSTM, lag 20", "n": 2})
    config = clock.session.config
    assert (config.cell, config.lag, config.seed) == ("lstm", 20, 4)
    assert clock.session.player.running
    assert clock.session.player.position == Position(0)


# Streamlit's part of the page, and its address


def test_the_edition_follows_what_streamlit_shows(clock):
    before = clock.host.edition
    browser = clock.playing()
    clock.run(0.2, browser)
    assert clock.host.edition == before
    for more, (do, options) in enumerate(
        [("pause", {}), ("seek", {"epoch": 0}), ("seek", {"epoch": 1, "settled": True})], 1
    ):
        browser.say(do, **options)
        assert clock.host.edition == before + more
    browser.say("seek", epoch=0, settled=False)
    assert clock.host.edition == before + more


def test_a_run_that_ends_by_itself_is_something_new():
    clock = Clock(Session(RunConfig(hidden=2, epochs=200)))
    browser, before = clock.playing(600), clock.host.edition
    clock.run(1.0, browser)
    assert clock.session.player.condition == "Finished"
    assert clock.host.edition == before + 1


def test_the_address_follows_the_run():
    clock = Clock(Session())
    browser = Browser(clock)
    clock.run(0.1, browser)
    assert browser.frames[0]["link"] == "", "the first address is sent though it is empty"
    browser.say("speed", epochs=20)
    browser.say("play")
    clock.run(2.0, browser)
    links = [frame["link"] for frame in browser.frames if frame["link"]]
    assert len(links) == pytest.approx(4, abs=1)
    browser.say("pause")
    clock.run(0.1, browser)
    checksum = Checksum.of(clock.host.session.run)
    assert browser.header["link"] == f"epoch={clock.epoch}&checksum={checksum}"


# Background work


def test_an_address_that_would_be_too_long_names_the_run():
    clock = Clock()
    clock.host = SessionHost(clock.session, clock.now, "the-run")
    browser = Browser(clock)
    for count, link in ((MAX_CHANGES, None), (MAX_CHANGES + 1, "run=the-run")):
        clock.session.run.schedule = clock.session.run.schedule.edited(
            Position(0), [scale(1.0)] * (count - len(clock.session.run.schedule.changes))
        )
        browser.say("step", what="epoch")
        clock.run(0.1, browser)
        assert browser.header["link"] == (link or clock.session.link().query())
    clock.host.restore("run=the-run")
    assert "was too long for a link" in clock.session.player.message
    assert clock.epoch == 2


def test_a_page_is_laid_out_again_for_a_link_that_is_restored(clock):
    scene = Scene(clock.session, lambda frame: frame.done, links=clock.session.links)
    edition = clock.host.edition
    clock.host.restore(clock.session.link().query())
    assert scene.fits(clock.session)
    clock.host.restore("hidden=2&seed=3")
    assert not scene.fits(clock.session)
    assert clock.host.edition > edition


def test_what_a_restored_link_leaves_out_is_as_usual(clock):
    clock.host.follow({"hidden": "2", "phrase": "happy sad", "shown.gradient": "margin"}, 1)
    clock.host.restore("hidden=2&epoch=1")
    fresh = Session()
    fresh.follow(read_link({"hidden": "2", "epoch": "1"})[0])
    restored = clock.host.session
    assert restored.phrase_input.phrase == fresh.phrase_input.phrase
    assert restored.choices() == fresh.choices() == {}


def test_what_is_told_while_a_link_is_followed_is_there_at_its_end():
    session = Session(SMALL)
    session.follow(read_link({"hidden": "2", "epoch": "40"})[0], patience=0.0)
    clock = Clock(session)
    browser = Browser(clock)
    clock.host.tell("Not opened.")
    while session.player.opening:
        clock.run(0.1, browser)
    assert session.player.message.startswith("Not opened.")
    clock.host.tell("Not opened again.")
    assert session.player.message == "Not opened again."


def test_a_link_is_followed_outside_of_the_turn():
    session = Session()
    session.follow(read_link({"hidden": "2", "epoch": "40"})[0], patience=0.0)
    clock = Clock(session)
    assert clock.host.background_work(0.0) is None  # nobody looks
    browser, before = Browser(clock), session.run.position
    clock.host.turn(clock.now)
    assert session.run.position == before
    clock.host.background_work(clock.now)()
    assert session.run.position > before
    clock.run(5.0, browser)
    assert browser.header["progress"] == "40"
    assert not session.player.running


@pytest.mark.parametrize("pieces", [0, 3])
@pytest.mark.parametrize("told", [True, False])
def test_a_job_is_done_while_the_run_rests_and_then_no_more(clock, pieces, told):
    slices, done = [], []

    def job():
        slices.append(len(done))
        while len(done) < pieces:
            yield
            done.append(len(done))

    def shown():
        return told and bool(slices) and len(done) == pieces

    edition = clock.host.edition
    browser = clock.playing(scene=Scene(clock.session, lambda frame: None, {}, job, shown))
    clock.run(0.1, browser)
    assert not slices
    browser.say("pause")
    clock.run(1.0, browser)
    # The first slice only asks whether there is something to do.
    assert (slices, len(done)) == ([0, 0] if pieces else [0], pieces)
    # Streamlit's script runs again, after the pause, only where it shows what was found.
    assert clock.host.edition == edition + 1 + told


def test_what_the_reader_does_goes_before_a_job(clock):
    """The next frame shows the phrase, however much of the job is left."""
    session = clock.session
    scene = Scene(session, lambda frame: frame.texts.update(of=session.inspect().reading.text))
    browser = Browser(clock, replace(scene, job=lambda: repeat(None)))
    for phrase in ("not good", "not bad", "very sad"):
        clock.run(0.1, browser)
        browser.say("phrase", text=phrase)
        before = len(browser.frames)
        clock.run(FRAME, browser)
        frame = browser.frames[before]
        assert (frame["typed"], frame["texts"]["of"]) == (phrase, phrase)


def test_a_job_that_fails_is_not_tried_for_ever(clock):
    tried = []
    browser = Browser(clock, Scene(clock.session, print, {}, lambda: tried.append(0) or 1 / 0))
    with pytest.raises(ZeroDivisionError):
        clock.run(1.0, browser)
    clock.run(1.0, browser)
    assert len(tried) == 1


def test_what_overflows_is_no_failure_and_no_warning(clock):
    large = np.array([1e308])
    for work in (lambda: large * large, lambda: large / 0, lambda: large * large - large * large):
        clock.host.attempt(work)
    assert FAILED not in clock.session.player.message


def test_two_tabs_at_rest_come_to_rest(clock):
    done = []

    def job(name):
        while done.count(name) < 3:
            yield
            done.append(name)

    for name in "ab":
        scene = Scene(clock.session, lambda frame: None, {}, partial(job, name))
        Browser(clock, scene, client=name)
    clock.run(1.0)
    assert sorted(done) == [*"aaabbb"]
    assert clock.host.idle_time(clock.now) is None


def test_a_page_that_was_laid_out_for_other_data_waits_for_its_next_layout(clock):
    """As in the moment after a task was chosen, and in the other tabs of the run."""
    session, drawn = clock.session, []

    def scene(name):
        handlers, data = {"map": drawn.append}, session.dataset
        return Scene(session, lambda _: drawn.append(name), handlers, dataset=data)

    tabs = [Browser(clock, scene(name), client=name) for name in "ab"]
    clock.run(0.1, *tabs)
    assert sorted(drawn) == ["a", "b"]
    session.configure(replace(session.config, task="waves"))
    edition = clock.host.edition
    clock.host.refresh()
    clock.run(0.1, *tabs)
    assert sorted(drawn) == ["a", "b"] and not any(tab.header["problem"] for tab in tabs)
    assert [tab.header["edition"] for tab in tabs] == [edition + 1] * 2, "both are laid out again"
    with pytest.raises(Refused, match="nothing to do"):
        tabs[0].say("select", on="map")
    new = scene("a")
    tabs[0].viewer.scene = lambda: new
    clock.host.refresh()
    clock.run(0.1, *tabs)
    assert sorted(drawn) == ["a", "a", "b"]


def test_a_window_of_a_series_is_opened_by_its_number(clock):
    clock.session.configure(replace(clock.session.config, task="sunspots", window=20))
    browser, windows = Browser(clock), [*clock.session.dataset.windows]
    for number in (0, 7, len(windows) - 1):
        browser.send({"do": "open", "window": number, "n": number + 1})
        assert clock.session.phrase_input.phrase == windows[number]
    before = clock.host.edition
    browser.send({"do": "open", "window": 3, "settled": False, "n": 900})
    assert clock.session.phrase_input.phrase == windows[3]
    assert clock.host.edition == before, "the rest of the page follows when the drag ends"
    browser.send({"do": "open", "window": 3, "settled": True, "n": 901})
    assert clock.host.edition == before + 1
    with pytest.raises(Refused, match="not understood"):
        browser.send({"do": "open", "window": len(windows), "n": 999})
