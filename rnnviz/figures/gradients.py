"""Gradient sizes: back through time, and of every parameter."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from rnnviz.analysis.gradients import Flow, Objective
from rnnviz.analysis.memory_gauge import GradientMap
from rnnviz.figures.epoch_axis import EPOCHS_MARGIN, change_lines, epochs_axis, present_marks
from rnnviz.figures.picture import Picture, heatmap, scatter
from rnnviz.figures.theme import (
    HEIGHTS,
    LIGHT,
    Theme,
    axis,
    color_bar,
    compact,
    log_axis,
    picture,
    plain,
    rows_axis,
    shown_token,
    words_axis,
    words_margin,
)
from rnnviz.training.history import Course

#: So many numbers have room above a curve in half of a narrow page.
_MOST_NUMBERS = 6
#: So many words have room one below the other.
_MOST_ROWS = 14
#: A longer name of a parameter sticks out of the margin that the charts above have.
_LONG = 7
#: What the axis calls the gradient of an objective.
SYMBOL = {Objective.LOSS: "dL/dh", Objective.MARGIN: "dm/dh"}


def bptt_profile(
    flow: Flow, words: Sequence[str], theme: Theme = LIGHT, since: int = 0, noun: str = "word"
) -> Picture:
    """||dL/dh_t|| for every token on a log scale; time runs right, the gradient flows left.

    Tokens before ``since`` aren't drawn yet; the axes are those of the whole.
    """
    span = theme.scale.decades(flow.norms.tolist())
    floor = _floor(span)
    symbol, norms = SYMBOL[flow.objective], flow.norms[since:]
    points = scatter(
        x=list(range(since, len(words))),
        y=np.maximum(norms, floor).tolist(),
        mode="lines+markers+text" if len(words) <= 2 * _MOST_NUMBERS else "lines+markers",
        text=_some([_short(norm) for norm in norms], len(words)),
        textposition="top center",
        cliponaxis=False,
        line={"color": theme.magnitude, "width": 2.5},
        marker={"size": 11, "color": theme.magnitude},
        customdata=[repr(float(norm)) for norm in norms],
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


def _some(texts: list[str], count: int) -> list[str]:
    """The last of them and every n-th before it, as many as have room side by side."""
    every = math.ceil(count / _MOST_NUMBERS)
    return [
        text if (place - len(texts) + 1) % every == 0 else "" for place, text in enumerate(texts)
    ]


def _direction(theme: Theme) -> dict[str, Any]:
    place = {
        "xref": "paper",
        "x": 0.02,
        "xanchor": "left",
        "yref": "paper",
        "y": 1,
        "yanchor": "bottom",
    }
    look = {"showarrow": False, "font": {"color": theme.muted}}
    return {"text": "← backpropagation through time", **place, **look}


def gradient_map(
    seen: GradientMap, course: Course, words: Sequence[str], symbol: str, theme: Theme = LIGHT
) -> Picture:
    """||dL/dh_t|| for every token (row) at every epoch (column), coloured by its logarithm."""
    low, high = color_span(seen.norms)
    with np.errstate(divide="ignore"):
        shades = np.maximum(np.log10(seen.norms.T), low)
    cells = heatmap(
        x=seen.epochs.astype(np.int32),
        y=list(range(1, len(words) + 1)),
        z=compact(shades),
        zmin=low,
        zmax=high,
        colorscale=theme.magnitudes,
        colorbar={**color_bar(f"||{symbol}||"), **powers(low, high)},
        hovertemplate="epoch %{x}, word %{y}: 10^%{z:.2f}<extra></extra>",
    )
    return picture(
        [cells],
        "Gradient through time, over the epochs",
        HEIGHTS["map"],
        theme,
        margin=EPOCHS_MARGIN,
        shapes=[*change_lines(course, theme, "y"), *present_marks(course, theme, "y")],
        xaxis=epochs_axis(course, theme, showgrid=False),
        yaxis=_words_rows(words, theme),
    )


def color_span(norms: Any) -> tuple[float, float]:
    """Whole powers of ten that span a map of sizes, twelve of them at most."""
    logs = np.log10(norms[norms > 0]) if (norms > 0).any() else np.zeros(1)
    high = math.ceil(logs.max())
    return min(max(math.floor(logs.min()), high - 12, -300), high - 1), high


def powers(low: float, high: float) -> dict[str, Any]:
    """The ticks of a scale of powers of ten: its two ends."""
    return {"tickvals": [low, high], "ticktext": [f"1e{low:.0f}", f"1e{high:.0f}"]}


def _words_rows(words: Sequence[str], theme: Theme) -> dict[str, Any]:
    places = range(0, len(words), math.ceil(len(words) / _MOST_ROWS))
    names = [plain(shown_token(words[place]), 8) for place in places]
    if places.step > 1 and all(len(word) == 1 for word in words):
        # Some of the letters of a text, without their numbers, read as another text.
        names = [f"{place + 1} {name}" for place, name in zip(places, names, strict=True)]
    ticks = {"tickmode": "array", "tickvals": [p + 1 for p in places], "ticktext": names}
    return axis("", theme, **ticks, range=[len(words) + 0.5, 0.5], showgrid=False)


def norms_height(count: int) -> int:
    """How high the figure of so many parameters is, in pixels."""
    return max(HEIGHTS["norms"], 88 + 21 * count)


def parameter_norm_bars(norms: Mapping[str, float], theme: Theme = LIGHT) -> Picture:
    """||dL/dW|| of every parameter on a log scale, before clipping."""
    values = list(norms.values())
    span = theme.scale.decades(values)
    dots = scatter(
        x=np.maximum(values, _floor(span)).tolist(),
        y=list(norms),
        mode="markers+text",
        text=[_short(value) for value in values],
        textposition="middle right",
        cliponaxis=False,
        marker={"size": 13, "color": theme.magnitude},
        customdata=[repr(value) for value in values],
        hovertemplate="||dL/d%{y}|| = %{customdata}<extra></extra>",
    )
    return picture(
        [dots],
        "Gradient of every parameter, before clipping",
        norms_height(len(values)),
        theme,
        xaxis=log_axis("||dL/dW|| (L2)", theme, span),
        yaxis=rows_axis(len(norms), theme),
        margin={"l": 84 if max(map(len, norms)) > _LONG else 64, "r": 76, "t": 40, "b": 48},
    )


def _floor(span: Sequence[float]) -> float:
    """Where what is zero is drawn on a log axis: whole, just inside of its end."""
    return float(10.0 ** (span[0] + 0.12))


def _short(value: float) -> str:
    return f"{value:.2g}" if value else "0"
