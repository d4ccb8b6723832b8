"""The one fragment that ticks: advance the run within a budget, hear the reader, then draw."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import count
from typing import Any

import streamlit as st

from rnnviz.schedule import Place
from rnnviz.session import Session
from rnnviz.ui.chart import ALL, Event, Show, frame

#: Seconds between two ticks, and the most that one may train for.
TICK, BUDGET = 0.1, 0.1

Handlers = Mapping[str, Callable[[Event], None]]


def live(session: Session, draw: Callable[[Show], None], handlers: Handlers | None = None) -> None:
    """Call ``draw`` now, after every tick while the session runs, and when the reader is heard.

    ``handlers`` act on clicks by the key of the chart; the scrubber is heard on every page.
    """
    ticks, heard = count(), count(1)
    answers = {"scrubber": lambda event: _scrub(session, event), **(handlers or {})}
    state: dict[str, Any] = {"answered": 0}

    def hear(event: Event) -> None:
        state["answered"] = next(heard)
        state["settled"] = event.get("settled", True) or session.running
        state["wanted"] = event.get("sight", ALL)
        answers.get(event.get("kind", ""), lambda _: None)(event)

    def tick() -> None:
        if state.pop("settled", False):
            st.rerun()
        if session.running and next(ticks):
            session.tick(BUDGET)
            if not session.running:
                st.rerun()
        rest = {"answered": state["answered"], "scrubber": _scrubber(session)}
        with frame(session.running, hear, state.pop("wanted", ALL), **rest) as show:
            draw(show)

    st.fragment(tick, run_every=TICK if session.running else None, key="live")()


def _scrub(session: Session, event: Event) -> None:
    epoch = event.get("epoch")
    if isinstance(epoch, int | float) and epoch >= 0:
        session.pause()
        session.go_to(Place(int(epoch)))


def _scrubber(session: Session) -> dict[str, Any]:
    """How far the scrubber goes, where it stands, and what it says."""
    epoch, position = session.run.place
    here = session.here
    last = epoch + bool(position)
    return {
        "last": last,
        "shown": last if here == session.run.place else here.epoch,
        "text": "now" if session.shown is None else f"epoch {session.place}",
    }
