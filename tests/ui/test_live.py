"""The ticks, with the clock in the test's hand."""

from types import SimpleNamespace

import pytest

from rnnviz.figures.picture import Picture
from rnnviz.ui import chart, live
from rnnviz.ui.chart import Stand


class Clock:
    """Stands in for Streamlit: keeps the fragment, so that a test can let it run again."""

    def __init__(self):
        self.reruns = 0
        self.session_state = {}

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


def test_an_interval_that_no_longer_fits_the_drawing_is_set_anew(session, clock, open_live):
    session.play()
    pace = clock.session_state["pace"] = live.Pace()
    pace.drawing = 0.4
    open_live()
    assert clock.every > 0.4
    for _ in range(live.TRIED - 1):
        clock.tick()
    assert clock.reruns == 0
    assert pace.every < 0.5 * clock.every
    clock.tick()
    assert clock.reruns == 1


def test_every_tick_of_a_running_run_trains_and_draws(session, clock, open_live, frames):
    session.play()
    open_live()
    clock.tick()
    clock.tick()
    first, second, third = frames
    assert first < second < third
    assert 0 < clock.every <= 0.1


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
        def send(self, frame, running, sliders, hear, whole):
            self.frame, self.sliders, self.hear, self.whole = frame, sliders, hear, whole

    courier = Courier()
    monkeypatch.setattr(live, "send", courier.send)
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


def test_what_a_page_listens_to_is_told_to_it(session, clock, courier):
    told = []
    live.live(session, lambda frame: None, {"map": told.append})
    courier.hear({"kind": "map", "x": 3})
    courier.hear({"kind": "unknown", "x": 4})
    assert told == [{"kind": "map", "x": 3}]


def test_a_page_may_have_sliders_of_its_own(session, clock, courier):
    live.live(session, lambda frame: None, sliders=lambda: {"moment": Stand(10, 2, "3 of 11")})
    assert courier.sliders.keys() == {"scrubber", "moment"}


def test_the_longer_drawing_takes_the_less_is_trained_in_a_tick_and_the_rarer_ticks_are():
    quick, slow = live.Pace(), live.Pace()
    for _ in range(30):
        quick.note(0.01)
        slow.note(0.2)
    assert live.LEAST == slow.budget < quick.budget <= live.BUDGET
    assert live.TICK == quick.every < slow.every
    assert slow.every > 0.2 + slow.budget
    for pace in (quick, slow):
        assert pace.budget + pace.drawing < pace.every


class State(dict):
    """Stands in for Streamlit's state, whose values are attributes too."""

    def __setattr__(self, key, value):
        self[key] = value


def test_what_is_heard_twice_is_done_once(monkeypatch):
    """What the reader does in a chart comes with a tick too, where one falls due with it."""
    state, heard = State(), []
    monkeypatch.setattr(chart.st, "session_state", state)
    for number in (1, 1, 2, 2, 1):
        state.frame = SimpleNamespace(heard={"kind": "worth", "number": number})
        chart._tell(heard.append)
    assert [event["number"] for event in heard] == [1, 2, 1]
    state.frame = SimpleNamespace(heard=None)
    chart._tell(heard.append)
    assert len(heard) == 3
