"""How much the loss rises without each unit."""

from __future__ import annotations

import math
from collections.abc import Collection

import numpy as np

from rnnviz.engine.layer_buffers import Array
from rnnviz.figures.heatmap_labels import written
from rnnviz.figures.picture import Picture, heatmap
from rnnviz.figures.theme import HEIGHTS, LIGHT, Theme, axis, color_bar, compact, picture

#: How many units stand in a row, of many units and of few.
_WIDE, _NARROW = 16, 8


def unit_ablation_losses(
    rises: Array, silenced: Collection[int] = (), unit: str = "nats", theme: Theme = LIGHT
) -> Picture:
    """By how much the training loss rises when a unit alone is silenced, (H,); a cell a unit.

    NaN is not known yet: such a unit has a question mark. Cells of units that are silenced
    have a cross; a cell that is clicked tells the number of its unit.
    """
    width = min(_WIDE if len(rises) > 4 * _NARROW else _NARROW, len(rises))
    height = -(-len(rises) // width)
    known, waits = np.abs(rises[np.isfinite(rises)]), bool(np.isnan(rises).any())
    limit = theme.scale.nice_limit(float(known.max(initial=0.0)), grows=waits)
    empty = width * height - len(rises)
    values = np.pad(np.nan_to_num(rises, posinf=limit), (0, empty))
    names = [_name(number, rise, silenced) for number, rise in enumerate(rises.tolist())]
    told = [_told(number, rise, unit) for number, rise in enumerate(rises.tolist())]
    bare = {"showticklabels": False, "showgrid": False, "ticks": ""}
    shown = np.clip(values, -limit, limit).reshape(height, width)
    grid = heatmap(
        z=compact(shown),
        zmin=-limit,
        zmax=limit,
        colorscale=theme.diverging,
        colorbar=color_bar("ΔL"),
        customdata=np.arange(width * height).reshape(height, width).tolist(),
        xgap=2,
        ygap=2,
        hovertext=_rows(told, width),
        hovertemplate="%{hovertext}<extra></extra>",
    )
    return picture(
        [grid, written(_rows(names, width), shown / limit, theme)],
        f"What each unit is worth ({unit})",
        HEIGHTS["ablation"],
        theme,
        xaxis=axis("unit, counted row by row", theme, **bare),
        yaxis=axis("", theme, autorange="reversed", **bare),
        margin={"l": 16, "r": 76, "t": 44, "b": 36},
    )


def _name(number: int, rise: float, silenced: Collection[int]) -> str:
    if number in silenced:
        return "✕"
    return "?" if math.isnan(rise) else str(number)


def _told(number: int, rise: float, unit: str) -> str:
    if math.isnan(rise):
        return f"unit {number}: not weighed yet"
    return f"unit {number}: ΔL = {rise:.6f} {unit}".replace("inf", "∞")


def _rows(texts: list[str], width: int) -> list[list[str]]:
    """A text for each cell, row by row; none where there is no unit."""
    filled = texts + [""] * (-len(texts) % width)
    return [filled[start : start + width] for start in range(0, len(filled), width)]
