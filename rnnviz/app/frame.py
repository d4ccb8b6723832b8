"""Frame: what the browser should show now, sent as one binary message with the changes only."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from struct import pack
from typing import Any

from rnnviz.figures.picture import Parts, Picture


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


class Frame:
    """Pictures, texts (HTML, with user input escaped) and sliders, by key.

    Pictures out of sight are not computed.
    """

    def __init__(self, in_sight: Collection[str]) -> None:
        self._in_sight = in_sight
        self.pictures: dict[str, tuple[Parts, str]] = {}
        self.texts: dict[str, str] = {}
        self.sliders: dict[str, SliderState] = {}

    def chart(self, key: str, figure: Callable[..., Picture], *args: Any, remark: str = "") -> None:
        """Draw ``figure(*args)`` in the chart ``key``, with a remark below it."""
        if key in self._in_sight:
            self.pictures[key] = figure(*args).parts(), remark


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
