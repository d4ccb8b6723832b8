"""The notebook: the first page of a session as a widget, for a cell."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rnnviz.probe.session import Session

if TYPE_CHECKING:
    from rnnviz.notebook.session_widget import SessionWidget


def widget(session: Session) -> SessionWidget:
    """The picture of ``session``, live: play, pause, scrub, type a phrase.

    It plays this session itself, between the cells. What a cell reads is what the picture shows.
    Raises ImportError without anywidget, and NoKernelError outside of a notebook.
    """
    try:
        from rnnviz.notebook.session_widget import SessionWidget  # noqa: PLC0415
    except ModuleNotFoundError as missing:
        if missing.name not in ("anywidget", "ipywidgets", "traitlets", "IPython"):
            raise
        raise ImportError("The widget needs anywidget: pip install anywidget.") from None
    return SessionWidget(session)
