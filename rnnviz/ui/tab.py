"""Tab: the drawing, the handlers and the job of one tab of a page."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from rnnviz.engine.layer_buffers import Array
from rnnviz.probe.session import Session
from rnnviz.probe.units import StateSource
from rnnviz.ui.browser_session import visit
from rnnviz.ui.frame import Frame
from rnnviz.ui.measuring import measure_buttons, progress_html
from rnnviz.ui.viewer import Handler, Job

#: Maximum number of words offered in a choice.
MOST_CHOICES = 300


@dataclass(frozen=True)
class Tab:
    """How a tab is drawn, its handlers by key, its background job, and what widgets show of it."""

    draw: Callable[[Frame], None]
    handlers: Mapping[str, Handler] = field(default_factory=dict)
    job: Job | None = None
    shown: Callable[[], object] = lambda: None


def edition(session: Session) -> tuple[int, int]:
    """How often the page and this tab were opened: a new number resets their widgets."""
    return visit("hidden"), visit(session.questions["hidden"], "tab_visit")


def unweighed(session: Session) -> str:
    """Why the ablation loss of some units isn't known."""
    return _reason(session) or "The measurement is running."


def weighing_html(session: Session, rises: Array) -> str:
    """The same, with a bar while it is measured."""
    doing = "Measuring the units"
    return _reason(session) or progress_html(doing, 1 - float(np.isnan(rises).mean()))


def _reason(session: Session) -> str:
    loss = session.run.history.row(session.player.position.epoch)["train_loss"]
    if session.dataset.labelled and not np.isfinite(loss):
        return "The loss is not finite, so no unit can be measured."
    if session.player.running:
        return "Pause to measure the units."
    return "Press Measure to measure all units." if session.units.effort.waiting else ""


def weigh_buttons(session: Session) -> None:
    """The buttons that have all units measured, and that end it."""
    effort = session.units.effort
    measure_buttons(
        lambda here: here.units.effort.ask(), lambda here: here.units.effort.cancel(),
        ready=effort.waiting, going=effort.asked,
        tip="Silence each unit alone. What takes more than a second is done when it is asked for.",
    )  # fmt: skip


def no_room(what: str, tokens: int, most: int, noun: str) -> str:
    """What a picture leaves out of more than ``most`` tokens; nothing if it has room."""
    return f"No {what}: there is room for them up to {most} {noun}s." if tokens > most else ""


def source_of(session: Session) -> StateSource:
    """The source of the states shown now."""
    return StateSource(session.state, session.dataset, session.layer, session.part)
