"""The ticks, with the clock in the test's hand."""

import pytest

from rnnviz.ui import live


class Clock:
    """Stands in for Streamlit: keeps the fragment, so that a test can let it run again."""

    def __init__(self):
        self.reruns = 0

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
    return lambda: live.live(session, lambda show: frames.append(place(session)))


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
