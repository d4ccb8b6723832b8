"""The share of every token in the gradient of a parameter: now, and over the epochs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from rnnviz.analysis.gradient_history import EpochSeries
from rnnviz.analysis.token_contribution import TokenContribution
from rnnviz.engine.layer_buffers import Array
from rnnviz.figures.axes import axis, words_axis, words_margin
from rnnviz.figures.axis_limits import nice_limit
from rnnviz.figures.color_math import faint, mixed
from rnnviz.figures.gradients import word_map
from rnnviz.figures.legends import color_bar
from rnnviz.figures.picture import Picture, Series, bar, compact, exact, heatmap, scatter
from rnnviz.figures.theme import HEIGHTS, LIGHT, Theme, picture
from rnnviz.training.history import Course

#: The shares at some epochs.
Shares = EpochSeries[TokenContribution]
#: With more tokens their columns are too narrow for the past.
MOST_WITH_PAST = 24
#: The past fills this part of a column, and the bar of now another: left edge and width.
_PAST, _NOW = (-0.44, 0.56), (0.16, 0.26)


def share_columns(
    history: Shares,
    name: str,
    words: Sequence[str],
    epoch: int,
    theme: Theme = LIGHT,
) -> Picture:
    """Each token's share in the gradient of ``name`` at ``epoch``: a bar in the token's column.

    Beside it, paler, is the share from epoch 0 to then. ``name`` is W_hh for the recurrent weights
    or W_xh for the input weights.
    """
    shares = history.column(name)
    row = history.nearest(epoch)
    narrow = len(words) > MOST_WITH_PAST
    past = [] if narrow else [_past(shares[: row + 1], history.epochs[: row + 1], theme)]
    # All shares so far are in sight, also those of very many tokens.
    top = min(1.0, nice_limit(float(shares[: row + 1].max())))
    ticks = {"tickvals": [0, top / 2, top], "ticktext": ["0%", *map(_percent, (top / 2, top))]}
    weights = {"W_hh": "the recurrent weights", "W_xh": "the input weights"}[name]
    return picture(
        [*past, _now(shares[row], narrow, theme)],
        f"Share in the gradient of {weights}",
        HEIGHTS["shares"],
        theme,
        xaxis=words_axis(words, theme),
        yaxis=axis("", theme, range=[0, 1.12 * top], **ticks),
        margin=words_margin(words),
        meta={"x": "token"},
    )


def _percent(share: float) -> str:
    return f"{100 * share:.3g}%"


def _now(shares: Array, narrow: bool, theme: Theme) -> Series:
    left, width = (-0.4, 0.8) if narrow else _NOW
    places = np.arange(len(shares)) + left + width / 2
    return bar(
        x=places,
        y=compact(shares),
        width=width,
        name="now",
        marker={"color": theme.magnitude},
        text=[] if narrow else [f"{share:.0%}" for share in shares],
        textposition="outside",
        textfont={"color": theme.magnitude},
        customdata=exact(shares),
        hovertemplate="%{customdata}<extra></extra>",
    )


def _past(shares: Array, epochs: Array, theme: Theme) -> Series:
    """One line with a gap after each token."""
    left, width = _PAST
    across = left + width * epochs / max(int(epochs[-1]), 1)
    gap = np.full((shares.shape[1], 1), np.nan)
    x = np.arange(shares.shape[1])[:, None] + across
    return scatter(
        x=compact(np.hstack([x, gap])).ravel(),
        y=compact(np.hstack([shares.T, gap])).ravel(),
        name="from the beginning to now",
        mode="lines",
        fill="tozeroy",
        fillcolor=faint(theme.magnitude, 0.16),
        line={"color": faint(theme.magnitude, 0.5), "width": 1.2},
        hoverinfo="skip",
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
