"""The seat of this browser tab, and the first values of its widgets."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import Concatenate, ParamSpec, Protocol, TypeVar

import streamlit as st

from rnnviz.files.foreign_network import TransferError
from rnnviz.files.script import ScriptError
from rnnviz.probe.session import Session
from rnnviz.tasks.csv_table import TaskError
from rnnviz.ui.style import escaped
from rnnviz.ui.viewer import Scene, UnavailableError

P = ParamSpec("P")
T = TypeVar("T")


class Host(Protocol):
    """The host of a session, as the widgets use it."""

    session: Session

    def tell(self, sentence: str) -> None:
        """Put a sentence in the place of the message."""


HostT_co = TypeVar("HostT_co", bound=Host, covariant=True)


class Seat(Protocol[HostT_co]):
    """A tab of a browser, as its widgets use it: what its page shows, and the host of its run."""

    scene: Scene | None

    def borrow(self) -> AbstractContextManager[HostT_co]:
        """The host, alone; raises UnavailableError."""


def current_seat() -> Seat[Host]:
    """The seat of this tab, which is made when the tab is opened."""
    seat: Seat[Host] = st.session_state["seat"]
    return seat


@contextmanager
def borrowed(seat: Seat[HostT_co]) -> Iterator[HostT_co]:
    """The host of this tab's run. If it can't be had, the page says why."""
    with ExitStack() as loan:
        with said_on_page():
            host = loan.enter_context(seat.borrow())
        yield host


@contextmanager
def said_on_page() -> Iterator[None]:
    """Say on the page why its run can't be had, and end the script."""
    try:
        yield
    except (UnavailableError, TransferError) as problem:
        st.error(escaped(str(problem)))
        st.stop()


def on_host(action: Callable[Concatenate[Session, P], object]) -> Callable[P, None]:
    """A callback of a Streamlit widget: borrows the host and applies ``action`` to its session.

    ``action`` must not use ``st.session_state``. Where another rerun is already asked for,
    Streamlit stops a callback at its first use, and the press is lost.
    """
    seat = current_seat()

    def act(*args: P.args, **kwargs: P.kwargs) -> None:
        with borrowed(seat) as host:
            action(host.session, *args, **kwargs)

    return act


def visit(page: str, kind: str = "visit") -> int:
    """The number of this visit to a page; Streamlit treats widgets of a new visit as new ones.

    Each ``kind`` has its own count.
    """
    count, last = st.session_state.get(kind, (0, ""))
    number: int = count + (last != page)
    st.session_state[kind] = number, page
    return number


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


# The content of a file that is saved from the page


def saved(seat: Seat[Host], content: Callable[[Session], T]) -> T:
    """The content, made of the session as it is now.

    What can't be saved is said on the page too: of an error, Streamlit says only that there is one.
    """
    with seat.borrow() as host:
        try:
            return content(host.session)
        except (TransferError, TaskError, ScriptError) as problem:
            host.tell(f"Not saved. {problem}")
            raise
