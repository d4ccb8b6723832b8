"""Viewer: one browser that looks on, and the scene that its page shows."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from rnnviz.app.frame import Frame, Sent
from rnnviz.session import Session

Event = dict[str, Any]
Handler = Callable[[Event], None]

#: Frames on their way to one browser at most.
FLIGHT = 2


@dataclass(frozen=True)
class Job:
    """What a page has to do while the run rests.

    ``work`` does it for so many seconds at most and tells whether something is left.
    """

    work: Callable[[float], bool]


@dataclass(frozen=True, eq=False)
class Scene:
    """What a page shows of a session and how it acts on what the reader does there."""

    session: Session
    draw: Callable[[Frame], None]
    handlers: Mapping[str, Handler] = field(default_factory=dict)
    job: Job | None = None


@dataclass(eq=False)
class Viewer:
    """One browser that looks on: what it has got, and how much of it is on its way.

    ``pipe`` gets a message to it; it never blocks and can be called from any thread. ``scene`` says
    what its page shows now.
    """

    pipe: Callable[[bytes], None]
    client: str = ""
    scene: Callable[[], Scene | None] = lambda: None
    sight: frozenset[str] = frozenset()
    sent: int = 0
    acked: int = 0
    heard_at: float = 0.0
    version: int = -1
    link: tuple[float, str | None] = (-math.inf, None)
    memory: Sent = field(default_factory=Sent)

    @property
    def ready(self) -> bool:
        """Whether it can take another frame."""
        return self.sent - self.acked < FLIGHT
