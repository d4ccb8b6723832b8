"""The box in which the reader types a phrase."""

from __future__ import annotations

import streamlit as st

from rnnviz.session import Session


def phrase_box(session: Session, disabled: bool = False) -> None:
    """Make what is typed here the probe."""
    st.session_state.setdefault("phrase", session.typed)
    text = st.text_input(
        "Phrase",
        key="phrase",
        live=True,
        disabled=disabled,
        help="Any words. The pictures below follow this phrase through the network.",
        placeholder="this is not bad",
    )
    session.ask(text)
