"""The session of this browser tab, and its link."""

from __future__ import annotations

import streamlit as st

from rnnviz.link import read_link
from rnnviz.session import Session


def get_session() -> Session:
    """Return the Session of this tab, made from its link when the tab is opened."""
    if "session" not in st.session_state:
        session = Session()
        link, problems = read_link(st.query_params.to_dict())
        session.follow(link, problems)
        st.session_state.session = session
    found: Session = st.session_state.session
    return found


def write_link(session: Session) -> None:
    """Put what leads here into the address bar; what is as by default is left out."""
    query = session.link().to_query()
    if query != st.query_params.to_dict():
        st.query_params.from_dict(query)
