"""Tab: how one part of a page is drawn, and what its controls do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from rnnviz.app.frame import Frame
from rnnviz.app.tab_state import visit
from rnnviz.app.viewer import Handler, Job
from rnnviz.lab.units import StateSource
from rnnviz.session import Session

#: The most words that can be chosen from.
MOST_CHOICES = 300


@dataclass(frozen=True)
class Tab:
    """How a tab is drawn, what it does when it is heard, and what it has to do while it waits."""

    draw: Callable[[Frame], None]
    handlers: Mapping[str, Handler] = field(default_factory=dict)
    job: Job | None = None


def edition(session: Session) -> tuple[int, int]:
    """Which visit to the page and to its tab this is."""
    return visit("hidden"), visit(session.units.tab, "tab_visit")


def source_of(session: Session) -> StateSource:
    """Where the states are taken from that are looked at now."""
    return StateSource(session.state, session.dataset, session.layer, session.part)
