"""Gradients: their norms on the words and over the epochs, and the gauge of the memory."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from rnnviz.charts.axes import axis, epoch_curve, epochs_picture, log_axis
from rnnviz.charts.axis_limits import decades, finite_logs
from rnnviz.charts.picture import Picture, Series, compact, heatmap
from rnnviz.charts.shapes import color_bar, level, zeros
from rnnviz.charts.theme import LIGHT, Theme, plain, shown_token
from rnnviz.engine.layer_buffers import Array
from rnnviz.probe.formatting import number
from rnnviz.probe.gradient_flow import Objective
from rnnviz.probe.memory_gauge import GradientMap, MemoryGauge
from rnnviz.run.history import RunCurves

#: The sentence where there are no recurrent weights.
NO_WEIGHTS = "In this cell no matrix leads from state to state: each unit keeps its own."
#: Maximum number of words that fit one below the other.
_MOST_ROWS = 14
#: Fitted to this phrase alone: neither its average end to end, nor the band's.
_LIFE = "half-life, fitted"


def symbol(objective: Objective, states: Sequence[str]) -> str:
    """The symbol of the gradient with respect to some states, such as dL/d(h, c)."""
    name = states[0] if len(states) == 1 else f"({', '.join(states)})"
    return f"d{'L' if objective is Objective.LOSS else 'm'}/d{name}"


def gradient_map(
    norms: GradientMap, course: RunCurves, words: Sequence[str], symbol: str, theme: Theme = LIGHT,
    *, name: str = "", span: tuple[float, float] | None = None, noun: str = "word",
) -> Picture:  # fmt: skip
    """||dL/ds_t|| for every token (row) at every epoch (column), coloured by its logarithm.

    Of one of two networks, by ``name``, these are shares with the powers of ten of a common
    ``span``.
    """
    (logs, (low, high)), unit = log_norms(norms.norms, span), course.history.unit
    cells = heatmap(
        name=f"log10 of ||{symbol}||", x=norms.epochs.astype(np.int32), z=compact(logs.T), zmin=low,
        zmax=high, colorscale=theme.magnitudes,
        colorbar={**color_bar(f"||{symbol}||"), **power_ticks(low, high)},
        hovertemplate=f"{unit} %{{x}}, {noun} %{{y}}: 10^%{{z:.2f}}<extra></extra>",
    )  # fmt: skip
    title = f"Gradient left: {plain(name)}" if name else f"Gradient over the {unit}s"
    return word_map(cells, title, course, words, theme, beside=bool(name))


def word_map(
    cells: Series, title: str, course: RunCurves, words: Sequence[str], theme: Theme,
    *, beside: bool = False,
) -> Picture:  # fmt: skip
    """A picture of ``cells``, a row for each word, from 1 on, and a column for each epoch.

    Its scale is above it if there is room, or always ``beside`` it.
    """
    rows = {**cells, "y": list(range(1, len(words) + 1))}
    meta, yaxis = {"y": "token", "first": 1, "beside": beside}, word_rows(words, theme)
    layout: dict[str, Any] = {"xaxis": {"showgrid": False}, "yaxis": yaxis, "meta": meta}
    return epochs_picture([rows], title, 320, course, theme, **layout)


def color_span(norms: Any) -> tuple[float, float]:
    """The whole powers of ten that span a map of sizes, at most twelve of them."""
    logs = finite_logs(norms)
    low, high = (math.floor(logs.min()), math.ceil(logs.max())) if logs.size else (0, 0)
    return min(max(low, high - 12, -300), high - 1), high


def log_norms(
    norms: Array, span: tuple[float, float] | None = None
) -> tuple[Array, list[float]]:  # fmt: skip
    """The logarithms to base ten for a map of sizes, and their range, which cuts them below."""
    low, high = span or color_span(norms)
    with np.errstate(divide="ignore"):
        return np.maximum(np.log10(norms), low), [low, high]


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
    return max(300, 88 + 21 * count)


def memory_gauge(gauge: MemoryGauge, course: RunCurves, theme: Theme = LIGHT) -> Picture:
    """Radius and largest singular value of the recurrent weights, and half-life in tokens."""
    # Without recurrent weights there is neither radius nor singular value.
    curves = [
        {**curve, "showlegend": bool(np.isfinite(curve["y"]).any())}
        for curve in gauge_curves(gauge, course.history.unit, theme, life=_LIFE)
    ]
    span = gauge_span(gauge)
    # Where radius and singular value, or the half-life, are exactly zero.
    marks = zeros(gauge.epochs, gauge.radius, span[0], theme.text)
    marks += zeros(gauge.epochs, gauge.half_life, span[0], theme.magnitude)
    yaxis, shapes = log_axis("", theme, span), [level(1, theme, width=1.5)]
    layout: dict[str, Any] = {"yaxis": yaxis, "shapes": shapes, "annotations": marks}
    title = f"Memory gauge of {gauge.weights}" if gauge.weights else "Memory gauge"
    return epochs_picture(curves, title, 250, course, theme, with_legend=True, **layout)


def gauge_span(gauge: MemoryGauge) -> list[float]:
    """One range for all three curves; half-lives from 100 tokens on don't extend it."""
    lives = np.minimum(gauge.half_life, 100.0)
    return decades(np.concatenate([gauge.radius, gauge.norm, lives, [0.01, 100.0]]))


def gauge_curves(
    gauge: MemoryGauge, unit: str, theme: Theme, yaxis: str = "y", life: str = "half-life"
) -> list[Series]:
    """Radius, singular value and half-life, which is called ``life``, over the epochs."""
    lives = compact(gauge.half_life)
    # The largest number is 10 ** 308.25.
    drawn = np.minimum(gauge.half_life, 10.0 ** min(gauge_span(gauge)[1], 308.0))
    common = {"yaxis": yaxis, "showlegend": False}
    styles = (
        ("radius", gauge.radius, {"color": theme.text}, "%{y:.4g}"),
        ("singular value", gauge.norm, {"color": theme.muted, "dash": "dash"}, "%{y:.4g}"),
        (life, drawn, {"color": theme.magnitude}, "%{customdata:.4g} tokens"),
    )
    curves = []
    for name, values, line, value in styles:
        hover = f"{unit} %{{x}}: {value}<extra>{name}</extra>"
        common["customdata"] = lives if name == life else None
        curves.append(epoch_curve(name, gauge.epochs, values, line, hover, **common))
    return curves
