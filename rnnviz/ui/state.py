"""The session of this browser tab, and its link."""

from __future__ import annotations

from typing import TypeVar

import streamlit as st

from rnnviz.config import RunConfig
from rnnviz.link import read_link
from rnnviz.session import Session
from rnnviz.shelf import Shelf
from rnnviz.ui.press import give_way

T = TypeVar("T")


def get_session() -> Session:
    """Return the Session of this tab, made from its link when the tab is opened."""
    if "session" not in st.session_state:
        session = Session(shelf=_shelf())
        link, problems = read_link(st.query_params.to_dict())
        session.follow(link, problems)
        st.session_state.session = session
    found: Session = st.session_state.session
    return found


@st.cache_resource
def _shelf() -> Shelf:
    """The one shelf of this server."""
    return Shelf()


def configure(session: Session, config: RunConfig) -> None:
    """Take the settings that the page shows, unless a press waits that may have changed them.

    That press has a run of its own, which may be ahead of this one.
    """
    with session.lock:
        give_way()
        session.configure(config)


def visit(page: str, kind: str = "visit") -> int:
    """The number of this visit to a page; on its return Streamlit takes a widget for a new one.

    Places of another ``kind`` are counted by themselves.
    """
    before, last = st.session_state.get(kind, (0, ""))
    number: int = before + (last != page)
    st.session_state[kind] = number, page
    return number


def first_value(key: str, edition: object, value: T) -> T:
    """``value`` as it was in the first run of this ``edition`` of the widget ``key``.

    A widget must be told the same first value with every run: the browser may miss the run that
    began, and would then show, and answer with, a value of its own.
    """
    slot = f"first_{key}"
    if st.session_state.get(slot, (None,))[0] != edition:
        st.session_state[slot] = edition, value
    first: T = st.session_state[slot][1]
    return first


def write_link(session: Session) -> None:
    """Put what leads here into the address bar; what is as by default is left out."""
    query = session.link().to_query()
    if query != st.query_params.to_dict():
        st.query_params.from_dict(query)
