"""Pictures of what words change in a unit, and of phrases tinted by it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from rnnviz.charts.axes import axis
from rnnviz.charts.axis_limits import typical
from rnnviz.charts.hidden_states import STATE, StateView, value_colors
from rnnviz.charts.picture import Picture, Series, bar, compact, heatmap
from rnnviz.charts.shapes import color_bar, note
from rnnviz.charts.theme import HEIGHTS, LIGHT, Theme, picture, plain, shown_token, signed_heatmap
from rnnviz.charts.units import UnitRows, grouped, row_frame, units_axis, units_meta
from rnnviz.engine.layer_buffers import Array
from rnnviz.probe.activations import Response

#: Maximum number of words with a label, and of letters of a label.
_MOST_LABELS, _LETTERS = 24, 8
#: Of more words the labels are upright, and small.
_ROOMY = 14
#: The part of the width that the bars of the chosen word have, and the matrix.
_BARS, _MATRIX = [0.0, 0.15], [0.19, 1.0]


class Moved(NamedTuple):
    """What the chosen ``word`` changes in every unit, on average: (H,)."""

    word: str
    means: Array


def word_name(word: str) -> str:
    """The name of a word's column."""
    return plain(shown_token(word), 60)


def response_matrix(
    response: Response, moved: Moved, chosen: int, title: str, theme: Theme = LIGHT
) -> Picture:
    """The mean change of every unit (row) by every word (column); similar words are neighbours.

    Many units are grouped as in ``memory_rows``. Beside it are the changes by the chosen word
    alone, as bars. The row of the ``chosen`` unit and the column of the word are framed.
    """
    groups = grouped(response.units, {chosen})
    rows, names = UnitRows(groups.units, chosen), [word_name(word) for word in response.words]
    cells = signed_heatmap(
        compact(response.means[rows.units]),
        theme.scale.nice_limit(typical(response.means)),
        theme,
        x=names,
        y=rows.names,
        colorbar=color_bar(""),
        hovertemplate="unit %{y}, “%{x}”: %{z:.4f}<extra></extra>",
    )
    word = word_name(moved.word)
    return picture(
        [cells, _bars(rows, moved, theme)],
        title if groups.size == 1 else f"{title}; 1 in {groups.size}",
        HEIGHTS["response"],
        theme,
        xaxis=_words_axis(response.words, moved.word, theme),
        xaxis2=_bars_axis(moved.means, theme),
        yaxis=units_axis(rows, theme, "") | {"anchor": "x2"},
        margin={"r": 76, "t": 96},
        shapes=[*_column(names, word, theme), row_frame(rows, theme)],
        annotations=[_heading(moved.word)],
        meta=units_meta(rows, wide=True),
    )


def _bars(rows: UnitRows, moved: Moved, theme: Theme) -> Series:
    means = moved.means[rows.units]
    return bar(
        x=compact(means),
        y=rows.names,
        xaxis="x2",
        orientation="h",
        width=0.8,
        name=f"“{word_name(moved.word)}”",
        marker={"color": [theme.positive if mean > 0 else theme.negative for mean in means]},
        hovertemplate="unit %{y}: %{x:.4f}<extra></extra>",
    )


def _bars_axis(means: Array, theme: Theme) -> dict[str, Any]:
    limit = theme.scale.nice_limit(float(np.nan_to_num(np.abs(means)).max()))
    zero = {"zeroline": True, "zerolinecolor": theme.muted, "showticklabels": False}
    return axis("", theme, domain=_BARS, range=[-limit, limit], showgrid=False, **zero)


def _words_axis(words: Sequence[str], chosen: str, theme: Theme) -> dict[str, Any]:
    every = 1 + (len(words) - 1) // _MOST_LABELS
    here = words.index(chosen) if chosen in words else -every
    # The chosen word's name has the room of its neighbours'.
    shown = [
        word
        for t, word in enumerate(words)
        if t == here or (t % every == 0 and abs(t - here) >= every)
    ]
    texts = [f"<b>{_short(word)}</b>" if word == chosen else _short(word) for word in shown]
    across = {"type": "category", "range": [-0.5, len(words) - 0.5], "domain": _MATRIX}
    ticks: dict[str, Any] = {
        "tickvals": [word_name(word) for word in shown],
        "ticktext": texts,
        "tickangle": -60,
    }
    if len(words) > _ROOMY:
        ticks |= {"tickangle": -90, "tickfont": {"size": 11}}
    return axis("", theme, showgrid=False, side="top", **across, **ticks)


def _short(word: str) -> str:
    return plain(shown_token(word), _LETTERS)


def _column(names: Sequence[str], chosen: str, theme: Theme) -> list[dict[str, Any]]:
    if chosen not in names:
        return []
    column, line = names.index(chosen), {"color": theme.text, "width": 1.4}
    corners = {"x0": column - 0.5, "x1": column + 0.5, "y0": 0, "y1": 1}
    return [{"type": "rect", "yref": "paper", **corners, "line": line}]


def _heading(word: str) -> dict[str, Any]:
    """What the bars are: the name of the chosen word above them."""
    middle = {"xref": "paper", "x": sum(_BARS) / 2, "yref": "paper", "y": 1, "yshift": 4}
    return note(f"“{_short(word)}”", "center bottom", **middle, font={"weight": 600})


# Sequences whose words are tinted by the values of a unit


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
    listing: Listing, limit: float, view: StateView = STATE, theme: Theme = LIGHT
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
