"""Pictures of what feeds the gradient: the shares of the words, and the optimizer's next steps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from rnnviz.charts.axes import (
    MOST_NUMBERS,
    NowAndPinned,
    axis,
    epoch_curve,
    epochs_picture,
    log_axis,
    mirrored,
    outlined,
    rows_axis,
    words_picture,
)
from rnnviz.charts.gradients import norms_height, word_map
from rnnviz.charts.picture import Picture, Series, bar, compact, exact, heatmap, scatter
from rnnviz.charts.shapes import Second, color_bar, mixed, upright
from rnnviz.charts.theme import LIGHT, Theme, picture, plain
from rnnviz.engine.layer_buffers import Array
from rnnviz.probe.epoch_series import EpochSeries
from rnnviz.probe.gradient_flow import NextStepStats, TokenContribution
from rnnviz.run.history import RunCurves

#: Clipping, and the shares of the tokens, at some epochs.
Clippings = EpochSeries[NextStepStats]
Shares = EpochSeries[TokenContribution]
#: A common size of update over weights, marked for comparison.
_USUAL = 1e-3
#: The dots of more parameters are small.
_ROOMY = 10


def clipping_curves(
    history: Clippings, course: RunCurves, theme: Theme = LIGHT, *, name: str = "",
    second: Second | None = None,
) -> Picture:  # fmt: skip
    """The shares of clipped steps and entries over the epochs; of two networks those of steps.

    The history of a ``second`` network is dashed; then ``name`` is that of the first.
    """
    of_steps, line = "%{customdata} of the steps", {"color": theme.text}
    curves = [_curve(history, name or "steps", "clipped", line, of_steps)]
    if second:
        other = _curve(second.values, second.name, "clipped", line, of_steps)
        curves.append(second.styled(other))
    else:
        dashed = {"color": theme.muted, "dash": "dash"}
        entries = _curve(history, "entries", "entry_share", dashed, "%{customdata} of entries")
        curves.append(entries)
    share = axis("", theme, range=[-0.02, 1.04], tickvals=[0, 0.5, 1], tickformat=".0%")
    title = "Share of steps that is clipped" if second else "Share that is clipped"
    return epochs_picture(curves, title, 380, course, theme, with_legend=True, yaxis=share)


def clipping_angle(
    history: Clippings, course: RunCurves, theme: Theme = LIGHT, *, name: str = "",
    second: Second | None = None,
) -> Picture:  # fmt: skip
    """The largest angle by which clipping turns the gradient of a step, over the epochs.

    The history of a ``second`` network is dashed; then ``name`` is that of the first.
    """
    histories = [history, *([second.values] if second else [])]
    line = {"color": theme.magnitude}
    curves = [
        _curve(of, own or "angle", "largest_angle", line, "%{customdata}°")
        for of, own in zip(histories, (name, second.name if second else ""), strict=False)
    ]
    if second:
        curves[1] = second.styled(curves[1])
    largest = (np.max(of.column("largest_angle"), initial=0.0) for of in histories)
    top = max(5.0, 1.1 * float(max(largest)))
    degrees = axis("", theme, range=[-0.02 * top, top], nticks=3)
    title = "Clipping turns a gradient by up to (°)"
    return epochs_picture(
        curves, title, 380, course, theme, yaxis=degrees, with_legend=bool(second)
    )  # fmt: skip


def _curve(history: Clippings, name: str, column: str, line: dict[str, Any], hover: str) -> Series:
    values, hover = history.column(column), f"{name}, epoch %{{x}}: {hover}<extra></extra>"
    return epoch_curve(name, history.epochs, values, line, hover, customdata=exact(values))


def ratio_dots(
    stats: NextStepStats, theme: Theme = LIGHT, *, name: str = "", second: Second | None = None
) -> Picture:
    """||update|| / ||W|| of every parameter on a log scale: the median and 10 to 90% of steps.

    The dots of a ``second`` network are hollow; then ``name`` is that of the first.
    """
    every = {name: stats.spread, **({second.name: second.values.spread} if second else {})}
    names = [*dict.fromkeys(name for spread in every.values() for name in spread)]
    quantiles = [value for spread in every.values() for row in spread.values() for value in row]
    span = theme.scale.decades([*quantiles, _USUAL, 10 * _USUAL])
    size = 12 if len(names) <= _ROOMY else 7
    dots = [_dots(own, spread, size, span, theme) for own, spread in every.items()]
    title = "Update over weights, of every parameter"
    if second:
        dots[1] = {**second.styled({**dots[1], "line": {"color": theme.magnitude}}), "line": {}}
        title += f"; hollow: {plain(second.name)}"
    xaxis, yaxis = log_axis("||update|| / ||W||", theme, span), rows_axis(len(names), theme)
    layout = {"xaxis": xaxis, "yaxis": yaxis, "shapes": [upright(_USUAL, theme)]}
    height = norms_height(len(names))
    return picture(dots, title, height, theme, {"l": 84, "r": 76}, **layout)


def _dots(
    name: str, spread: Mapping[str, Array], size: int, span: Sequence[float], theme: Theme
) -> Series:  # fmt: skip
    quantiles = np.array([*spread.values()]).reshape(-1, 3)
    low, median, high = np.maximum(quantiles, 10.0 ** span[0]).T
    bars = {"type": "data", "array": high - median, "arrayminus": median - low, "thickness": 1.5}
    of = f"{name}, " * bool(name)
    return scatter(
        x=median, y=list(spread), name=name, mode="markers",
        marker={"size": size, "color": theme.magnitude},
        error_x={**bars, "color": theme.muted, "width": 4},
        customdata=[exact(row) for row in quantiles],
        hovertemplate=f"{of}%{{y}}: median %{{customdata[1]}}<br>80% of the steps from "
        "%{customdata[0]} to %{customdata[2]}<extra></extra>",
    )  # fmt: skip


def share_columns(
    shares: NowAndPinned, name: str, words: Sequence[str], theme: Theme = LIGHT, *, first: str = ""
) -> Picture:
    """Each token's share in the gradient of ``name``: a bar in the token's column.

    Those of the second moment are outlines. ``name`` is W_hh for the recurrent weights or W_xh for
    the input weights. With the name of the ``first`` of two networks the second's are mirrored.
    """
    every = np.concatenate([shares.values, shares.then])
    top = min(1.0, theme.scale.nice_limit(float(every.max())))
    percents = ["0%", f"{50 * top:.3g}%", f"{100 * top:.3g}%"]
    ticks = {"tickvals": [0, top / 2, top], "ticktext": percents}
    weights = {"W_hh": "the recurrent weights", "W_xh": "the input weights"}[name]
    yaxis = axis("", theme, range=[0, 1.12 * top], **ticks)
    title = f"Share in the gradient of {weights}"
    series, columns = [_bars(shares.values, theme)], shares.columns
    if first:
        title += f": {plain(first)} ↑, {plain(shares.name)} ↓"
        yaxis = axis("", theme, range=[-1.35 * top, 1.35 * top], tickvals=[-top, 0, top],
                     ticktext=[percents[2], "0%", percents[2]])  # fmt: skip
        series += mirrored(shares, theme, theme.magnitude)
    else:
        title = shares.titled(title)
        series.append(outlined(shares, theme))
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
    history: Shares, name: str, words: Sequence[str], course: RunCurves, theme: Theme = LIGHT, *,
    network: str = "", noun: str = "token",
) -> Picture:  # fmt: skip
    """Each token's share in the gradient of ``name`` (row) at every epoch (column)."""
    stops = [0.0, 0.04, 0.16, 0.36, 0.64, 1.0]
    cells = heatmap(
        x=history.epochs.astype(np.int32), z=compact(history.column(name).T), zmin=0.0, zmax=1.0,
        colorscale=[[s, mixed(theme.neutral, theme.magnitude, s**0.5)] for s in stops],
        colorbar={**color_bar(""), "tickvals": [0, 1], "ticktext": ["0", "1"]},
        hovertemplate=f"{course.history.unit} %{{x}}: %{{z}}<extra></extra>",
    )  # fmt: skip
    title = f"Share of every {noun}, {name}{': ' * bool(network)}{plain(network)}"
    return word_map(cells, title, course, words, theme, beside=bool(network))
