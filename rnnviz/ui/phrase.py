"""The box in which the reader types a phrase."""

from __future__ import annotations

import streamlit as st

from rnnviz.session import Session
from rnnviz.ui.state import first_value, visit


def phrase_box(session: Session, page: str, disabled: bool = False) -> None:
    """Make what is typed here the probe; ``page`` is where this is.

    Where another probe was chosen meanwhile, by a click or with other data, the box is made anew.
    """
    number, said = st.session_state.get("phrase_box", (0, session.typed))
    number += said != session.typed
    with st.container(key="phrase_place"):
        text = st.text_input(
            session.names.sequence.capitalize(),
            first_value("phrase", (visit(page), number), session.typed),
            key=f"phrase_{number}" if number else "phrase",
            live=True,
            disabled=disabled,
            help="Anything like what is learned. The pictures follow it through the network.",
            placeholder=session.first_phrase[:60],
        )
    session.ask(text)
    st.session_state.phrase_box = number, text
