"""The weights themselves."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go

from rnnviz.engine.parameters import Array
from rnnviz.figures.theme import LIGHT, Theme, axis, compact, figure, ladder


def recurrent_heatmap(W_hh: Array, theme: Theme = LIGHT) -> go.Figure:
    """W_hh (H, H): how the state before (column) drives the state after (row)."""
    limit = ladder(float(np.abs(W_hh).max()))
    heatmap = go.Heatmap(
        z=compact(W_hh),
        zmin=-limit,
        zmax=limit,
        colorscale=theme.diverging,
        colorbar={"thickness": 14, "outlinewidth": 0, "title": {"text": "w"}, "nticks": 5},
        hovertemplate="from unit %{x} to unit %{y}: w = %{z:.6f}<extra></extra>",
    )
    return figure(
        [heatmap],
        "Recurrent weights W_hh",
        420,
        theme,
        xaxis=axis("from unit (state before)", theme, showgrid=False),
        yaxis=axis("to unit (state after)", theme, autorange="reversed", showgrid=False),
    )
