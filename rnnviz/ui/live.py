"""The one fragment that ticks: advance the run within a budget, hear the reader, then draw."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from itertools import count
from typing import Any, NamedTuple

import streamlit as st

from rnnviz.schedule import Place
from rnnviz.session import Session
from rnnviz.ui.chart import ALL, Event, Frame, Stand, send
from rnnviz.ui.press import Press, inside, put_aside
from rnnviz.ui.style import status_html

#: Seconds between two ticks, the most that one may train for, and that one may do chores for.
TICK, BUDGET, SPARE = 0.1, 0.1, 0.03

#: Seconds that a tick may train however long its drawing takes, and that Streamlit needs.
LEAST, OVERHEAD = 0.02, 0.02

#: For how long a tick follows a link: there it matters to arrive, and not to watch.
OPENING = 0.4

#: Of how many ticks the interval is tried before another may be set, and how far off it may be.
TRIED, OFF = 10, 0.2


class Pace:
    """How long a frame's drawing took lately, in seconds.

    A tick that is not over when the next is due is given up by Streamlit, trained but undrawn.
    """

    def __init__(self) -> None:
        self.drawing = 0.04

    def note(self, seconds: float) -> None:
        """Take the drawing of one more frame into account."""
        self.drawing += 0.25 * (seconds - self.drawing)

    @property
    def budget(self) -> float:
        """For how long a tick may train."""
        return max(LEAST, min(BUDGET, TICK - OVERHEAD - self.drawing))

    @property
    def every(self) -> float:
        """Seconds from one tick to the next."""
        return max(TICK, self.drawing + LEAST + 2 * OVERHEAD)

    def strays(self, every: float, ticks: int) -> bool:
        """Whether, after so many ticks, this interval is no longer the right one."""
        return ticks >= TRIED and abs(every / self.every - 1) > OFF


Handlers = Mapping[str, Callable[[Event], None]]


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
    sliders: Callable[[], dict[str, Stand]] = dict,
    chore: Chore | None = None,
) -> None:
    """Call ``draw`` now, after every tick while the session runs, and when the reader is heard.

    ``handlers`` act on what is heard, by the key of the chart or slider; the scrubber is there on
    every page, ``sliders`` are those besides. A ``chore`` is done while the session stands still.
    """
    ticks = count()
    pace: Pace = st.session_state.setdefault("pace", Pace())
    opening = OPENING if session.opening else 0.0
    every = pace.every + opening
    busy = chore if chore and not session.running and chore.work(0) else None
    answers = {"scrubber": lambda event: _scrub(session, event), **(handlers or {})}
    heard: dict[str, Any] = {}

    def hear(event: Event) -> None:
        heard["settled"] = event.get("settled", True) or session.running
        heard["wanted"] = event.get("sight", ALL)
        answers.get(event.get("kind", ""), lambda _: None)(event)

    def stands() -> dict[str, Stand]:
        return {"scrubber": _scrubber(session), **sliders()}

    def tick() -> None:
        number = next(ticks)
        if _done(put_aside()) or heard.pop("settled", False):
            st.rerun()
        if session.running and number:
            with session.lock:
                if session.running:
                    session.tick(opening or pace.budget)
            if not session.running or pace.strays(every - opening, number):
                st.rerun()
        elif busy and number and not heard:
            if not busy.work(SPARE):
                st.rerun()
            heard["wanted"] = busy.charts
        began = time.perf_counter()
        frame = Frame(heard.pop("wanted", ALL))
        draw(frame)
        frame.text("status", status_html(session))
        send(frame, session.running, stands(), inside(hear), whole=not number)
        if session.running:
            pace.note(time.perf_counter() - began)

    st.fragment(tick, run_every=every if session.running or busy else None, key="live")()


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
