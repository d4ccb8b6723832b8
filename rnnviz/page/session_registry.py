"""SessionRegistry: which run belongs to which browser tab.

Each Streamlit session has a TabSession. The browser opens its socket with its ticket, a secret. A
run has an id, which the browser tab stores: with it a reloaded tab finds its run again.
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

from rnnviz.classroom.classroom import Classroom
from rnnviz.config import RunConfig
from rnnviz.page.actor import Actor, EndedError, time_limit
from rnnviz.page.session_host import GONE, RUN, SessionHost
from rnnviz.probe.pair import Pair
from rnnviz.probe.session import Session
from rnnviz.sweeps.seed_runs import ended
from rnnviz.tasks.data_source import UploadStore
from rnnviz.ui.browser_session import errors_on_page
from rnnviz.ui.viewer import Scene, UnavailableError

#: Maximum number of runs that this server keeps. If there are more, the one unwatched for longest
#: ends. Runs unwatched for less than JUST_NOW seconds don't count: a reloaded page has two.
MOST_RUNS, JUST_NOW = 64, 10.0
#: Seconds that the server waits at its end for seeds that are being trained.
_PATIENCE = 5.0
#: Seconds that a link is followed before the page is shown; the rest is shown as it is trained.
FIRST_LINK_TIME = 0.05

FULL = (
    f"This server already has {MOST_RUNS} runs in open tabs and can't keep more. Close a tab that "
    "you no longer need, and load this page again."
)


class FullError(UnavailableError):
    """All runs that this server may keep are being watched."""


@dataclass(eq=False)
class TabSession:
    """One Streamlit session: its ticket, its run, and what its page shows.

    The sidebar shows ``config``, and what of it is ``split`` between two networks; ``edition``
    counts how often its widgets were replaced.
    ``new_run`` starts another run if this one has ended. In its ``classroom`` hands are counted.
    """

    ticket: str
    actor: Actor
    new_run: Callable[[], Actor]
    scene: Scene | None = None
    config: RunConfig | None = None
    split: tuple[object, ...] = ()
    edition: int = 0
    classroom: Classroom | None = None

    @contextmanager
    def host(self) -> Iterator[SessionHost]:
        """Lock the host of this tab's run, see ``Actor.host``; raises UnavailableError."""
        with ExitStack() as lock, time_limit():
            while True:
                try:
                    host = lock.enter_context(self.actor.host())
                    break
                except EndedError:
                    # The tab may have moved to another run, or its run was unwatched for too long.
                    if not self.actor.alive:
                        self.actor = self.new_run()
            yield host


class SessionRegistry:
    """All tabs and runs of this server, and its store of uploads.

    ``opening`` makes the session of every new run; without it, runs have the default settings.
    ``classroom`` is the class of the command ``rnnviz class``.
    """

    def __init__(self) -> None:
        self.upload_store = UploadStore()
        self.opening: Callable[[], Session | Pair] | None = None
        self.classroom: Classroom | None = None
        self._tabs: WeakValueDictionary[str, TabSession] = WeakValueDictionary()
        self._actors: dict[str, Actor] = {}

    def tab(self, state: MutableMapping[Any, Any], query: Mapping[str, str]) -> TabSession:
        """The TabSession in a Streamlit session's state; a new one opens the link ``query``.

        An address that names a run by its id leads to that run. Raises FullError.
        """
        if "tab_session" not in state:
            new_run = partial(self._new_run, query)
            state["tab_session"] = new = TabSession(secrets.token_urlsafe(16), new_run(), new_run)
            self._tabs[new.ticket] = new
        tab: TabSession = state["tab_session"]
        return tab

    def connect(self, ticket: str, run_id: str, query: str) -> tuple[TabSession, bool] | None:
        """The tab with this ticket, and whether it moved to another run; None: unknown ticket.

        The tab continues the run with this id. If that run has ended, the tab opens ``query``, the
        link in its address. (Streamlit's script knows only the address at page load.)
        """
        tab, known = self._tabs.get(ticket), self._actors.get(run_id)
        if tab is None or not tab.actor.alive:
            return None
        moved = known is not None and known.alive and known is not tab.actor
        if known and moved:
            if not any(one.actor is tab.actor for one in self._tabs.values() if one is not tab):
                tab.actor.stop()
            tab.actor = known
            # The script may be making the widgets of the other run at this moment.
            tab.edition += 1
        elif run_id and known is None:
            restore = time_limit()(lambda host: host.restore(query, self._fresh))
            tab.actor.post(restore, long=True)
        return tab, moved

    def find(self, ticket: str) -> TabSession | None:
        """The tab with this ticket."""
        return self._tabs.get(ticket)

    def stop(self) -> None:
        """End all runs, and wait a while for the seeds that are being trained."""
        for actor in self.actors:
            actor.stop()
        ended(_PATIENCE)

    @property
    def actors(self) -> list[Actor]:
        """All actors that have not ended."""
        return list(self._actors.values())

    def _fresh(self) -> Session | Pair:
        """What a new run begins with."""
        return self.opening() if self.opening else Session(upload_store=self.upload_store)

    def _new_run(self, query: Mapping[str, str]) -> Actor:
        known = self._actors.get(query.get(RUN, ""))
        if known and known.alive:
            return known
        actors = [actor for actor in self.actors if not 0 < actor.unwatched < JUST_NOW]
        if len(actors) >= MOST_RUNS:
            longest = max(actors, key=lambda actor: actor.unwatched)
            if not longest.unwatched:
                raise FullError(FULL)
            longest.stop()
        actor = Actor(self._fresh(), lambda ended: self._actors.pop(ended.run_id, None))
        self._actors[actor.run_id] = actor
        if self.opening and not query:
            return actor
        with ExitStack() as unfinished:
            # Nothing else refers to this run yet.
            unfinished.callback(actor.stop)
            with time_limit(), actor.host() as host:
                host.follow(dict(query), FIRST_LINK_TIME)
                if RUN in query:
                    host.tell(GONE)
            unfinished.pop_all()
        return actor


def get_tab() -> TabSession:
    """The session of this browser tab, made from its link when the tab is opened."""
    # The first scores of the largest networks take seconds.
    with errors_on_page(), st.spinner("Scoring the network", show_time=True):
        return registry().tab(st.session_state, st.query_params)


def lesson_now() -> str:
    """The lesson of this server's class, "" without one."""
    room = registry().classroom
    return room.now.name if room and room.now else ""


@st.cache_resource(show_spinner=False)
def registry() -> SessionRegistry:
    """The one registry of this server.

    Cached by Streamlit: after an edit its file watcher imports our modules again, but the routes
    keep the old ones, so a registry in a module would exist twice.
    """
    return SessionRegistry()
