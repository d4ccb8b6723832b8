"""Sequences whose words are tinted by the values of a unit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from rnnviz.charts.hidden_states import STATE, View, value_colors
from rnnviz.charts.picture import Picture, compact, heatmap
from rnnviz.charts.shapes import color_bar
from rnnviz.charts.theme import HEIGHTS, LIGHT, Theme, picture, plain, shown_token
from rnnviz.engine.layer_buffers import Array


class Phrase(NamedTuple):
    """A sequence: its words, the unit's value after each, (T,), its number, and its label."""

    words: Sequence[str]
    values: Array
    number: int
    note: str = ""


class Listing(NamedTuple):
    """Sequences under a title; ``word`` is underlined, characters stand ``tight``."""

    title: str
    phrases: Sequence[Phrase]
    word: str = ""
    tight: bool = False


def tinted_phrases(
    listing: Listing, limit: float, view: View = STATE, theme: Theme = LIGHT
) -> Picture:
    """Every word (cell) of every sequence (row) on the colour of its value, up to ``limit``.

    The page lets the words flow, in static/phrases.js.
    """
    phrases = listing.phrases
    longest = max(len(phrase.words) for phrase in phrases)
    cells = np.full((len(phrases), longest), np.nan)
    for row, phrase in zip(cells, phrases, strict=True):
        row[: len(phrase.words)] = phrase.values
    words = [[plain(shown_token(word)) for word in phrase.words] for phrase in phrases]
    series = heatmap(
        y=[f"{phrase.number}: {' '.join(row)}" for phrase, row in zip(phrases, words, strict=True)],
        z=compact(cells),
        text=[row + [""] * (longest - len(row)) for row in words],
        texttemplate="%{text}",
        colorbar=color_bar(view.name),
        hoverongaps=False,
        hovertemplate=f"%{{y}}: {view.name} = %{{z:.6f}}<extra></extra>",
        **value_colors(limit, view, theme),
    )
    hidden = {"visible": False, "title": {"text": "sequence"}}
    axes: dict[str, Any] = {
        "xaxis": {"visible": False},
        "yaxis": {**hidden, "autorange": "reversed"},
    }
    meta = {"notes": [plain(phrase.note) for phrase in phrases], "tight": listing.tight}
    meta["word"] = plain(shown_token(listing.word))
    return picture([series], listing.title, HEIGHTS["response"], theme, **axes, meta=meta)
