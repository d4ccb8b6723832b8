"""The session of this browser tab, and its link."""

from __future__ import annotations

import streamlit as st

from rnnviz.config import RunConfig
from rnnviz.session import PHRASE, Session


def get_session() -> Session:
    """Return the Session of this tab, made from its link when the tab is opened."""
    if "session" not in st.session_state:
        query = st.query_params.to_dict()
        config, problems = RunConfig.from_query(query)
        session = Session(config)
        if "phrase" in query:
            session.ask(query["phrase"])
        session.message = " ".join(problems) or session.message
        st.session_state.session = session
    found: Session = st.session_state.session
    return found


def write_link(session: Session) -> None:
    """Put the settings and the phrase into the address bar, where they differ from the defaults."""
    query = session.config.to_query()
    if session.phrase != PHRASE:
        query["phrase"] = session.phrase
    if query != st.query_params.to_dict():
        st.query_params.from_dict(query)
