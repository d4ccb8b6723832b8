"""Text tinted by a unit, as HTML."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape
from typing import NamedTuple

import numpy as np

from rnnviz.engine.layer import Array
from rnnviz.figures.theme import LIGHT, Theme, shown_token

#: Ink on light grounds, and on dark ones.
_INKS = ("#000000", "#ffffff")


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
        _token(word, value, f"{what} = {value:.6f} after “{word}”", _look(value, limit, theme))
        if t not in line.marked
        else f"<u>{_token(word, value, f'{what} = {value:.6f}', _look(value, limit, theme))}</u>"
        for t, (word, value) in enumerate(zip(line.words, values, strict=True))
    )
    note = f"<small>{escape(line.note)}</small>" if line.note else ""
    return gap.join(spans) + note


def _token(word: str, value: float, title: str, look: str) -> str:
    return f'<span style="{look}" title="{escape(title)}">{escape(shown_token(word))}</span>'


def _look(value: float, limit: float, theme: Theme) -> str:
    ground = tint(value / limit if limit > 0 else 0.0, theme)
    return f"background:{ground};color:{ink(ground)}"


def tint(share: float, theme: Theme) -> str:
    """The colour of a signed number, as a share of the largest that is shown, -1..1."""
    share = min(max(share, -1.0), 1.0) if math.isfinite(share) else 0.0
    end = _rgb(theme.positive if share > 0 else theme.negative)
    mixed = _rgb(theme.neutral) * (1 - abs(share)) + end * abs(share)
    return "#" + "".join(f"{round(part):02x}" for part in mixed)


def ink(ground: str) -> str:
    """Black or white, whichever is easier to read on this colour."""
    return max(_INKS, key=lambda color: contrast(color, ground))


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two colours, 1..21, as the Web Content Accessibility Guidelines do."""
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def _luminance(color: str) -> float:
    parts = _rgb(color) / 255
    linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


def _rgb(color: str) -> Array:
    return np.array([int(color[k : k + 2], 16) for k in (1, 3, 5)], float)
