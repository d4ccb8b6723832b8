"""What every unit is worth to the network."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import plotly.graph_objects as go

from rnnviz.engine.layer import Array
from rnnviz.figures.theme import HEIGHTS, LIGHT, Theme, axis, color_bar, compact, figure, ladder

#: How many units stand in a row, of many units and of few.
_WIDE, _NARROW = 16, 8


def unit_worth(
    rises: Array, silenced: Collection[int] = (), unit: str = "nats", theme: Theme = LIGHT
) -> go.Figure:
    """By how much the training loss rises when a unit alone is silenced, (H,); a cell a unit.

    NaN is not known yet. Cells of units that are silenced have a cross; a cell that is clicked
    tells the number of its unit.
    """
    width = min(_WIDE if len(rises) > 4 * _NARROW else _NARROW, len(rises))
    height = -(-len(rises) // width)
    cells = np.full(width * height, np.nan)
    cells[: len(rises)] = rises
    numbers = np.arange(width * height).reshape(height, width)
    known = np.abs(rises[np.isfinite(rises)])
    limit = ladder(float(known.max()) if known.size else 0.0)
    names = np.where(
        numbers < len(rises),
        np.where(np.isin(numbers, list(silenced)), "✕", numbers.astype(str)),
        "",
    )
    bare = {"showticklabels": False, "showgrid": False, "ticks": ""}
    grid = go.Heatmap(
        z=compact(
            np.clip(np.where(np.isnan(cells), 0, cells), -limit, limit).reshape(numbers.shape)
        ),
        zmin=-limit,
        zmax=limit,
        colorscale=theme.diverging,
        colorbar=color_bar("ΔL"),
        customdata=numbers.tolist(),
        text=names.tolist(),
        texttemplate="%{text}",
        textfont={"size": 14},
        xgap=2,
        ygap=2,
        hovertemplate=f"unit %{{customdata}}: ΔL = %{{z:.6f}} {unit}<extra></extra>",
    )
    return figure(
        [grid],
        f"What each unit is worth ({unit})",
        HEIGHTS["worth"],
        theme,
        xaxis=axis("unit, counted row by row", theme, **bare),
        yaxis=axis("", theme, autorange="reversed", **bare),
        margin={"l": 16, "r": 76, "t": 44, "b": 36},
    )
