"""Pictures of the chosen runs: their curves, and when they learned."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from rnnviz.charts.axes import axis, log_axis, rows_axis, thinned
from rnnviz.charts.axis_limits import decades
from rnnviz.charts.picture import SILENT, Picture, Series, compact, scatter
from rnnviz.charts.shapes import faint, note
from rnnviz.charts.theme import LIGHT, Theme, picture, plain
from rnnviz.engine.layer_buffers import Array
from rnnviz.questions.runs.measure import CURVES, Band, Group
from rnnviz.sweeps.spread import middle

HEIGHT = 460
#: The height of a name above the plot, in pixels.
_LINE = 18
#: The most letters of the name of a group.
_LETTERS = 46
#: The quantiles at the borders of a band.
_BORDERS = {Band.HALF: (0.25, 0.75), Band.RANGE: (0.0, 1.0)}


def colors(theme: Theme) -> list[str]:
    """The colours of groups; none has another meaning beside them."""
    return [
        theme.negative, theme.positive, theme.forward, theme.magnitude, theme.test, theme.muted,
    ]  # fmt: skip


def run_curves(
    groups: Sequence[Group], curves: Sequence[Array], column: str, shared: str, *, unit: str,
    band: Band = Band.EVERY, theme: Theme = LIGHT,
) -> Picture:  # fmt: skip
    """The median of each group over the epochs, and around it each run, or a band.

    ``curves`` (N, E + 1) are of ``column`` and end in NaN where a run ended. A loss, in its
    ``unit``, is on a log axis. ``shared`` is what the groups have in common.
    """
    loss, series = column.endswith("loss"), list[Series]()
    for group, rows, color in zip(groups, curves, colors(theme), strict=False):
        drawn = np.where(rows > 0, rows, np.nan) if loss else rows
        if len(rows) == 1 or band is Band.EVERY:
            series += _runs(group, drawn, color)
        else:
            series += _band(group, drawn, color, band)
        picked, name = thinned(rows.shape[1]), plain(group.name, _LETTERS)
        series.append(
            scatter(
                x=picked, y=compact(middle(drawn, column)[picked]), mode="lines", hoverinfo="skip",
                line={"color": color, "width": 2.5}, name=f"{name}<br>median",
            )
        )  # fmt: skip
    longest = max(rows.shape[1] for rows in curves)
    every = np.concatenate([rows.ravel() for rows in curves])
    up = log_axis("", theme, decades(every, 1)) if loss else score_axis(theme, 0, 1.02)
    title = f"{CURVES[column].capitalize()} ({unit})" if loss else CURVES[column].capitalize()
    return picture(
        series, _titled(title, shared), HEIGHT, theme, {"t": 48 + _LINE * len(groups)}, yaxis=up,
        annotations=_names(groups, theme),
        xaxis=axis("epoch", theme, range=[0, max(1, longest - 1)]),
    )  # fmt: skip


def _runs(group: Group, rows: Array, color: str) -> Iterator[Series]:
    """Each run, pale."""
    picked, name = thinned(rows.shape[1]), plain(group.name, _LETTERS)
    for row, key, seed in zip(rows, group.runs["key"], group.runs["seed"], strict=True):
        yield scatter(
            x=picked, y=compact(row[picked]), mode="lines", opacity=0.35,
            line={"color": color, "width": 1}, customdata=[key] * len(picked),
            name=f"{name}<br>seed {seed}",
            hovertemplate=f"{name}<br>seed {seed}, epoch %{{x}}: %{{y}}<extra></extra>",
        )  # fmt: skip


def _band(group: Group, rows: Array, color: str, band: Band) -> Iterator[Series]:
    """The least and the most, or the quartiles, of the runs that still train at an epoch."""
    still = ~np.isnan(rows).all(axis=0)
    borders = np.full((2, rows.shape[1]), np.nan)
    # Each is a number of one of the runs.
    borders[:, still] = np.nanquantile(
        rows[:, still], _BORDERS[band], axis=0, method="inverted_cdf"
    )
    picked, name = thinned(rows.shape[1]), f"{plain(group.name, _LETTERS)}<br>{band}"
    for border, fill in zip(borders, ({}, {"fill": "tonexty"}), strict=True):
        yield scatter(
            x=picked, y=compact(border[picked]), mode="lines", name=name,
            line={"color": faint(color, 0.5), "width": 1}, fillcolor=faint(color, 0.15), **fill,
            **SILENT,
        )  # fmt: skip


def score_axis(theme: Theme, low: float, high: float) -> dict[str, Any]:
    """An axis of a metric, which is from 0 to 1."""
    return axis("", theme, range=[low, high], tickformat=".0%")


def _titled(title: str, shared: str) -> str:
    return f"{title}; {plain(shared, 60)}" if shared else title


def _names(groups: Sequence[Group], theme: Theme) -> list[dict[str, Any]]:
    """The names of the groups above the plot, each in its colour."""
    place = {"x": 0, "xref": "paper", "y": 1, "yref": "paper"}
    return [
        note(
            f"{plain(group.name, _LETTERS)} (n = {len(group.runs)})", "left bottom", **place,
            yshift=_LINE * (len(groups) - 1 - k) + 4, font={"color": color, "weight": 600},
        )
        for k, (group, color) in enumerate(zip(groups, colors(theme), strict=False))
    ]  # fmt: skip


def learned_when(groups: Sequence[Group], shared: str, theme: Theme = LIGHT) -> Picture:
    """The epoch at which each run had learned all of training: a row a group, a dot a seed.

    Runs that never did are hollow, at the right.
    """
    longest = max(float(group.runs["reached"].max()) for group in groups)
    series, notes = list[Series](), []
    for k, (group, color) in enumerate(zip(groups, colors(theme), strict=False)):
        epochs = group.runs["learned_epoch"].to_numpy(float)
        never = np.isnan(epochs)
        # Seeds of one epoch lie beside each other, below the name.
        height = k + 0.08 + 0.24 * np.sin(2.4 * np.arange(len(epochs)))
        for some, symbol in ((~never, "circle"), (never, "circle-open")):
            series.append(
                scatter(
                    x=compact(np.where(never, longest * 1.06, epochs)[some]),
                    y=compact(height[some]),
                    mode="markers",
                    marker={"size": 9, "color": color, "symbol": symbol},
                    customdata=group.runs["key"][some].tolist(),
                    name=plain(group.name, _LETTERS),
                    text=[f"seed {s}" for s in group.runs["seed"][some]],
                    hovertemplate="%{text}: "
                    + ("never" if symbol != "circle" else "epoch %{x}")
                    + "<extra></extra>",
                )
            )
        count = f"{(~never).sum()} of {len(epochs)}"
        notes.append(
            note(
                f"{plain(group.name, _LETTERS)}: {count}", "left bottom", x=0, xref="paper",
                y=k - 0.34, font={"color": color, "weight": 600},
            )
        )  # fmt: skip
    return picture(
        series, _titled("First epoch with all of training right", shared), HEIGHT, theme, {"l": 24},
        xaxis=axis("epoch", theme, range=[-0.02 * longest, 1.12 * longest]),
        yaxis=rows_axis(len(groups), theme, visible=False), annotations=notes,
    )  # fmt: skip
