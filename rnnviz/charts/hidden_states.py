"""The hidden states of a sequence, and the logit margin of its verdict."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from rnnviz.charts.axes import axis, signed_axis, whole, words_margin, words_picture
from rnnviz.charts.picture import Picture, bar, compact, heatmap
from rnnviz.charts.shapes import color_bar, note, upright
from rnnviz.charts.theme import LIGHT, Theme, plain
from rnnviz.engine.layer_buffers import Array
from rnnviz.probe.probe import RunningMargin
from rnnviz.probe.unrolled import Moment, Phase

#: Maximum number of cells whose hover names the word.
_NAMED = 4_000
#: The height of the title and, below it, of the names of encoder and decoder, in pixels.
_NAMES_TOP = 58


class StateView(NamedTuple):
    """The part of a cell that is shown: its name, the title, and the range of its values.

    ``bounded`` values lie between -1 and 1, those of a ``gate`` between 0 and 1. ``bridge`` is the
    number of an encoder's tokens; a line marks where the decoder begins.
    """

    name: str
    title: str
    bounded: bool = True
    gate: bool = False
    bridge: int = 0


STATE = StateView("h", "Hidden state after every word")


def state_heatmap(
    states: Array,
    words: Sequence[str],
    theme: Theme = LIGHT,
    moment: Moment | None = None,
    view: StateView = STATE,
) -> Picture:
    """Every unit (row) at every token (column), from states (T, H); zero is neutral.

    At a ``moment`` of the forward pass the columns that aren't computed yet are empty.
    """
    limit = theme.scale.nice_limit(float(np.abs(states).max()))
    # In a large map the words would take longer to send than the states.
    few = states.size <= _NAMED
    where = "after “%{customdata}”" if few else "at place %{x}"
    computed = len(words) if moment is None or moment.phase is not Phase.FORWARD else moment.t + 1
    cells = heatmap(
        z=compact(np.where(np.arange(len(words)) < computed, states.T, np.nan)),
        hoverongaps=False,
        **value_colors(limit, view, theme),
        colorbar=color_bar(view.name),
        customdata=[[plain(word) for word in words]] * states.shape[1] if few else None,
        hovertemplate=f"unit %{{y}} {where}: {view.name} = %{{z:.6f}}<extra></extra>",
    )
    rows = axis("unit", theme, autorange="reversed", showgrid=False, **whole(states.shape[1]))
    layout = {"yaxis": rows, **bridge_line(view.bridge, theme)}
    if view.bridge:
        layout["margin"] = {**words_margin(words), "t": _NAMES_TOP}
    return words_picture([cells], view.title, 400, words, theme, **layout)


def value_colors(limit: float, view: StateView, theme: Theme) -> dict[str, Any]:
    """The colours of values up to about ``limit``, as options of a heatmap; zero is neutral."""
    limit = 1.0 if view.gate else min(1.0, limit) if view.bounded else limit
    scale = theme.sequential if view.gate else theme.diverging
    return {"zmin": 0 if view.gate else -limit, "zmax": limit, "colorscale": scale}


def bridge_line(tokens: int, theme: Theme) -> dict[str, Any]:
    """The line between the encoder's ``tokens`` and the decoder's, and their names, if any."""
    if not tokens:
        return {}
    x, names = tokens - 0.5, (("encoder ", "right bottom"), (" decoder", "left bottom"))
    return {
        "shapes": [upright(x, theme, color=theme.text, width=3, dash="solid")],
        "annotations": [note(name, anchor, x=x, yref="paper", y=1) for name, anchor in names],
    }


def running_margin_bars(
    margin: RunningMargin,
    words: Sequence[str],
    label: str,
    theme: Theme = LIGHT,
    noun: str = "word",
) -> Picture:
    """The logit margin of one class after every token, as if the sequence ended there."""
    limit = 1.15 * theme.scale.nice_limit(float(np.abs(margin.values).max()))
    bars = bar(
        x=list(range(len(words))),
        y=compact(margin.values),
        marker={"color": theme.signs(margin.values)},
        meta=plain(label),
        hovertemplate="margin of %{meta}: %{y:.6g}<extra></extra>",
    )
    title = f"Verdict {noun} by {noun}: the margin of “{plain(label)}”"
    scale = signed_axis("margin (logits)", limit, theme)
    return words_picture([bars], title, 230, words, theme, yaxis=scale)
