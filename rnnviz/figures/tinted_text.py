"""Text tinted by the values of a unit, as HTML."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape
from typing import NamedTuple

from rnnviz.engine.layer_buffers import Array
from rnnviz.figures.colors import ink, mixed
from rnnviz.figures.theme import LIGHT, Theme, shown_token


class Line(NamedTuple):
    """One sequence: its words, the unit's value after each, (T,), and what is said behind it.

    ``marked`` words are underlined.
    """

    words: Sequence[str]
    values: Array
    note: str = ""
    marked: frozenset[int] = frozenset()


def tinted_text(
    lines: Sequence[Line], what: str, limit: float, theme: Theme = LIGHT, gap: str = " "
) -> str:
    """Every token on a ground that says what the unit does: blue below zero, red above.

    ``what`` names the number, ``limit`` is where the colours end; between tokens stands ``gap``.
    """
    shown = "".join(f"<p>{_line(line, what, limit, theme, gap)}</p>" for line in lines)
    tight = "" if gap else " tight"
    return f'<div class="rnnviz-tinted{tight}">{shown}</div>'


def _line(line: Line, what: str, limit: float, theme: Theme, gap: str) -> str:
    values = [float(value) for value in line.values]
    spans = (
        _token(word, f"{what} = {value:.6f} after “{word}”", _look(value, limit, theme))
        if t not in line.marked
        else f"<u>{_token(word, f'{what} = {value:.6f}', _look(value, limit, theme))}</u>"
        for t, (word, value) in enumerate(zip(line.words, values, strict=True))
    )
    note = f"<small>{escape(line.note)}</small>" if line.note else ""
    return gap.join(spans) + note


def _token(word: str, title: str, look: str) -> str:
    return f'<span style="{look}" title="{escape(title)}">{escape(shown_token(word))}</span>'


def _look(value: float, limit: float, theme: Theme) -> str:
    ground = tint(value / limit if limit > 0 else 0.0, theme)
    return f"background:{ground};color:{ink(ground)}"


def tint(share: float, theme: Theme) -> str:
    """The colour of a signed number, as a share of the largest that is shown, -1..1."""
    share = min(max(share, -1.0), 1.0) if math.isfinite(share) else 0.0
    return mixed(theme.neutral, theme.positive if share > 0 else theme.negative, abs(share))
