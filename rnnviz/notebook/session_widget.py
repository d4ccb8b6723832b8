"""SessionWidget: the first page of a session in a notebook, live while no cell runs."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any
from weakref import WeakSet

from anywidget import AnyWidget
from IPython.core.getipython import get_ipython

from rnnviz.charts.axis_limits import StickyScale
from rnnviz.charts.first_page import DEVELOP, compared_network, curves, explained, words_of
from rnnviz.charts.texts import status_texts, verdict_html
from rnnviz.charts.theme import DARK, LIGHT, css_variables
from rnnviz.files.page_script import page_file, page_script
from rnnviz.page.session_host import SessionHost
from rnnviz.probe.probe import most_typed
from rnnviz.probe.session import Session
from rnnviz.run.player import SPEEDS
from rnnviz.ui.frame import Frame
from rnnviz.ui.viewer import Scene, Viewer

# The driver: turns of a session's host on the kernel's event loop, between cells, without a thread


class NoKernelError(RuntimeError):
    """There is no notebook kernel to run the session."""

    def __init__(self) -> None:
        super().__init__("The widget needs a notebook: show it in JupyterLab, VS Code or Colab.")


#: The drivers in use in this kernel.
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
    """A session's host, and the time of its next turn."""

    def __init__(self, session: Session) -> None:
        if shell := get_ipython():
            # Redraw after every cell: it may have trained, or changed the phrase.
            shell.events.register("post_run_cell", _refresh_all)
        self.host = SessionHost(session, time.monotonic())
        try:
            self._loop = asyncio.get_running_loop()
        except RuntimeError:
            raise NoKernelError from None
        self._next: asyncio.Handle | None = None

    def post(self, command: Callable[[SessionHost], object]) -> None:
        """Execute ``command`` after the running cell; from any thread.

        Messages of widgets may come in a subshell of the kernel, which has its own thread.
        """
        self._loop.call_soon_threadsafe(self._execute, command)

    def post_in(self, seconds: float, command: Callable[[SessionHost], object]) -> None:
        """Execute ``command`` after ``seconds``; from the loop's own thread."""
        self._loop.call_later(seconds, self._execute, command)

    def _execute(self, command: Callable[[SessionHost], object]) -> None:
        self.host.attempt(partial(command, self.host))
        self._turn()

    def _turn(self) -> None:
        """Train for a slice, send frames, and schedule the next turn."""
        if self._next:
            self._next.cancel()
            self._next = None
        now = time.monotonic()
        if work := self.host.background_work(now):
            self.host.attempt(work)
        playing = sum(driver.host.playing(now) for driver in _DRIVERS)
        self.host.attempt(lambda: self.host.turn(time.monotonic(), playing))
        seconds = self.host.idle_time(time.monotonic())
        if seconds is not None and self.host.viewers:
            self._next = self._loop.call_later(seconds, self._turn)


def _refresh_all(_: object) -> None:
    for driver in _DRIVERS:
        driver.post(SessionHost.refresh)


# The views of a widget

#: Bytes a second of all widgets of a kernel: the limit of notebooks, less the output of cells.
MOST = 600_000


@dataclass(eq=False)
class DataRate:
    """A limit on the bytes a second: the time from which more may be sent."""

    free_at: float = 0.0

    def add(self, now: float, count: int) -> None:
        """Add ``count`` bytes, sent at time ``now``."""
        self.free_at = max(now, self.free_at) + count / MOST

    def wait(self, now: float) -> float:
        """Seconds from ``now`` until more may be sent."""
        return max(0.0, self.free_at - now)


class WidgetView:
    """One output of a notebook that shows a session, with its own theme."""

    def __init__(
        self, session: Session, name: str, dark: bool, send: Callable[[str, bytes], None]
    ) -> None:
        self.session, self.theme, self._sent = session, LIGHT, dict[str, Any]()
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
        frame.texts |= status_texts(session, linked=False)
        frame.texts["verdict"] = verdict_html(probe, session.phrase_input.problem)
        words = words_of(session, probe)
        # The limits of colours stay as long as the data.
        dataset, scale = self._scales
        if dataset is not session.dataset:
            scale = StickyScale()
            self._scales = session.dataset, scale
        theme = replace(self.theme, scale=scale)
        frame.chart("network", compared_network, session, probe, words, theme)
        frame.chart("curves", curves, session, probe, self.theme, DEVELOP)

    def develop(self) -> Iterator[None]:
        """Measure earlier epochs while the run is paused; yields before each."""
        session = self.session
        return session.memory.develop(session.run, session.gradient_query())

    def news(self) -> Mapping[str, Any]:
        """The texts around the pictures, if they have changed since the last call."""
        session = self.session
        texts = {
            **explained(session), "label": session.names.sequence.capitalize(),
            "help": f"Any input like the {session.dataset.role} data.",
            "placeholder": session.first_phrase[:60], "most": most_typed(session.dataset) + 1,
            "speeds": SPEEDS,
        }  # fmt: skip
        if texts == self._sent:
            return {}
        self._sent = texts
        return {"said": texts}


#: Sends a message of the widget, with binary buffers.
Send = Callable[[Mapping[str, Any], Sequence[bytes]], None]

#: The rate of all widgets of this kernel.
RATE = DataRate()


class WidgetViews:
    """The views of one widget, by the names that their scripts chose.

    A view sends hello, then commands as a tab of the page does, and bye. It receives a welcome,
    then frames, each after it has drawn the last one.
    """

    def __init__(self, session: Session, send: Send) -> None:
        self._session, self._send = session, send
        self._driver, self._views = driver_of(session), dict[str, WidgetView]()

    def receive(self, message: Any) -> None:
        """Execute the message of a view after the running cell; ignore anything else."""
        match message:
            case {"view": str(name), "do": str()}:
                self._driver.post(lambda host: self._act(name[:40], message, host))

    def close(self) -> None:
        """Close all views; without another one the run pauses."""
        for name in list(self._views):
            self._drop(name, self._driver.host)
        _pause_unseen(self._driver.host)

    def _act(self, name: str, command: Mapping[str, Any], host: SessionHost) -> None:
        match command:
            case {"do": "hello", "dark": bool(dark)}:
                now = time.monotonic()
                gone = [n for n, view in self._views.items() if not view.viewer.connected(now)]
                for other in (*gone, name):
                    self._drop(other, host)
                view = self._views[name] = WidgetView(self._session, name, dark, self._send_frame)
                self._send({"view": name, "welcome": True, **view.news()}, [])
                host.attach(view.viewer, now)
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

    def _drop(self, name: str, host: SessionHost) -> None:
        if view := self._views.pop(name, None):
            host.detach(view.viewer, time.monotonic())

    def _send_frame(self, name: str, message: bytes) -> None:
        RATE.add(time.monotonic(), len(message))
        self._send({"view": name, **self._views[name].news()}, [message])


def _pause_unseen(host: SessionHost) -> None:
    if not host.viewers:
        host.session.player.pause()


def _module() -> str:
    """The script and the style sheet of the widget, with the colours of both themes."""
    own = Path(__file__).with_name("widget.css").read_text(encoding="utf-8")
    light = css_variables(LIGHT, LIGHT.background, ".rnnviz-widget")
    dark = css_variables(DARK, DARK.background, ".rnnviz-widget.dark")
    sheet = json.dumps("\n".join([light, dark, page_file("style.css"), own]))
    host = page_script("notebook/host_notebook.js")
    show = f"(context) => $host_notebook.show(context, {sheet})"
    return f"{host}\nexport default {{ render: {show} }};\n"


class SessionWidget(AnyWidget):
    """The pictures of ``session``, its transport, and the phrase, in every view of this widget."""

    _esm = _module()
    #: None if the constructor failed; a failed widget is closed, too.
    _session_views: WidgetViews | None = None

    def __init__(self, session: Session) -> None:
        self.session = session
        views = self._session_views = WidgetViews(session, self.send)
        super().__init__()
        self.on_msg(lambda _, message, buffers: views.receive(message))

    def __repr__(self) -> str:
        """The text of the widget without JavaScript."""
        return "The live picture of a session. It needs its kernel: run this cell again."

    def close(self) -> None:
        """Remove the picture from the notebook; without another one the run pauses."""
        if self._session_views:
            self._session_views.close()
        super().close()
