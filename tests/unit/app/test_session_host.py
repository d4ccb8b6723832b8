"""The host: who is trained for, who is sent what, and what a command does; its time is given."""

import math
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rnnviz.app.command import RefusedError as Refused
from rnnviz.app.pace import MAX_BACKLOG, Pace
from rnnviz.app.session_host import SILENCE, FRAME, LEASE, STEPS, SessionHost
from rnnviz.app.viewer import MAX_IN_FLIGHT, Scene
from rnnviz.config import RunConfig
from rnnviz.figures.picture import Picture, scatter
from rnnviz.session import Session
from rnnviz.training.player import SPEEDS
from rnnviz.training.schedule import Position
from rnnviz.training.share_link import read_link
from tests.sampling import each_row
from tests.unit.app.browser import Browser

SMALL = RunConfig(hidden=2, epochs=200)


class Clock:
    """A host with its time."""

    def __init__(self, session=None):
        self.now = 0.0
        self.host = SessionHost(session or Session(SMALL), self.now)

    def browser(self, scene=None, **options):
        return Browser(self, scene, **options)

    @property
    def session(self):
        return self.host.session

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
            rest = self.host.idle_time(self.now)
            self.now = min(until, self.now + (math.inf if rest is None else max(rest, 1e-4)))


@pytest.fixture
def clock():
    return Clock()


# Speed


@pytest.mark.parametrize("speed", [1, 5, 20, 60])
def test_the_speed_is_epochs_a_second(clock, speed):
    browser = clock.browser()
    browser.say("speed", epochs=speed)
    clock.session.configure(RunConfig(hidden=2, epochs=500))
    browser.say("play")
    clock.run(4.0, browser)
    assert clock.session.run.position.epoch == pytest.approx(4 * speed, abs=1 + 0.05 * 4 * speed)


def test_slow_motion_takes_single_steps(clock):
    browser = clock.browser()
    browser.say("speed", epochs=0)
    browser.say("play")
    clock.run(3.0, browser)
    assert clock.session.run.position == Position(0, pytest.approx(3 * STEPS, abs=1))


def test_a_browser_that_draws_slowly_gets_the_newest_and_the_run_keeps_its_speed(clock):
    browser = clock.browser()
    browser.say("speed", epochs=20)
    browser.say("play")
    epochs = []
    for _ in range(8):
        clock.run(0.25)
        browser.answer()
        epochs.append(browser.header["epoch"])
    assert clock.session.run.position.epoch == pytest.approx(40, abs=3)
    # Two frames on the way: what is drawn is at most a frame older than the newest.
    assert epochs[-1] >= 30


def test_what_takes_longer_than_its_time_is_not_caught_up_for_ever():
    pace = Pace()
    pace.due(0.0, 60)
    assert pace.due(100.0, 60) == 1 + int(MAX_BACKLOG * 60)


@each_row("rate", [5, 10, 20])
def test_an_epoch_that_takes_long_takes_its_time_from_the_wait(rate):
    pace, now, done, takes = Pace(), 0.0, 0, 0.9 / rate
    pace.reset()
    while now < 10:
        due = pace.due(now, rate)
        if due:
            now += takes
            done += 1
            pace.credit -= 1
        now += max(pace.wait(now, rate), 1e-4)
    assert done == pytest.approx(10 * rate, rel=0.03)


def test_the_first_epoch_is_due_at_once_after_a_pause(clock):
    browser = clock.browser()
    browser.say("speed", epochs=1)
    browser.say("play")
    clock.run(0.01, browser)
    assert clock.session.run.position.epoch == 1


# Frames


def test_no_more_than_two_frames_are_on_their_way(clock):
    browser = clock.browser()
    browser.say("play")
    clock.run(1.0)
    assert len(browser.frames) == MAX_IN_FLIGHT
    browser.answer()
    clock.run(1.0)
    assert len(browser.frames) == 2 * MAX_IN_FLIGHT


def test_frames_come_no_faster_than_a_screen_shows_them(clock):
    browser = clock.browser()
    browser.say("speed", epochs=600)
    browser.say("play")
    clock.session.configure(RunConfig(hidden=2, epochs=100_000))
    before = len(browser.frames)
    clock.run(0.5, browser)
    assert len(browser.frames) - before <= 0.5 / FRAME + 2


def test_while_nothing_changes_nothing_is_sent(clock):
    browser = clock.browser()
    clock.run(0.1, browser)
    before = len(browser.frames)
    clock.run(5.0, browser)
    assert len(browser.frames) == before
    assert clock.host.idle_time(clock.now) is None


def test_pause_shows_the_newest_and_nothing_after_it(clock):
    browser = clock.browser()
    browser.say("play")
    clock.run(0.3, browser)
    browser.say("pause")
    clock.run(1.0, browser)
    last = browser.header
    assert not last["running"]
    assert last["epoch"] == clock.session.run.position.epoch
    assert last["heard"] == browser.number
    assert [frame["running"] for frame in browser.frames[-2:]] == [True, False]


def curve(session):
    rows = session.run.history.column("train_loss").copy()
    return Picture([scatter(y=rows, name="train")], {"title": "Loss"})


def drawing(session):
    return Scene(session, lambda frame: frame.chart("loss", curve, session))


def test_pictures_out_of_sight_are_not_computed(clock):
    drawn = []

    def draw(frame):
        for key in ("near", "far"):
            frame.chart(key, lambda key=key: drawn.append(key) or Picture([], {}))

    browser = clock.browser(Scene(clock.session, draw))
    browser.watch("near")
    clock.run(0.1, browser)
    assert set(drawn) == {"near"}


def test_a_curve_sends_its_new_rows_and_the_browser_has_them_all(clock):
    browser = clock.browser(drawing(clock.session))
    browser.watch("loss", new=["loss"])
    browser.say("play")
    clock.run(0.7, browser)
    sent = [frame["pictures"]["loss"] for frame in browser.frames if frame["pictures"]]
    assert [row["arrays"][0][3] > 0 for row in sent] == [False] + [True] * (len(sent) - 1)
    assert all(row["outline"] is None for row in sent[1:])
    assert browser.array("loss", "0.y").tolist() == (
        clock.session.run.history.column("train_loss").tolist()
    )


def test_a_picture_that_is_laid_out_again_is_sent_whole(clock):
    browser = clock.browser(drawing(clock.session))
    browser.watch("loss", new=["loss"])
    clock.run(0.1, browser)
    browser.watch("loss")
    clock.run(0.1, browser)
    assert browser.header["pictures"] == {}, "as it is there already"
    browser.watch("loss", new=["loss"])
    clock.run(0.1, browser)
    assert browser.header["pictures"]["loss"]["outline"]


def test_a_scene_of_another_run_is_not_drawn(clock):
    browser = clock.browser(drawing(Session(SMALL)))
    browser.watch("loss", new=["loss"])
    clock.run(0.1, browser)
    assert browser.header["pictures"] == {}


def test_a_page_that_can_not_be_drawn_says_so_and_holds_the_run(clock):
    def draw(frame):
        raise ZeroDivisionError

    browser = clock.browser(Scene(clock.session, draw))
    browser.say("play")
    clock.run(0.5, browser)
    assert "can't be drawn" in browser.header["problem"]
    assert not clock.session.player.running
    assert len(browser.frames) < 5


# Who looks


def test_a_run_that_nobody_looks_at_is_held_and_then_goes(clock):
    browser = clock.browser()
    browser.say("play")
    clock.run(0.2, browser)
    clock.host.detach(browser.viewer, clock.now)
    epoch = clock.session.run.position.epoch
    clock.run(LEASE - 1)
    assert clock.session.player.running
    assert clock.session.run.position.epoch == epoch
    assert not clock.host.expired(clock.now)
    clock.run(1.5)
    assert clock.host.expired(clock.now)


def test_it_goes_on_where_it_was_when_somebody_looks_again(clock):
    first = clock.browser()
    first.say("play")
    clock.run(0.2, first)
    clock.host.detach(first.viewer, clock.now)
    clock.run(30.0)
    epoch = clock.session.run.position.epoch
    second = clock.browser()
    clock.run(0.1, second)
    assert epoch < clock.session.run.position.epoch < epoch + 20
    assert second.header["running"]


def test_a_browser_that_no_longer_answers_holds_the_run(clock):
    browser = clock.browser()
    browser.say("play")
    clock.run(SILENCE + 0.1)
    epoch = clock.session.run.position.epoch
    clock.run(60.0)
    assert clock.session.run.position.epoch <= epoch + 1


def test_two_browsers_of_one_run_see_the_same(clock):
    one, two = clock.browser(client="a"), clock.browser(client="b")
    one.say("play")
    clock.run(0.3, one, two)
    two.say("pause")
    clock.run(0.1, one, two)
    assert one.header["epoch"] == two.header["epoch"]
    assert not one.header["running"]


# Commands


def test_a_command_that_comes_twice_is_done_once(clock):
    browser = clock.browser()
    command = browser.say("step", what="epoch")
    again = clock.browser(client=browser.viewer.client)
    clock.host.receive(again.viewer, command, clock.now)
    assert clock.session.run.position == Position(1)
    again.number = browser.number
    again.say("step", what="epoch")
    assert clock.session.run.position == Position(2)


@pytest.mark.parametrize(
    ("command", "place"),
    [
        ({"do": "step", "what": "epoch"}, "4"),
        ({"do": "step", "what": "phrase"}, "3 + 1/58"),
        ({"do": "reset"}, "0"),
        ({"do": "seed"}, "0"),
        ({"do": "seek", "epoch": 2}, "2"),
        ({"do": "seek", "epoch": 10**9}, "3"),
    ],
    ids=str,
)
def test_what_a_command_does(clock, command, place):
    clock.session.player.advance(3)
    browser = clock.browser()
    browser.say(**command)
    assert clock.session.player.progress == place
    assert clock.session.config.seed == (1 if command["do"] == "seed" else 0)


def test_a_branch_and_the_way_back(clock):
    clock.session.player.advance(3)
    browser = clock.browser()
    browser.say("seek", epoch=1)
    browser.say("now")
    assert clock.session.player.shown is None
    browser.say("seek", epoch=1)
    browser.say("branch")
    assert clock.session.run.position == Position(1)


def test_a_phrase_is_asked_as_it_is_typed(clock):
    browser = clock.browser()
    browser.say("phrase", text="this is <b>bad</b>")
    clock.run(0.1, browser)
    assert browser.header["typed"] == clock.session.phrase_input.typed == "this is <b>bad</b>"
    browser.say("phrase", text="x" * 30_000)
    assert "30,000 characters" in clock.session.phrase_input.problem
    clock.run(0.1, browser)
    assert browser.header["typed"] == "x" * 2001


def test_half_a_sign_harms_nothing(clock):
    browser = clock.browser()
    browser.say("phrase", text="so bad \ud83d")
    clock.run(0.1, browser)
    assert browser.header["typed"] == "so bad ?"


def test_the_first_address_is_told_though_it_is_empty():
    clock = Clock(Session())
    browser = clock.browser()
    clock.run(0.1, browser)
    assert browser.frames[0]["link"] == ""


def test_a_frame_that_can_not_be_packed_counts_for_nothing(clock, monkeypatch):
    browser = clock.browser()
    with monkeypatch.context() as patch:
        patch.setattr(clock.session, "link", lambda: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            clock.run(0.1, browser)
    browser.say("step", what="epoch")
    clock.run(0.1, browser)
    assert browser.header["epoch"] == 1


def test_what_is_clicked_and_selected_is_the_page_s(clock):
    said = []
    scene = Scene(clock.session, lambda frame: None, {"map": said.append})
    browser = clock.browser(scene)
    browser.say("click", on="map", x=3)
    browser.say("select", on="map", value=4, settled=False)
    assert [(event["do"], event.get("x"), event.get("value")) for event in said] == [
        ("click", 3, None),
        ("select", None, 4),
    ]
    with pytest.raises(Refused):
        browser.say("click", on="elsewhere")


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
        {"do": "ack", "seq": 99},
        {"do": "watch", "pictures": "loss", "new": []},
    ],
    ids=str,
)
def test_what_makes_no_sense_is_refused(clock, command):
    browser = clock.browser()
    before = clock.session.link()
    with pytest.raises(Refused):
        clock.host.receive(browser.viewer, command, clock.now)
    assert clock.session.link() == before


json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner),
    max_leaves=5,
)
named = st.fixed_dictionaries(
    {},
    optional={
        "do": st.sampled_from(["play", "step", "seek", "speed", "phrase", "select", "ack", "watch"])
        | json,
        "n": st.integers() | json,
        **dict.fromkeys(("what", "epoch", "epochs", "text", "on", "value"), json),
        **dict.fromkeys(("pictures", "new", "seq"), json),
    },
)


@settings(max_examples=150)
@given(st.lists(named | st.dictionaries(st.text(max_size=6), json), max_size=4))
def test_whatever_is_said_is_done_or_refused(commands):
    clock = Clock()
    browser = clock.browser()
    for command in commands:
        with suppress(Refused):
            clock.host.receive(browser.viewer, command, clock.now)
    clock.run(0.05, browser)
    assert all(isinstance(key, str) for key in browser.viewer.in_sight)
    assert clock.session.player.speed in SPEEDS


# Streamlit's part of the page


def test_the_edition_follows_what_streamlit_shows(clock):
    browser = clock.browser()
    before = clock.host.edition
    browser.say("play")
    browser.say("speed", epochs=5)
    clock.run(0.2, browser)
    assert clock.host.edition == before
    browser.say("pause")
    assert clock.host.edition == before + 1
    browser.say("seek", epoch=0, settled=False)
    assert clock.host.edition == before + 1
    browser.say("seek", epoch=0, settled=True)
    assert clock.host.edition == before + 2


def test_a_run_that_ends_by_itself_is_something_new(clock):
    browser = clock.browser()
    browser.say("speed", epochs=600)
    browser.say("play")
    before = clock.host.edition
    clock.run(1.0, browser)
    assert clock.session.player.condition == "Finished"
    assert clock.host.edition == before + 1


# What takes its time


def test_a_link_is_followed_outside_of_the_turn():
    session = Session()
    session.follow(read_link({"hidden": "2", "epoch": "40"})[0], patience=0.0)
    clock = Clock(session)
    assert clock.host.background_work(0.0) is None  # nobody looks
    browser = clock.browser()
    before = session.run.position
    clock.host.turn(clock.now)
    assert session.run.position == before
    clock.host.background_work(clock.now)()
    assert session.run.position > before
    clock.run(5.0, browser)
    assert browser.header["progress"] == "40"
    assert not session.player.running


@pytest.mark.parametrize("pieces", [0, 3])
def test_a_job_is_done_while_the_run_rests_and_then_no_more(clock, pieces):
    left = iter(range(pieces, -1, -1))
    asked = []

    def work(budget):
        asked.append(budget)
        return next(left) > 0

    browser = clock.browser(Scene(clock.session, lambda frame: None, {}, work))
    edition = clock.host.edition
    browser.say("play")
    clock.run(0.1, browser)
    assert not asked
    browser.say("pause")
    clock.run(1.0, browser)
    assert len(asked) == pieces + 1
    # What was there to be done may be shown by Streamlit too.
    after = edition + (2 if pieces else 1)
    assert clock.host.edition == after


def test_a_job_that_fails_is_not_tried_for_ever(clock):
    tried = []

    def work(budget):
        tried.append(budget)
        raise ZeroDivisionError

    browser = clock.browser(Scene(clock.session, lambda frame: None, {}, work))
    with pytest.raises(ZeroDivisionError):
        clock.run(1.0, browser)
    clock.run(1.0, browser)
    assert len(tried) == 1


def test_two_tabs_at_rest_come_to_rest(clock):
    asked = []
    for name in "ab":
        job = (lambda budget, name=name: asked.append(name) or asked.count(name) < 3)
        clock.browser(Scene(clock.session, lambda frame: None, {}, job), client=name)
    clock.run(1.0)
    assert sorted(asked) == [*"aaabbb"]
    assert clock.host.idle_time(clock.now) is None


def test_the_address_follows_the_run(clock):
    browser = clock.browser()
    browser.say("speed", epochs=20)
    browser.say("play")
    clock.run(2.0, browser)
    links = [frame["link"] for frame in browser.frames if frame["link"] is not None]
    assert len(links) == pytest.approx(4, abs=1)
    browser.say("pause")
    clock.run(0.1, browser)
    assert browser.header["link"].endswith(f"epoch={clock.session.run.position.epoch}")
