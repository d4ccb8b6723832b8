"""KernelDriver: gives a session's host its turns on the kernel's own event loop, between the cells.

There is no thread. No turn comes while a cell runs, so that a cell has the session for itself.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from functools import partial
from weakref import WeakSet

from IPython.core.getipython import get_ipython

from rnnviz.page.session_host import SessionHost
from rnnviz.probe.session import Session


class NoKernelError(RuntimeError):
    """There is no kernel of a notebook, which would do the work."""

    def __init__(self) -> None:
        super().__init__("The widget needs a notebook: show it in JupyterLab, VS Code or Colab.")


#: All that are in use in this kernel.
_DRIVERS: WeakSet[KernelDriver] = WeakSet()


def driver_of(session: Session) -> KernelDriver:
    """The driver of a session: all its widgets share one. Raises NoKernelError."""
    for driver in _DRIVERS:
        if driver.host.session is session:
            return driver
    driver = KernelDriver(session)
    _DRIVERS.add(driver)
    return driver


class KernelDriver:
    """A session's host, and when it works: now, later, or not at all."""

    def __init__(self, session: Session) -> None:
        _watch_cells()
        self.host = SessionHost(session, time.monotonic())
        try:
            self._loop = asyncio.get_running_loop()
        except RuntimeError:
            raise NoKernelError from None
        self._next: asyncio.Handle | None = None

    def post(self, command: Callable[[SessionHost], object]) -> None:
        """Execute ``command`` after the cell that runs; from any thread.

        Messages of widgets may come in a thread of their own, a subshell of the kernel.
        """
        self._loop.call_soon_threadsafe(self._execute, command)

    def post_in(self, seconds: float, command: Callable[[SessionHost], object]) -> None:
        """Execute ``command`` in so many seconds; from the loop's own thread."""
        self._loop.call_later(seconds, self._execute, command)

    def _execute(self, command: Callable[[SessionHost], object]) -> None:
        self.host.attempt(partial(command, self.host))
        self._turn()

    def _turn(self) -> None:
        """Train for a slice, send frames, and say when to go on."""
        if self._next:
            self._next.cancel()
            self._next = None
        now = time.monotonic()
        work = self.host.background_work(now)
        if work:
            self.host.attempt(work)
        playing = sum(driver.host.playing(now) for driver in _DRIVERS)
        self.host.attempt(lambda: self.host.turn(time.monotonic(), playing))
        seconds = self.host.idle_time(time.monotonic())
        if seconds is not None and self.host.viewers:
            self._next = self._loop.call_later(seconds, self._turn)


def _watch_cells() -> None:
    """Draw anew after every cell, as it may have trained, or asked about another phrase."""
    if shell := get_ipython():
        shell.events.register("post_run_cell", _draw_anew)


def _draw_anew(result: object) -> None:
    del result
    for driver in _DRIVERS:
        driver.post(SessionHost.refresh)
