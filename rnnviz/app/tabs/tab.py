"""Tab: the drawing, the handlers and the job of one tab of a page."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from rnnviz.app.browser_session import visit
from rnnviz.app.frame import Frame
from rnnviz.app.viewer import Handler, Job
from rnnviz.lab.units import StateSource
from rnnviz.session import Session

#: Maximum number of words offered in a choice.
MOST_CHOICES = 300


@dataclass(frozen=True)
class Tab:
    """How a tab is drawn, its handlers by key, and its background job; see ``Scene``."""

    draw: Callable[[Frame], None]
    handlers: Mapping[str, Handler] = field(default_factory=dict)
    job: Job | None = None
    widgets_follow: bool = False


def edition(session: Session) -> tuple[int, int]:
    """How often the page and this tab were opened: a new number resets their widgets."""
    return visit("hidden"), visit(session.units.question, "tab_visit")


def unweighed(session: Session) -> str:
    """Why the ablation loss of some units isn't known."""
    loss = session.run.history.row(session.player.position.epoch)["train_loss"]
    if not np.isfinite(loss):
        return "The loss is not finite, so no unit can be measured."
    return (
        "Pause to measure the units." if session.player.running else "The measurement is running."
    )


def source_of(session: Session) -> StateSource:
    """The source of the states shown now."""
    return StateSource(session.state, session.dataset, session.layer, session.part)
