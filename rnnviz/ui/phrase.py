"""The box in which the reader types a phrase."""

from __future__ import annotations

import streamlit as st

from rnnviz.session import Session
from rnnviz.ui.state import first_value, visit


def phrase_box(session: Session, page: str, disabled: bool = False) -> None:
    """Make what is typed here the probe; ``page`` is where this is."""
    text = st.text_input(
        "Phrase",
        first_value("phrase", visit(page), session.typed),
        key="phrase",
        live=True,
        disabled=disabled,
        help="Any words. The pictures below follow this phrase through the network.",
        placeholder="this is not bad",
    )
    session.ask(text)
