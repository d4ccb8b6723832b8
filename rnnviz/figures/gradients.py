"""Gradient sizes: back through time, and of every parameter."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from rnnviz.analysis.formatting import number
from rnnviz.analysis.gradients import Flow, Objective
from rnnviz.analysis.memory_gauge import GradientMap
from rnnviz.figures.axes import axis, log_axis, words_axis, words_margin
from rnnviz.figures.epoch_axis import EPOCHS_MARGIN, epoch_marks, epochs_axis, epochs_meta
from rnnviz.figures.legends import color_bar
from rnnviz.figures.picture import Picture, Series, compact, exact, heatmap, scatter
from rnnviz.figures.shapes import PAPER, note
from rnnviz.figures.theme import HEIGHTS, LIGHT, Theme, picture, plain, shown_token
from rnnviz.training.history import Course

#: Maximum number of numbers that fit above a curve in half of a narrow page.
_MOST_NUMBERS = 6
#: Maximum number of words that fit one below the other.
_MOST_ROWS = 14
#: The symbol of the gradient of an objective.
SYMBOL = {Objective.LOSS: "dL/dh", Objective.MARGIN: "dm/dh"}


def bptt_profile(
    flow: Flow, words: Sequence[str], theme: Theme = LIGHT, since: int = 0, noun: str = "word"
) -> Picture:
    """||dL/dh_t|| for every token on a log scale; time runs right, the gradient flows left.

    Tokens before ``since`` aren't drawn; the axes still span all of them.
    """
    span = theme.scale.decades(flow.norms.tolist())
    symbol, norms = SYMBOL[flow.objective], flow.norms[since:]
    every = math.ceil(len(words) / _MOST_NUMBERS)
    points = scatter(
        x=list(range(since, len(words))),
        y=np.maximum(norms, _floor(span)).tolist(),
        mode="lines+markers+text" if len(words) <= 2 * _MOST_NUMBERS else "lines+markers",
        # The last number, and every n-th before it.
        text=["" if k % every else number(norm, 2) for k, norm in enumerate(norms, 1 - len(norms))],
        textposition="top center",
        cliponaxis=False,
        line={"color": theme.magnitude, "width": 2.5},
        marker={"size": 11, "color": theme.magnitude},
        customdata=exact(norms),
        hovertemplate="||" + symbol + "|| = %{customdata}<extra></extra>",
    )
    return picture(
        [points],
        f"Gradient of the {flow.objective} at every {noun}",
        HEIGHTS["flow"],
        theme,
        xaxis=words_axis(words, theme),
        yaxis=log_axis(f"||{symbol}|| (L2)", theme, span),
        margin=words_margin(words),
        annotations=[_direction(theme)],
    )


def _direction(theme: Theme) -> dict[str, Any]:
    text, font = "← backpropagation through time", {"color": theme.muted}
    return note(text, "left bottom", **PAPER, x=0.02, y=1, font=font)


def gradient_map(
    norms: GradientMap, course: Course, words: Sequence[str], symbol: str, theme: Theme = LIGHT
) -> Picture:
    """||dL/dh_t|| for every token (row) at every epoch (column), coloured by its logarithm."""
    low, high = color_span(norms.norms)
    unit = course.history.unit
    with np.errstate(divide="ignore"):
        logs = np.maximum(np.log10(norms.norms.T), low)
    colors = {"zmin": low, "zmax": high, "colorscale": theme.magnitudes}
    cells = heatmap(
        name=f"log10 of ||{symbol}||",
        x=norms.epochs.astype(np.int32),
        z=compact(logs),
        colorbar={**color_bar(f"||{symbol}||"), **power_ticks(low, high)},
        hovertemplate=f"{unit} %{{x}}, word %{{y}}: 10^%{{z:.2f}}<extra></extra>",
        **colors,
    )
    return word_map(cells, f"Gradient over the {unit}s", course, words, theme)


def word_map(
    cells: Series, title: str, course: Course, words: Sequence[str], theme: Theme
) -> Picture:
    """A picture of ``cells``, a row for each word, from 1 on, and a column for each epoch."""
    return picture(
        [{**cells, "y": list(range(1, len(words) + 1))}],
        title,
        HEIGHTS["map"],
        theme,
        margin=EPOCHS_MARGIN,
        shapes=epoch_marks(course, theme, "y"),
        xaxis=epochs_axis(course, theme, showgrid=False),
        yaxis=word_rows(words, theme),
        meta={**epochs_meta(course), "y": "token", "first": 1},
    )


def color_span(norms: Any) -> tuple[float, float]:
    """The whole powers of ten that span a map of sizes, at most twelve of them."""
    logs = np.log10(norms[norms > 0]) if (norms > 0).any() else np.zeros(1)
    high = math.ceil(logs.max())
    return min(max(math.floor(logs.min()), high - 12, -300), high - 1), high


def power_ticks(low: float, high: float) -> dict[str, Any]:
    """Ticks at both ends of a colour scale of powers of ten."""
    return {"tickvals": [low, high], "ticktext": [number(10.0**end, 2) for end in (low, high)]}


def word_rows(words: Sequence[str], theme: Theme) -> dict[str, Any]:
    """An axis with a row for each word from 1 on, the first at the top."""
    rows = range(0, len(words), math.ceil(len(words) / _MOST_ROWS))
    names = [plain(shown_token(words[row]), 8) for row in rows]
    if rows.step > 1 and all(len(word) == 1 for word in words):
        # Every n-th letter of a text would read as another text: number them.
        names = [f"{row + 1} {name}" for row, name in zip(rows, names, strict=True)]
    ticks = {"tickmode": "array", "tickvals": [row + 1 for row in rows], "ticktext": names}
    return axis("", theme, **ticks, range=[len(words) + 0.5, 0.5], showgrid=False)


def norms_height(count: int) -> int:
    """The height of a figure with a row for each of ``count`` parameters, in pixels."""
    return max(HEIGHTS["norms"], 88 + 21 * count)


def _floor(span: Sequence[float]) -> float:
    """Where a log axis shows zero: far enough from its end for the whole marker."""
    return float(10.0 ** (span[0] + 0.12))
