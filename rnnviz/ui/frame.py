"""Frame: what the browser should show now, sent as one binary message with the changes only."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from struct import pack
from typing import Any

from rnnviz.charts.picture import Parts, Picture
from rnnviz.probe.work import Throttle
from rnnviz.ui.time_limit import TooLongError, picture_limit

#: Seconds that a picture may always take, and the share of the time of one that takes longer.
CHEAP, SHARE = 0.003, 0.25
#: The longest wait in seconds, so that every visible picture keeps moving.
MAX_WAIT = 0.5


@dataclass(frozen=True)
class SliderState:
    """A slider or stepper: its value ``shown``, 0..``last``, its text, and bands (name, width).

    ``names`` are those of the values, if they have any.
    """

    last: int
    shown: int
    text: str = ""
    bands: Sequence[tuple[str, int]] = ()
    names: Sequence[str] = ()


def draw_throttle() -> Throttle:
    """When the costly pictures of one browser may be computed again, by key.

    It counts while the run plays or a slider is dragged.
    """
    return Throttle(SHARE, CHEAP, MAX_WAIT)


#: A string, or a function called only if the chart is drawn.
Remark = str | Callable[[], str]


def said(remark: Remark) -> str:
    """The text of a remark."""
    return remark if isinstance(remark, str) else remark()


class Frame:
    """Pictures, texts (HTML, with user input escaped) and sliders, by key.

    Pictures out of sight are not computed. In a hurry neither are those that take long, if they
    were computed a moment ago: the browser keeps them, and ``complete`` is false. What takes too
    long is ``given_up``.
    """

    def __init__(
        self,
        in_sight: Collection[str],
        throttle: Throttle | None = None,
        now: float = 0.0,
        hurried: bool = False,
    ) -> None:
        self._in_sight, self._now, self._hurried = in_sight, now, hurried
        self._throttle = throttle or draw_throttle()
        self.complete = True
        self.given_up: list[str] = []
        self.pictures: dict[str, tuple[Parts, str]] = {}
        self.texts: dict[str, str] = {}
        self.sliders: dict[str, SliderState] = {}

    def chart(
        self, key: str, figure: Callable[..., Picture], *args: Any, remark: Remark = ""
    ) -> None:
        """Draw ``figure(*args)`` in the chart ``key``, with a remark, or with what makes it."""
        if key not in self._in_sight:
            return
        if self._hurried and not self._throttle.allows(key, self._now):
            self.complete = False
            return
        begun = time.perf_counter()
        try:
            with picture_limit():
                self.pictures[key] = figure(*args).parts(), said(remark)
        except TooLongError:
            self.given_up.append(key)
        self._throttle.note(key, self._now, time.perf_counter() - begun)


class _SentPicture:
    """A picture as a browser has it: outline, remark, and (dtype, shape, bytes) of its arrays."""

    def __init__(self, parts: Parts, remark: str) -> None:
        self.outline, arrays = parts
        self.remark = remark
        self.arrays = {k: (a.dtype.str[1:], a.shape, a.tobytes()) for k, a in arrays.items()}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _SentPicture) and vars(self) == vars(other)

    __hash__ = None  # type: ignore[assignment]

    def changes(self, before: _SentPicture | None, body: list[bytes]) -> dict[str, Any]:
        """The header entry for a browser that has ``before``; appends the new bytes to ``body``."""
        known = before.arrays if before else {}
        rows = []
        for path, (dtype, shape, content) in self.arrays.items():
            _, _, old = known.get(path, ("", (), b""))
            start = len(old) if content.startswith(old) else 0
            body.append(content[start:])
            rows.append([path, dtype, shape, start, len(body[-1])])
        same = before is not None and before.outline == self.outline
        return {"remark": self.remark, "outline": None if same else self.outline, "arrays": rows}


@dataclass(eq=False)
class SentState:
    """What one browser has received. Only differences from it are sent.

    An array that extends the one sent before is sent from its end on: a curve sends its new rows.
    """

    texts: dict[str, str] = field(default_factory=dict)
    pictures: dict[str, _SentPicture] = field(default_factory=dict)

    def message(self, header: Mapping[str, Any], frame: Frame) -> bytes:
        """The message of a frame.

            uint32 length of the header | header (UTF-8 JSON) | bytes of the arrays

        For each picture, the header has its remark, its outline (null if unchanged) and, for each
        array, path, dtype, shape, the byte from which it is sent, and how many bytes are sent.
        """
        body: list[bytes] = []
        texts = {k: html for k, html in frame.texts.items() if self.texts.get(k) != html}
        drawn = {key: _SentPicture(*parts) for key, parts in frame.pictures.items()}
        changed = {key: now for key, now in drawn.items() if self.pictures.get(key) != now}
        content = {
            **header,
            "texts": texts,
            "sliders": {key: asdict(state) for key, state in frame.sliders.items()},
            "pictures": {
                key: now.changes(self.pictures.get(key), body) for key, now in changed.items()
            },
        }
        head = json.dumps(content, separators=(",", ":"), allow_nan=False).encode()
        self.texts |= texts
        self.pictures |= changed
        return b"".join([pack("<I", len(head)), head, *body])

    def forget(self, keys: Collection[str]) -> None:
        """Send these pictures whole the next time, because the browser laid them out again."""
        for key in keys:
            self.pictures.pop(key, None)
