"""The box in which the reader types a phrase."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from rnnviz.session import Session
from rnnviz.ui.state import first_value, visit


@dataclass
class _Box:
    """What the box said last, and how often it was made anew."""

    said: str
    number: int = 0


def phrase_box(session: Session, page: str, disabled: bool = False) -> None:
    """Make what is typed here the probe; ``page`` is where this is.

    Where another probe was chosen meanwhile, by a click or with other data, the box is made anew.
    """
    box: _Box = st.session_state.setdefault("phrase_box", _Box(session.typed))
    if box.said != session.typed:
        box.number, box.said = box.number + 1, session.typed
    number = box.number
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
    # Not by way of Streamlit's state, at which a run that is overtaken ends: then the box would be
    # made anew, and what is typed meanwhile be lost.
    box.said = text
