"""The size of the gradient: back through time, and at every parameter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go

from rnnviz.analysis.gradients import Flow, Objective
from rnnviz.figures.theme import LIGHT, Theme, axis, decades, figure, words_axis

_SYMBOL = {Objective.LOSS: "dL/dh", Objective.MARGIN: "dm/dh"}
_NOUN = {Objective.LOSS: "loss", Objective.MARGIN: "logit margin"}


def bptt_profile(flow: Flow, words: Sequence[str], theme: Theme = LIGHT) -> go.Figure:
    """||dL/dh_t|| for every token on a log scale; time runs right, the gradient flows left."""
    span = decades(flow.norms.tolist())
    floor = 10.0 ** span[0]
    symbol = _SYMBOL[flow.objective]
    points = go.Scatter(
        x=list(range(len(words))),
        y=np.maximum(flow.norms, floor).tolist(),
        mode="lines+markers+text" if len(words) <= 12 else "lines+markers",
        text=[_short(norm) for norm in flow.norms],
        textposition="top center",
        cliponaxis=False,
        line={"color": theme.magnitude, "width": 2.5},
        marker={"size": 11, "color": theme.magnitude},
        customdata=[repr(float(norm)) for norm in flow.norms],
        hovertemplate="||" + symbol + "|| = %{customdata}<extra></extra>",
    )
    return figure(
        [points],
        f"Gradient of the {_NOUN[flow.objective]} at every word: ← backpropagation through time",
        420,
        theme,
        xaxis=words_axis(words, theme),
        yaxis=axis(
            f"||{symbol}|| (L2)", theme, type="log", range=span, exponentformat="power", nticks=8
        ),
        margin={"l": 76, "r": 16, "t": 44, "b": 64},
    )


def parameter_norm_bars(norms: Mapping[str, float], theme: Theme = LIGHT) -> go.Figure:
    """||dL/dW|| of every parameter on a log scale, before clipping."""
    values = list(norms.values())
    span = decades(values)
    dots = go.Scatter(
        x=np.maximum(values, 10.0 ** span[0]).tolist(),
        y=list(norms),
        mode="markers+text",
        text=[_short(value) for value in values],
        textposition="middle right",
        cliponaxis=False,
        marker={"size": 13, "color": theme.magnitude},
        customdata=[repr(value) for value in values],
        hovertemplate="||dL/d%{y}|| = %{customdata}<extra></extra>",
    )
    return figure(
        [dots],
        "Gradient of every parameter, before clipping",
        420,
        theme,
        xaxis=axis(
            "||dL/dW|| (L2)", theme, type="log", range=span, exponentformat="power", nticks=8
        ),
        yaxis=axis("", theme, autorange="reversed", type="category"),
        margin={"l": 64, "r": 72, "t": 44, "b": 56},
    )


def _short(value: float) -> str:
    return f"{value:.2g}" if value else "0"
