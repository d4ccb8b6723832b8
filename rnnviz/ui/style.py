"""The style sheet, the theme of a browser tab, and the gradient check as HTML."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from pathlib import Path

import streamlit as st
from numpy import format_float_positional

from rnnviz.charts.axis_limits import StickyScale
from rnnviz.charts.theme import DARK, LIGHT, Theme, css_variables
from rnnviz.engine.gradcheck import GradientCheck
from rnnviz.probe.formatting import Names, number
from rnnviz.probe.session import Session
from rnnviz.tasks.dataset import Dataset

_FOLDER = Path(__file__).parent
#: The system's theme, until the page reports which one was chosen.
_SYSTEM_THEME = (
    f"{css_variables(LIGHT, LIGHT.background)}\n"
    f"@media (prefers-color-scheme: dark) {{ {css_variables(DARK, DARK.background)} }}\n"
)
#: The sheet belongs to a component, so it is there as soon as the first of them. ``st.html`` may
#: come some frames later, and the page would move.
_theme_watch = st.components.v2.component(
    "rnnviz_theme",
    css=_SYSTEM_THEME + (_FOLDER / "style.css").read_text(encoding="utf-8"),
    js=(_FOLDER / "theme.js").read_text(encoding="utf-8"),
    isolate_styles=False,
)


@dataclass(eq=False)
class TabTheme:
    """The palette of a browser tab, and the sticky scales of its pictures for one dataset."""

    theme: Theme = LIGHT
    dataset: Dataset | None = None
    scales: dict[tuple[str, ...], StickyScale] = field(default_factory=dict)


#: The theme to draw with. The actor draws for many tabs, outside of any Streamlit session.
_tab_theme = ContextVar[TabTheme]("tab_theme")


def current_theme() -> TabTheme:
    """The theme set by ``using_theme``; in a run of Streamlit's script that of its tab."""
    if drawn_with := _tab_theme.get(None):
        return drawn_with
    own: TabTheme = st.session_state.setdefault("tab_theme", TabTheme())
    own.theme = DARK if st.context.theme.type == "dark" else LIGHT
    return own


@contextmanager
def using_theme(theme: TabTheme) -> Iterator[None]:
    """Draw everything in this context with ``theme``."""
    token = _tab_theme.set(theme)
    try:
        yield
    finally:
        _tab_theme.reset(token)


def theme() -> Theme:
    """The figures' palette for the theme that the reader has chosen."""
    return current_theme().theme


def sticky_theme(session: Session, *key: str) -> Theme:
    """The palette with the sticky scale of the picture ``key``, kept as long as the dataset."""
    own = current_theme()
    if own.dataset is not session.dataset:
        own.dataset, own.scales = session.dataset, {}
    return replace(own.theme, scale=own.scales.setdefault(key, StickyScale()))


def style_sheet() -> None:
    """Put the style sheet with the palette's colours on the page, and follow theme changes."""
    kind = st.context.theme.type or "light"
    _theme_watch(key="theme", data={"dark": kind == "dark"}, on_dark_change=lambda: None)
    # They come before those of the system or after them, so they need the stronger selector.
    background = st.get_option(f"theme.{kind}.backgroundColor")
    st.html(f"<style>{css_variables(theme(), background, 'html:root')}</style>")


#: Where Streamlit's Markdown recognises an address even if it is escaped.
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
    wrong = ", ".join(
        # Two significant digits.
        f"{name} by {format_float_positional(100 * error, 2, fractional=False, trim='-')}%"
        if math.isfinite(error)
        else f"{name} is not finite"
        for name, error in check.wrong.items()
    )
    right = ", ".join(name for name in check.errors if name not in check.wrong)
    rest = f"; right: {right}" if right else ""
    return f'<div class="rnnviz-check wrong"><b>✗ wrong: {wrong}</b>{rest} ({entries})</div>'
