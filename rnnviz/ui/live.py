"""The one fragment that ticks: advance the run within a budget, hear the reader, then draw."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import count
from typing import Any

import streamlit as st

from rnnviz.schedule import Place
from rnnviz.session import Session
from rnnviz.ui.chart import ALL, Event, Show, Stand, frame

#: Seconds between two ticks, and the most that one may train for.
TICK, BUDGET = 0.1, 0.1

Handlers = Mapping[str, Callable[[Event], None]]


def live(
    session: Session,
    draw: Callable[[Show], None],
    handlers: Handlers | None = None,
    sliders: Callable[[], dict[str, Stand]] = dict,
) -> None:
    """Call ``draw`` now, after every tick while the session runs, and when the reader is heard.

    ``handlers`` act on what is heard, by the key of the chart or slider; the scrubber is there on
    every page, ``sliders`` are those besides.
    """
    ticks = count()
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
        with frame(session.running, hear, stands, heard.pop("wanted", ALL)) as show:
            draw(show)

    st.fragment(tick, run_every=TICK if session.running else None, key="live")()


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
