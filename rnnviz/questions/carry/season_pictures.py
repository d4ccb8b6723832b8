"""Pictures of units that read series: what each follows, and one of them over the season."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from rnnviz.charts.axes import axis
from rnnviz.charts.hidden_states import (
    StateView,
    UnitRows,
    grouped,
    row_frame,
    units_axis,
    units_meta,
    values_axis,
)
from rnnviz.charts.picture import SILENT, Picture, Series, compact, heatmap, scatter
from rnnviz.charts.shapes import color_bar, faint, note
from rnnviz.charts.theme import LIGHT, Theme, picture, plain
from rnnviz.engine.layer_buffers import Array
from rnnviz.probe.season import Following, Season

#: Letters that fit above all columns together; a column needs this many for the word "unit".
_ROW, _LEAST = 40, 7
#: Maximum number of labels of the axis of a season.
_MOST_LABELS = 8


def following_map(
    following: Following, rows: UnitRows, title: str, theme: Theme = LIGHT
) -> Picture:
    """How far every unit (row) follows every property (column), 0..1.

    Many units are grouped as in ``memory_rows``. Above each column is its best unit, which has a
    row, and whose cell is framed.
    """
    best = following.shares.argmax(axis=1).tolist()
    groups = grouped(rows.units, {rows.chosen, *best})
    rows = rows._replace(units=groups.units)
    names = [plain(one.name, 40) for one in following.properties]
    cells = heatmap(
        x=names, y=rows.names, z=compact(following.shares.T[rows.units]), zmin=0, zmax=1,
        colorscale=[[0, theme.neutral], [1, theme.forward]], colorbar=color_bar(""),
        text=[[plain(one.text, 60) for one in following.properties]] * len(rows.units),
        hovertemplate="unit %{y}, %{text}: %{z:.3f}<extra></extra>",
    )  # fmt: skip
    across = {"type": "category", "range": [-0.5, len(names) - 0.5], "side": "top"}
    return picture(
        [cells], title if groups.size == 1 else f"{title}; 1 in {groups.size}", 520, theme,
        {"r": 76, "t": 96}, yaxis=units_axis(rows, theme, ""),
        xaxis=axis("", theme, showgrid=False, **across, tickvals=[]),
        shapes=[*_frames(rows, best, theme), row_frame(rows, theme)],
        annotations=[*_heads(names, best)],
        meta=units_meta(rows, wide=True),
    )  # fmt: skip


def _heads(names: list[str], best: list[int]) -> Iterator[dict[str, Any]]:
    """Above each column its name and its best unit; of many columns the unit alone."""
    most = _ROW // len(names)
    above = {"yref": "paper", "y": 1}
    for name, unit in zip(names, best, strict=True):
        text = f"unit {unit}" if most >= _LEAST else f"{unit}"
        yield note(text, "center bottom", x=name, **above, yshift=3, font={"weight": 600})
        short = name if len(name) <= most else f"{name[: most - 1]}…"
        yield note(short, "center bottom", x=name, **above, yshift=21, font={"size": 13})


def _frames(rows: UnitRows, best: list[int], theme: Theme) -> list[dict[str, Any]]:
    """A frame around the best unit's cell of each column."""
    line, at = {"color": theme.text, "width": 2}, rows.units.tolist()
    return [
        {"type": "rect", "x0": column - 0.5, "x1": column + 0.5, "y0": at.index(unit) - 0.5,
         "y1": at.index(unit) + 0.5, "line": line}
        for column, unit in enumerate(best)
    ]  # fmt: skip


class OverSeason(NamedTuple):
    """A unit's values (N,) at steps with some phases (N,), 0..1."""

    phases: Array
    values: Array


def unit_season(
    every: OverSeason, own: OverSeason, season: Season, title: str, *, view: StateView,
    theme: Theme = LIGHT,
) -> Picture:  # fmt: skip
    """A unit against the phase of the season: at every step, their means, and at the ``own``.

    The page marks the own steps, those of the window that is shown.
    """
    count, part = len(season.parts), season.part(every.phases)
    sums, sizes = (np.bincount(part, one, count) for one in (every.values, None))
    means = np.where(sizes > 0, sums / np.maximum(sizes, 1), np.nan)
    hover = f"%{{text}}: {view.name} = %{{y:.4f}}<extra></extra>"
    series: list[Series] = [
        scatter(
            x=compact(every.phases * count), y=compact(every.values), mode="markers",
            marker={"color": faint(theme.muted, 0.35), "size": 4}, name="training", **SILENT,
        ),
        scatter(
            x=compact(_middles(every.phases * count, part, count)), y=compact(means), name="mean",
            mode="lines+markers", line={"color": theme.forward, "width": 3},
            marker={"size": 7, "color": theme.forward}, text=[*season.parts], hovertemplate=hover,
        ),
        scatter(
            x=compact(own.phases * count), y=compact(own.values), name="this window",
            mode="markers", marker={"color": theme.text, "size": 8, "symbol": "circle-open",
                                    "line": {"width": 2}},
            hovertemplate=f"{view.name} = %{{y:.4f}}<extra></extra>", meta={"token": 0},
        ),
    ]  # fmt: skip
    shown = range(0, count, -(-count // _MOST_LABELS))
    ticks = {"tickvals": [*shown], "ticktext": [season.parts[k] for k in shown]}
    xaxis = axis("", theme, range=[-0.5, count - 0.4], showgrid=False, **ticks)
    yaxis = values_axis(np.concatenate([every.values, own.values]), view, theme)
    return picture(series, title, 250, theme, {"r": 76}, xaxis=xaxis, yaxis=yaxis)


def _middles(places: Array, part: Array, count: int) -> Array:
    """The mean place in each of ``count`` parts, (count,)."""
    sums, sizes = (np.bincount(part, one, count) for one in (places, None))
    return np.asarray(np.where(sizes > 0, sums / np.maximum(sizes, 1), np.nan))
