"""SessionWidget: a session's picture in a notebook. Frames are buffers of the widget's messages."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from anywidget import AnyWidget

from rnnviz.app.session_host import SessionHost
from rnnviz.export.modules import STATIC, one_module
from rnnviz.figures.theme import DARK, LIGHT, css_variables
from rnnviz.notebook.data_rate import DataRate
from rnnviz.notebook.kernel_driver import driver_of
from rnnviz.notebook.view import View
from rnnviz.session import Session

#: What all widgets of this kernel send.
_RATE = DataRate()


def _style_sheet() -> str:
    """The page's sheet and the widget's own, with the colours of both themes."""
    sheets = (STATIC.with_name("style.css"), Path(__file__).with_name("widget.css"))
    colors = [
        css_variables(theme, theme.background).replace(":root", f".rnnviz-widget{kind}")
        + f".rnnviz-widget{kind} {{ color: {theme.text}; color-scheme: {scheme}; }}"
        for theme, kind, scheme in ((LIGHT, "", "light"), (DARK, ".dark", "dark"))
    ]
    return "\n".join([*colors, *(sheet.read_text(encoding="utf-8") for sheet in sheets)])


def _module() -> str:
    """The stage and its host, and the style sheet: all that the browser needs."""
    host, sheet = one_module("host_notebook"), json.dumps(_style_sheet())
    return f"{host}\nexport default {{ render: (context) => render(context, {sheet}) }};\n"


class SessionWidget(AnyWidget):
    """The pictures of ``session``, its transport, and the phrase, in every view of this widget."""

    _esm = _module()

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self._driver, self._views = driver_of(session), dict[str, View]()
        self.on_msg(self._receive)

    def __repr__(self) -> str:
        """Stands in the place of the picture where there is no JavaScript."""
        return "The live picture of a session. It needs its kernel: run this cell again."

    def close(self) -> None:
        """Take the picture out of the notebook; without another the run pauses."""
        for name in list(self._views):
            self._leave(name, self._driver.host)
        super().close()

    # Messages of a view

    def _receive(self, _: AnyWidget, message: Any, buffers: Sequence[Any]) -> None:
        """Take a message of a view, after the cell that runs."""
        del buffers
        match message:
            case {"view": str(name), **command}:
                self._driver.post(lambda host: self._act(name[:40], command, host))

    def _act(self, name: str, command: Mapping[str, Any], host: SessionHost) -> None:
        match command:
            case {"do": "hello", "dark": bool(dark)}:
                self._enter(name, dark, host)
            case {"do": "bye"}:
                self._leave(name, host)
            case _ if name not in self._views:
                self.send({"view": name, "unknown": True})
            case {"do": "look", "dark": bool(dark)}:
                self._views[name].paint(dark)
                host.refresh()
            case {"do": "ack"} if (wait := _RATE.wait(time.monotonic())) > 0:
                self._driver.post_in(wait, lambda host: self._act(name, command, host))
            case _:
                host.receive(self._views[name].viewer, command, time.monotonic())

    def _enter(self, name: str, dark: bool, host: SessionHost) -> None:
        now = time.monotonic()
        for other in [other for other, view in self._views.items() if view.gone(now)]:
            self._drop(other, host)
        self._drop(name, host)
        view = self._views[name] = View(self.session, name, dark, self._send)
        self.send({"view": name, "welcome": True, **view.news()})
        host.attach(view.viewer, now)

    def _leave(self, name: str, host: SessionHost) -> None:
        """Without a view the run pauses."""
        self._drop(name, host)
        if not host.viewers:
            host.session.player.pause()

    def _drop(self, name: str, host: SessionHost) -> None:
        if view := self._views.pop(name, None):
            host.detach(view.viewer, time.monotonic())

    def _send(self, name: str, message: bytes) -> None:
        _RATE.add(time.monotonic(), len(message))
        self.send({"view": name, **self._views[name].news()}, [message])
