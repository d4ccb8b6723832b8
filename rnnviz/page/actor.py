"""Actor: owns a SessionHost and runs it; others send it commands or lock the host.

All actors are asyncio tasks on one thread, so only one computes at a time: threads that multiply
matrices at once would block each other on the GIL. Long work runs in a thread pool while its actor
waits.
"""

from __future__ import annotations

import asyncio
import logging
import math
import secrets
import sys
import threading
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import cache, partial
from typing import Any

import numpy as np

from rnnviz.engine.cell_check import before_trial
from rnnviz.engine.cell_text import CellError
from rnnviz.files.opened import AwaitedRun, AwaitedWeights
from rnnviz.page.command import QUICK
from rnnviz.page.session_host import SLICE, SessionHost, abandoned_if
from rnnviz.probe.pair import Pair
from rnnviz.probe.session import Session
from rnnviz.ui.frame import MAX_WAIT
from rnnviz.ui.viewer import UnavailableError, Viewer

_LOG = logging.getLogger(__name__)

Command = Callable[[SessionHost], object]
#: A request, and the lock that it grants, if any.
_Request = tuple[Callable[[], Awaitable[None]], Future[SessionHost] | None]
#: Seconds after which a computing thread yields the GIL. Every matrix product releases the GIL and
#: would wait for Python's default of 5 ms to get it back.
SWITCH_INTERVAL = 1e-4
#: Seconds that a run of Streamlit's script waits for the host's lock.
LOCK_TIMEOUT = 60.0
#: Maximum number of waiting requests of a run; beyond it nothing is read from its browsers.
MAX_WAITING = 200
#: Seconds of CPU time for the check of a cell that the user typed, or that a link carries.
CHECK_TIME = 2.0
#: Seconds without any browser after which what its pages compute is abandoned. (One that has lost
#: its connection is soon back.)
GRACE = 1.0
BUSY = (
    "This run is still computing what one of its tabs asked for. Nothing is lost: load this page "
    "again in a moment."
)
#: Seconds of CPU time. After a slow turn, the turns of the next second use the thread pool, and all
#: until an epoch has ended: the next scores, or a throttled picture, may be as slow.
SLOW_TURN, SLOW_TIME = 0.1, 2 * MAX_WAIT
#: Seconds until an actor goes on after an error of its own, which may occur again at once.
FAILURE_PAUSE = 1.0
#: Threads for long work. A run uses one at a time, so a few busy tabs leave some to the others.
_POOL = ThreadPoolExecutor(16, "long")


class EndedError(RuntimeError):
    """The actor has ended; its run is no longer kept."""


@contextmanager
def time_limit(gone: Callable[[], bool] = lambda: False) -> Iterator[None]:
    """Abandon checks in this thread after CHECK_TIME, or once the browser is ``gone``."""
    until = time.thread_time() + CHECK_TIME

    def check() -> None:
        if gone() or time.thread_time() > until:
            long = f"comparing its gradient with complex steps takes over {CHECK_TIME:g} seconds"
            raise CellError(1, 1, f"{long}: use fewer matrices or fewer lines")

    token = before_trial.set(check)
    try:
        yield
    finally:
        before_trial.reset(token)


@cache
def actors_loop() -> asyncio.AbstractEventLoop:
    """The event loop of all actors, in a thread of its own."""
    sys.setswitchinterval(SWITCH_INTERVAL)
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, name="actors", daemon=True).start()
    return loop


#: The actors whose runs play. Accessed only on the actors' thread.
_PLAYING: set[Actor] = set()


class Actor:
    """Owns a session's host. Nobody else may use the host without its lock.

    ``awaited`` is an opened file that still needs another one.
    """

    def __init__(self, session: Session | Pair, on_end: Callable[[Actor], object]) -> None:
        self.run_id = secrets.token_urlsafe(16)
        self.alive = True
        self.awaited: AwaitedRun | AwaitedWeights | None = None
        self._host = SessionHost(session, time.monotonic(), self.run_id, self._redraw)
        self._on_end = on_end
        self._inbox: deque[_Request] = deque()
        self._wake_up, self._loop = asyncio.Event(), actors_loop()
        self._slow_until = -math.inf
        self._browsers: set[Viewer] = set()
        self._deserted_at = math.inf
        self._task = asyncio.run_coroutine_threadsafe(self._run(), self._loop)
        # A callback, because it also runs when the task is cancelled before its start.
        self._task.add_done_callback(self._end)

    # From any thread

    @property
    def unwatched(self) -> float:
        """Seconds since the last browser left; 0 while one is connected."""
        return self._host.unwatched(time.monotonic())

    @property
    def deserted(self) -> bool:
        """Whether the last browser left, or the actor was stopped, more than GRACE seconds ago.

        A page that is being loaded isn't connected yet: who asks for the host is there.
        """
        return time.monotonic() > self._deserted_at

    @property
    def crowded(self) -> bool:
        """Whether so many requests are waiting that no more should be read."""
        return len(self._inbox) >= MAX_WAITING

    @property
    def pending(self) -> bool:
        """Whether requests are waiting."""
        return bool(self._inbox)

    def post(self, command: Command, long: bool = False) -> None:
        """Execute ``command`` in the order of posting.

        A ``long`` one runs in the thread pool while this actor waits.
        """
        self._put((lambda: self._execute(partial(command, self._host), long), None))

    @contextmanager
    def host(self) -> Iterator[SessionHost]:
        """Lock the host for one run of Streamlit's script; meanwhile nothing is trained.

        Raises EndedError, and UnavailableError after LOCK_TIMEOUT. Once the actor is deserted, a
        pass raises AbandonedError.
        """
        lock: Future[SessionHost] = Future()
        released = asyncio.Event()
        self._deserted_at = math.inf
        self._put((lambda: self._grant(lock, released), lock))
        if not self.alive:
            raise EndedError
        try:
            host = lock.result(LOCK_TIMEOUT)
        except CancelledError:
            raise EndedError from None
        except TimeoutError:
            if not lock.cancel():
                self._loop.call_soon_threadsafe(released.set)
            raise UnavailableError(BUSY) from None
        try:
            # Errors are ignored as in ``SessionHost.attempt``.
            with np.errstate(all="ignore"), abandoned_if(lambda: self.deserted):
                yield host
        finally:
            self._loop.call_soon_threadsafe(released.set)

    def _redraw(self) -> None:
        self.post(SessionHost.redraw)

    def attach(self, viewer: Viewer) -> None:
        """Connect a browser."""
        self._browsers.add(viewer)
        self._deserted_at = math.inf
        self.post(lambda host: host.attach(viewer, time.monotonic()))

    def detach(self, viewer: Viewer) -> None:
        """Disconnect a browser; its pending work is abandoned."""
        viewer.gone = True
        self._browsers.discard(viewer)
        if not self._browsers:
            self._deserted_at = time.monotonic() + GRACE
        self.post(lambda host: host.detach(viewer, time.monotonic()))

    def receive(self, viewer: Viewer, command: dict[str, Any]) -> None:
        """Execute a browser's command; an invalid one is logged."""

        def receive(host: SessionHost) -> None:
            with time_limit(lambda: viewer.gone):
                host.receive(viewer, command, time.monotonic())

        self.post(receive, long=command.get("do") not in QUICK)

    def stop(self) -> None:
        """End the actor; pending requests are dropped."""
        self._deserted_at = time.monotonic() + GRACE
        self._task.cancel()

    # On the actors' thread

    def _put(self, request: _Request) -> None:
        self._inbox.append(request)
        self._loop.call_soon_threadsafe(self._wake_up.set)

    async def _run(self) -> None:
        while self._inbox or not self._host.expired(time.monotonic()):
            try:
                await self._read_inbox()
                await self._advance()
                await self._wait()
            except Exception:
                self._host.fail()
                await asyncio.sleep(FAILURE_PAUSE)

    def _end(self, task: Future[None]) -> None:
        self.alive = False
        self._host.pair.luck.stop()
        if not task.cancelled() and (problem := task.exception()):
            _LOG.error("a run ended by an error", exc_info=problem)
        self._loop.call_soon_threadsafe(_PLAYING.discard, self)
        while self._inbox:
            _, lock = self._inbox.popleft()
            if lock:
                lock.cancel()
        self._on_end(self)

    async def _read_inbox(self) -> None:
        """Execute waiting requests for one time slice, yielding to other actors in between."""
        self._wake_up.clear()
        until = time.monotonic() + SLICE
        while self._inbox and time.monotonic() < until:
            work, _ = self._inbox.popleft()
            await work()
            await asyncio.sleep(0)

    async def _grant(self, lock: Future[SessionHost], released: asyncio.Event) -> None:
        if lock.set_running_or_notify_cancel():
            lock.set_result(self._host)
            await released.wait()
            self._host.refresh()

    async def _advance(self) -> None:
        now = time.monotonic()
        if work := self._host.background_work(now):
            await self._execute(work, long=True)
        (_PLAYING.add if self._host.playing(now) else _PLAYING.discard)(self)
        playing = len(_PLAYING)

        def turn() -> None:
            start = time.thread_time()
            self._host.turn(time.monotonic(), playing)
            if time.thread_time() - start > SLOW_TURN:
                self._host.untried, self._slow_until = True, time.monotonic() + SLOW_TIME

        await self._execute(turn, self._host.untried or now < self._slow_until)

    async def _wait(self) -> None:
        seconds = self._host.idle_time(time.monotonic())
        if self._inbox or seconds == 0:
            await asyncio.sleep(0)
            return
        # Not asyncio.wait_for: in Python 3.11 it can lose a cancellation.
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._wake_up.wait()

    async def _execute(self, work: Callable[[], object], long: bool) -> None:
        def attempt() -> None:
            with abandoned_if(lambda: self.deserted):
                self._host.attempt(work)

        if long:
            await self._loop.run_in_executor(_POOL, attempt)
        else:
            attempt()
