"""Threads: what goes from a unit at one token to a unit at the next, drawn between the columns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from rnnviz.engine.layer_buffers import Array
from rnnviz.figures.color_math import faint
from rnnviz.figures.picture import Series, scatter
from rnnviz.figures.theme import Theme

#: Between columns of more tokens threads have no room.
MOST_TOKENS = 24
#: The room between columns, as a share of one; in a figure of Plotly in pixels.
_GAP, _GAP_PIXELS = 0.5, 24
#: Parts below this share of a token's largest have no thread, nor have those that are nothing.
_LEAST, _SMALLEST = 0.07, 1e-12
#: From which share of the largest on a thread is how strong; the strongest are on top.
_STRENGTHS = ((_LEAST, 0.3), (0.2, 0.6), (0.5, 1.0))
_BELOW = (*(least for least, _ in _STRENGTHS[1:]), np.inf)

#: A heatmap's options that leave room; the page takes the gap as a share of a column.
APART = {"xgap": _GAP_PIXELS, "meta": {"gap": _GAP}}


def threads_into(parts: Array, chosen: int, at: Sequence[Any], theme: Theme) -> Iterator[Series]:
    """From every token to the next, a thread from each unit that adds much to the chosen one.

    ``parts`` (T, H) are what it gets at every token; ``at`` (H,) says where each unit is drawn. The
    colour is that of the sign, stronger for a larger share of the token's largest part.
    """
    if not np.isfinite(parts).all():
        return
    shares = parts / np.maximum(np.abs(parts).max(axis=1, keepdims=True), _SMALLEST)
    for (least, opacity), below in zip(_STRENGTHS, _BELOW, strict=True):
        for color, sizes in ((theme.negative, -shares), (theme.positive, shares)):
            drawn = np.argwhere((sizes >= least) & (sizes < below))
            links = [(t, unit, chosen) for t, unit in drawn.tolist()]
            yield thread_lines(links, at, color=faint(color, opacity), width=1)


def thread_lines(links: Sequence[tuple[int, int, int]], at: Sequence[Any], **line: Any) -> Series:
    """A thread for each of the ``links``: the token it leads to, and the units at both ends."""
    half = (1 - _GAP) / 2
    x = [place for t, _, _ in links for place in (t - 1 + half, t - half, None)]
    y = [place for _, source, target in links for place in (at[source], at[target], None)]
    # The page draws a spline of two points as a curve that is level at both.
    style = {"shape": "spline", **line}
    return scatter(x=x, y=y, mode="lines", line=style, showlegend=False, hoverinfo="skip")
