"""Pictures of what words change in a unit, and of phrases tinted by it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from rnnviz.charts.axes import axis
from rnnviz.charts.axis_limits import typical
from rnnviz.charts.hidden_states import (
    STATE,
    StateView,
    UnitRows,
    frame,
    grouped,
    row_frame,
    units_axis,
    units_meta,
    value_colors,
)
from rnnviz.charts.picture import Picture, Series, bar, compact, heatmap
from rnnviz.charts.shapes import color_bar, note
from rnnviz.charts.theme import LIGHT, Theme, picture, plain, shown_token
from rnnviz.engine.layer_buffers import Array
from rnnviz.probe.activations import Response

#: Maximum number of words with a label, and of letters of a label.
_MOST_LABELS, _LETTERS = 24, 8
#: Labels of more words are upright and small.
_ROOMY = 14
#: The parts of the width for the bars of the chosen word and for the matrix.
_BARS, _MATRIX = [0.0, 0.15], [0.19, 1.0]


def word_name(word: str) -> str:
    """The name of a word's column."""
    return plain(shown_token(word), 60)


def response_matrix(
    response: Response, title: str, theme: Theme = LIGHT, *, chosen: int, word: str, changes: Array
) -> Picture:
    """The mean change of every unit (row) by every word (column); similar words are neighbours.

    Many units are grouped as in ``memory_rows``. Bars at the left are the mean ``changes`` (H,) by
    the chosen ``word``. The row of the ``chosen`` unit and the column of the word are framed.
    """
    groups = grouped(response.units, {chosen})
    rows, names = UnitRows(groups.units, chosen), [word_name(word) for word in response.words]
    largest = theme.scale.nice_limit(typical(response.means))
    cells = heatmap(
        x=names, y=rows.names, z=compact(response.means[rows.units]), zmin=-largest, zmax=largest,
        colorscale=theme.diverging, colorbar=color_bar(""),
        hovertemplate="unit %{y}, “%{x}”: %{z:.4f}<extra></extra>",
    )  # fmt: skip
    limit = theme.scale.nice_limit(float(np.nan_to_num(np.abs(changes)).max()))
    zero = {"zeroline": True, "zerolinecolor": theme.muted, "showticklabels": False}
    column = [frame("x", names.index(word_name(word)), theme)] if word_name(word) in names else []
    middle = {"xref": "paper", "x": sum(_BARS) / 2, "yref": "paper", "y": 1, "yshift": 4}
    return picture(
        [cells, _bars(rows, word, changes, theme)],
        title if groups.size == 1 else f"{title}; 1 in {groups.size}", 520, theme,
        {"r": 76, "t": 96}, xaxis=_words_axis(response.words, word, theme),
        xaxis2=axis("", theme, domain=_BARS, range=[-limit, limit], showgrid=False, **zero),
        yaxis=units_axis(rows, theme, "") | {"anchor": "x2"},
        shapes=[*column, row_frame(rows, theme)],
        annotations=[note(f"“{_short(word)}”", "center bottom", **middle, font={"weight": 600})],
        meta=units_meta(rows, wide=True),
    )  # fmt: skip


def _bars(rows: UnitRows, word: str, changes: Array, theme: Theme) -> Series:
    means = changes[rows.units]
    return bar(
        x=compact(means), y=rows.names, xaxis="x2", orientation="h", width=0.8,
        name=f"“{word_name(word)}”", marker={"color": theme.signs(means)},
        hovertemplate="unit %{y}: %{x:.4f}<extra></extra>",
    )  # fmt: skip


def _words_axis(words: Sequence[str], chosen: str, theme: Theme) -> dict[str, Any]:
    every = 1 + (len(words) - 1) // _MOST_LABELS
    here = words.index(chosen) if chosen in words else -every
    # The chosen word's name has the room of its neighbours'.
    shown = [word for t, word in enumerate(words)
             if t == here or (t % every == 0 and abs(t - here) >= every)]  # fmt: skip
    texts = [f"<b>{_short(word)}</b>" if word == chosen else _short(word) for word in shown]
    across = {"type": "category", "range": [-0.5, len(words) - 0.5], "domain": _MATRIX}
    ticks = {"tickvals": [word_name(word) for word in shown], "ticktext": texts}
    font = {"tickfont": {"size": 11}} if len(words) > _ROOMY else {}
    angle = -90 if len(words) > _ROOMY else -60
    return axis("", theme, showgrid=False, side="top", tickangle=angle, **across, **ticks, **font)


def _short(word: str) -> str:
    return plain(shown_token(word), _LETTERS)


class Phrase(NamedTuple):
    """A sequence: its words, the unit's value after each, (T,), its number, and its label."""

    words: Sequence[str]
    values: Array
    number: int
    note: str = ""


def tinted_phrases(
    phrases: Sequence[Phrase], title: str, limit: float, view: StateView = STATE,
    theme: Theme = LIGHT, *, word: str = "", tight: bool = False,
) -> Picture:  # fmt: skip
    """Every word (cell) of every sequence (row) on the colour of its value, up to ``limit``.

    The chosen ``word`` is underlined; characters are ``tight``, without spaces. The page lets the
    words flow, in phrases.js.
    """
    longest = max(len(phrase.words) for phrase in phrases)
    cells = np.full((len(phrases), longest), np.nan)
    for row, phrase in zip(cells, phrases, strict=True):
        row[: len(phrase.words)] = phrase.values
    words = [[plain(shown_token(word)) for word in phrase.words] for phrase in phrases]
    series = heatmap(
        y=[f"{phrase.number}: {' '.join(row)}" for phrase, row in zip(phrases, words, strict=True)],
        z=compact(cells), text=[row + [""] * (longest - len(row)) for row in words],
        texttemplate="%{text}", colorbar=color_bar(view.name), hoverongaps=False,
        hovertemplate=f"%{{y}}: {view.name} = %{{z:.6f}}<extra></extra>",
        **value_colors(limit, view, theme),
    )  # fmt: skip
    rows = {"visible": False, "title": {"text": "sequence"}, "autorange": "reversed"}
    notes, marked = [plain(phrase.note) for phrase in phrases], plain(shown_token(word))
    meta = {"notes": notes, "tight": tight, "word": marked}
    return picture([series], title, 520, theme, xaxis={"visible": False}, yaxis=rows, meta=meta)
