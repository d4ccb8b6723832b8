"""Frame: what the browser is to show now, as one binary message that says what is new."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from struct import pack
from typing import Any, NamedTuple

from rnnviz.figures.picture import Parts, Picture


@dataclass(frozen=True)
class SliderState:
    """Where a slider stands, from 0 to ``last``, what it says, and its bands (name, width)."""

    last: int
    shown: int
    text: str
    bands: Sequence[tuple[str, int]] = ()


class Frame:
    """Pictures, texts and sliders by their keys; pictures out of sight are not computed."""

    def __init__(self, sight: Collection[str]) -> None:
        self._sight = sight
        self.pictures: dict[str, tuple[Parts, str]] = {}
        self.texts: dict[str, str] = {}
        self.sliders: dict[str, SliderState] = {}

    def chart(self, key: str, figure: Callable[..., Picture], *args: Any, remark: str = "") -> None:
        """Draw ``figure(*args)`` in the chart ``key``, with a remark below it."""
        if key in self._sight:
            self.pictures[key] = figure(*args).parts(), remark

    def text(self, key: str, html: str) -> None:
        """Write HTML in the place ``key``; what isn't our own in it must be escaped."""
        self.texts[key] = html

    def slider(self, key: str, state: SliderState) -> None:
        """Say where the slider ``key`` stands."""
        self.sliders[key] = state


class _Known(NamedTuple):
    """A picture as the browser has it: its outline, its remark, its arrays by their paths."""

    outline: str
    remark: str
    arrays: dict[str, tuple[str, tuple[int, ...], bytes]]


_NOTHING = _Known("", "", {})


@dataclass(eq=False)
class Sent:
    """What one browser has been sent: only what differs from it is sent again.

    An array that goes on from the one before is sent from there on: a curve sends its new rows.
    """

    texts: dict[str, str] = field(default_factory=dict)
    pictures: dict[str, _Known] = field(default_factory=dict)

    def message(self, header: Mapping[str, Any], frame: Frame) -> bytes:
        """The message of a frame.

            uint32 length of the header | header (UTF-8 JSON) | the arrays' bytes

        The header says of each picture its remark, its outline (null if it is as before) and, for
        each array, its path, type, shape and the row from which it is sent.
        """
        body: list[bytes] = []
        pictures = {key: self._picture(key, *drawn, body) for key, drawn in frame.pictures.items()}
        told = {
            **header,
            "texts": self._texts(frame.texts),
            "sliders": {key: asdict(state) for key, state in frame.sliders.items()},
            "pictures": {key: told for key, told in pictures.items() if told},
        }
        head = json.dumps(told, separators=(",", ":"), allow_nan=False).encode()
        return b"".join([pack("<I", len(head)), head, *body])

    def forget(self, keys: Collection[str]) -> None:
        """Send these pictures whole the next time: the browser has just laid them out."""
        for key in keys:
            self.pictures.pop(key, None)

    def _texts(self, texts: Mapping[str, str]) -> dict[str, str]:
        new = {key: html for key, html in texts.items() if self.texts.get(key) != html}
        self.texts.update(new)
        return new

    def _picture(
        self, key: str, parts: Parts, remark: str, body: list[bytes]
    ) -> dict[str, Any] | None:
        """What is told of a picture; None if it is as the browser has it."""
        outline, arrays = parts
        held = {k: (a.dtype.str[1:], a.shape, a.tobytes()) for k, a in arrays.items()}
        known, now = self.pictures.get(key) or _NOTHING, _Known(outline, remark, held)
        if now == known:
            return None
        self.pictures[key] = now
        rows = []
        for path, (kind, shape, content) in held.items():
            _, _, before = known.arrays.get(path, ("", (), b""))
            start = len(before) if content.startswith(before) else 0
            body.append(content[start:])
            rows.append([path, kind, shape, start, len(body[-1])])
        told = None if known.outline == outline else outline
        return {"remark": remark, "outline": told, "arrays": rows}
