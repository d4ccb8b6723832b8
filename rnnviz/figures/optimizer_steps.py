"""Optimizer steps: which tokens feed them, what is clipped, how far the weights move."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from rnnviz.analysis.gradient_history import GradientSeries
from rnnviz.analysis.optimizer_step_stats import NextStepStats
from rnnviz.engine.layer_buffers import Array
from rnnviz.figures.colors import mixed
from rnnviz.figures.epoch_axis import (
    EPOCHS_MARGIN,
    change_lines,
    ends,
    epochs_axis,
    narrow,
    present_marks,
)
from rnnviz.figures.gradients import norms_height
from rnnviz.figures.picture import Picture, scatter
from rnnviz.figures.theme import (
    HEIGHTS,
    LEGEND,
    LEGEND_ROOM,
    LIGHT,
    Theme,
    axis,
    compact,
    log_axis,
    picture,
    plain,
    rows_axis,
    shown_token,
)
from rnnviz.training.history import Course

#: What the shares of a token are shares of.
_FED = {
    "W_hh": "Which tokens feed the gradient of the recurrent weights",
    "W_xh": "Which tokens feed the gradient of the input weights",
}
#: So many bands of tokens are stacked at most.
_BANDS = 10
#: The usual update over weights, as a mark to compare with.
_USUAL = 1e-3


def share_areas(
    pages: GradientSeries, name: str, words: Sequence[str], course: Course, theme: Theme = LIGHT
) -> Picture:
    """Each token's share in a gradient over the epochs, the last token at the bottom.

    It is that of the recurrent weights, W_hh, or of the input weights, W_xh.
    """
    found = pages.shares(name)
    bands = np.array_split(np.arange(len(words)), min(len(words), _BANDS))
    colors = _between(theme.neutral, theme.magnitude, len(bands))
    sums = [found[:, band].sum(axis=1) for band in reversed(bands)]
    series = [
        scatter(
            x=pages.epochs.astype(np.int32),
            y=compact(share),
            customdata=_exact(share),
            name=_band_name(words, band),
            stackgroup="tokens",
            mode="lines",
            line={"width": 0.8, "color": theme.background},
            fillcolor=color,
            hovertemplate="epoch %{x}: %{customdata}<extra>%{fullData.name}</extra>",
        )
        for band, share, color in zip(reversed(bands), sums, colors, strict=True)
    ]
    epochs = pages.epochs.tolist()
    column = _column(epochs[-1], sums, colors) if narrow(course, epochs) else []
    return picture(
        series,
        _FED[name],
        HEIGHTS["shares"],
        theme,
        xaxis=epochs_axis(course, theme, showgrid=False),
        yaxis=axis("share of the token", theme, range=[0, 1.0], tickformat=".0%"),
        shapes=[*column, *change_lines(course, theme, ["y"]), *present_marks(course, theme, ["y"])],
        margin={**EPOCHS_MARGIN, "r": 132},
        showlegend=True,
        legend={"x": 1.01, "xanchor": "left", "y": 1, "traceorder": "reversed"},
    )


def _column(epoch: int, sums: Sequence[Array], colors: Sequence[str]) -> list[dict[str, Any]]:
    """The shares of the last epoch, where the areas have no width yet that can be seen."""
    edges = np.cumsum([0.0, *(float(share[-1]) for share in sums)]).tolist()
    upright = {"type": "line", "x0": epoch, "x1": epoch}
    return [
        {**upright, "y0": low, "y1": high, "line": {"color": color, "width": 8}}
        for (low, high), color in zip(pairwise(edges), colors, strict=True)
    ]


def _band_name(words: Sequence[str], band: Array) -> str:
    ends = [f"{t + 1} {plain(shown_token(words[t]), 8)}" for t in sorted({band[0], band[-1]})]
    return " – ".join(ends)


def _between(first: str, last: str, count: int) -> list[str]:
    """So many colours from one to the other, the first apart from the background."""
    shares = np.linspace(0.12, 1, count) if count > 1 else [1.0]
    return [mixed(first, last, share) for share in shares]


def clipping_curves(pages: GradientSeries, course: Course, theme: Theme = LIGHT) -> Picture:
    """Over the epochs: shares of steps and entries that are clipped; below, the angle it makes."""
    looks = (
        ("steps", "steps", {"color": theme.text}, "y", "%{customdata} of the steps"),
        (
            "entries",
            "entries",
            {"color": theme.muted, "dash": "dash"},
            "y",
            "%{customdata} of entries",
        ),
        ("angle", "angle", {"color": theme.magnitude}, "y2", "%{customdata}°"),
    )
    series = [
        scatter(
            x=pages.epochs.astype(np.int32),
            y=compact(pages.column(column)),
            customdata=_exact(pages.column(column)),
            name=name,
            yaxis=scale,
            mode="lines",
            line={"width": 2.5, **line},
            hovertemplate=f"epoch %{{x}}: {hover}<extra></extra>",
        )
        for name, column, line, scale, hover in looks
    ]
    top = max(5.0, 1.1 * float(np.max(pages.column("angle"), initial=0.0)))
    scales = ["y", "y2"]
    return picture(
        [*series, *ends(course, series)],
        "Clipping: how often, how much, and how far it turns the gradient",
        HEIGHTS["clipping"],
        theme,
        xaxis=epochs_axis(course, theme, anchor="y2"),
        yaxis=axis("share clipped", theme, range=[-0.02, 1.04], tickformat=".0%",
                   domain=[0.5, 1]),
        yaxis2=axis("angle (°)", theme, range=[-0.02 * top, top], domain=[0, 0.4], nticks=3),
        shapes=[*change_lines(course, theme, scales), *present_marks(course, theme, scales)],
        margin={**EPOCHS_MARGIN, "t": LEGEND_ROOM},
        **LEGEND,
    )  # fmt: skip


def _exact(values: Array) -> list[str]:
    """The numbers with all their digits, as they are shown on hover."""
    return [repr(value) for value in values.tolist()]


def ratio_dots(survey: NextStepStats, theme: Theme = LIGHT) -> Picture:
    """||update|| / ||W|| of every parameter on a log scale: the median and 10 to 90 % of steps."""
    rows = survey.spread
    found = np.array([*rows.values()]).reshape(-1, 3)
    span = theme.scale.decades([*found.ravel(), _USUAL, 10 * _USUAL])
    low, middle, high = np.maximum(found, 10.0 ** span[0]).T
    bars = {"type": "data", "array": high - middle, "arrayminus": middle - low, "thickness": 1.5}
    dots = scatter(
        x=middle,
        y=list(rows),
        mode="markers",
        marker={"size": 12, "color": theme.magnitude},
        error_x={**bars, "color": theme.muted, "width": 4},
        customdata=[[repr(float(v)) for v in row] for row in found],
        hovertemplate="%{y}: median %{customdata[1]}<br>80 % of the steps from %{customdata[0]} "
        "to %{customdata[2]}<extra></extra>",
    )
    line = {"color": theme.muted, "width": 1.5, "dash": "dot"}
    upright = {"type": "line", "yref": "paper", "y0": 0, "y1": 1, "x0": _USUAL, "x1": _USUAL}
    return picture(
        [dots],
        "Update over weights, of every parameter",
        norms_height(len(survey.ratios)),
        theme,
        xaxis=log_axis("||update|| / ||W||", theme, span),
        yaxis=rows_axis(len(rows), theme),
        shapes=[{**upright, "line": line}],
        margin={"l": 84, "r": 76, "t": 44, "b": 48},
    )
