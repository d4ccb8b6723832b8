"""The box with the number of the unit that is looked at."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from rnnviz.app.state import first_value, on_desk, visit
from rnnviz.session import Session


def unit_box(
    session: Session, unit: int, page: str, choose: Callable[[Session, int], None]
) -> None:
    """Let the reader type the number of a unit on this page; ``choose`` takes it.

    The box is made anew where another unit was chosen elsewhere. One that is only told another
    number may answer the next press with the number of before (Streamlit 1.67).
    """
    slot = f"{page}_unit"
    shown, edition = st.session_state.get(slot, (unit, 0))
    edition += shown != unit
    st.session_state[slot] = unit, edition
    key = f"{slot}_{edition}"

    def take(here: Session) -> None:
        number = int(st.session_state[key])
        choose(here, number)
        st.session_state[slot] = number, edition

    with st.container(key=slot):
        st.number_input(
            "Unit", 0, session.config.hidden - 1, first_value(key, visit(page), unit), key=key,
            width=120, on_change=on_desk(take),
        )  # fmt: skip
