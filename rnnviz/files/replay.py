"""Replay: a run as one HTML file that plays its first page in any browser, offline."""

from __future__ import annotations

import base64
import gzip
import math
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from html import escape
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np

from rnnviz import __version__
from rnnviz.charts import pair_story
from rnnviz.charts.axis_limits import StickyScale
from rnnviz.charts.first_page import curves, explained, network, words_of
from rnnviz.charts.pair_page import both_curves, both_of, explained_pair, networks
from rnnviz.charts.picture import Picture
from rnnviz.charts.texts import scores_html, story_html, verdict_html
from rnnviz.charts.theme import DARK, LIGHT, Theme, css_variables
from rnnviz.config import SETTINGS
from rnnviz.engine.layer_buffers import Array
from rnnviz.files.output import origin, query_of
from rnnviz.files.page_script import filled_page, page_file
from rnnviz.files.wire_format import packed
from rnnviz.probe.pair import Pair
from rnnviz.probe.probe import read, readable
from rnnviz.probe.session import Session
from rnnviz.run.run import Run
from rnnviz.run.schedule import Position
from rnnviz.tasks.data.csv_table import TaskError

# The epochs that are recorded

#: The most epochs.
MOST_EPOCHS = 200
#: The most weights times tokens to retrain for epochs between snapshots: about a second.
_WORK = 1_000_000_000


def recorded_epochs(run: Run, most: int = MOST_EPOCHS) -> list[int]:
    """At most ``most`` epochs, with the first and the last: all, or more where the loss changes.

    Two thirds are equally spaced, at stored states. The others must be retrained; there are fewer
    of them if that would take long. A recording has stored states only.
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
    return {epoch for epoch in epochs if run.clamped(Position(epoch)).epoch == epoch}


def _changing(run: Run, count: int) -> set[int]:
    """``count`` epochs at equal changes of the logarithm of the training loss."""
    with np.errstate(divide="ignore", invalid="ignore"):
        changes = np.abs(np.diff(np.log(run.history.column("train_loss"))))
    total = np.cumsum(np.where(np.isfinite(changes), changes, 0.0))
    if not total.size or not total[-1]:
        return set()
    stops = (np.arange(count) + 0.5) / max(count, 1) * total[-1]
    return _reached(run, run.history.epochs[np.searchsorted(total, stops) + 1].tolist())


def _affordable(run: Run, epochs: Iterable[int]) -> bool:
    """Whether the epochs can be visited in order without retraining for long."""
    tokens = sum(len(example.inputs) for example in run.dataset.train)
    trained, before, stored = 0, 0, np.array(run.stored)
    for epoch in sorted(epochs):
        start = max(int(stored[stored <= epoch].max(initial=0)), before)
        trained, before = trained + epoch - start, epoch
    return trained * tokens * run.state.parameters.theta.size <= _WORK


# Arrays over the epochs as integers that change little, so that they compress well

#: Bits dropped from a float32. 12 bits of its significand stay: a relative error of 1/8192.
SHIFT = 11
_NAN = 0x7FC00000


@dataclass(eq=False)
class PackedArrays:
    """Arrays as ``content``, one block each, and their ``headers``; equal ones are stored once."""

    headers: list[dict[str, Any]] = field(default_factory=list)
    content: list[bytes] = field(default_factory=list)
    _known: dict[tuple[str, bytes], int] = field(default_factory=dict)

    def add(self, frames: Array, levels: int = 0, shift: int = 0) -> int:
        """Store ``frames`` (N, ...) and return the number of their block.

        With ``levels``, numbers are rounded to multiples of a step, of which the largest number of
        a frame has at least ``levels``. Otherwise the last ``shift`` bits of a float32 are dropped.
        """
        steps: list[float] = []
        if frames.dtype.kind == "i":
            codes = frames.astype(np.int32)
        elif levels and np.isfinite(frames).all():
            steps = [step_of(float(np.abs(frame).max(initial=0)), levels) for frame in frames]
            sized = np.array(steps).reshape(-1, *(1 for _ in frames.shape[1:]))
            codes = np.rint(frames / sized).astype(np.int32)
        else:
            numbers = np.ascontiguousarray(frames, np.float32)
            bits = numbers.view(np.int32).astype(np.int64) + ((1 << shift) >> 1)
            codes = (np.where(np.isnan(numbers), _NAN, bits) >> shift).astype(np.int32)
        flat = codes.reshape(len(codes), -1)
        changes = np.diff(flat, axis=0, prepend=np.zeros((1, flat.shape[1]), np.int32))
        # The sign comes last, so that small changes have small bytes.
        unsigned = ((changes << 1) ^ (changes >> 31)).view(np.uint32)
        # The lowest byte of all numbers comes first, then the next.
        planes = max(1, (int(unsigned.max(initial=0)).bit_length() + 7) // 8)
        content = b"".join(
            ((unsigned >> 8 * k) & 255).astype(np.uint8).tobytes() for k in range(planes)
        )
        kind = "whole" if frames.dtype.kind == "i" else "float"
        header = {"kind": kind, "shape": frames.shape[1:], "frames": len(frames), "planes": planes}
        header |= {"steps": steps} if steps else {"shift": shift}
        key = repr(header), content
        if key not in self._known:
            self._known[key] = len(self.headers)
            self.headers.append(header)
            self.content.append(content)
        return self._known[key]


def step_of(largest: float, levels: int) -> float:
    """The largest of 1, 2, 5 times a power of ten that fits ``levels`` times into ``largest``."""
    most = max(largest, 1e-30) / levels * (1 + 1e-9)
    exponent = math.floor(math.log10(most))
    digit = max(digit for digit in (1, 2, 5) if digit * 10.0**exponent <= most)
    return float(f"{digit}e{exponent}")


# Pictures and texts of the first page at some epochs, for some phrases

#: The steps in the largest number, for numbers in texts and tips, and for those of colours alone.
WRITTEN, DRAWN = 1000, 100
#: The beginnings of the names of series that have colours alone.
_DRAWN_ALONE = ("W_hh", "log10 gradient")
#: About the most written numbers, and the fewest epochs: long phrases have fewer epochs.
_MOST_NUMBERS, _LEAST_EPOCHS = 1_500_000, 60
#: The remark on each picture.
_NETWORK = (
    "This is a recording. The states, and what is added and kept, are rounded to about a "
    "thousandth of the largest."
)
_REMARKS = {
    "network": _NETWORK,
    "pair_network": _NETWORK,
    "pair_curves": "This is a recording of both runs. What is left, and the gradients, are "
    "measured at some epochs of a long run.",
    "curves": "This is a recording of the whole run. Gauge and gradient are measured at some "
    "epochs of a long run.",
}
#: The colours of both themes by name.
_PALETTES = {
    name: {key: value for key, value in vars(theme).items() if isinstance(value, str)}
    for name, theme in (("light", LIGHT), ("dark", DARK))
}


class _PictureFrames:
    """One picture at all epochs: its outlines, and its arrays by path."""

    def __init__(self, key: str) -> None:
        self.key = key
        self.outlines: list[str] = []
        self.frames: list[dict[str, Array]] = []
        #: How each array is rounded: (levels, shift), see ``PackedArrays.add``.
        self.rounding: dict[str, tuple[int, int]] = {}

    def add(self, picture: Picture) -> None:
        outline, arrays = picture.parts()
        self.outlines.append(outline)
        self.frames.append(arrays)
        for path, array in arrays.items():
            name = str(picture.series[int(path.partition(".")[0])].get("name"))
            if array.ndim == 2:
                self.rounding[path] = (DRAWN if name.startswith(_DRAWN_ALONE) else WRITTEN), 0
            else:  # The few scores are exact.
                self.rounding[path] = 0, SHIFT if self.key.endswith("network") else 0

    def tracks(self, packed_arrays: PackedArrays) -> Iterator[tuple[str, int, int]]:
        """Path, first frame and block of the arrays of one shape."""
        for path, rounding in self.rounding.items():
            shapes = [frame[path].shape if path in frame else None for frame in self.frames]
            for shape, run in groupby(range(len(shapes)), shapes.__getitem__):
                if shape is not None:
                    numbers = list(run)
                    arrays = np.stack([self.frames[k][path] for k in numbers])
                    yield path, numbers[0], packed_arrays.add(arrays, *rounding)


class _PhraseFrames:
    """The pictures and texts of one phrase: of one network, or of two."""

    def __init__(self, phrase: str, two: bool) -> None:
        self.phrase, self.two = phrase, two
        self._theme = replace(LIGHT, scale=StickyScale())
        keys = ("pair_network", "pair_curves") if two else ("network", "curves")
        self.network, self.curves = map(_PictureFrames, keys)
        self.texts: dict[str, list[str]] = {"status": [], "story": [], "verdict": []}

    def take(self, pair: Pair) -> None:
        """Add the epoch that is shown."""
        pair.ask(self.phrase)
        for key, text in (_texts_of_two(pair) if self.two else _texts(pair.first)).items():
            self.texts[key].append(text)
        self.network.add(_network_of(pair, self._theme))

    def end(self, pair: Pair) -> None:
        """Add the curves of the whole run, which every epoch shows."""
        pair.ask(self.phrase)
        if self.two:
            self.curves.add(both_curves(both_of(pair), self._theme, math.inf))
        else:
            session = pair.first
            self.curves.add(curves(session, session.inspect(), self._theme, math.inf))


def _network_of(pair: Pair, theme: Theme) -> Picture:
    """The picture of the network, or of both; a file has no field to type in."""
    if pair.second:
        return networks(both_of(pair), theme, typed=False)
    probe = pair.first.inspect()
    words = words_of(pair.first, probe)._replace(typed=(), vocabulary=())
    return network(pair.first, probe, words, theme)


def _texts(session: Session) -> dict[str, str]:
    return {
        "status": scores_html(session, "Recorded"),
        "story": story_html(session, linked=False),
        "verdict": verdict_html(session.inspect(), ""),
    }


def _texts_of_two(pair: Pair) -> dict[str, str]:
    return {
        "status": pair_story.scores_html(pair, pressed=False),
        "story": pair_story.story_html(both_of(pair)),
        "verdict": "",
    }


def record(
    pair: Pair, phrases: Sequence[str], besides: Collection[int] = ()
) -> tuple[list[int], bytes]:
    """Record a run, or two, which stay where they are, on phrases that they can read.

    The epochs ``besides`` are always recorded. Returns the recorded epochs, and all pictures and
    texts as a message, see ``wire_format``.
    """
    reader = pair.fork()
    reader.luck_shown = False
    # As of a run that plays, the texts don't mention looking back.
    for player in reader.players:
        player.running = True
    most = _most_epochs(reader, phrases) // len(reader.sessions)
    usual = (epoch for one in reader.sessions for epoch in recorded_epochs(one.run, most))
    epochs = sorted({*usual, *besides})
    recorded = [_PhraseFrames(phrase, reader.second is not None) for phrase in phrases]
    for epoch in epochs:
        for player in reader.players:
            player.go_to(Position(epoch))
        for one in recorded:
            one.take(reader)
    for one in recorded:
        one.end(reader)
    arrays, strings = PackedArrays(), dict[str, int]()

    def numbered(texts: Sequence[str]) -> list[int]:
        return [strings.setdefault(text, len(strings)) for text in texts]

    rows = [
        {
            "phrase": one.phrase,
            "texts": {key: numbered(texts) for key, texts in one.texts.items()},
            "pictures": {
                of.key: {"outlines": numbered(of.outlines), "tracks": [*of.tracks(arrays)]}
                for of in (one.network, one.curves)
            },
        }
        for one in recorded
    ]
    header = {
        "epochs": epochs, "shown": pair.epoch, "unit": pair.first.unit,
        "made": origin(pair.first, _query_of_two(pair)), "phrases": rows, "strings": list(strings),
        "blocks": arrays.headers, "remarks": _REMARKS, "palettes": _PALETTES,
    }  # fmt: skip
    return epochs, packed(header, arrays.content)


def _query_of_two(pair: Pair) -> str | None:
    """The query of both; None of one network, or if it would be too long."""
    return pair.query() if pair.second else None


def _most_epochs(reader: Pair, phrases: Sequence[str]) -> int:
    """The most epochs, fewer if a frame of all phrases has many numbers."""
    first, shown = _PictureFrames("network"), reader.first.phrase_input.phrase
    for phrase in phrases:
        reader.ask(phrase)
        first.add(_network_of(reader, LIGHT))
    reader.ask(shown)
    written = [path for path, (levels, _) in first.rounding.items() if levels == WRITTEN]
    numbers = sum(frame[path].size for frame in first.frames for path in written if path in frame)
    return min(MOST_EPOCHS, max(_LEAST_EPOCHS, _MOST_NUMBERS // max(1, numbers)))


#: The number of usual phrases, and the most phrases of a replay.
USUAL, MOST_PHRASES = 3, 6


def usual_phrases(session: Session) -> list[str]:
    """The phrase shown, and some of the data."""
    return offered_phrases(session, USUAL)[:USUAL]


def offered_phrases(session: Session, count: int) -> list[str]:
    """The phrase shown, and up to ``count`` texts of the test data: of all classes and lengths."""
    dataset, found = session.dataset, {session.phrase_input.phrase: None}
    examples = sorted(dataset.test or dataset.train, key=lambda one: (len(one.inputs), one.text))
    groups = [examples]
    if dataset.one_class_at_end:
        targets = sorted({example.target for example in examples})
        groups = [[one for one in examples if one.target == target] for target in targets]
    for k in range(count):
        group = groups[k % len(groups)]
        text = dataset.phrase_of(group[int((k + 0.5) / count * len(group))])
        if readable(dataset, text):
            found[text] = None
    return list(found)


# The file

_TEMPLATE, _SHEET = (Path(__file__).with_name(f"replay.{kind}") for kind in ("html", "css"))
_FIGURE = """\
<figure class="rnnviz-figure" data-kind="{kind}" data-text="{text}">
  <div class="rnnviz-frame"><div class="rnnviz-chart"></div></div>
  <button class="rnnviz-ask" aria-label="What is this?">?</button><figcaption popover></figcaption>
  <button class="rnnviz-enlarge" aria-label="Enlarge" title="Enlarge; its numbers">⤢</button>
</figure>"""
_LESSON = '<script type="application/json" id="lesson">{}</script>'
_RECORDED = (
    "Some epochs of a long run are recorded, more of them where the loss changes. "
    "The numbers of the units are rounded to about a thousandth of the largest at each epoch, "
    "recurrent weights to a hundredth, other numbers of the network to four digits. "
    "Loss and score have seven digits."
)


def replay(
    runs: Session | Pair, phrases: Sequence[str] | None = None, *, lesson: str = "",
    besides: Collection[int] = (),
) -> str:  # fmt: skip
    """A run, or two, as a self-contained HTML file, on ``phrases`` or the usual ones.

    ``lesson`` is the JSON of a lesson on the only run, ``besides`` are epochs that it needs. The
    sessions stay where they are. Raises TaskError if a phrase can't be read, or if there are none
    or too many.
    """
    pair = runs if isinstance(runs, Pair) else Pair(runs)
    session = pair.first
    chosen = list(dict.fromkeys(usual_phrases(session) if phrases is None else phrases))
    if not 1 <= len(chosen) <= MOST_PHRASES:
        raise TaskError(f"A replay has 1 to {MOST_PHRASES} phrases, not {len(chosen)}.")
    for phrase in chosen:
        read(session.dataset, phrase)
    epochs, recording = record(pair, chosen, besides)
    learned = session.dataset.name if session.data.own else session.settings.task
    size = f"{session.settings.cell}, {session.settings.hidden} units"
    if pair.second:
        size = " and ".join(pair.names)
    texts = explained_pair(pair) if pair.second else explained(session)
    figures = (_FIGURE.format(kind=kind, text=escape(text)) for kind, text in texts.items())
    bar = '<div class="rnnviz-control replay-bar"></div>'
    if len(epochs) == 1:
        why = "stopped in its first epoch" if session.player.remedy else "has not been trained"
        if session.player.recorded:
            why = "has one snapshot"
        only = f"{session.unit} {epochs[0]} is the only one, so there is nothing to play"
        bar = f'<p class="replay-none">This run {why}: {only}.</p>'
    host = "lesson" if lesson else "two" if pair.second else "one"
    return filled_page(
        _TEMPLATE, f"replay/host_{host}.js", lesson=_LESSON.format(lesson) if lesson else "",
        version=__version__, bar=bar, recorded=_RECORDED,
        title=escape(f"rnnviz: {learned}, {size}"), made=escape(_made(pair)),
        note=_note(pair, len(epochs)), settings="".join(_settings(session)),
        link=_link(pair), figures="\n".join(figures), style=_style(),
        recording=base64.b64encode(gzip.compress(recording, 6, mtime=0)).decode(),
    )  # fmt: skip


def _style() -> str:
    """The style sheets of the page and of the file, in the chosen theme or that of the system."""
    parts = (
        _look(LIGHT, "light", ":root"),
        "@media (prefers-color-scheme: dark) {",
        _look(DARK, "dark", ":root:not([data-look=light])"),
        "}",
        _look(DARK, "dark", ":root[data-look=dark]"),
        page_file("style.css"),
        _SHEET.read_text(encoding="utf-8"),
    )
    return "\n".join(parts)


def _look(theme: Theme, name: str, selector: str) -> str:
    variables = css_variables(theme, theme.background, selector)
    return f"{variables}\n{selector} {{color-scheme: {name};}}"


def _note(pair: Pair, count: int) -> str:
    what = "snapshots" if pair.first.player.recorded else "epochs"
    trained = max(len(one.run.history) for one in pair.sessions)
    if trained == 1:
        return ""
    if count == trained:
        return f"All {count:,} {what} are recorded."
    return f"{count} of {trained:,} {what} are recorded: the slider stops at these."


def _made(pair: Pair) -> str:
    """The origin of the file, in a sentence."""
    session = pair.first
    start, player, name = session.run.schedule.start, session.player, session.dataset.name
    source = f"a run on {name}" if session.data.own else f"a run of {start.task}"
    if player.recorded:
        source = "a recording of another program's training"
    seed = f"the weights from {player.imported.source}" if player.imported else f"seed {start.seed}"
    last = "" if player.recorded else f" of {session.config.epochs}"
    beside = (
        f" Beside it is a second network: {' against '.join(pair.names)}." if pair.second else ""
    )
    return (
        f"Made by rnnviz {__version__} from {source}: "
        f"{start.cell}, {start.hidden} hidden unit{'s' * (start.hidden > 1)}, {seed}, "
        f"at {session.unit} {session.run.position}{last}.{beside}"
    )


def _settings(session: Session) -> Iterator[str]:
    """The settings that have an effect, and their changes during the run, as list entries."""
    schedule = session.run.schedule
    values = schedule.start.as_dict()
    rows = [row for row in SETTINGS.values() if row.applies(values) and values[row.name] != ""]
    if session.player.recorded:
        rows = [row for row in rows if row.name in ("cell", "activation", "hidden", "layers")]
    elif session.data.own:
        rows = [row for row in rows if row.name not in ("task", "lag")]
    settings = [(row.label, values[row.name]) for row in rows]
    changes = [(f"{c.label} from epoch {c.position} on", c.shown) for c in schedule.changes]
    for label, value in (*settings, *changes):
        yield f"<div><dt>{escape(label)}</dt><dd>{escape(str(value))}</dd></div>"


def _link(pair: Pair) -> str:
    """How to open the run on the page, or both."""
    session = pair.first
    if session.player.imported:
        return "A link does not carry the weights that the run began with."
    if session.data.given is not None:
        return "A link does not carry the data that came from a program."
    both = _query_of_two(pair)
    query = f"?{both}" if both else query_of(session)
    if not query:
        return "The run is too long for a link. Save it on the page as a file."
    own = " Only a server that has the data of this run can load them." if session.data.own else ""
    return (
        "To show this run on the page, append this to its address, such as "
        f"http://127.0.0.1:8501/: <code>{escape(query)}</code>{own}"
    )
