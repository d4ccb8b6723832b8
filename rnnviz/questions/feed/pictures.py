"""Optimizer steps: clipping, and update sizes."""

from __future__ import annotations

from typing import Any

import numpy as np

from rnnviz.charts.axes import axis, log_axis, rows_axis
from rnnviz.charts.epoch_axis import (
    EPOCHS_MARGIN,
    end_points,
    epoch_marks,
    epochs_axis,
    epochs_meta,
)
from rnnviz.charts.gradients import norms_height
from rnnviz.charts.picture import Picture, Series, compact, exact, scatter
from rnnviz.charts.shapes import LEGEND, LEGEND_TOP, upright
from rnnviz.charts.theme import HEIGHTS, LIGHT, Theme, picture
from rnnviz.probe.gradient_lab import Clipping, EpochSeries
from rnnviz.probe.gradients import NextStepStats
from rnnviz.run.history import Course

#: Clipping at some epochs.
Clippings = EpochSeries[Clipping]
#: A common size of update over weights, marked for comparison.
_USUAL = 1e-3
#: The dots of more parameters are small.
_ROOMY = 10


def clipping_curves(history: Clippings, course: Course, theme: Theme = LIGHT) -> Picture:
    """The shares of clipped steps and entries over the epochs."""
    dashed = {"color": theme.muted, "dash": "dash"}
    curves = [
        _curve(history, "steps", {"color": theme.text}, "%{customdata} of the steps"),
        _curve(history, "entries", dashed, "%{customdata} of entries"),
    ]
    share = axis("", theme, range=[-0.02, 1.04], tickvals=[0, 0.5, 1], tickformat=".0%")
    return _over_epochs(curves, "Share that is clipped", course, theme, share)


def clipping_angle(history: Clippings, course: Course, theme: Theme = LIGHT) -> Picture:
    """The largest angle by which clipping turns the gradient of a step, over the epochs."""
    curve = _curve(history, "angle", {"color": theme.magnitude}, "%{customdata}°")
    top = max(5.0, 1.1 * float(np.max(history.column("angle"), initial=0.0)))
    degrees = axis("", theme, range=[-0.02 * top, top], nticks=3)
    return _over_epochs([curve], "Clipping turns a gradient by up to (°)", course, theme, degrees)


def _curve(history: Clippings, name: str, line: dict[str, Any], hover: str) -> Series:
    return scatter(
        x=history.epochs.astype(np.int32),
        y=compact(history.column(name)),
        customdata=exact(history.column(name)),
        name=name,
        mode="lines",
        line={"width": 2.5, **line},
        hovertemplate=f"epoch %{{x}}: {hover}<extra></extra>",
    )


def _over_epochs(
    curves: list[Series], title: str, course: Course, theme: Theme, yaxis: dict[str, Any]
) -> Picture:
    several = {"margin": {**EPOCHS_MARGIN, "t": LEGEND_TOP}, **LEGEND}
    return picture(
        [*curves, *end_points(course, curves)],
        title,
        HEIGHTS["clipping"],
        theme,
        xaxis=epochs_axis(course, theme),
        yaxis=yaxis,
        shapes=epoch_marks(course, theme, "y"),
        meta=epochs_meta(course),
        **(several if len(curves) > 1 else {"margin": EPOCHS_MARGIN}),
    )


def ratio_dots(stats: NextStepStats, theme: Theme = LIGHT) -> Picture:
    """||update|| / ||W|| of every parameter on a log scale: the median and 10 to 90% of steps."""
    spread = stats.spread
    quantiles = np.array([*spread.values()]).reshape(-1, 3)
    span = theme.scale.decades([*quantiles.ravel(), _USUAL, 10 * _USUAL])
    low, median, high = np.maximum(quantiles, 10.0 ** span[0]).T
    bars = {"type": "data", "array": high - median, "arrayminus": median - low, "thickness": 1.5}
    dots = scatter(
        x=median,
        y=list(spread),
        mode="markers",
        marker={"size": 12 if len(spread) <= _ROOMY else 7, "color": theme.magnitude},
        error_x={**bars, "color": theme.muted, "width": 4},
        customdata=[exact(row) for row in quantiles],
        hovertemplate="%{y}: median %{customdata[1]}<br>80% of the steps from %{customdata[0]} "
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
