"""The style sheet, the status line and the verdict."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from html import escape
from pathlib import Path

import numpy as np
import streamlit as st

from rnnviz.analysis.health import MEANINGS, Sign, health, worst
from rnnviz.analysis.notation import Names
from rnnviz.engine.gradcheck import GradientCheck
from rnnviz.figures.axis_limits import StickyScale
from rnnviz.figures.theme import DARK, LIGHT, Theme
from rnnviz.lab.probe import Probe
from rnnviz.session import Session
from rnnviz.tasks.dataset import Dataset

_SHEET = Path(__file__).with_name("style.css")
_theme_watch = st.components.v2.component(
    "rnnviz_theme", js=Path(__file__).with_name("theme.js").read_text(encoding="utf-8")
)


@dataclass(eq=False)
class Look:
    """How the pictures of one tab look: its palette, and the scales that these data hold."""

    theme: Theme = LIGHT
    dataset: Dataset | None = None
    scales: dict[tuple[str, ...], StickyScale] = field(default_factory=dict)


#: Who draws has no page at hand: the actor draws for many, and each has a look of its own.
_look = ContextVar[Look]("look")


def look() -> Look:
    """The look of this tab."""
    found: Look = st.session_state.setdefault("look", Look())
    found.theme = DARK if st.context.theme.type == "dark" else LIGHT
    return found


@contextmanager
def looking(look: Look) -> Iterator[None]:
    """In here all is drawn with this look."""
    before = _look.set(look)
    try:
        yield
    finally:
        _look.reset(before)


def _current() -> Look:
    """The look that is drawn with; in a run of Streamlit's script that of its tab."""
    return _look.get(None) or look()


def theme() -> Theme:
    """The figures' palette for the theme that the reader has chosen."""
    return _current().theme


def steady(session: Session, *shown: str) -> Theme:
    """The palette, with the scales of the last picture of what is ``shown``, of the same data."""
    here = _current()
    if here.dataset is not session.dataset:
        here.dataset, here.scales = session.dataset, {}
    return replace(here.theme, scale=here.scales.setdefault(shown, StickyScale()))


def style_sheet() -> None:
    """Put the style sheet, with the palette's colours, on the page, and follow the theme."""
    colors, kind = theme(), st.context.theme.type or "light"
    values = {
        "background": st.get_option(f"theme.{kind}.backgroundColor"),
        "train": colors.train,
        "test": colors.test,
        "first": colors.negative,
        "second": colors.positive,
        "forward": colors.forward,
        "magnitude": colors.magnitude,
        "muted": colors.muted,
    }
    variables = ":root {" + "".join(f"--rnnviz-{k}: {v};" for k, v in values.items()) + "}"
    st.html(f"<style>{variables}\n{_SHEET.read_text(encoding='utf-8')}</style>")
    _theme_watch(key="theme", data={"dark": kind == "dark"}, on_dark_change=lambda: None)


def release_header() -> None:
    """Let the bar on top scroll away with this page, which has another bar that stays."""
    st.html("<style>div.st-key-header { position: static; }</style>")


def escaped(text: str) -> str:
    """The text with Markdown's and KaTeX's signs taken literally."""
    return "".join("\\" + c if c in "\\`*_{}[]()<>#+-.!|$~:^=" else c for c in text)


def status_html(session: Session) -> str:
    """The numbers that are always in sight, and the line that says what happened."""
    scores, data = session.run.history.row(session.player.position.epoch), session.dataset
    unit, metric = data.guess.unit, data.metric.name
    cells = [
        ("state", "state", session.player.condition),
        ("epoch", _epoch_label(session), f"{session.player.progress} of {session.config.epochs}"),
        ("train", f"training loss ({unit})", written(scores["train_loss"], "{:.4f}")),
        ("test", f"test loss ({unit})", written(scores["test_loss"], "{:.4f}")),
        ("train", f"training {metric}", written(scores["train_metric"], "{:.1%}")),
        ("test", f"test {metric}", written(scores["test_metric"], "{:.1%}")),
    ]
    shown = "".join(f'<div class="{c}"><small>{n}</small><b>{v}</b></div>' for c, n, v in cells)
    message = f'<div class="rnnviz-message" role="status">{escape(session.player.message)}</div>'
    return f'<div class="rnnviz-status">{shown}</div>{health_html(_signs(session))}{message}'


def _signs(session: Session) -> tuple[Sign, ...]:
    state, trace = session.state, session.inspect().trace
    return health(state.parameters, trace, session.settings, state.slots)


def health_html(signs: Sequence[Sign]) -> str:
    """The signs of health, each with its word, and what to try about the worst of them."""
    chips = "".join(
        f'<span class="{sign.level}" title="{escape(f"{MEANINGS[sign.name]} {sign.advice}")}">'
        f"{sign.name} "
        f"<b>{_size(sign)}</b> <i>{sign.level}</i></span>"
        for sign in signs
    )
    advice = escape(f"On the sequence shown: {worst(signs).advice}")
    return f'<div class="rnnviz-health">{chips}<p title="{advice}">{advice}</p></div>'


def _size(sign: Sign) -> str:
    if not math.isfinite(sign.value):
        return "–" if math.isnan(sign.value) else "∞"
    return f"{sign.value:.0%}" if sign.share else f"{sign.value:.1e}"


def _epoch_label(session: Session) -> str:
    epoch, position = session.player.position
    return f"epoch (scores: of {epoch})" if position else "epoch"


def written(value: float, form: str) -> str:
    """A score in this form; a dash where there is none."""
    if math.isinf(value):
        return "∞"
    return "–" if math.isnan(value) else form.format(value)


def verdict_html(probe: Probe, problem: str) -> str:
    """The answer to the probe, how sure or how right it is, what was skipped; or what is wrong."""
    lines = [f"<p>{_answer(probe)}</p>"]
    if problem:
        lines = [f"<p>{escape(problem)}</p>"]
    elif probe.reading.unknown:
        words = escape(", ".join(word[:40] for word in probe.reading.unknown[:12]))
        rest = f"(skipped: the {probe.noun} is on the rest)"
        lines.append(f"<p>not in the vocabulary: {words} {rest}</p>")
    heading = f"<small>{probe.noun.capitalize()}</small>"
    return f'<div class="rnnviz-verdict">{heading}{"".join(lines)}</div>'


def _answer(probe: Probe) -> str:
    if not probe.sound:
        return "no number: the states grow beyond all bounds"
    if probe.every and not probe.said:
        return _score(probe)
    side = "" if probe.side is None else ("first", "second")[probe.side]
    said = f'<b class="{side}">{escape(probe.verdict) or "(nothing)"}</b>'
    if probe.dataset.answers_classes and not probe.said:
        return f"{said} with probability {probe.probability:.1%}"
    wanted = "" if probe.label is None else f", wanted: <b>{escape(probe.label)}</b>"
    return f"{said}{wanted}"


def _score(probe: Probe) -> str:
    if math.isnan(probe.score):
        return "nobody knows what is wanted here"
    return f"<b>{probe.score:.1%}</b> {escape(probe.dataset.metric.name)} on this sequence"


def check_html(check: GradientCheck | None, names: Names) -> str:
    """The badge of the gradient check: right, wrong and where, or not made at these weights."""
    if check is None:
        said = f"not checked at these weights, on this {names.sequence}"
        return f'<div class="rnnviz-check">{said}</div>'
    entries = f"{check.entries:,} of {check.total:,} entries"
    if not check.wrong:
        said = f"<b>✓ right to {check.worst:.1e}</b> (largest relative error, {entries})"
        return f'<div class="rnnviz-check fine">{said}</div>'
    off = ", ".join(f"{name} by {_share(error)}" for name, error in check.wrong.items())
    right = ", ".join(name for name in check.errors if name not in check.wrong)
    rest = f"; right: {right}" if right else ""
    return f'<div class="rnnviz-check wrong"><b>✗ wrong: {off}</b>{rest} ({entries})</div>'


def _share(error: float) -> str:
    """An error in percent, with two digits."""
    percent = np.format_float_positional(100 * error, precision=2, fractional=False, trim="-")
    return f"{percent} %"
