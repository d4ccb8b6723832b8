"""Replay: a run as one HTML file, which shows the first page of it in any browser, offline."""

from __future__ import annotations

import base64
import gzip
from collections.abc import Iterator, Sequence
from html import escape
from pathlib import Path
from string import Template

from rnnviz import __version__
from rnnviz.charts.first_page import explained
from rnnviz.charts.theme import DARK, LIGHT, Theme, css_variables
from rnnviz.config import SETTINGS
from rnnviz.files.origin import query_of
from rnnviz.files.page_script import page_file, page_script, script_hash
from rnnviz.files.replay_frames import ReplayFrames, record
from rnnviz.probe.probe import read, readable
from rnnviz.probe.session import Session
from rnnviz.tasks.csv_table import TaskError
from rnnviz.tasks.dataset import Dataset
from rnnviz.tasks.example import Example

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
    seed = f"the weights from {player.given.source}" if player.given else f"seed {start.seed}"
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
    if session.player.given:
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
