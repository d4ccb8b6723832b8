"""Actor: gives a SessionHost its time; others post commands to it, or borrow it for a while.

All actors are tasks on one thread of their own, so only one of them computes at a time: of two
threads that multiply matrices each would wait for Python's lock again and again. What takes long
is done in other threads, while its own actor waits for it.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import cache, partial
from typing import Any, NamedTuple

from rnnviz.app.command import QUICK, RefusedError
from rnnviz.app.session_host import SLICE, SessionHost
from rnnviz.app.viewer import Viewer
from rnnviz.session import Session

_LOG = logging.getLogger(__name__)
Command = Callable[[SessionHost], object]
#: Seconds after which a thread that computes lets another one have Python's lock. Every product of
#: matrices lets it go, and would get it back only after Python's own 5 ms.
SWITCH = 1e-4
#: Seconds that a run of Streamlit's script may wait for the host.
PATIENCE = 60.0
#: Seconds of CPU time that a turn may take on the shared thread; one that takes longer makes all
#: later turns of its run go on elsewhere.
SLOW = 0.2
#: The threads for what takes long: few, since each takes Python's lock from the others.
_OTHERS = ThreadPoolExecutor(4, "long")


class EndedError(RuntimeError):
    """The actor has ended: its run is no longer kept."""


@cache
def actors_loop() -> asyncio.AbstractEventLoop:
    """The event loop of all actors, in a thread of its own."""
    sys.setswitchinterval(SWITCH)
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, name="actors", daemon=True).start()
    return loop


#: The actors whose runs play; only their own thread looks at it.
_PLAYING: set[Actor] = set()


class _Loan:
    """A request for the host: it is lent when its turn comes, until it is given back."""

    def __init__(self) -> None:
        self.lent: Future[SessionHost] = Future()
        self.back = asyncio.Event()


class _Wish(NamedTuple):
    """A command, and whether it may take ``long``."""

    command: Command
    long: bool


class Actor:
    """Owns a session's host; nobody else touches it but one who has borrowed it."""

    def __init__(self, session: Session, on_end: Callable[[Actor], None]) -> None:
        self.run_id = secrets.token_urlsafe(16)
        self.alive = True
        self._desk, self._on_end = SessionHost(session, time.monotonic()), on_end
        self._inbox: deque[_Wish | _Loan] = deque()
        self._bell, self._loop = asyncio.Event(), actors_loop()
        self._slow = False
        self._task = asyncio.run_coroutine_threadsafe(self._live(), self._loop)
        # However it ends, even before it has begun.
        self._task.add_done_callback(lambda _: self._end())

    # What others may do, from any thread

    @property
    def unseen(self) -> float:
        """For how many seconds no browser has looked on."""
        return self._desk.unseen(time.monotonic())

    @property
    def waiting(self) -> bool:
        """Whether something waits to be done."""
        return bool(self._inbox)

    def post(self, command: Command, long: bool = False) -> None:
        """Have ``command`` done, in the order of posting.

        What may take ``long`` is done in another thread, while this actor waits for it.
        """
        self._put(_Wish(command, long))

    @contextmanager
    def borrow(self) -> Iterator[SessionHost]:
        """The host, for one run of Streamlit's script; until it is given back nothing is trained.

        Raises EndedError, and TimeoutError if the actor doesn't come to it.
        """
        loan = _Loan()
        self._put(loan)
        if not self.alive:
            raise EndedError
        try:
            host = loan.lent.result(PATIENCE)
        except CancelledError:
            raise EndedError from None
        except TimeoutError:
            if not loan.lent.cancel():
                self._loop.call_soon_threadsafe(loan.back.set)
            raise
        try:
            yield host
        finally:
            self._loop.call_soon_threadsafe(loan.back.set)

    def attach(self, viewer: Viewer) -> None:
        """Have a browser look on."""
        self.post(lambda host: host.attach(viewer, time.monotonic()))

    def detach(self, viewer: Viewer) -> None:
        """Have it look away."""
        self.post(lambda host: host.detach(viewer, time.monotonic()))

    def hear(self, viewer: Viewer, command: dict[str, Any]) -> None:
        """Do what a browser says; what makes no sense is left undone."""
        long = command.get("do") not in QUICK
        self.post(lambda host: host.hear(viewer, command, time.monotonic()), long)

    def stop(self) -> None:
        """End; nothing is heard any more."""
        self._task.cancel()

    # Inside

    def _put(self, wish: _Wish | _Loan) -> None:
        self._inbox.append(wish)
        self._loop.call_soon_threadsafe(self._bell.set)

    async def _live(self) -> None:
        while self._inbox or not self._desk.expired(time.monotonic()):
            await self._read_inbox()
            await self._go_on()
            await self._rest()

    def _end(self) -> None:
        self.alive = False
        self._loop.call_soon_threadsafe(_PLAYING.discard, self)
        while self._inbox:
            wish = self._inbox.popleft()
            if isinstance(wish, _Loan):
                wish.lent.cancel()
        self._on_end(self)

    async def _read_inbox(self) -> None:
        """Do what waits, for a slice of time; others have their turn in between."""
        self._bell.clear()
        until = time.monotonic() + SLICE
        while self._inbox and time.monotonic() < until:
            wish = self._inbox.popleft()
            if isinstance(wish, _Loan):
                await self._lend(wish)
            else:
                await self._do(partial(wish.command, self._desk), wish.long)
            await asyncio.sleep(0)

    async def _lend(self, loan: _Loan) -> None:
        if loan.lent.set_running_or_notify_cancel():
            loan.lent.set_result(self._desk)
            await loan.back.wait()
            self._desk.refresh()

    async def _go_on(self) -> None:
        began = time.monotonic()
        work = self._desk.busy(began)
        if work:
            await self._do(work, long=True)
        (_PLAYING.add if self._desk.plays(began) else _PLAYING.discard)(self)
        playing = len(_PLAYING)
        await self._do(lambda: self._turn(playing), self._slow)

    def _turn(self, playing: int) -> None:
        began = time.thread_time()
        self._desk.turn(time.monotonic(), playing)
        # Where an epoch's scores take so long, they do so with every epoch.
        self._slow = self._slow or time.thread_time() - began > SLOW

    async def _rest(self) -> None:
        rest = self._desk.rest(time.monotonic())
        if self._inbox or rest == 0:
            await asyncio.sleep(0)
            return
        # Not by wait_for, which may lose the end of this task (Python 3.11).
        with suppress(TimeoutError):
            async with asyncio.timeout(rest):
                await self._bell.wait()

    async def _do(self, work: Callable[[], object], long: bool) -> None:
        if long:
            await self._loop.run_in_executor(_OTHERS, self._safely, work)
        else:
            self._safely(work)

    def _safely(self, work: Callable[[], object]) -> None:
        """What fails must not end the actor: the run is held, and its page says so."""
        try:
            work()
        except RefusedError as problem:
            _LOG.info("refused: %s", problem)
        except Exception:
            _LOG.exception("a command failed")
            self._desk.fail()
