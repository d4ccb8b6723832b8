"""The live part of a page: what is drawn in every frame."""

from __future__ import annotations

from rnnviz.charts.explanation import count_in
from rnnviz.charts.sentence import sentence
from rnnviz.charts.status import status_texts
from rnnviz.probe.session import Session
from rnnviz.ui.browser_session import current_seat
from rnnviz.ui.cell_draft_text import draft_html
from rnnviz.ui.frame import Frame
from rnnviz.ui.sheet import Tab
from rnnviz.ui.style import current_look, theme, using_look
from rnnviz.ui.viewer import Scene

TOO_LONG = (
    "Not drawn: with this network it takes too long. Fewer units, layers or words are faster."
)


def live(session: Session, tab: Tab) -> None:
    """Draw every frame of this page as the tab says from now on, with this browser tab's look.

    Its handlers receive clicks and selections, and its job runs while the session is paused. The
    actor calls all of them, not this script.
    """
    look = current_look()

    def draw_all(frame: Frame) -> None:
        with using_look(look):
            count_in(session.unit)
            tab.draw(frame)
            for key in frame.given_up:
                frame.pictures[key] = sentence("", TOO_LONG, theme()).parts(), ""
            # A page may tell a story of its own.
            frame.texts |= status_texts(session, frame.texts.get("story"))
            if session.draft:
                frame.texts["draft"] = draft_html(session.draft)

    current_seat().scene = Scene(session, draw_all, tab.handlers, tab.job, tab.shown)
