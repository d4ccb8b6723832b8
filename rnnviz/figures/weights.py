"""Weights as heatmaps."""

from __future__ import annotations

import numpy as np

from rnnviz.engine.layer_buffers import Array
from rnnviz.figures.axes import axis
from rnnviz.figures.legends import color_bar
from rnnviz.figures.picture import Picture, compact
from rnnviz.figures.theme import HEIGHTS, LIGHT, Theme, picture, signed_heatmap


def recurrent_heatmap(W_hh: Array, theme: Theme = LIGHT, name: str = "W_hh") -> Picture:
    """W_hh (H, H): from the state before (column) to the state after (row).

    The colours span 99% of the weights, so that a few large ones don't hide the others.
    """
    limit = theme.scale.nice_limit(float(np.quantile(np.abs(W_hh), 0.99)))
    cells = signed_heatmap(
        compact(W_hh),
        limit,
        theme,
        colorbar=color_bar("w"),
        hovertemplate="from unit %{x} to unit %{y}: w = %{z:.6f}<extra></extra>",
    )
    return picture(
        [cells],
        f"Recurrent weights {name}",
        HEIGHTS["recurrent"],
        theme,
        margin={"r": 76, "t": 40},
        xaxis=axis("from unit (state before)", theme, showgrid=False),
        yaxis=axis("to unit (state after)", theme, autorange="reversed", showgrid=False),
    )
