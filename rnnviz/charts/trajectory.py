"""The trajectory of the probe in a plane, and names that don't cover each other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from rnnviz.charts.picture import SILENT, Series, scatter, xy
from rnnviz.charts.shapes import shades
from rnnviz.charts.theme import Theme, plain, shown_token
from rnnviz.engine.layer_buffers import Array

#: Sizes of names: the first in rank, a word, all else.
LARGE, MIDDLE, SMALL = 16, 15, 13
#: At most this many shades, and words with a name; at most this many letters of a name.
_SHADES, _MOST_WORDS, _LETTERS = 24, 60, 20


class Label(NamedTuple):
    """A name at a point (2,), its size and colour."""

    place: Array
    text: str
    size: int
    color: str


def word_arrows(path: Array, words: Sequence[str], first: int, theme: Theme) -> list[Series]:
    """An arrow for each word, pale at first, and the points (T + 1, 2) from the start on.

    The page marks the words of these points, from the token ``first`` on.
    """
    count = len(path) - 1
    colors = shades(count, theme.background, theme.forward)
    parts = np.array_split(np.arange(count), min(_SHADES, max(1, count)))
    points = scatter(
        **xy(path[1:]),
        name="your way",
        mode="markers",
        marker={"color": colors, "size": 8},
        text=[plain(shown_token(word)) for word in words[:count]],
        hovertemplate="after “%{text}”: (%{x}, %{y})<extra></extra>",
        meta={"token": first},
        showlegend=False,
    )
    ring = {"symbol": "circle-open", "size": 9, "color": theme.text, "line": {"width": 2}}
    start = scatter(**xy(path[:1]), mode="markers", marker=ring, showlegend=False,
                    hovertemplate="at the start<extra></extra>")  # fmt: skip
    arrows, arrow = [], {"symbol": "arrow", "angleref": "previous", "size": 12}
    for part in parts:
        if len(part):
            color, steps = colors[int(part[-1])], xy(path[part[0] : part[-1] + 2])
            style = {"line": {"color": color, "width": 3}, "marker": {**arrow, "color": color}}
            arrows.append(scatter(**steps, mode="lines+markers", **style, **SILENT))
    return [*arrows, points, start]


def word_labels(path: Array, words: Sequence[str], theme: Theme) -> list[Label]:
    """The words at their points, the last first, and the start."""
    named = words if len(words) <= _MOST_WORDS else ()
    ends = [
        Label(at, shown_token(word), MIDDLE, theme.text)
        for at, word in zip(path[1:], named, strict=False)
    ]
    return [*reversed(ends), *(Label(at, "start", SMALL, theme.muted) for at in path[:1])]


def labels(names: Sequence[Label]) -> Series:
    """Names next to their points; if not all fit, the first ones."""
    return scatter(
        **xy(np.array([label.place for label in names]).reshape(-1, 2)),
        mode="text",
        text=[plain(label.text, _LETTERS) for label in names],
        textposition="top right",
        textfont={
            "size": [label.size for label in names],
            "color": [label.color for label in names],
            "weight": 600,
        },
        **SILENT,
        meta={"apart": True},
    )
