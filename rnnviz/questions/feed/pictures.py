"""Pictures of what feeds the gradient: the shares of the words, and the optimizer's next steps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from rnnviz.charts.axes import (
    NowAndPinned,
    axis,
    epoch_curve,
    epochs_picture,
    log_axis,
    outlined,
    rows_axis,
    words_picture,
)
from rnnviz.charts.gradients import norms_height, word_map
from rnnviz.charts.picture import Picture, Series, bar, compact, exact, heatmap, scatter
from rnnviz.charts.shapes import color_bar, mixed, upright
from rnnviz.charts.theme import LIGHT, Theme, picture
from rnnviz.engine.layer_buffers import Array
from rnnviz.probe.epoch_series import EpochSeries
from rnnviz.probe.gradients import NextStepStats, TokenContribution
from rnnviz.run.history import RunCurves

#: Clipping, and the shares of the tokens, at some epochs.
Clippings = EpochSeries[NextStepStats]
Shares = EpochSeries[TokenContribution]
#: A common size of update over weights, marked for comparison.
_USUAL = 1e-3
#: The dots of more parameters are small.
_ROOMY = 10
#: The bars of more tokens have no numbers.
MOST_NUMBERS = 24


def clipping_curves(history: Clippings, course: RunCurves, theme: Theme = LIGHT) -> Picture:
    """The shares of clipped steps and entries over the epochs."""
    dashed = {"color": theme.muted, "dash": "dash"}
    curves = [
        _curve(history, "steps", "clipped", {"color": theme.text}, "%{customdata} of the steps"),
        _curve(history, "entries", "entry_share", dashed, "%{customdata} of entries"),
    ]
    share = axis("", theme, range=[-0.02, 1.04], tickvals=[0, 0.5, 1], tickformat=".0%")
    title = "Share that is clipped"
    return epochs_picture(curves, title, 380, course, theme, with_legend=True, yaxis=share)


def clipping_angle(history: Clippings, course: RunCurves, theme: Theme = LIGHT) -> Picture:
    """The largest angle by which clipping turns the gradient of a step, over the epochs."""
    curve = _curve(history, "angle", "largest_angle", {"color": theme.magnitude}, "%{customdata}°")
    top = max(5.0, 1.1 * float(np.max(history.column("largest_angle"), initial=0.0)))
    degrees = axis("", theme, range=[-0.02 * top, top], nticks=3)
    title = "Clipping turns a gradient by up to (°)"
    return epochs_picture([curve], title, 380, course, theme, yaxis=degrees)


def _curve(history: Clippings, name: str, column: str, line: dict[str, Any], hover: str) -> Series:
    values, hover = history.column(column), f"epoch %{{x}}: {hover}<extra></extra>"
    return epoch_curve(name, history.epochs, values, line, hover, customdata=exact(values))


def ratio_dots(stats: NextStepStats, theme: Theme = LIGHT) -> Picture:
    """||update|| / ||W|| of every parameter on a log scale: the median and 10 to 90% of steps."""
    spread = stats.spread
    quantiles = np.array([*spread.values()]).reshape(-1, 3)
    span = theme.scale.decades([*quantiles.ravel(), _USUAL, 10 * _USUAL])
    low, median, high = np.maximum(quantiles, 10.0 ** span[0]).T
    bars = {"type": "data", "array": high - median, "arrayminus": median - low, "thickness": 1.5}
    size = 12 if len(spread) <= _ROOMY else 7
    dots = scatter(
        x=median, y=list(spread), mode="markers",
        marker={"size": size, "color": theme.magnitude},
        error_x={**bars, "color": theme.muted, "width": 4},
        customdata=[exact(row) for row in quantiles],
        hovertemplate="%{y}: median %{customdata[1]}<br>80% of the steps from %{customdata[0]} "
        "to %{customdata[2]}<extra></extra>",
    )  # fmt: skip
    xaxis, yaxis = log_axis("||update|| / ||W||", theme, span), rows_axis(len(spread), theme)
    layout = {"xaxis": xaxis, "yaxis": yaxis, "shapes": [upright(_USUAL, theme)]}
    title, height = "Update over weights, of every parameter", norms_height(len(stats.ratios))
    return picture([dots], title, height, theme, {"l": 84, "r": 76}, **layout)


def share_columns(
    shares: NowAndPinned, name: str, words: Sequence[str], theme: Theme = LIGHT
) -> Picture:
    """Each token's share in the gradient of ``name``: a bar in the token's column.

    Those of the second moment are outlines. ``name`` is W_hh for the recurrent weights or W_xh for
    the input weights.
    """
    every = np.concatenate([shares.values, shares.then])
    top = min(1.0, theme.scale.nice_limit(float(every.max())))
    percents = ["0%", f"{50 * top:.3g}%", f"{100 * top:.3g}%"]
    ticks = {"tickvals": [0, top / 2, top], "ticktext": percents}
    weights = {"W_hh": "the recurrent weights", "W_xh": "the input weights"}[name]
    yaxis = axis("", theme, range=[0, 1.12 * top], **ticks)
    title = shares.titled(f"Share in the gradient of {weights}")
    series, columns = [_bars(shares.values, theme), outlined(shares, theme)], shares.columns
    return words_picture(series, title, 340, words, theme, yaxis=yaxis, meta={"columns": columns})


def _bars(shares: Array, theme: Theme) -> Series:
    few = len(shares) <= MOST_NUMBERS
    return bar(
        x=list(range(len(shares))), y=compact(shares), width=0.6 if few else 0.8, name="share",
        marker={"color": theme.magnitude}, text=[f"{share:.0%}" for share in shares] if few else [],
        textposition="outside", textfont={"color": theme.magnitude}, customdata=exact(shares),
        hovertemplate="%{customdata}<extra></extra>",
    )  # fmt: skip


def share_map(
    history: Shares, name: str, words: Sequence[str], course: RunCurves, theme: Theme = LIGHT
) -> Picture:
    """Each token's share in the gradient of ``name`` (row) at every epoch (column)."""
    stops = [0.0, 0.04, 0.16, 0.36, 0.64, 1.0]
    cells = heatmap(
        x=history.epochs.astype(np.int32), z=compact(history.column(name).T), zmin=0.0, zmax=1.0,
        colorscale=[[s, mixed(theme.neutral, theme.magnitude, s**0.5)] for s in stops],
        colorbar={**color_bar(""), "tickvals": [0, 1], "ticktext": ["0", "1"]},
        hovertemplate=f"{course.history.unit} %{{x}}: %{{z}}<extra></extra>",
    )  # fmt: skip
    return word_map(cells, f"Share of every token, {name}", course, words, theme)
