"""Threads and channels: what goes from one token to the next, drawn between the columns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from rnnviz.charts.color_math import faint
from rnnviz.charts.picture import Series, scatter
from rnnviz.charts.theme import Theme
from rnnviz.engine.layer_buffers import Array

#: Between columns of more tokens threads have no room.
MOST_TOKENS = 24
#: The room between columns, as a share of one; in a figure of Plotly in pixels.
GAP, _GAP_PIXELS = 0.5, 24
#: Parts below this share of a token's largest have no thread, nor have those that are nothing.
_LEAST, _SMALLEST = 0.07, 1e-12
#: From which share of the largest on a thread is how strong; the strongest are on top.
_STRENGTHS = ((_LEAST, 0.3), (0.2, 0.6), (0.5, 1.0))
_BELOW = (*(least for least, _ in _STRENGTHS[1:]), np.inf)
#: At most so much of what silenced units gave is drawn at a token.
_MOST_LOST = 24
#: So many points make one side of a channel.
_CORNERS = 9

#: A heatmap's options that leave room; the page takes the gap as a share of a column.
APART = {"xgap": _GAP_PIXELS, "meta": {"gap": GAP}}


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


def lost_threads(given: Mapping[int, Array], at: Sequence[Any], theme: Theme) -> Iterator[Series]:
    """Dashed threads from units that no longer give anything, to those that got most of them.

    ``given`` (T, H) by unit is what each gave at every token.
    """
    if not given or not all(np.isfinite(parts).all() for parts in given.values()):
        return
    units, sizes = [*given], np.abs([*given.values()]).swapaxes(0, 1)
    links = []
    for t, each in enumerate(sizes):
        order = np.argsort(-each, axis=None)[:_MOST_LOST]
        kept = order[each.ravel()[order] > max(_LEAST * each.max(), _SMALLEST)]
        links += [(t, units[k // each.shape[1]], k % each.shape[1]) for k in kept.tolist()]
    yield thread_lines(links, at, color=faint(theme.text, 0.4), width=1, dash="dash")


def channels(shares: Array, rows: int, theme: Theme) -> Series:
    """From every token to the next a channel, at its end as high as the memory's share, (T,)."""
    ease = np.linspace(0, 1, _CORNERS)
    along, level = GAP * ease, 3 * ease**2 - 2 * ease**3
    x, y = list[Any](), list[Any]()
    for t, share in enumerate(shares.tolist()):
        if not share > 0:
            continue
        half = rows / 2 * (1 + (share - 1) * level)
        across = t - 1 + (1 - GAP) / 2 + along
        x += [*across, *across[::-1], None]
        y += [*((rows - 1) / 2 - half), *((rows - 1) / 2 + half)[::-1], None]
    fill = {"fill": "toself", "fillcolor": faint(theme.forward, 0.16), "line": {"width": 0}}
    return scatter(x=x, y=y, mode="lines", showlegend=False, hoverinfo="skip", **fill)


def thread_lines(links: Sequence[tuple[int, int, int]], at: Sequence[Any], **line: Any) -> Series:
    """A thread for each of the ``links``: the token it leads to, and the units at both ends."""
    half = (1 - GAP) / 2
    x = [place for t, _, _ in links for place in (t - 1 + half, t - half, None)]
    y = [place for _, source, target in links for place in (at[source], at[target], None)]
    # The page draws a spline of two points as a curve that is level at both.
    style = {"shape": "spline", **line}
    return scatter(x=x, y=y, mode="lines", line=style, showlegend=False, hoverinfo="skip")
