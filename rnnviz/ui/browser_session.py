"""The browser tab of a run of the script: its host, and the first values of its widgets."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Concatenate, ParamSpec, Protocol, TypeVar

import streamlit as st

from rnnviz.files.foreign_network import TransferError
from rnnviz.files.script import ScriptError
from rnnviz.probe.pair import Pair
from rnnviz.probe.session import Session
from rnnviz.tasks.data.csv_table import TaskError
from rnnviz.ui.style import escaped
from rnnviz.ui.viewer import AbandonedError, Scene, UnavailableError

P = ParamSpec("P")
T = TypeVar("T")


class Host(Protocol):
    """The host of a session, as the widgets use it."""

    pair: Pair
    edition: int

    @property
    def session(self) -> Session:
        """The session whose pages are shown."""

    def tell(self, sentence: str) -> None:
        """Show a sentence as the message."""


class BrowserTab(Protocol):
    """A tab of the browser, as its widgets use it."""

    scene: Scene | None

    def host(self) -> AbstractContextManager[Host]:
        """Lock the host of the tab's run; raises UnavailableError."""


def current_tab() -> BrowserTab:
    """The browser tab that this run of the script belongs to."""
    tab: BrowserTab = st.session_state["tab_session"]
    return tab


@contextmanager
def host_of(tab: BrowserTab) -> Iterator[Host]:
    """Lock the host of this tab's run; if it is unavailable, show why and end the script."""
    with errors_on_page(), tab.host() as host:
        yield host


@contextmanager
def errors_on_page() -> Iterator[None]:
    """Show why the run is unavailable on the page, and end the script."""
    try:
        yield
    except (UnavailableError, TransferError) as problem:
        st.error(escaped(str(problem)))
        st.stop()


def on_host(action: Callable[Concatenate[Session, P], object]) -> Callable[P, None]:
    """A callback that applies ``action`` to the session whose pages are shown: see ``on_pair``."""
    return on_pair(lambda pair, *args, **kwargs: action(pair.session, *args, **kwargs))


def on_pair(action: Callable[Concatenate[Pair, P], object]) -> Callable[P, None]:
    """A callback of a Streamlit widget: locks the host and applies ``action`` to its pair.

    ``action`` must not use ``st.session_state``: if another rerun is already requested, Streamlit
    stops a callback at its first use, and the click is lost.
    """
    tab = current_tab()

    def act(*args: P.args, **kwargs: P.kwargs) -> None:
        with host_of(tab) as host:
            try:
                action(host.pair, *args, **kwargs)
            # Another tab has changed what the button is for, or this one has gone.
            except (TaskError, AbandonedError) as problem:
                host.tell(str(problem))

    return act


def visit(page: str, kind: str = "visit") -> int:
    """The number of this visit to a page; widgets of a new visit are reset.

    Each ``kind`` has its own count.
    """
    number, last = st.session_state.get(kind, (0, ""))
    st.session_state[kind] = number + (last != page), page
    return int(st.session_state[kind][0])


def first_value(key: str, edition: object, value: T) -> T:
    """``value`` as it was in the first run of this ``edition`` of the widget ``key``.

    A widget needs the same default in every run of the script. The browser may miss the run in
    which it changed, and would then show and send another value.
    """
    slot = f"first_{key}"
    if st.session_state.get(slot, (None,))[0] != edition:
        st.session_state[slot] = edition, value
    first: T = st.session_state[slot][1]
    return first


def saved(tab: BrowserTab, content: Callable[[Pair], T]) -> T:
    """The content of a file, from the session as it is now, or from both.

    An error is also shown on the page, because Streamlit doesn't show its message.
    """
    with tab.host() as host:
        try:
            return content(host.pair)
        except (TransferError, TaskError, ScriptError) as problem:
            host.tell(f"Not saved. {problem}")
            raise
