"""Frame: what the browser is to show now, as one binary message that says what is new."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from struct import pack
from typing import Any

from rnnviz.figures.picture import Parts, Picture


@dataclass(frozen=True)
class SliderState:
    """Where a slider or a stepper stands, from 0 to ``last``; what it says; bands (name, width)."""

    last: int
    shown: int
    text: str = ""
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
        """Say where the slider or stepper ``key`` stands."""
        self.sliders[key] = state


class _Drawn:
    """A picture as a browser has it: its outline, its remark, its arrays' bytes by their paths."""

    def __init__(self, parts: Parts, remark: str) -> None:
        self.outline, arrays = parts
        self.remark = remark
        self.arrays = {k: (a.dtype.str[1:], a.shape, a.tobytes()) for k, a in arrays.items()}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Drawn) and vars(self) == vars(other)

    __hash__ = None  # type: ignore[assignment]

    def since(self, before: _Drawn | None, body: list[bytes]) -> dict[str, Any]:
        """What a browser that has ``before`` is told; new bytes of the arrays join ``body``."""
        known = before.arrays if before else {}
        rows = []
        for path, (kind, shape, content) in self.arrays.items():
            _, _, old = known.get(path, ("", (), b""))
            start = len(old) if content.startswith(old) else 0
            body.append(content[start:])
            rows.append([path, kind, shape, start, len(body[-1])])
        same = before is not None and before.outline == self.outline
        return {"remark": self.remark, "outline": None if same else self.outline, "arrays": rows}


@dataclass(eq=False)
class Sent:
    """What one browser has been sent: only what differs from it is sent again.

    An array that goes on from the one before is sent from there on: a curve sends its new rows.
    """

    texts: dict[str, str] = field(default_factory=dict)
    pictures: dict[str, _Drawn] = field(default_factory=dict)

    def message(self, header: Mapping[str, Any], frame: Frame) -> bytes:
        """The message of a frame.

            uint32 length of the header | header (UTF-8 JSON) | the arrays' bytes

        The header says of each picture its remark, its outline (null if it is as before) and, for
        each array, its path, type, shape and the row from which it is sent.
        """
        body: list[bytes] = []
        texts = {k: html for k, html in frame.texts.items() if self.texts.get(k) != html}
        drawn = {key: _Drawn(*parts) for key, parts in frame.pictures.items()}
        new = {key: now for key, now in drawn.items() if self.pictures.get(key) != now}
        told = {
            **header,
            "texts": texts,
            "sliders": {key: asdict(state) for key, state in frame.sliders.items()},
            "pictures": {key: now.since(self.pictures.get(key), body) for key, now in new.items()},
        }
        head = json.dumps(told, separators=(",", ":"), allow_nan=False).encode()
        self.texts |= texts
        self.pictures |= new
        return b"".join([pack("<I", len(head)), head, *body])

    def forget(self, keys: Collection[str]) -> None:
        """Send these pictures whole the next time: the browser has just laid them out."""
        for key in keys:
            self.pictures.pop(key, None)
