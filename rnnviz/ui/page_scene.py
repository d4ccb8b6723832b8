"""The live part of a page: what is drawn in every frame, and what a click does."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from rnnviz.charts.explanation import count_in
from rnnviz.charts.sentence import sentence
from rnnviz.charts.status import status_texts
from rnnviz.probe.session import Session
from rnnviz.run.schedule import Position
from rnnviz.ui.browser_session import current_seat
from rnnviz.ui.cell_draft_text import draft_html
from rnnviz.ui.frame import Frame
from rnnviz.ui.style import current_look, theme, using_look
from rnnviz.ui.viewer import Event, Handler, Job, Scene

TOO_LONG = (
    "Not drawn: with this network it takes too long. Fewer units, layers or words are faster."
)


def live(
    session: Session,
    draw: Callable[[Frame], None],
    handlers: Mapping[str, Handler] | None = None,
    job: Job | None = None,
    shown: Callable[[], object] = lambda: None,
) -> None:
    """Draw every frame of this page by ``draw`` from now on, with this tab's look.

    ``handlers`` receive clicks and selections, by the key of the picture or slider. ``job`` runs
    while the session is paused. The actor calls all of them, not this script. For ``shown``
    see ``Scene``.
    """
    look = current_look()

    def draw_all(frame: Frame) -> None:
        with using_look(look):
            count_in(session.unit)
            draw(frame)
            for key in frame.given_up:
                frame.pictures[key] = sentence("", TOO_LONG, theme()).parts(), ""
            # A page may tell a story of its own.
            frame.texts |= status_texts(session, frame.texts.get("story"))
            if session.draft:
                frame.texts["draft"] = draft_html(session.draft)

    current_seat().scene = Scene(session, draw_all, handlers or {}, job, shown)


def go_to_click(session: Session, click: Event) -> None:
    """Show the epoch that was clicked in a chart over the epochs."""
    session.player.pause()
    session.player.go_to(Position(round(click["x"])))
