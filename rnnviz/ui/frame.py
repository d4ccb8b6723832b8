"""Frame: what the browser should show now, sent as one binary message with the changes only."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import Any

from rnnviz.cancellation import cancellable
from rnnviz.charts.picture import Parts, Picture
from rnnviz.files.wire_format import PackedPicture, packed
from rnnviz.probe.work import Throttle

#: A picture below this many seconds is never throttled; the maximum time share of slower ones.
FREE_SECONDS, TIME_SHARE = 0.003, 1 / 3
#: The longest wait in seconds, so that every visible picture keeps moving.
MAX_WAIT = 0.5
#: Seconds for which a long text stays while the run plays: what changes faster can't be read.
READABLE = 0.25
#: Seconds of CPU time for one picture.
PICTURE_TIME = 2.0


@dataclass(frozen=True)
class SliderState:
    """A slider or stepper: its value ``shown``, 0..``last``, its text, and bands (name, width).

    ``names`` name the values, if they have names.
    """

    last: int
    shown: int
    text: str = ""
    bands: Sequence[tuple[str, int]] = ()
    names: Sequence[str] = ()


def draw_throttle() -> Throttle:
    """The throttle of one browser's slow pictures while the run plays or a slider is dragged."""
    return Throttle(TIME_SHARE, FREE_SECONDS, MAX_WAIT)


class TooLongError(Exception):
    """A picture takes longer than PICTURE_TIME."""


@contextmanager
def picture_limit() -> Iterator[None]:
    """Raise TooLongError before a pass in this thread that begins after PICTURE_TIME."""
    until = time.thread_time() + PICTURE_TIME

    def check() -> None:
        if time.thread_time() > until:
            raise TooLongError

    with cancellable(check):
        yield


#: A string, or a function called only if the chart is drawn.
Remark = str | Callable[[], str]


def text_of(remark: Remark) -> str:
    """The text of a remark."""
    return remark if isinstance(remark, str) else remark()


@dataclass(eq=False)
class Frame:
    """Pictures, texts (HTML, with user input escaped) and sliders, by key.

    Pictures out of sight are not computed. A hurried frame also leaves out slow ones that the
    throttle holds back: the browser keeps the last version, and ``complete`` is false. Pictures
    that exceed the time limit are ``given_up``.
    """

    in_sight: Collection[str]
    throttle: Throttle = field(default_factory=draw_throttle)
    now: float = 0.0
    hurried: bool = False
    complete: bool = True
    given_up: list[str] = field(default_factory=list)
    pictures: dict[str, tuple[Parts, str]] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    sliders: dict[str, SliderState] = field(default_factory=dict)

    def chart(
        self, key: str, figure: Callable[..., Picture], *args: Any, remark: Remark = ""
    ) -> None:
        """Draw ``figure(*args)`` in the chart ``key``, with a remark."""
        if key not in self.in_sight or self._held_back(key):
            return
        begun = time.perf_counter()
        try:
            with picture_limit():
                self.pictures[key] = figure(*args).parts(), text_of(remark)
        except TooLongError:
            self.given_up.append(key)
        self.throttle.note(key, self.now, time.perf_counter() - begun)

    def text(self, key: str, html: Callable[..., str], *args: Any) -> None:
        """Write the long text ``html(*args)``; in hurried frames once in ``READABLE`` seconds."""
        if not self._held_back(key):
            self.texts[key] = html(*args)
            self.throttle.hold(key, self.now + READABLE)

    def _held_back(self, key: str) -> bool:
        held = self.hurried and not self.throttle.allows(key, self.now)
        self.complete &= not held
        return held


@dataclass(eq=False)
class SentState:
    """What one browser has received. Only differences from it are sent."""

    texts: dict[str, str] = field(default_factory=dict)
    pictures: dict[str, PackedPicture] = field(default_factory=dict)

    def message(self, header: Mapping[str, Any], frame: Frame) -> bytes:
        """The message of a frame, see ``files.wire_format``."""
        body: list[bytes] = []
        texts = {k: html for k, html in frame.texts.items() if self.texts.get(k) != html}
        drawn = {key: PackedPicture(*parts) for key, parts in frame.pictures.items()}
        changed = {key: now for key, now in drawn.items() if self.pictures.get(key) != now}
        content = {
            **header,
            "texts": texts,
            "sliders": {key: asdict(state) for key, state in frame.sliders.items()},
            "pictures": {k: now.entry(body, self.pictures.get(k)) for k, now in changed.items()},
        }
        message = packed(content, body)
        self.texts |= texts
        self.pictures |= changed
        return message

    def forget(self, keys: Collection[str]) -> None:
        """Send these pictures whole the next time, because the browser laid them out again."""
        for key in keys:
            self.pictures.pop(key, None)
