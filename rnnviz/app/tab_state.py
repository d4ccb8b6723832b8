"""The seat of this browser tab, and the first values of its widgets."""

from __future__ import annotations

from collections.abc import Callable
from typing import Concatenate, ParamSpec, TypeVar

import streamlit as st

from rnnviz.app.tab_registry import MOST_RUNS, FullError, Seat, registry
from rnnviz.session import Session

P = ParamSpec("P")
T = TypeVar("T")


def get_seat() -> Seat:
    """The seat of this tab, with a session made from its link when the tab is opened."""
    try:
        return registry().seat(st.session_state, st.query_params)
    except FullError:
        st.error(
            f"This server already has {MOST_RUNS} runs that are being looked at, which is all it "
            "keeps. Close a tab that you no longer need, and load this page again."
        )
        st.stop()


def on_host(action: Callable[Concatenate[Session, P], object]) -> Callable[P, None]:
    """The action of a widget of Streamlit's, done to the session that is there when it is used.

    Meanwhile the host is borrowed from the actor.
    """

    def act(*args: P.args, **kwargs: P.kwargs) -> None:
        with get_seat().borrow() as host:
            action(host.session, *args, **kwargs)

    return act


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
