"""A live page: what is drawn in every frame, and what a click does."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from rnnviz.app.frame import Frame
from rnnviz.app.style import look, looking, status_html
from rnnviz.app.tab_state import get_seat
from rnnviz.app.viewer import Event, Handler, Job, Scene
from rnnviz.session import Session
from rnnviz.training.schedule import Position


def live(
    session: Session,
    draw: Callable[[Frame], None],
    handlers: Mapping[str, Handler] | None = None,
    job: Job | None = None,
) -> None:
    """Have ``draw`` called for every frame from now on, with the look of this page.

    ``handlers`` act on what is clicked or selected, by the key of the picture or slider. A ``job``
    is worked on while the session rests. Both are called by the actor, never by this script.
    """
    here = look()

    def draw_all(frame: Frame) -> None:
        with looking(here):
            frame.text("status", status_html(session))
            draw(frame)

    get_seat().scene = Scene(session, draw_all, handlers or {}, job)


def go_to_click(session: Session, click: Event) -> None:
    """Look at the epoch that was clicked in a chart over the epochs."""
    session.player.pause()
    session.player.go_to(Position(round(click["x"])))
