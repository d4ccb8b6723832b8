"""The hidden states of a phrase, and the verdict that they carry."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from rnnviz.analysis.activity import RunningMargin
from rnnviz.engine.parameters import Array
from rnnviz.engine.timeline import Moment, Phase
from rnnviz.engine.trace import Trace
from rnnviz.figures.theme import (
    HEIGHTS,
    LIGHT,
    Theme,
    axis,
    color_bar,
    compact,
    figure,
    ladder,
    plain,
    words_axis,
    words_margin,
)


def state_heatmap(
    trace: Trace, words: Sequence[str], theme: Theme = LIGHT, moment: Moment | None = None
) -> go.Figure:
    """Every unit (row) at every token (column) of the trace's phrase; zero is neutral.

    At a ``moment`` of the way there the columns that aren't computed yet are empty.
    """
    states = trace.h[:, 0].T
    limit = min(1.0, ladder(float(np.abs(states).max())))
    heatmap = go.Heatmap(
        z=compact(_so_far(states, moment)),
        hoverongaps=False,
        zmin=-limit,
        zmax=limit,
        colorscale=theme.diverging,
        colorbar=color_bar("h"),
        customdata=[[plain(word) for word in words]] * len(states),
        hovertemplate="unit %{y} after “%{customdata}”: h = %{z:.6f}<extra></extra>",
    )
    return figure(
        [heatmap],
        "Hidden state after every word",
        HEIGHTS["states"],
        theme,
        xaxis=words_axis(words, theme),
        yaxis=axis("unit", theme, autorange="reversed", showgrid=False),
        margin=words_margin(words),
    )


def _so_far(states: Array, moment: Moment | None) -> Array:
    if moment is None or moment.phase is not Phase.FORWARD:
        return states
    return np.where(np.arange(states.shape[1]) <= moment.t, states, np.nan)


def running_margin_bars(
    margin: RunningMargin, words: Sequence[str], label: str, theme: Theme = LIGHT
) -> go.Figure:
    """The lead of one class, read after every word as if the phrase ended there."""
    limit = 1.15 * ladder(float(np.abs(margin.values).max()))
    bars = go.Bar(
        x=list(range(len(words))),
        y=compact(margin.values),
        marker={"color": [theme.positive if v > 0 else theme.negative for v in margin.values]},
        meta=plain(label),
        hovertemplate="lead of %{meta}: %{y:.6g}<extra></extra>",
    )
    return figure(
        [bars],
        f"Verdict word by word: the lead of “{plain(label)}”",
        HEIGHTS["margin"],
        theme,
        xaxis=words_axis(words, theme),
        yaxis=axis(
            "margin (logits)",
            theme,
            range=[-limit, limit],
            zeroline=True,
            zerolinecolor=theme.muted,
        ),
        margin=words_margin(words),
    )
