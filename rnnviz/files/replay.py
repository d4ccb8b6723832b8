"""Replay: a run as one HTML file, which shows the first page of it in any browser, offline."""

from __future__ import annotations

import base64
import gzip
import json
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from html import escape
from itertools import groupby
from pathlib import Path
from string import Template
from struct import pack
from typing import Any, NamedTuple

import numpy as np

from rnnviz import __version__
from rnnviz.charts.axis_limits import StickyScale
from rnnviz.charts.first_page import curves, explained, network, words_of
from rnnviz.charts.picture import Picture
from rnnviz.charts.status import scores_html, story_html, verdict_html
from rnnviz.charts.theme import DARK, LIGHT, Theme, css_variables
from rnnviz.config import SETTINGS
from rnnviz.engine.layer_buffers import Array
from rnnviz.files.origin import origin, query_of
from rnnviz.files.page_script import page_file, page_script, script_hash
from rnnviz.probe.probe import read, readable
from rnnviz.probe.session import Session
from rnnviz.run.run import Run
from rnnviz.run.schedule import Position
from rnnviz.tasks.csv_table import TaskError
from rnnviz.tasks.dataset import Dataset
from rnnviz.tasks.example import Example

#: At most so many epochs are recorded.
MOST_EPOCHS = 200
#: Weights times tokens that may be trained again to reach epochs between snapshots: about a second.
_WORK = 1_000_000_000


def recorded_epochs(run: Run, most: int = MOST_EPOCHS) -> list[int]:
    """At most ``most`` epochs, with the first and the last: all, or more where the loss changes.

    Two thirds stand at equal distances, where the states are stored. The others have to be trained
    again, so there are fewer of them if that would take long. Of a recording there are only those
    that are stored.
    """
    whole = _reached(run, run.history.epochs.tolist())
    if len(whole) <= most and _affordable(run, whole):
        return sorted(whole)
    stored = run.stored
    while len(stored) + 1 > 2 * most / 3:
        stored = stored[::2]
    even = {*stored, max(whole)}
    count = most - len(even)
    while count and not _affordable(run, even | _changing(run, count)):
        count //= 2
    return sorted(even | _changing(run, count))


def _reached(run: Run, epochs: Iterable[int]) -> set[int]:
    """Those of the epochs at which the run has a state."""
    return {epoch for epoch in epochs if run.clamped(Position(epoch)).epoch == epoch}


def _changing(run: Run, count: int) -> set[int]:
    """``count`` epochs between which the logarithm of the training loss changes equally much."""
    with np.errstate(divide="ignore", invalid="ignore"):
        changes = np.abs(np.diff(np.log(run.history.column("train_loss"))))
    way = np.cumsum(np.where(np.isfinite(changes), changes, 0.0))
    if not way.size or not way[-1]:
        return set()
    stops = (np.arange(count) + 0.5) / max(count, 1) * way[-1]
    return _reached(run, run.history.epochs[np.searchsorted(way, stops) + 1].tolist())


def _affordable(run: Run, epochs: Iterable[int]) -> bool:
    """Whether the epochs can be visited one after the other without training for long."""
    tokens = sum(len(example.inputs) for example in run.dataset.train)
    trained, before, stored = 0, 0, np.array(run.stored)
    for epoch in sorted(epochs):
        start = max(int(stored[stored <= epoch].max(initial=0)), before)
        trained, before = trained + epoch - start, epoch
    return trained * tokens * run.state.parameters.theta.size <= _WORK


# Arrays over the epochs as whole numbers that change little, so that they compress well


#: A float32 keeps 12 bits of its significand: it is at most one 8192nd part off.
SHIFT = 11
_NAN = 0x7FC00000


@dataclass(eq=False)
class Blocks:
    """Arrays as ``content``, one after the other, and what each is; equal ones are stored once."""

    headers: list[dict[str, Any]] = field(default_factory=list)
    content: list[bytes] = field(default_factory=list)
    _known: dict[tuple[str, bytes], int] = field(default_factory=dict)

    def add(self, frames: Array, levels: int = 0, shift: int = 0) -> int:
        """Store ``frames`` (N, ...) and return their number.

        With ``levels`` a number is a whole multiple of a step, at least so many of which make up
        the largest of its frame. Otherwise the last ``shift`` bits of a float are rounded away.
        """
        steps: list[float] = []
        if frames.dtype.kind == "i":
            codes = frames.astype(np.int32)
        elif levels and np.isfinite(frames).all():
            codes, steps = _multiples(frames, levels)
        else:
            codes = _bits(frames, shift)
        planes, count = _planes(codes)
        kind = "whole" if frames.dtype.kind == "i" else "float"
        header = {"kind": kind, "shape": frames.shape[1:], "frames": len(frames), "planes": count}
        return self._store(header | ({"steps": steps} if steps else {"shift": shift}), planes)

    def _store(self, header: dict[str, Any], content: bytes) -> int:
        key = repr(header), content
        if key not in self._known:
            self._known[key] = len(self.headers)
            self.headers.append(header)
            self.content.append(content)
        return self._known[key]


def _multiples(frames: Array, levels: int) -> tuple[Array, list[float]]:
    """The frames as multiples of a step each, and these steps."""
    steps = [step_of(float(np.abs(frame).max(initial=0)), levels) for frame in frames]
    sized = np.array(steps).reshape(-1, *(1 for _ in frames.shape[1:]))
    return np.rint(frames / sized).astype(np.int32), steps


def step_of(largest: float, levels: int) -> float:
    """The largest of 1, 2, 5 times a power of ten that fits ``levels`` times into ``largest``."""
    most = max(largest, 1e-30) / levels * (1 + 1e-9)
    exponent = math.floor(math.log10(most))
    digit = max(digit for digit in (1, 2, 5) if digit * 10.0**exponent <= most)
    return float(f"{digit}e{exponent}")


def _bits(frames: Array, shift: int) -> Array:
    """The bits of float32 numbers without the last ``shift``, rounded; NaN is one number."""
    numbers = np.ascontiguousarray(frames, np.float32)
    bits = numbers.view(np.int32).astype(np.int64) + ((1 << shift) >> 1)
    bits = np.where(np.isnan(numbers), _NAN, bits)
    return (bits >> shift).astype(np.int32)


def _planes(codes: Array) -> tuple[bytes, int]:
    """Differences from frame to frame, first the lowest byte of all, then the next; how many."""
    flat = codes.reshape(len(codes), -1)
    changes = np.diff(flat, axis=0, prepend=np.zeros((1, flat.shape[1]), np.int32))
    # The sign comes last, so that small changes have small bytes.
    unsigned = ((changes << 1) ^ (changes >> 31)).view(np.uint32)
    count = max(1, (int(unsigned.max(initial=0)).bit_length() + 7) // 8)
    parts = (((unsigned >> 8 * k) & 255).astype(np.uint8).tobytes() for k in range(count))
    return b"".join(parts), count


# Pictures and texts of the first page at some epochs, for some phrases


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
    reader = session.fork()
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


# A run as one HTML file, which shows the first page of it in any browser, offline


#: So many phrases are there unless others are chosen.
USUAL = 3


def usual_phrases(session: Session) -> list[str]:
    """The phrase shown, and some of the data."""
    return offered_phrases(session, USUAL)[:USUAL]


def offered_phrases(session: Session, count: int) -> list[str]:
    """The phrase shown, and up to ``count`` of the data, of which the first show its range."""
    found = dict.fromkeys([session.phrase_input.phrase, *_some(session.dataset, count)])
    return list(found)


def _some(dataset: Dataset, count: int) -> Iterator[str]:
    """``count`` texts of the test data, in turn of each class, from short ones to long ones."""
    examples = sorted(dataset.test or dataset.train, key=lambda one: (len(one.inputs), one.text))
    groups = _by_class(examples) if dataset.one_class_at_end else [examples]
    for k in range(count):
        group = groups[k % len(groups)]
        text = group[int((k + 0.5) / count * len(group))].text
        if readable(dataset, text):
            yield text


def _by_class(examples: list[Example]) -> list[list[Example]]:
    targets = sorted({example.target for example in examples})
    return [[one for one in examples if one.target == target] for target in targets]


# A run as one HTML file, which shows the first page of it in any browser, offline


#: At most so many phrases.
MOST_PHRASES = 6
#: What is known of a run of another program.
_OF_A_RECORDING = ("cell", "activation", "hidden", "layers")
#: What own data don't have.
_OF_A_TASK = ("task", "lag")
_TEMPLATE, _SHEET = (Path(__file__).with_name(f"replay.{kind}") for kind in ("html", "css"))
_FIGURE = """\
<figure class="rnnviz-figure" data-kind="{kind}" data-text="{text}">
  <div class="rnnviz-frame"><div class="rnnviz-chart"></div></div>
  <button class="rnnviz-ask" aria-label="What is this?">?</button><figcaption popover></figcaption>
  <button class="rnnviz-enlarge" aria-label="Enlarge" title="Enlarge; its numbers">⤢</button>
</figure>"""
_RECORDED = (
    "Of a long run some epochs are recorded, more of them where the loss changes. "
    "The numbers of the units are rounded to about a thousandth of the largest at each epoch, "
    "recurrent weights to a hundredth, other numbers of the network to four digits. "
    "Loss and score are as they were."
)


def replay(session: Session, phrases: Sequence[str] | None = None) -> str:
    """The run of ``session`` as an HTML file, on ``phrases`` or else on the usual ones.

    The file asks for nothing: it opens from a disk or a mail. The session stays where it is.
    Raises TaskError if a phrase can't be read, or if there are none or too many.
    """
    chosen = list(dict.fromkeys(usual_phrases(session) if phrases is None else phrases))
    if not 1 <= len(chosen) <= MOST_PHRASES:
        raise TaskError(f"A replay has 1 to {MOST_PHRASES} phrases, not {len(chosen)}.")
    for phrase in chosen:
        read(session.dataset, phrase)
    frames, code = record(session, chosen), page_script("replay/host_replay.js")
    template = Template(_TEMPLATE.read_text(encoding="utf-8"))
    parts = {
        "version": __version__,
        "title": escape(_title(session)),
        "description": escape(_made(session)),
        "bar": _bar(session, frames),
        "note": _note(session, frames),
        "made": escape(_made(session)),
        "settings": "".join(_settings(session)),
        "link": _link(session),
        "recorded": _RECORDED,
        "figures": "\n".join(_figures(session)),
        "style": _style(),
        "script": code,
        "hash": script_hash(code),
        "recording": _base64(gzip.compress(frames.content, 6, mtime=0)),
    }
    return template.substitute(parts)


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode()


def _style() -> str:
    """The style sheets of the page and of the file, in the colours of the system or of a choice."""
    system = _look(DARK, "dark", ":root:not([data-look=light])")
    looks = (
        _look(LIGHT, "light", ":root"),
        f"@media (prefers-color-scheme: dark) {{\n{system}\n}}",
        _look(DARK, "dark", ":root[data-look=dark]"),
    )
    return "\n".join((*looks, page_file("style.css"), _SHEET.read_text(encoding="utf-8")))


def _look(theme: Theme, name: str, selector: str) -> str:
    variables = css_variables(theme, theme.background, selector)
    return f"{variables}\n{selector} {{color-scheme: {name};}}"


def _figures(session: Session) -> Iterator[str]:
    """The places of the pictures, with the explanations of the page."""
    for kind, text in explained(session).items():
        yield _FIGURE.format(kind=kind, text=escape(text))


def _title(session: Session) -> str:
    config, name = session.settings, session.dataset.name
    learned = name if session.data.own else config.task
    return f"rnnviz: {learned}, {config.cell}, {config.hidden} units"


def _bar(session: Session, frames: ReplayFrames) -> str:
    """The place of Play and the slider; a sentence if there is nothing to play."""
    if len(frames.epochs) > 1:
        return '<div class="rnnviz-control replay-bar"></div>'
    why = "stopped in its first epoch" if session.player.diverged else "has not been trained"
    if session.player.recorded:
        why = "has one snapshot"
    there = f"there is {session.unit} {frames.epochs[0]} alone, nothing to play"
    return f'<p class="replay-none">This run {why}: {there}.</p>'


def _note(session: Session, frames: ReplayFrames) -> str:
    """Which epochs, or snapshots, there are."""
    what = "snapshots" if session.player.recorded else "epochs"
    count, trained = len(frames.epochs), len(session.run.history)
    if trained == 1:
        return ""
    if count == trained:
        return f"All {count:,} {what} are recorded."
    return f"{count} of {trained:,} {what} are recorded: the slider stops at these."


def _made(session: Session) -> str:
    """What made the file, in a sentence."""
    start, player, name = session.run.schedule.start, session.player, session.dataset.name
    source = f"a run on {name}" if session.data.own else f"a run of {start.task}"
    if player.recorded:
        source = "a recording of another program's training"
    seed = f"the weights from {player.imported.source}" if player.imported else f"seed {start.seed}"
    last = "" if player.recorded else f" of {session.config.epochs}"
    return (
        f"Made by rnnviz {__version__} from {source}: "
        f"{start.cell}, {start.hidden} hidden units, {seed}, "
        f"at {session.unit} {session.run.position}{last}."
    )


def _settings(session: Session) -> Iterator[str]:
    """The settings that have an effect, and what was changed on the way, as entries of a list."""
    schedule = session.run.schedule
    values = schedule.start.as_dict()
    rows = [row for row in SETTINGS.values() if row.applies(values) and values[row.name] != ""]
    if session.player.recorded:
        rows = [row for row in rows if row.name in _OF_A_RECORDING]
    elif session.data.own:
        rows = [row for row in rows if row.name not in _OF_A_TASK]
    settings = [(row.label, values[row.name]) for row in rows]
    changes = [(f"{c.label} from epoch {c.position} on", c.shown) for c in schedule.changes]
    for label, value in (*settings, *changes):
        yield f"<div><dt>{escape(label)}</dt><dd>{escape(str(value))}</dd></div>"


def _link(session: Session) -> str:
    """How to open the run on the page."""
    if session.player.imported:
        return "A link does not carry the weights that the run began with."
    if session.data.given is not None:
        return "A link does not carry the data, which came from a program."
    if not (query := query_of(session)):
        return "The run is too long for a link; the page saves it as a file."
    own = " Only the server that had the data of this run finds them." if session.data.own else ""
    return (
        "The page shows this run again with the following behind its address, such as "
        f"http://127.0.0.1:8501/: <code>{escape(query)}</code>{own}"
    )
