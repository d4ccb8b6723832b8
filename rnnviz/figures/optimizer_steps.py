"""Optimizer steps: tokens that feed the gradient, clipping, and update sizes."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from rnnviz.analysis.gradient_history import GradientSeries
from rnnviz.analysis.optimizer_step_stats import NextStepStats
from rnnviz.engine.layer_buffers import Array
from rnnviz.figures.axes import axis, log_axis, rows_axis
from rnnviz.figures.color_math import mixed
from rnnviz.figures.epoch_axis import EPOCHS_MARGIN, end_points, epoch_marks, epochs_axis, narrow
from rnnviz.figures.gradients import norms_height
from rnnviz.figures.legends import LEGEND, LEGEND_TOP
from rnnviz.figures.picture import Picture, compact, exact, scatter
from rnnviz.figures.shapes import upright
from rnnviz.figures.theme import HEIGHTS, LIGHT, Theme, picture, plain, shown_token
from rnnviz.training.history import Course

_SHARES_TITLES = {
    "W_hh": "Which tokens feed the gradient of the recurrent weights",
    "W_xh": "Which tokens feed the gradient of the input weights",
}
#: Maximum number of bands of tokens.
_BANDS = 10
#: A common size of update over weights, marked for comparison.
_USUAL = 1e-3


def share_areas(
    history: GradientSeries, name: str, words: Sequence[str], course: Course, theme: Theme = LIGHT
) -> Picture:
    """Each token's share in a gradient over the epochs, the last token at the bottom.

    ``name`` is W_hh for the recurrent weights or W_xh for the input weights.
    """
    bands = np.array_split(np.arange(len(words)), min(len(words), _BANDS))[::-1]
    colors = _shades(theme.neutral, theme.magnitude, len(bands))
    shares = history.shares(name)
    sums = [shares[:, band].sum(axis=1) for band in bands]
    series = [
        scatter(
            x=history.epochs.astype(np.int32),
            y=compact(share),
            customdata=exact(share),
            name=_band_name(words, band),
            stackgroup="tokens",
            mode="lines",
            line={"width": 0.8, "color": theme.background},
            fillcolor=color,
            hovertemplate="epoch %{x}: %{customdata}<extra>%{fullData.name}</extra>",
        )
        for band, share, color in zip(bands, sums, colors, strict=True)
    ]
    epochs = history.epochs.tolist()
    column = _column(epochs[-1], sums, colors) if narrow(course, epochs) else []
    return picture(
        series,
        _SHARES_TITLES[name],
        HEIGHTS["shares"],
        theme,
        xaxis=epochs_axis(course, theme, showgrid=False),
        yaxis=axis("share of the token", theme, range=[0, 1.0], tickformat=".0%"),
        shapes=[*column, *epoch_marks(course, theme, "y")],
        margin={"r": 132},
        showlegend=True,
        legend={"x": 1.01, "xanchor": "left", "y": 1, "traceorder": "reversed"},
    )


def _column(epoch: int, sums: Sequence[Array], colors: Sequence[str]) -> list[dict[str, Any]]:
    """The shares of the last epoch as a column, for areas that are too narrow to see."""
    edges = np.cumsum([0.0, *(float(share[-1]) for share in sums)]).tolist()
    return [
        {"type": "line", "x0": epoch, "x1": epoch, "y0": low, "y1": high,
         "line": {"color": color, "width": 8}}
        for (low, high), color in zip(pairwise(edges), colors, strict=True)
    ]  # fmt: skip


def _band_name(words: Sequence[str], band: Array) -> str:
    ends = [f"{t + 1} {plain(shown_token(words[t]), 8)}" for t in sorted({band[0], band[-1]})]
    return " – ".join(ends)


def _shades(first: str, last: str, count: int) -> list[str]:
    """Colours from near the first, which is too close to the background, to the last."""
    shares = np.linspace(0.12, 1, count) if count > 1 else [1.0]
    return [mixed(first, last, share) for share in shares]


def clipping_curves(history: GradientSeries, course: Course, theme: Theme = LIGHT) -> Picture:
    """The shares of clipped steps and entries over the epochs; below, the angle of clipping."""
    dashed = {"color": theme.muted, "dash": "dash"}
    styles = (
        ("steps", {"color": theme.text}, "y", "%{customdata} of the steps"),
        ("entries", dashed, "y", "%{customdata} of entries"),
        ("angle", {"color": theme.magnitude}, "y2", "%{customdata}°"),
    )
    series = [
        scatter(
            x=history.epochs.astype(np.int32),
            y=compact(history.column(name)),
            customdata=exact(history.column(name)),
            name=name,
            yaxis=yaxis,
            mode="lines",
            line={"width": 2.5, **line},
            hovertemplate=f"epoch %{{x}}: {hover}<extra></extra>",
        )
        for name, line, yaxis, hover in styles
    ]
    top = max(5.0, 1.1 * float(np.max(history.column("angle"), initial=0.0)))
    above = {"range": [-0.02, 1.04], "tickformat": ".0%", "domain": [0.5, 1]}
    return picture(
        [*series, *end_points(course, series)],
        "Clipping: how often, how much, and how far it turns the gradient",
        HEIGHTS["clipping"],
        theme,
        xaxis=epochs_axis(course, theme, anchor="y2"),
        yaxis=axis("share clipped", theme, **above),
        yaxis2=axis("angle (°)", theme, range=[-0.02 * top, top], domain=[0, 0.4], nticks=3),
        shapes=epoch_marks(course, theme, "y", "y2"),
        margin={**EPOCHS_MARGIN, "t": LEGEND_TOP},
        **LEGEND,
    )


def ratio_dots(stats: NextStepStats, theme: Theme = LIGHT) -> Picture:
    """||update|| / ||W|| of every parameter on a log scale: the median and 10 to 90 % of steps."""
    spread = stats.spread
    quantiles = np.array([*spread.values()]).reshape(-1, 3)
    span = theme.scale.decades([*quantiles.ravel(), _USUAL, 10 * _USUAL])
    low, median, high = np.maximum(quantiles, 10.0 ** span[0]).T
    bars = {"type": "data", "array": high - median, "arrayminus": median - low, "thickness": 1.5}
    dots = scatter(
        x=median,
        y=list(spread),
        mode="markers",
        marker={"size": 12, "color": theme.magnitude},
        error_x={**bars, "color": theme.muted, "width": 4},
        customdata=[exact(row) for row in quantiles],
        hovertemplate="%{y}: median %{customdata[1]}<br>80 % of the steps from %{customdata[0]} "
        "to %{customdata[2]}<extra></extra>",
    )
    return picture(
        [dots],
        "Update over weights, of every parameter",
        norms_height(len(stats.ratios)),
        theme,
        xaxis=log_axis("||update|| / ||W||", theme, span),
        yaxis=rows_axis(len(spread), theme),
        shapes=[upright(_USUAL, theme)],
        margin={"l": 84, "r": 76},
    )
