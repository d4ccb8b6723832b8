"""The one fragment that ticks: advance the run within a budget, hear the reader, then draw."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from itertools import count
from typing import NamedTuple

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from rnnviz.schedule import Place
from rnnviz.session import Session
from rnnviz.ui.chart import ALL, Event, Frame, Stand, hear_from, send
from rnnviz.ui.press import FRAGMENT, Press, give_way, inside, owed, put_aside
from rnnviz.ui.style import status_html

#: Seconds from one frame to the next, and that Streamlit needs for one.
FRAME, OVERHEAD = 0.09, 0.02

#: Seconds that a frame may train however long its drawing takes.
LEAST = 0.02

#: Seconds that one run of the fragment goes on: to begin it costs the browser as much as to draw.
STRETCH = 1.0

#: Seconds that a press may have to wait while there is nothing to do.
NAP = 0.005

#: Seconds until a message has left: what still waits when the page begins to run is dropped.
LEAVING = 0.03

#: Seconds that may be done chores for at a time.
SPARE = 0.03

#: For how long a frame follows a link: there it matters to arrive, and not to watch.
OPENING = 0.4


class Pace:
    """How long a frame's drawing took lately, in seconds."""

    def __init__(self) -> None:
        self.drawing = 0.04

    def note(self, seconds: float) -> None:
        """Take the drawing of one more frame into account."""
        self.drawing += 0.25 * (seconds - self.drawing)

    @property
    def budget(self) -> float:
        """For how long a frame may train."""
        return max(LEAST, FRAME - OVERHEAD - self.drawing)


Handlers = Mapping[str, Callable[[Event], None]]


class Controls(NamedTuple):
    """What a page has in its fragment besides charts.

    Where its sliders stand, by their keys; and whether ``draw`` makes buttons: then every frame is
    a run of its own, for one run can make them only once.
    """

    sliders: Callable[[], dict[str, Stand]] = dict
    buttons: bool = False


NOTHING_ELSE = Controls()


class Chore(NamedTuple):
    """What a page has to do while nothing runs.

    ``work`` does it for so many seconds at most and tells whether something is left; the charts of
    these keys show it.
    """

    work: Callable[[float], bool]
    charts: Collection[str]


def live(
    session: Session,
    draw: Callable[[Frame], None],
    handlers: Handlers | None = None,
    controls: Controls = NOTHING_ELSE,
    chore: Chore | None = None,
) -> None:
    """Call ``draw`` now, for every frame while the session runs, and when the reader is heard.

    ``handlers`` act on what is heard, by the key of the chart or slider; the scrubber is there on
    every page. A ``chore`` is done while the session stands still.
    """
    stage = _Stage(session, draw, handlers or {}, controls)
    busy = chore if chore and not session.running and chore.work(0) else None
    ticks = count()

    def tick() -> None:
        number, first = next(ticks), owed()
        if _done(put_aside()) or stage.settle():
            _run_page()
        hear_from("live", inside(stage.hear))
        here = st.empty()
        if session.running and number:
            stage.play(here)
            return
        if busy and number and stage.wanted is ALL and not first:
            if not busy.work(SPARE):
                _run_page()
            stage.wanted = busy.charts
        stage.show(here, whole=not number)
        if first and number:
            time.sleep(LEAVING)
            _run_page()

    hear_from("page", stage.hear)
    st.fragment(tick, run_every=FRAME if session.running or busy else None, key=FRAGMENT)()


class _Stage:
    """Shows the session, a frame at a time, and hears what the reader does."""

    def __init__(
        self,
        session: Session,
        draw: Callable[[Frame], None],
        handlers: Handlers,
        controls: Controls,
    ) -> None:
        self.session, self._draw, self._sliders = session, draw, controls.sliders
        self._stretch = 0.0 if controls.buttons else STRETCH
        self._handlers = {"scrubber": lambda event: _scrub(session, event), **handlers}
        self._pace: Pace = st.session_state.setdefault("pace", Pace())
        self.wanted: Collection[str] = ALL
        self._settled = False

    def hear(self, event: Event) -> None:
        """Do what the reader wants; meanwhile only what is in sight needs drawing."""
        self._settled = event.get("settled", True) or self.session.running
        self.wanted = event.get("sight", ALL)
        self._handlers.get(event.get("kind", ""), lambda _: None)(event)

    def settle(self) -> bool:
        """Whether what was heard last was the end of something; true only once."""
        settled, self._settled = self._settled, False
        return settled

    def show(self, here: DeltaGenerator, whole: bool = False) -> None:
        """Draw what is wanted."""
        began, session = time.perf_counter(), self.session
        frame = Frame(self.wanted)
        self.wanted = ALL
        self._draw(frame)
        frame.text("status", status_html(session))
        stands = {"scrubber": _scrubber(session), **self._sliders()}
        ear = "page" if session.running and self._stretch else "live"
        with here:
            send(frame, session.running, stands, ear, whole)
        if session.running:
            self._pace.note(time.perf_counter() - began)

    def play(self, here: DeltaGenerator) -> None:
        """Train and show one frame after another, for a stretch; begin anew where the run ends."""
        until = time.perf_counter() + self._stretch
        while self.session.running:
            due = time.perf_counter() + FRAME
            with self.session.frame():
                self._go_on(here)
            if not self.session.running:
                _run_page()
            if due > until:
                return
            _rest(due)

    def _go_on(self, here: DeltaGenerator) -> None:
        session = self.session
        if session.running:
            session.tick(OPENING if session.opening else self._pace.budget, give_way)
        if session.running:
            self.show(here)


def _run_page() -> None:
    """Run all of the page, but not before what waits: a change of page would be lost in it."""
    give_way()
    st.rerun()


def _rest(until: float) -> None:
    """Wait, but not where a press does."""
    while (left := until - time.perf_counter()) > 0:
        time.sleep(min(left, NAP))
        give_way()


def _done(presses: Sequence[Press]) -> bool:
    """Do what was pressed, and say whether there was anything."""
    for press in presses:
        press()
    return bool(presses)


def go_to_click(session: Session, click: Event) -> None:
    """Look at the epoch that was clicked in a chart over the epochs."""
    session.pause()
    session.go_to(Place(round(click["x"])))


def _scrub(session: Session, event: Event) -> None:
    session.pause()
    session.go_to(Place(int(event["value"])))


def _scrubber(session: Session) -> Stand:
    """From the start to the present of the run, and at the place that is looked at."""
    epoch, position = session.run.place
    last = epoch + bool(position)
    if session.shown is None:
        return Stand(last, last, "now")
    return Stand(last, session.here.epoch, f"epoch {session.place}")
