"""Views: all places of one widget in which its session is drawn, and their messages."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from rnnviz.notebook.data_rate import DataRate
from rnnviz.notebook.kernel_driver import driver_of
from rnnviz.notebook.view import View
from rnnviz.page.session_host import SessionHost
from rnnviz.probe.session import Session

#: Sends a message of the widget, with binary buffers.
Send = Callable[[Mapping[str, Any], Sequence[bytes]], None]

#: What all widgets of this kernel send.
RATE = DataRate()


class Views:
    """The views of one widget, by the names that they have given themselves.

    A view sends hello, then commands as a tab of the page does, and bye. It gets a welcome, then
    frames, the next one when it has drawn the last.
    """

    def __init__(self, session: Session, send: Send) -> None:
        self._session, self._send = session, send
        self._driver, self._views = driver_of(session), dict[str, View]()

    def receive(self, message: Any) -> None:
        """Take a message of a view, after the cell that runs; others are ignored."""
        match message:
            case {"view": str(name), "do": str()}:
                self._driver.post(lambda host: self._act(name[:40], message, host))

    def close(self) -> None:
        """Leave all; without another the run pauses."""
        for name in list(self._views):
            self._drop(name, self._driver.host)
        _pause_unseen(self._driver.host)

    def _act(self, name: str, command: Mapping[str, Any], host: SessionHost) -> None:
        match command:
            case {"do": "hello", "dark": bool(dark)}:
                self._enter(name, dark, host)
            case {"do": "bye"}:
                self._drop(name, host)
                _pause_unseen(host)
            case _ if name not in self._views:
                self._send({"view": name, "unknown": True}, [])
            case {"do": "look", "dark": bool(dark)}:
                self._views[name].paint(dark)
                host.refresh()
            case {"do": "ack"} if (wait := RATE.wait(time.monotonic())) > 0:
                self._driver.post_in(wait, lambda host: self._act(name, command, host))
            case _:
                host.receive(self._views[name].viewer, command, time.monotonic())

    def _enter(self, name: str, dark: bool, host: SessionHost) -> None:
        now = time.monotonic()
        gone = [one for one, view in self._views.items() if not view.viewer.connected(now)]
        for other in gone:
            self._drop(other, host)
        self._drop(name, host)
        view = self._views[name] = View(self._session, name, dark, self._send_frame)
        self._send({"view": name, "welcome": True, **view.news()}, [])
        host.attach(view.viewer, now)

    def _drop(self, name: str, host: SessionHost) -> None:
        if view := self._views.pop(name, None):
            host.detach(view.viewer, time.monotonic())

    def _send_frame(self, name: str, message: bytes) -> None:
        RATE.add(time.monotonic(), len(message))
        self._send({"view": name, **self._views[name].news()}, [message])


def _pause_unseen(host: SessionHost) -> None:
    """Pause a run that nobody sees."""
    if not host.viewers:
        host.session.player.pause()
