"""SessionWidget: a session's picture in a notebook. Frames are buffers of the widget's messages."""

from __future__ import annotations

import json
from pathlib import Path

from anywidget import AnyWidget

from rnnviz.charts.theme import DARK, LIGHT, css_variables
from rnnviz.files.page_script import page_file, page_script
from rnnviz.notebook.views import Views
from rnnviz.probe.session import Session


def _style_sheet() -> str:
    """The page's sheet and the widget's own, with the colours of both themes."""
    own = Path(__file__).with_name("widget.css").read_text(encoding="utf-8")
    light = css_variables(LIGHT, LIGHT.background, ".rnnviz-widget")
    dark = css_variables(DARK, DARK.background, ".rnnviz-widget.dark")
    return "\n".join([light, dark, page_file("style.css"), own])


def _module() -> str:
    """The stage and its host, and the style sheet: all that the browser needs."""
    host, sheet = page_script("notebook/host_notebook.js"), json.dumps(_style_sheet())
    show = f"(context) => $host_notebook.show(context, {sheet})"
    return f"{host}\nexport default {{ render: {show} }};\n"


class SessionWidget(AnyWidget):
    """The pictures of ``session``, its transport, and the phrase, in every view of this widget."""

    _esm = _module()
    #: None where the constructor has failed: then it is closed too.
    _session_views: Views | None = None

    def __init__(self, session: Session) -> None:
        self.session = session
        views = self._session_views = Views(session, self.send)
        super().__init__()
        self.on_msg(lambda _, message, buffers: views.receive(message))

    def __repr__(self) -> str:
        """Stands in the place of the picture where there is no JavaScript."""
        return "The live picture of a session. It needs its kernel: run this cell again."

    def close(self) -> None:
        """Take the picture out of the notebook; without another the run pauses."""
        if self._session_views:
            self._session_views.close()
        super().close()
