"""The style sheet, the look of a tab, and the gradient check as HTML."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import streamlit as st

from rnnviz.charts.axis_limits import StickyScale
from rnnviz.charts.theme import DARK, LIGHT, Theme, css_variables
from rnnviz.engine.gradcheck import GradientCheck
from rnnviz.probe.formatting import Names, number
from rnnviz.probe.session import Session
from rnnviz.tasks.dataset import Dataset


def _beside(name: str) -> str:
    return Path(__file__).with_name(name).read_text(encoding="utf-8")


#: Until the page tells which theme was chosen, that of the system.
_USUAL = (
    f"{css_variables(LIGHT, LIGHT.background)}\n"
    f"@media (prefers-color-scheme: dark) {{ {css_variables(DARK, DARK.background)} }}\n"
)
#: The sheet comes with a component, so it is there as soon as the first of them. What ``st.html``
#: gives may come some frames later, and the page would move.
_theme_watch = st.components.v2.component(
    "rnnviz_theme",
    css=_USUAL + _beside("style.css"),
    js=_beside("theme.js"),
    isolate_styles=False,
)


@dataclass(eq=False)
class Look:
    """The palette of one tab, and the sticky scales of its pictures for one dataset."""

    theme: Theme = LIGHT
    dataset: Dataset | None = None
    scales: dict[tuple[str, ...], StickyScale] = field(default_factory=dict)


#: The look to draw with. The actor draws for many tabs, outside of any Streamlit session.
_look = ContextVar[Look]("look")


def current_look() -> Look:
    """The look set by ``using_look``; in a run of Streamlit's script that of its tab."""
    if look := _look.get(None):
        return look
    own: Look = st.session_state.setdefault("look", Look())
    own.theme = DARK if st.context.theme.type == "dark" else LIGHT
    return own


@contextmanager
def using_look(look: Look) -> Iterator[None]:
    """Draw everything in this context with ``look``."""
    token = _look.set(look)
    try:
        yield
    finally:
        _look.reset(token)


def theme() -> Theme:
    """The figures' palette for the theme that the reader has chosen."""
    return current_look().theme


def steady(session: Session, *shown: str) -> Theme:
    """The palette with the sticky scale of the picture ``shown``, kept as long as the dataset."""
    look = current_look()
    if look.dataset is not session.dataset:
        look.dataset, look.scales = session.dataset, {}
    return replace(look.theme, scale=look.scales.setdefault(shown, StickyScale()))


def style_sheet() -> None:
    """Put the style sheet with the palette's colours on the page, and follow theme changes."""
    kind = st.context.theme.type or "light"
    _theme_watch(key="theme", data={"dark": kind == "dark"}, on_dark_change=lambda: None)
    # They come before those of the system or after them, so they need the stronger selector.
    background = st.get_option(f"theme.{kind}.backgroundColor")
    chosen = css_variables(theme(), background, "html:root")
    st.html(f"<style>{chosen}</style>")


#: Where Streamlit's Markdown would recognise an address, although it is escaped.
_LINK = re.compile(r"(?<=:)(?=//)|(?<=www)(?=\.)|(?=@)", re.IGNORECASE)
#: An invisible character that keeps a line together.
_WORD_JOINER = "\N{WORD JOINER}"


def escaped(text: str) -> str:
    """The text with the special characters of Markdown and KaTeX escaped, and without links."""
    unlinked = _LINK.sub(_WORD_JOINER, text)
    return "".join("\\" + c if c in "\\`*_{}[]()<>#+-.!|$~:^=&" else c for c in unlinked)


def check_html(check: GradientCheck | None, names: Names) -> str:
    """The badge of the gradient check: right, wrong parameters, overflow, or not checked."""
    if check is None:
        text = f"not checked at these weights, on this {names.sequence}"
        return f'<div class="rnnviz-check">{text}</div>'
    entries = f"{check.entries:,} of {check.total:,} entries"
    if not check.finite:
        text = "<b>nothing can be checked</b>, as the numbers overflow at these weights"
        return f'<div class="rnnviz-check wrong">{text}</div>'
    if not check.wrong:
        text = f"<b>✓ right to {number(check.worst, 2)}</b> (largest relative error, {entries})"
        return f'<div class="rnnviz-check fine">{text}</div>'
    wrong = ", ".join(f"{name} {_off(error)}" for name, error in check.wrong.items())
    right = ", ".join(name for name in check.errors if name not in check.wrong)
    rest = f"; right: {right}" if right else ""
    return f'<div class="rnnviz-check wrong"><b>✗ wrong: {wrong}</b>{rest} ({entries})</div>'


def _off(error: float) -> str:
    if not math.isfinite(error):
        return "is not finite"
    # Two significant digits.
    percent = np.format_float_positional(100 * error, precision=2, fractional=False, trim="-")
    return f"by {percent}%"
