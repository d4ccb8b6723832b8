"""The share of every token in the gradient of a parameter: now, and over the epochs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from rnnviz.charts.axes import TwoMoments, axis, outlined, words_axis, words_margin
from rnnviz.charts.gradients import word_map
from rnnviz.charts.picture import Picture, Series, bar, compact, exact, heatmap
from rnnviz.charts.shapes import color_bar, mixed
from rnnviz.charts.theme import HEIGHTS, LIGHT, Theme, picture
from rnnviz.engine.layer_buffers import Array
from rnnviz.probe.gradient_lab import EpochSeries
from rnnviz.probe.gradients import TokenContribution
from rnnviz.run.history import Course

#: The shares at some epochs.
Shares = EpochSeries[TokenContribution]
#: The bars of more tokens have no numbers.
MOST_NUMBERS = 24


def share_columns(
    shares: TwoMoments, name: str, words: Sequence[str], theme: Theme = LIGHT
) -> Picture:
    """Each token's share in the gradient of ``name``: a bar in the token's column.

    Those of the second moment are outlines. ``name`` is W_hh for the recurrent weights or W_xh for
    the input weights.
    """
    every = np.concatenate([shares.values, shares.then])
    top = min(1.0, theme.scale.nice_limit(float(every.max())))
    ticks = {"tickvals": [0, top / 2, top], "ticktext": ["0%", *map(_percent, (top / 2, top))]}
    weights = {"W_hh": "the recurrent weights", "W_xh": "the input weights"}[name]
    return picture(
        [_bars(shares.values, theme), outlined(shares, theme)],
        shares.entitled(f"Share in the gradient of {weights}"),
        HEIGHTS["shares"],
        theme,
        xaxis=words_axis(words, theme),
        yaxis=axis("", theme, range=[0, 1.12 * top], **ticks),
        margin=words_margin(words),
        meta={"x": "token", "columns": shares.columns},
    )


def _percent(share: float) -> str:
    return f"{100 * share:.3g}%"


def _bars(shares: Array, theme: Theme) -> Series:
    return bar(
        x=list(range(len(shares))),
        y=compact(shares),
        width=0.6 if len(shares) <= MOST_NUMBERS else 0.8,
        name="share",
        marker={"color": theme.magnitude},
        text=[f"{share:.0%}" for share in shares] if len(shares) <= MOST_NUMBERS else [],
        textposition="outside",
        textfont={"color": theme.magnitude},
        customdata=exact(shares),
        hovertemplate="%{customdata}<extra></extra>",
    )


def share_map(
    history: Shares,
    name: str,
    words: Sequence[str],
    course: Course,
    theme: Theme = LIGHT,
) -> Picture:
    """Each token's share in the gradient of ``name`` (row) at every epoch (column)."""
    cells = heatmap(
        x=history.epochs.astype(np.int32),
        z=compact(history.column(name).T),
        zmin=0.0,
        zmax=1.0,
        colorscale=_scale(theme),
        colorbar={**color_bar(""), "tickvals": [0, 1], "ticktext": ["0", "1"]},
        hovertemplate=f"{course.history.unit} %{{x}}: %{{z}}<extra></extra>",
    )
    return word_map(cells, f"Share of every token, {name}", course, words, theme)


def _scale(theme: Theme) -> list[list[Any]]:
    """By the square root, so that small shares are seen."""
    stops = [0.0, 0.04, 0.16, 0.36, 0.64, 1.0]
    return [[s, mixed(theme.neutral, theme.magnitude, s**0.5)] for s in stops]
