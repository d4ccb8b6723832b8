"""SessionRegistry: which run belongs to which browser tab.

Each Streamlit session has a seat. The browser opens its socket with the seat's ticket, a secret.
A run has an id, which the tab stores: with it a reloaded tab finds its run again.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any
from weakref import WeakValueDictionary

import streamlit as st

from rnnviz.config import RunConfig
from rnnviz.files.opened import AwaitedRun, AwaitedWeights
from rnnviz.page.actor import Actor, EndedError
from rnnviz.page.session_host import GONE, RUN, SessionHost
from rnnviz.probe.session import Session
from rnnviz.run.share_link import read_link
from rnnviz.tasks.data_source import UploadStore
from rnnviz.ui.browser_session import said_on_page
from rnnviz.ui.time_limit import time_limit
from rnnviz.ui.viewer import Scene, UnavailableError

#: Maximum number of runs that this server keeps. If there are more, the one unwatched for longest
#: ends. Runs unwatched for less than JUST_NOW seconds don't count: a reloaded page has two.
MOST_RUNS, JUST_NOW = 64, 10.0
#: Seconds that a link is followed before the page is shown; the rest is shown as it goes.
FIRST_LINK_TIME = 0.05


FULL = (
    f"This server already has {MOST_RUNS} runs in open tabs and can't keep more. Close a tab that "
    "you no longer need, and load this page again."
)


class FullError(UnavailableError):
    """All runs that this server may keep are being watched."""


@dataclass(eq=False)
class Seat:
    """One Streamlit session: its ticket, its run, and what its page shows.

    ``config`` is what the sidebar shows, ``edition`` counts how often its widgets were replaced,
    ``begin`` starts another run if the present one has ended. ``awaited`` is a run that was opened
    without its data.
    """

    ticket: str
    actor: Actor
    begin: Callable[[], Actor]
    scene: Scene | None = None
    config: RunConfig | None = None
    edition: int = 0
    awaited: AwaitedRun | AwaitedWeights | None = None

    @contextmanager
    def borrow(self) -> Iterator[SessionHost]:
        """The host of this tab's run, see ``Actor.borrow``; raises UnavailableError."""
        with ExitStack() as loan, time_limit():
            yield self._enter(loan)

    def _enter(self, loan: ExitStack) -> SessionHost:
        while True:
            try:
                return loan.enter_context(self.actor.borrow())
            except EndedError:
                # The tab may have moved to another run, or its run was unwatched for too long.
                if not self.actor.alive:
                    self.actor = self.begin()


class SessionRegistry:
    """All seats and runs of this server, and its store of uploads.

    ``opening`` makes the session of every new run; without it, it is that of the default settings.
    """

    def __init__(self) -> None:
        self.upload_store = UploadStore()
        self.opening: Callable[[], Session] | None = None
        self._seats: WeakValueDictionary[str, Seat] = WeakValueDictionary()
        self._actors: dict[str, Actor] = {}

    def seat(self, state: MutableMapping[Any, Any], query: Mapping[str, str]) -> Seat:
        """The seat in a Streamlit session's state. A new seat opens the link ``query``.

        An address that names a run by its id leads to that run.

        Raises FullError.
        """
        if "seat" not in state:
            begin = partial(self._begin, query)
            state["seat"] = Seat(secrets.token_urlsafe(16), begin(), begin)
            self._seats[state["seat"].ticket] = state["seat"]
        seat: Seat = state["seat"]
        return seat

    def welcome(self, ticket: str, run_id: str, query: str) -> tuple[Seat, bool] | None:
        """The seat with this ticket, and whether it moved to another run; None: unknown ticket.

        The tab continues the run with this id. If that run has ended, the tab opens ``query``, the
        link in its address. (Streamlit's script knows only the address at page load.)
        """
        seat, known = self._seats.get(ticket), self._actors.get(run_id)
        if seat is None or not seat.actor.alive:
            return None
        moved = known is not None and known.alive and known is not seat.actor
        if known and moved:
            if not any(one.actor is seat.actor for one in self._seats.values() if one is not seat):
                seat.actor.stop()
            seat.actor = known
            # The script may be making the widgets of the other run at this moment.
            seat.edition += 1
        elif run_id and known is None:
            seat.actor.post(time_limit()(lambda host: host.restore(query)), long=True)
        return seat, moved

    def find(self, ticket: str) -> Seat | None:
        """The seat with this ticket."""
        return self._seats.get(ticket)

    def stop(self) -> None:
        """End all runs."""
        for actor in self.actors:
            actor.stop()

    @property
    def actors(self) -> list[Actor]:
        """All actors that have not ended."""
        return list(self._actors.values())

    def _begin(self, query: Mapping[str, str]) -> Actor:
        known = self._actors.get(query.get(RUN, ""))
        if known and known.alive:
            return known
        self._end_one_if_full()
        session = self.opening() if self.opening else Session(upload_store=self.upload_store)
        actor = Actor(session, lambda ended: self._actors.pop(ended.run_id, None))
        self._actors[actor.run_id] = actor
        if self.opening and not query:
            return actor
        with ExitStack() as unfinished:
            # Nobody else knows this run.
            unfinished.callback(actor.stop)
            with time_limit(), actor.borrow() as host:
                host.session.follow(*read_link(dict(query)), FIRST_LINK_TIME)
                if RUN in query:
                    host.tell(GONE)
            unfinished.pop_all()
        return actor

    def _end_one_if_full(self) -> None:
        actors = [actor for actor in self.actors if not 0 < actor.unwatched < JUST_NOW]
        if len(actors) < MOST_RUNS:
            return
        longest = max(actors, key=lambda actor: actor.unwatched)
        if not longest.unwatched:
            raise FullError(FULL)
        longest.stop()


def get_seat() -> Seat:
    """The seat of this tab; opening the tab makes a session from its link."""
    with said_on_page():
        return registry().seat(st.session_state, st.query_params)


@st.cache_resource(show_spinner=False)
def registry() -> SessionRegistry:
    """The one registry of this server.

    Cached by Streamlit: after an edit its file watcher imports our modules again, but the routes
    keep the old ones, so a registry in a module would exist twice.
    """
    return SessionRegistry()
