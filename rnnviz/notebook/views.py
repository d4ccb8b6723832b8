"""Views: all places of one widget in which its session is drawn, and their messages."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from rnnviz.charts.axis_limits import StickyScale
from rnnviz.charts.first_page import DEVELOP, compared_network, curves, explained, words_of
from rnnviz.charts.status import status_texts, verdict_html
from rnnviz.charts.theme import DARK, LIGHT, Theme
from rnnviz.notebook.kernel_driver import driver_of
from rnnviz.page.session_host import SessionHost
from rnnviz.probe.probe import most_typed
from rnnviz.probe.session import Session
from rnnviz.run.player import SPEEDS
from rnnviz.ui.frame import Frame
from rnnviz.ui.viewer import Scene, Viewer

#: Bytes a second of all widgets of a kernel together: the limit, less what cells print.
MOST = 600_000


@dataclass(eq=False)
class DataRate:
    """Bytes that were sent, and when that many will have been allowed."""

    free_at: float = 0.0

    def add(self, now: float, count: int) -> None:
        """Note that ``count`` bytes were sent at time ``now``."""
        self.free_at = max(now, self.free_at) + count / MOST

    def wait(self, now: float) -> float:
        """Seconds from ``now`` until more may be sent."""
        return max(0.0, self.free_at - now)


# One place of a notebook in which a session is drawn, with a look of its own


class View:
    """A viewer of a session, and what it shows."""

    def __init__(
        self, session: Session, name: str, dark: bool, send: Callable[[str, bytes], None]
    ) -> None:
        self.session, self.theme, self.told = session, LIGHT, dict[str, Any]()
        self._scales: tuple[Any, StickyScale] = (None, StickyScale())
        self.paint(dark)
        scene = Scene(session, self.draw, job=self.develop)
        self.viewer = Viewer(lambda message: send(name, message), name, lambda: scene, flight=1)

    def paint(self, dark: bool) -> None:
        """Draw for a dark notebook, or a light one."""
        self.theme = DARK if dark else LIGHT

    def draw(self, frame: Frame) -> None:
        """Draw both pictures, the answer, and the state of the run."""
        session = self.session
        probe = session.inspect()
        # There are no other tabs here.
        frame.texts |= status_texts(session, linked=False)
        frame.texts["verdict"] = verdict_html(probe, session.phrase_input.problem)
        words = words_of(session, probe)
        frame.chart("network", compared_network, session, probe, words, self._steady)
        frame.chart("curves", curves, session, probe, self.theme, DEVELOP)

    @property
    def _steady(self) -> Theme:
        """The theme, with limits of colours that stay as long as the data."""
        dataset, scale = self._scales
        if dataset is not self.session.dataset:
            scale = StickyScale()
            self._scales = self.session.dataset, scale
        return replace(self.theme, scale=scale)

    def develop(self, budget: float) -> bool:
        """Measure earlier epochs while the run rests; whether some are left."""
        session = self.session
        return session.memory.develop(session.run, session.gradient_query(), budget)

    def news(self) -> Mapping[str, Any]:
        """What is to be said around the pictures, if it has changed since it was told."""
        said = _said(self.session)
        if said == self.told:
            return {}
        self.told = said
        return {"said": said}


def _said(session: Session) -> dict[str, Any]:
    return {
        **explained(session),
        "label": session.names.sequence.capitalize(),
        "help": f"Any input like the {session.dataset.role} data.",
        "placeholder": session.first_phrase[:60],
        "most": most_typed(session.dataset) + 1,
        "speeds": SPEEDS,
    }


# All places of one widget in which its session is drawn, and their messages


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
