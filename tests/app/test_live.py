"""The ticks, with the clock in the test's hand."""

import contextlib
import time
from types import SimpleNamespace

import pytest
from rnnviz.app.chart import Stand

from rnnviz.app import chart, live
from rnnviz.figures.picture import Picture
from tests.interruption import Press, raising


class Clock:
    """Stands in for Streamlit: keeps the fragment, so that a test can let it run again."""

    def __init__(self):
        self.reruns = 0
        self.session_state = {}

    def empty(self):
        return contextlib.nullcontext()

    def fragment(self, function, run_every=None, key=None):
        self.tick, self.every = function, run_every
        return function

    def rerun(self):
        self.reruns += 1


def place(session):
    return session.state.epoch, session.state.position


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(live, "st", clock)
    # One frame for every tick.
    monkeypatch.setattr(live, "STRETCH", 0)
    monkeypatch.setattr(live, "FRAME", live.FRAME)
    return clock


@pytest.fixture
def frames():
    return []


@pytest.fixture
def open_live(session, clock, frames):
    """Opens the page on the session; every frame notes the place that it drew."""
    return lambda: live.live(session, lambda frame: frames.append(place(session)))


def test_the_page_draws_once_before_anything_is_trained(session, open_live, frames):
    session.play()
    open_live()
    assert frames == [(0, 0)]


def test_every_tick_of_a_running_run_trains_and_draws(session, clock, open_live, frames):
    session.play()
    open_live()
    clock.tick()
    clock.tick()
    first, second, third = frames
    assert first < second < third
    assert 0 < clock.every <= 0.1


def test_one_run_of_the_fragment_shows_many_frames(session, clock, courier, open_live, frames):
    live.STRETCH, live.FRAME = 0.5, 0.01
    session.play()
    open_live()
    clock.tick()
    assert len(frames) >= 3
    assert frames == sorted(set(frames))
    assert not courier.whole


@pytest.fixture
def pressed_after(monkeypatch):
    """Has the run of the fragment end when it gives way for the n-th time."""

    def after(count):
        monkeypatch.setattr(live, "give_way", raising(count))

    return after


def test_a_press_while_a_frame_is_trained_stops_the_run_at_the_last_one_shown(
    session, clock, open_live, frames, pressed_after
):
    session.speed = 50
    session.play()
    open_live()
    clock.tick()
    shown = session.state
    pressed_after(5)
    with pytest.raises(Press):
        clock.tick()
    assert session.state is shown
    assert frames[-1] == place(session)


def test_a_press_while_a_frame_is_drawn_stops_the_run_at_the_last_one_shown(session, clock):
    drawn = []

    def draw(frame):
        if len(drawn) == 2:
            raise Press
        drawn.append(place(session))

    session.play()
    live.live(session, draw)
    clock.tick()
    with pytest.raises(Press):
        clock.tick()
    assert drawn[-1] == place(session)


def test_a_paused_run_has_no_ticks(session, clock, open_live, frames):
    open_live()
    assert clock.every is None
    clock.tick()
    assert frames == [(0, 0), (0, 0)]


def test_a_tick_that_comes_after_pause_trains_nothing(session, clock, open_live):
    session.play()
    open_live()
    session.pause()
    clock.tick()
    assert place(session) == (0, 0)


def test_slow_motion_draws_every_phrase(session, clock, open_live, frames):
    session.speed = 0
    session.play()
    open_live()
    clock.tick()
    clock.tick()
    assert frames == [(0, 0), (0, 1), (0, 2)]


def test_the_page_is_drawn_anew_when_the_run_ends(session, clock, open_live):
    session.advance(199)
    session.speed = 50
    session.play()
    open_live()
    while session.running:
        assert clock.reruns == 0
        clock.tick()
    assert session.condition == "Finished"
    assert clock.reruns == 1


# What is heard from the reader


@pytest.fixture
def courier(monkeypatch):
    """Stands in for the message to the browser: keeps what was sent, and the ear."""

    class Courier:
        def __init__(self):
            self.ears = {}

        def send(self, frame, running, sliders, ear, whole):
            self.frame, self.sliders, self.ear, self.whole = frame, sliders, ear, whole

        def hear_from(self, ear, hear):
            self.ears[ear] = self.hear = hear

    courier = Courier()
    monkeypatch.setattr(live, "send", courier.send)
    monkeypatch.setattr(live, "hear_from", courier.hear_from)
    return courier


def test_dragging_the_scrubber_looks_back_at_once(session, clock, courier, open_live, frames):
    session.advance(9)
    open_live()
    assert courier.sliders["scrubber"] == Stand(9, 9, "now")
    courier.hear({"kind": "scrubber", "value": 4, "settled": False, "sight": ["loss"]})
    clock.tick()
    assert frames == [(9, 0), (4, 0)]
    courier.frame.chart("loss", Picture, [], {})
    courier.frame.chart("map", Picture, [], {})
    assert courier.frame.charts.keys() == {"loss"}
    assert courier.sliders["scrubber"] == Stand(9, 4, "epoch 4")
    assert clock.reruns == 0


def test_what_was_pressed_is_done_and_the_page_drawn_anew(
    session, clock, courier, open_live, monkeypatch
):
    presses = [[], [session.step_epoch], []]
    monkeypatch.setattr(live, "put_aside", presses.pop)
    open_live()
    assert (place(session), clock.reruns) == ((0, 0), 0)
    clock.tick()
    assert (place(session), clock.reruns) == ((1, 0), 1)
    clock.tick()
    assert (place(session), clock.reruns) == ((1, 0), 1)


@pytest.fixture
def owing(monkeypatch):
    """Has a press been shown by the fragment alone, for one tick."""

    def once():
        owed = [False, True]
        monkeypatch.setattr(live, "owed", lambda: bool(owed) and owed.pop())

    monkeypatch.setattr(live, "owed", lambda: False)
    return once


def test_what_is_to_be_seen_soon_is_shown_before_the_page_is_drawn_anew(
    session, clock, open_live, frames, owing
):
    shown = []
    clock.rerun = lambda: shown.append(list(frames))
    session.play()
    open_live()
    clock.tick()
    session.pause()
    owing()
    clock.tick()
    assert shown == [[(0, 0), place(session), place(session)]]
    clock.tick()
    assert len(shown) == 1


def test_a_chore_lets_a_press_be_shown_first(session, clock, courier, owing):
    worked = []
    chore = live.Chore(lambda seconds: worked.append(seconds) or True, ["map"])
    live.live(session, lambda frame: None, chore=chore)
    before = list(worked)
    owing()
    clock.tick()
    assert worked == before
    assert clock.reruns == 1
    courier.frame.chart("loss", Picture, [], {})
    assert "loss" in courier.frame.charts


def test_while_the_page_runs_nothing_is_owed_any_more(session, clock, open_live, owing):
    owing()
    open_live()
    assert clock.reruns == 0


def test_the_first_frame_is_the_whole_pages_and_later_ones_are_not(
    session, clock, courier, open_live
):
    open_live()
    assert courier.whole
    clock.tick()
    assert not courier.whole
    open_live()
    assert courier.whole


def test_releasing_the_scrubber_draws_the_whole_page(session, clock, courier, open_live):
    session.advance(9)
    open_live()
    courier.hear({"kind": "scrubber", "value": 4, "settled": True, "sight": []})
    clock.tick()
    assert clock.reruns == 1


def test_the_scrubber_pauses_a_running_run(session, clock, courier, open_live):
    session.advance(9)
    session.play()
    open_live()
    courier.hear({"kind": "scrubber", "value": 4, "settled": False, "sight": []})
    clock.tick()
    assert session.condition == "Looking back"
    assert clock.reruns == 1


def test_inside_an_epoch_the_scrubber_has_a_stop_for_the_present(
    session, clock, courier, open_live
):
    session.advance(3)
    session.step_phrase()
    open_live()
    assert courier.sliders["scrubber"] == Stand(4, 4, "now")
    courier.hear({"kind": "scrubber", "value": 3, "settled": False})
    clock.tick()
    assert courier.sliders["scrubber"] == Stand(4, 3, "epoch 3")
    courier.hear({"kind": "scrubber", "value": 4, "settled": False})
    clock.tick()
    assert courier.sliders["scrubber"] == Stand(4, 4, "now")


def test_who_shows_many_frames_in_one_run_listens_outside_of_it(session, courier, open_live):
    live.STRETCH = 0.01
    open_live()
    assert courier.ear == "live"
    session.play()
    open_live()
    assert courier.ear == "page"
    live.live(session, lambda frame: None, controls=live.Controls(buttons=True))
    assert courier.ear == "live"


def test_frames_apart_are_runs_of_their_own(session, clock, courier, frames, monkeypatch):
    monkeypatch.setattr(live, "STRETCH", 10)
    session.play()
    live.live(
        session, lambda frame: frames.append(place(session)), controls=live.Controls(buttons=True)
    )
    clock.tick()
    assert len(frames) == 2


def test_while_it_waits_for_the_next_frame_a_press_is_not_kept_waiting(pressed_after):
    pressed_after(3)
    began = time.monotonic()
    with pytest.raises(Press):
        live._rest(time.perf_counter() + 60)
    assert time.monotonic() - began < 30


def test_it_waits_for_the_next_frame_and_no_longer(pressed_after):
    pressed_after(0)
    live._rest(time.perf_counter() - 1)


def test_between_two_frames_a_press_is_not_kept_waiting(session, clock, frames, pressed_after):
    live.STRETCH = 10
    session.speed = 0
    session.play()
    live.live(session, lambda frame: frames.append(place(session)))
    pressed_after(0)
    with pytest.raises(Press):
        clock.tick()
    assert frames == [(0, 0), (0, 1)]
    assert place(session) == (0, 1)


@pytest.mark.parametrize("ear", ["page", "live"])
def test_what_is_told_to_either_ear_is_done(session, clock, courier, open_live, ear):
    session.advance(9)
    session.play()
    open_live()
    courier.ears[ear]({"kind": "scrubber", "value": 4, "settled": False, "sight": []})
    assert session.condition == "Looking back"
    assert place(session) == (4, 0)


def test_what_a_page_listens_to_is_told_to_it(session, clock, courier):
    told = []
    live.live(session, lambda frame: None, {"map": told.append})
    courier.hear({"kind": "map", "x": 3})
    courier.hear({"kind": "unknown", "x": 4})
    assert told == [{"kind": "map", "x": 3}]


def test_a_page_may_have_sliders_of_its_own(session, clock, courier):
    live.live(
        session,
        lambda frame: None,
        controls=live.Controls(lambda: {"moment": Stand(10, 2, "3 of 11")}),
    )
    assert courier.sliders.keys() == {"scrubber", "moment"}


def test_the_longer_drawing_takes_the_less_is_trained_in_a_frame():
    quick, slow = live.Pace(), live.Pace()
    for _ in range(30):
        quick.note(0.01)
        slow.note(0.2)
    assert live.LEAST == slow.budget < quick.budget < live.FRAME
    assert quick.budget + quick.drawing < live.FRAME


class State(dict):
    """Stands in for Streamlit's state, whose values are attributes too."""

    def __setattr__(self, key, value):
        self[key] = value


def test_however_many_frames_are_sent_there_are_few_keys_and_no_run_uses_one_twice(monkeypatch):
    """Streamlit forgets no key; and other tabs send frames, too."""
    keys, tabs = [], [State() for _ in range(10)]
    monkeypatch.setattr(chart, "_frame", lambda key, data: keys.append(key))
    for _ in range(300):
        for tab in tabs:
            monkeypatch.setattr(chart.st, "session_state", tab)
            chart.send(chart.Frame(), True, {})
    mine = keys[::10]
    assert len(set(mine)) == chart.KEYS
    assert len(set(mine[:20])) == 20
    assert chart.KEYS > 2 * live.STRETCH / live.FRAME


def test_what_is_heard_twice_is_done_once(monkeypatch):
    """What the reader does in a chart comes with a tick too, where one falls due with it."""
    state, heard = State(), []
    monkeypatch.setattr(chart.st, "session_state", state)
    for number in (1, 1, 2, 2, 1):
        state.ear_live = SimpleNamespace(heard={"kind": "worth", "number": number})
        chart._tell("ear_live", heard.append)
    assert [event["number"] for event in heard] == [1, 2, 1]
    state.ear_live = SimpleNamespace(heard=None)
    chart._tell("ear_live", heard.append)
    assert len(heard) == 3


def test_what_waits_comes_before_the_page_is_drawn_anew(clock, pressed_after):
    pressed_after(0)
    with pytest.raises(Press):
        live._run_page()
    assert clock.reruns == 0
