"""How much the loss rises without each unit."""

from __future__ import annotations

import math
from collections.abc import Collection

import numpy as np

from rnnviz.engine.layer_buffers import Array
from rnnviz.figures.axes import axis
from rnnviz.figures.heatmap_labels import cell_texts
from rnnviz.figures.legends import color_bar
from rnnviz.figures.picture import Picture, compact
from rnnviz.figures.theme import HEIGHTS, LIGHT, Theme, picture, signed_heatmap

#: Units in a row: of many units, and of few.
_WIDE, _NARROW = 16, 8


def ablation_heatmap(
    rises: Array, silenced: Collection[int] = (), unit: str = "nats", theme: Theme = LIGHT
) -> Picture:
    """The rise of the training loss when one unit is ablated, (H,); one cell per unit.

    NaN is not computed yet and shows a question mark. Silenced units show a cross. A click on a
    cell yields the index of its unit as customdata.
    """
    width = min(_WIDE if len(rises) > 4 * _NARROW else _NARROW, len(rises))
    height = -(-len(rises) // width)
    finite, unknown = np.abs(rises[np.isfinite(rises)]), bool(np.isnan(rises).any())
    limit = theme.scale.nice_limit(float(finite.max(initial=0.0)), grows=unknown)
    values = np.pad(np.nan_to_num(rises, posinf=limit), (0, width * height - len(rises)))
    shown = np.clip(values, -limit, limit).reshape(height, width)
    names = [_name(index, rise, silenced) for index, rise in enumerate(rises.tolist())]
    hovers = [_hover(index, rise, unit) for index, rise in enumerate(rises.tolist())]
    bare = {"showticklabels": False, "showgrid": False, "ticks": ""}
    cells = signed_heatmap(
        compact(shown),
        limit,
        theme,
        colorbar=color_bar("ΔL"),
        customdata=np.arange(width * height).reshape(height, width).tolist(),
        xgap=2,
        ygap=2,
        text=_rows(hovers, width),
        hovertemplate="%{text}<extra></extra>",
    )
    return picture(
        [cells, cell_texts(_rows(names, width), shown / limit, theme)],
        f"Rise of the loss without each unit ({unit})",
        HEIGHTS["ablation"],
        theme,
        xaxis=axis("unit, counted row by row", theme, **bare),
        yaxis=axis("", theme, autorange="reversed", **bare),
        margin={"l": 16, "r": 76, "b": 36},
    )


def _name(index: int, rise: float, silenced: Collection[int]) -> str:
    if index in silenced:
        return "✕"
    return "?" if math.isnan(rise) else str(index)


def _hover(index: int, rise: float, unit: str) -> str:
    if math.isnan(rise):
        return f"unit {index}: not measured yet"
    return f"unit {index}: ΔL = {rise:.6f} {unit}".replace("inf", "∞")


def _rows(texts: list[str], width: int) -> list[list[str]]:
    """The texts in rows of ``width``; the last row is filled up with empty ones."""
    filled = texts + [""] * (-len(texts) % width)
    return [filled[start : start + width] for start in range(0, len(filled), width)]
