"""TabRegistry: which run belongs to which browser tab.

Streamlit's session holds a seat. Its ticket, a secret, is the first thing that the tab says on the
wire. A run has an id, which the tab keeps for itself: with it a reloaded tab finds its run again.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol
from weakref import WeakValueDictionary

import streamlit as st

from rnnviz.app.actor import Actor, EndedError
from rnnviz.app.session_host import SessionHost
from rnnviz.app.viewer import Scene
from rnnviz.config import RunConfig
from rnnviz.session import Session
from rnnviz.tasks.upload_store import UploadStore
from rnnviz.training.share_link import read_link

#: Runs that this server keeps at most; the one that nobody has looked at for longest goes first. A
#: run that was begun, or left, just now doesn't count: a page that is loaded again has two for a
#: moment.
MOST_RUNS, JUST_NOW = 64, 10.0
#: Seconds that a link is followed before the page is shown; the rest is done before all eyes.
GLANCE = 0.05


class SessionState(Protocol):
    """Where Streamlit keeps what belongs to one of its sessions."""

    def __contains__(self, key: str) -> bool: ...
    def __getitem__(self, key: str) -> Any: ...
    def __setitem__(self, key: str, value: Any) -> None: ...


class FullError(RuntimeError):
    """All runs that this server keeps are being looked at."""


@dataclass(eq=False)
class Seat:
    """The place of one Streamlit session: its ticket, its run, and what its page shows.

    ``config`` is what its sidebar shows, ``edition`` how often that was made anew. ``begin`` begins
    another run where this one is no longer kept.
    """

    ticket: str
    actor: Actor
    begin: Callable[[], Actor]
    scene: Scene | None = None
    config: RunConfig | None = None
    edition: int = 0

    @contextmanager
    def borrow(self) -> Iterator[SessionHost]:
        """The host of this tab's run, see ``Actor.borrow``; raises FullError."""
        with ExitStack() as loan:
            yield self._enter(loan)

    def _enter(self, loan: ExitStack) -> SessionHost:
        while True:
            try:
                return loan.enter_context(self.actor.borrow())
            except EndedError:
                # The tab may have gone over to another run, or nobody has looked for too long.
                if not self.actor.alive:
                    self.actor = self.begin()


class TabRegistry:
    """All seats and runs of this server, and the one store of uploads."""

    def __init__(self) -> None:
        self.upload_store = UploadStore()
        self._seats: WeakValueDictionary[str, Seat] = WeakValueDictionary()
        self._actors: dict[str, Actor] = {}

    def seat(self, state: SessionState, query: Mapping[str, str]) -> Seat:
        """The seat of the Streamlit session with this state; a new one opens the link ``query``.

        Raises FullError.
        """
        if "seat" not in state:
            begin = partial(self._begin, query)
            made = state["seat"] = Seat(secrets.token_urlsafe(16), begin(), begin)
            self._seats[made.ticket] = made
        seat: Seat = state["seat"]
        return seat

    def welcome(self, ticket: str, run_id: str, query: str) -> tuple[Seat, bool] | None:
        """The seat with this ticket, and whether it is now another run's; None: no such ticket.

        A tab that knows its run goes on with it, if it is still there, or else opens the link in
        its address, ``query``. (Streamlit tells its script only the address at the page's load.)
        """
        seat, known = self._seats.get(ticket), self._actors.get(run_id)
        if seat is None or not seat.actor.alive:
            return None
        moved = known is not None and known.alive and known is not seat.actor
        if known and moved:
            seat.actor.stop()
            seat.actor = known
        elif run_id and known is None:
            seat.actor.post(lambda host: host.restore(query), long=True)
        return seat, moved

    def stop(self) -> None:
        """End all runs."""
        for actor in self.actors:
            actor.stop()

    @property
    def actors(self) -> list[Actor]:
        """All that are alive."""
        return list(self._actors.values())

    def _begin(self, query: Mapping[str, str]) -> Actor:
        self._make_room()
        actor = Actor(Session(upload_store=self.upload_store), self._forget)
        self._actors[actor.run_id] = actor
        link, problems = read_link(dict(query))
        with actor.borrow() as host:
            host.session.follow(link, problems, GLANCE)
        return actor

    def _make_room(self) -> None:
        actors = [actor for actor in self.actors if not 0 < actor.unseen < JUST_NOW]
        if len(actors) < MOST_RUNS:
            return
        longest = max(actors, key=lambda actor: actor.unseen)
        if not longest.unseen:
            raise FullError
        longest.stop()

    def _forget(self, actor: Actor) -> None:
        self._actors.pop(actor.run_id, None)


@st.cache_resource(show_spinner=False)
def registry() -> TabRegistry:
    """The one registry of this server.

    Where a file watcher is on, Streamlit imports our modules again after an edit, but the routes
    keep the old ones: a registry in a module would then be two.
    """
    return TabRegistry()
