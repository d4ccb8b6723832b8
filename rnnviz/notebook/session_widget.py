"""SessionWidget: a session's picture in a notebook. Frames are buffers of the widget's messages."""

from __future__ import annotations

import json
from pathlib import Path

from anywidget import AnyWidget

from rnnviz.export.modules import STATIC, one_module
from rnnviz.figures.theme import DARK, LIGHT, css_variables
from rnnviz.notebook.views import Views
from rnnviz.session import Session


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
    return f"{host}\nexport default {{ render: (context) => show(context, {sheet}) }};\n"


class SessionWidget(AnyWidget):
    """The pictures of ``session``, its transport, and the phrase, in every view of this widget."""

    _esm = _module()

    def __init__(self, session: Session) -> None:
        self.session = session
        # First, because an object that failed half-way is closed too.
        self._session_views = Views(session, self.send)
        super().__init__()
        self.on_msg(lambda _, message, buffers: self._session_views.receive(message))

    def __repr__(self) -> str:
        """Stands in the place of the picture where there is no JavaScript."""
        return "The live picture of a session. It needs its kernel: run this cell again."

    def close(self) -> None:
        """Take the picture out of the notebook; without another the run pauses."""
        self._session_views.close()
        super().close()
