"""The box in which the reader types a phrase."""

from __future__ import annotations

import streamlit as st

from rnnviz.session import Session


def phrase_box(session: Session, page: str, disabled: bool = False) -> None:
    """Make what is typed here the probe; ``page`` is where this is."""
    # On another page Streamlit takes the box for a new one, and would empty it. Its first text is
    # told with every run, as the browser may never see the run that began.
    if st.session_state.get("phrase_page") != page:
        st.session_state.update(phrase_page=page, phrase_first=session.typed)
    text = st.text_input(
        "Phrase",
        st.session_state["phrase_first"],
        key="phrase",
        live=True,
        disabled=disabled,
        help="Any words. The pictures below follow this phrase through the network.",
        placeholder="this is not bad",
    )
    session.ask(text)
