"""ReplayFrames: pictures and texts of the first page at some epochs, for some phrases."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from struct import pack
from typing import Any, NamedTuple

import numpy as np

from rnnviz.charts.axis_limits import StickyScale
from rnnviz.charts.first_page import curves, network, words_of
from rnnviz.charts.picture import Picture
from rnnviz.charts.status import scores_html, story_html
from rnnviz.charts.theme import DARK, LIGHT, Theme
from rnnviz.charts.verdict import verdict_html
from rnnviz.engine.layer_buffers import Array
from rnnviz.files.origin import origin
from rnnviz.files.packed import SHIFT, Blocks
from rnnviz.files.recorded_epochs import MOST_EPOCHS, recorded_epochs
from rnnviz.probe.session import Session
from rnnviz.run.schedule import Position

#: So many steps make up the largest number that is written, and the largest that is only drawn.
WRITTEN, DRAWN = 1000, 100
#: About so many numbers that are written, and at least so many epochs: of long phrases fewer are
#: recorded.
_MOST_NUMBERS, _LEAST_EPOCHS = 1_500_000, 60
#: What is said below each picture.
_REMARKS = {
    "network": "This is a recording: what is added and kept, and the states, are rounded to about "
    "a thousandth of the largest.",
    "curves": "This is a recording of the whole run: gauge and gradient are measured at some "
    "of its epochs.",
}
_DRAWN_ALONE = ("W_hh", "log10 gradient")


class Coding(NamedTuple):
    """How the arrays of a picture are rounded: see ``Blocks.add``."""

    levels: int = 0
    shift: int = 0


def coding_of(key: str, name: str, array: Array) -> Coding:
    """The coding of the array of the series ``name`` in the picture ``key``.

    Scores are kept as they are. They are few.
    """
    if array.ndim == 2:
        return Coding(DRAWN if name.startswith(_DRAWN_ALONE) else WRITTEN)
    return Coding(shift=SHIFT if key == "network" else 0)


@dataclass(eq=False)
class _Film:
    """One picture at all epochs: its outlines, and its arrays by path."""

    key: str
    outlines: list[str] = field(default_factory=list)
    frames: list[dict[str, Array]] = field(default_factory=list)
    codings: dict[str, Coding] = field(default_factory=dict)

    def add(self, picture: Picture) -> None:
        outline, arrays = picture.parts()
        self.outlines.append(outline)
        self.frames.append(arrays)
        for path, array in arrays.items():
            name = str(picture.series[int(path.partition(".")[0])].get("name"))
            self.codings[path] = coding_of(self.key, name, array)

    def tracks(self, blocks: Blocks) -> Iterator[tuple[str, int, int]]:
        """Path, first frame and block of the arrays of one shape."""
        for path, coding in self.codings.items():
            shapes = [frame[path].shape if path in frame else None for frame in self.frames]
            for shape, run in groupby(range(len(shapes)), shapes.__getitem__):
                if shape is not None:
                    numbers = list(run)
                    arrays = np.stack([self.frames[k][path] for k in numbers])
                    yield path, numbers[0], blocks.add(arrays, *coding)


class _Strip:
    """What one phrase shows at every epoch."""

    def __init__(self, phrase: str) -> None:
        self.phrase = phrase
        self._theme = replace(LIGHT, scale=StickyScale())
        self.network, self.curves = _Film("network"), _Film("curves")
        self.texts: dict[str, list[str]] = {"status": [], "story": [], "verdict": []}

    def take(self, session: Session) -> None:
        """Add the epoch that ``session`` shows."""
        session.ask(self.phrase)
        probe = session.inspect()
        # Nothing can be typed in a file.
        words = words_of(session, probe)._replace(typed=(), vocabulary=())
        self.network.add(network(session, probe, words, self._theme))
        self.texts["status"].append(scores_html(session, "Recorded"))
        self.texts["story"].append(story_html(session, linked=False))
        self.texts["verdict"].append(verdict_html(probe, ""))

    def end(self, session: Session) -> None:
        """Add the curves, which are those of the whole run at every epoch."""
        session.ask(self.phrase)
        self.curves.add(curves(session, session.inspect(), self._theme, math.inf))


@dataclass(frozen=True, eq=False)
class ReplayFrames:
    """The recorded ``epochs``, and all that is drawn at them, as ``content``.

    ``content`` is laid out like a frame: uint32 length of the header | header (JSON) | bytes.
    """

    epochs: Sequence[int]
    content: bytes


def record(session: Session, phrases: Sequence[str]) -> ReplayFrames:
    """Record the run of ``session`` on ``phrases`` that it can read; it stays where it is."""
    reader = session.aside()
    # Who plays a recording does not look back.
    reader.player.running = True
    strips = [_Strip(phrase) for phrase in phrases]
    epochs = _epochs(reader, phrases)
    for epoch in epochs:
        reader.player.go_to(Position(epoch))
        for strip in strips:
            strip.take(reader)
    for strip in strips:
        strip.end(reader)
    shown, made = session.player.position.epoch, origin(session)
    axis = {"epochs": epochs, "shown": shown, "unit": session.unit, "made": made}
    return ReplayFrames(epochs, _content(axis, strips))


def _epochs(reader: Session, phrases: Sequence[str]) -> list[int]:
    """The epochs, fewer if a frame of all phrases has many numbers."""
    film = _Film("network")
    for phrase in phrases:
        probe = reader.inspect(phrase)
        film.add(network(reader, probe, words_of(reader, probe), LIGHT))
    written = [path for path, coding in film.codings.items() if coding.levels == WRITTEN]
    numbers = sum(frame[path].size for frame in film.frames for path in written if path in frame)
    most = min(MOST_EPOCHS, max(_LEAST_EPOCHS, _MOST_NUMBERS // max(1, numbers)))
    return recorded_epochs(reader.run, most)


def _palette(theme: Theme) -> dict[str, str]:
    return {name: value for name, value in vars(theme).items() if isinstance(value, str)}


def _content(axis: dict[str, Any], strips: Sequence[_Strip]) -> bytes:
    blocks, strings = Blocks(), dict[str, int]()

    def numbered(texts: Sequence[str]) -> list[int]:
        return [strings.setdefault(text, len(strings)) for text in texts]

    recorded = [
        {
            "phrase": strip.phrase,
            "texts": {key: numbered(texts) for key, texts in strip.texts.items()},
            "pictures": {
                film.key: {"outlines": numbered(film.outlines), "tracks": [*film.tracks(blocks)]}
                for film in (strip.network, strip.curves)
            },
        }
        for strip in strips
    ]
    header: dict[str, Any] = {
        **axis,
        "phrases": recorded,
        "strings": list(strings),
        "blocks": blocks.headers,
        "remarks": _REMARKS,
        "palettes": {"light": _palette(LIGHT), "dark": _palette(DARK)},
    }
    head = json.dumps(header, separators=(",", ":"), allow_nan=False).encode()
    return b"".join([pack("<I", len(head)), head, *blocks.content])
