"""The one fragment that ticks: advance the run within a budget, then draw."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count

import streamlit as st

from rnnviz.session import Session

#: Seconds between two ticks, and the most that one may train for.
TICK, BUDGET = 0.1, 0.1


def live(session: Session, draw: Callable[[], None]) -> None:
    """Call ``draw`` now and, while the session runs, again after every tick."""
    ticks = count()

    def tick() -> None:
        if session.running and next(ticks):
            session.tick(BUDGET)
            if not session.running:
                st.rerun()
        draw()

    st.fragment(tick, run_every=TICK if session.running else None, key="live")()
