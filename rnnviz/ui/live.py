"""The one fragment that ticks: advance the run within a budget, hear the reader, then draw."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from itertools import count
from typing import Any, NamedTuple

import streamlit as st

from rnnviz.schedule import Place
from rnnviz.session import Session
from rnnviz.ui.chart import ALL, Event, Show, Stand, frame

#: Seconds between two ticks, the most that one may train for, and that one may do chores for.
TICK, BUDGET, SPARE = 0.1, 0.1, 0.03

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
    draw: Callable[[Show], None],
    handlers: Handlers | None = None,
    sliders: Callable[[], dict[str, Stand]] = dict,
    chore: Chore | None = None,
) -> None:
    """Call ``draw`` now, after every tick while the session runs, and when the reader is heard.

    ``handlers`` act on what is heard, by the key of the chart or slider; the scrubber is there on
    every page, ``sliders`` are those besides. A ``chore`` is done while the session stands still.
    """
    ticks = count()
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
        if heard.pop("settled", False):
            st.rerun()
        if session.running and next(ticks):
            with session.lock:
                if session.running:
                    session.tick(BUDGET)
            if not session.running:
                st.rerun()
        elif busy and next(ticks) and not heard:
            if not busy.work(SPARE):
                st.rerun()
            heard["wanted"] = busy.charts
        with frame(session.running, hear, stands, heard.pop("wanted", ALL)) as show:
            draw(show)

    st.fragment(tick, run_every=TICK if session.running or busy else None, key="live")()


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
