"""The hidden states of a phrase, and the margin of its verdict."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from rnnviz.analysis.logit_margin import RunningMargin
from rnnviz.engine.layer_buffers import Array
from rnnviz.engine.timeline import Moment, Phase
from rnnviz.figures.picture import Picture, bar, heatmap
from rnnviz.figures.theme import (
    HEIGHTS,
    LIGHT,
    Theme,
    axis,
    color_bar,
    compact,
    picture,
    plain,
    signed_axis,
    whole,
    words_axis,
    words_margin,
)

#: Up to so many cells carry the word they belong to.
_NAMED = 4_000
#: How high the title and, below it, the names of encoder and decoder are.
_NAMES_ROOM = 58


class View(NamedTuple):
    """What of a cell is shown: its name, the title, and where its values can lie.

    ``bounded`` values lie between -1 and 1, a ``gate``'s between 0 and 1. The first ``bridge``
    tokens are those of an encoder: a line marks where its state goes over.
    """

    name: str
    title: str
    bounded: bool = True
    gate: bool = False
    bridge: int = 0


STATE = View("h", "Hidden state after every word")


def state_heatmap(
    states: Array,
    words: Sequence[str],
    theme: Theme = LIGHT,
    moment: Moment | None = None,
    view: View = STATE,
) -> Picture:
    """Every unit (row) at every token (column), from states (T, H); zero is neutral.

    At a ``moment`` of the way there the columns that aren't computed yet are empty.
    """
    limit = theme.scale.nice_limit(float(np.abs(states).max()))
    limit = 1.0 if view.gate else min(1.0, limit) if view.bounded else limit
    # Of very many cells the words would take longer to send than the states.
    few = states.size <= _NAMED
    named = [[plain(word) for word in words]] * states.shape[1] if few else None
    where = "after “%{customdata}”" if few else "at place %{x}"
    cells = heatmap(
        z=compact(_so_far(states.T, moment)),
        hoverongaps=False,
        zmin=0 if view.gate else -limit,
        zmax=limit,
        colorscale=theme.sequential if view.gate else theme.diverging,
        colorbar=color_bar(view.name),
        customdata=named,
        hovertemplate=f"unit %{{y}} {where}: {view.name} = %{{z:.6f}}<extra></extra>",
    )
    return picture(
        [cells],
        view.title,
        HEIGHTS["states"],
        theme,
        xaxis=words_axis(words, theme),
        yaxis=axis("unit", theme, autorange="reversed", showgrid=False, **whole(states.shape[1])),
        margin=words_margin(words) | ({"t": _NAMES_ROOM} if view.bridge else {}),
        **_bridge(view.bridge, theme),
    )


def _bridge(tokens: int, theme: Theme) -> dict[str, Any]:
    """The line between the encoder's tokens and the decoder's, and their names."""
    if not tokens:
        return {}
    line = {"color": theme.text, "width": 3}
    place = {"x": tokens - 0.5, "yref": "paper", "showarrow": False, "y": 1, "yanchor": "bottom"}
    names = (("encoder ", "right"), (" decoder", "left"))
    return {
        "shapes": [
            {"type": "line", "x0": tokens - 0.5, "x1": tokens - 0.5, "yref": "paper", "y0": 0,
             "y1": 1, "line": line},
        ],
        "annotations": [{**place, "text": text, "xanchor": side} for text, side in names],
    }  # fmt: skip


def _so_far(states: Array, moment: Moment | None) -> Array:
    if moment is None or moment.phase is not Phase.FORWARD:
        return states
    return np.where(np.arange(states.shape[1]) <= moment.t, states, np.nan)


def running_margin_bars(
    margin: RunningMargin,
    words: Sequence[str],
    label: str,
    theme: Theme = LIGHT,
    noun: str = "word",
) -> Picture:
    """The lead of one class, read after every token as if the sequence ended there."""
    limit = 1.15 * theme.scale.nice_limit(float(np.abs(margin.values).max()))
    bars = bar(
        x=list(range(len(words))),
        y=compact(margin.values),
        marker={"color": [theme.positive if v > 0 else theme.negative for v in margin.values]},
        meta=plain(label),
        hovertemplate="lead of %{meta}: %{y:.6g}<extra></extra>",
    )
    return picture(
        [bars],
        f"Verdict {noun} by {noun}: the lead of “{plain(label)}”",
        HEIGHTS["margin"],
        theme,
        xaxis=words_axis(words, theme),
        yaxis=signed_axis("margin (logits)", limit, theme),
        margin=words_margin(words),
    )
