"""Viewer: one connected browser; Scene: what its page shows."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from rnnviz.probe.session import Session
from rnnviz.probe.work import Throttle
from rnnviz.tasks.dataset import Dataset
from rnnviz.ui.frame import Frame, SentState, draw_throttle

Event = dict[str, Any]
Handler = Callable[[Event], None]
#: Background work of a page while the run is paused: returns what is left of it, an iterator that
#: yields where it can stop. Every run of the page's script makes a new one.
Job = Callable[[], Iterator[object]]

#: Maximum number of frames on their way to one browser tab.
MAX_IN_FLIGHT = 2
#: Seconds of silence after which a browser counts as gone, and the run stops.
SILENCE = 5.0


class UnavailableError(RuntimeError):
    """The run is unavailable: the message says why, and what to do."""


class AbandonedError(UnavailableError):
    """The browser for which something is computed has left."""

    def __init__(self) -> None:
        super().__init__(
            "The connection was lost before this was computed: nothing has changed. Try again."
        )


@dataclass(frozen=True, eq=False)
class Scene:
    """What a page shows of a session, and its handlers of clicks and selections by key.

    ``kinds`` are the scripts that draw its pictures, by key; the others are charts.
    ``shown`` returns the part of the ``job`` that Streamlit's widgets show; when it changes, they
    are drawn again. The scene is drawn only for this ``dataset`` and this number of ``links``
    opened; None: for any.
    """

    session: Session
    draw: Callable[[Frame], None]
    handlers: Mapping[str, Handler] = field(default_factory=dict)
    job: Job | None = None
    shown: Callable[[], object] = lambda: None
    kinds: Mapping[str, str] = field(default_factory=dict)
    dataset: Dataset | None = None
    links: int | None = None

    def fits(self, session: Session) -> bool:
        """Whether it shows this session, and was laid out for its data and its last link."""
        laid_out = self.dataset in (None, session.dataset) and self.links in (None, session.links)
        return self.session is session and laid_out


@dataclass(eq=False)
class Viewer:
    """One connected browser: the frames sent and acknowledged, and the pictures in sight.

    ``send`` queues a message; it never blocks and is safe from any thread. ``scene`` returns the
    page's scene, ``link`` is the time and the query of the last address sent. At most ``flight``
    frames are unacknowledged. A browser that is ``gone`` comes back as another viewer.
    """

    send: Callable[[bytes], None]
    client: str = ""
    scene: Callable[[], Scene | None] = lambda: None
    flight: int = MAX_IN_FLIGHT
    in_sight: frozenset[str] = frozenset()
    sent: int = 0
    acknowledged: int = 0
    last_message_at: float = 0.0
    gone: bool = False
    version: int = -1
    link: tuple[float, str | None] = (-math.inf, None)
    state: SentState = field(default_factory=SentState)
    throttle: Throttle = field(default_factory=draw_throttle)

    def forget(self, keys: Collection[str]) -> None:
        """Draw these pictures whole the next time, because the browser laid them out again."""
        self.state.forget(keys)
        self.throttle.forget(keys)

    @property
    def ready(self) -> bool:
        """Whether another frame may be sent."""
        return self.sent - self.acknowledged < self.flight

    def connected(self, now: float) -> bool:
        """Whether it accepts frames, or has sent a message recently."""
        return self.ready or now < self.last_message_at + SILENCE
