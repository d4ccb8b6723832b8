"""Text tinted by the values of a unit, as HTML."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape
from typing import NamedTuple

from rnnviz.engine.layer_buffers import Array
from rnnviz.figures.color_math import ink, mixed
from rnnviz.figures.theme import LIGHT, Theme, shown_token


class Line(NamedTuple):
    """A sequence: its words, the unit's value after each, (T,), and a note at the end.

    ``marked`` are the indices of the words that are underlined.
    """

    words: Sequence[str]
    values: Array
    note: str = ""
    marked: frozenset[int] = frozenset()


def tinted_text(
    lines: Sequence[Line], what: str, limit: float, theme: Theme = LIGHT, gap: str = " "
) -> str:
    """Every token on the colour of its value: blue below zero, red above.

    ``what`` names the value, ``limit`` is where the colours end, ``gap`` separates tokens.
    """
    shown = "".join(f"<p>{_line(line, what, limit, theme, gap)}</p>" for line in lines)
    tight = "" if gap else " tight"
    return f'<div class="rnnviz-tinted{tight}">{shown}</div>'


def _line(line: Line, what: str, limit: float, theme: Theme, gap: str) -> str:
    spans = []
    for t, (word, value) in enumerate(zip(line.words, line.values.tolist(), strict=True)):
        marked, color = t in line.marked, tint(value / limit if limit > 0 else 0.0, theme)
        title = escape(f"{what} = {value:.6f}" + ("" if marked else f" after “{word}”"))
        style = f'style="background:{color};color:{ink(color)}" title="{title}"'
        span = f"<span {style}>{escape(shown_token(word))}</span>"
        spans.append(f"<u>{span}</u>" if marked else span)
    note = f"<small>{escape(line.note)}</small>" if line.note else ""
    return gap.join(spans) + note


def tint(share: float, theme: Theme) -> str:
    """The colour of a signed value, as a share of the largest, -1..1; neutral if not finite."""
    share = min(max(share, -1.0), 1.0) if math.isfinite(share) else 0.0
    return mixed(theme.neutral, theme.positive if share > 0 else theme.negative, abs(share))
