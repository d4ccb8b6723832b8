"""Weights as heatmaps."""

from __future__ import annotations

import numpy as np

from rnnviz.engine.layer_buffers import Array
from rnnviz.figures.picture import Picture, heatmap
from rnnviz.figures.theme import HEIGHTS, LIGHT, Theme, axis, color_bar, compact, picture


def recurrent_heatmap(W_hh: Array, theme: Theme = LIGHT, name: str = "W_hh") -> Picture:
    """W_hh (H, H): how the state before (column) drives the state after (row).

    The colours span 99 % of the weights; a few strong ones would make all others look like zero.
    """
    limit = theme.scale.nice_limit(float(np.quantile(np.abs(W_hh), 0.99)))
    cells = heatmap(
        z=compact(W_hh),
        zmin=-limit,
        zmax=limit,
        colorscale=theme.diverging,
        colorbar=color_bar("w"),
        hovertemplate="from unit %{x} to unit %{y}: w = %{z:.6f}<extra></extra>",
    )
    return picture(
        [cells],
        f"Recurrent weights {name}",
        HEIGHTS["recurrent"],
        theme,
        margin={"l": 64, "r": 76, "t": 40, "b": 48},
        xaxis=axis("from unit (state before)", theme, showgrid=False),
        yaxis=axis("to unit (state after)", theme, autorange="reversed", showgrid=False),
    )
