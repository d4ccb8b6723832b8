"""Answers of values against their targets."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from rnnviz.charts.axes import signed_axis
from rnnviz.charts.picture import Picture, compact, scatter
from rnnviz.charts.shapes import faint
from rnnviz.charts.theme import LIGHT, Theme, picture, plain
from rnnviz.probe.results import Values

#: At most so many points are drawn, evenly spread.
_MOST = 2_000


def value_scatter(
    values: Values, channels: Sequence[str], theme: Theme = LIGHT, opened: int | None = None
) -> Picture:
    """Every answer (up) at its target (across); on the diagonal both are the same.

    A point yields the number of its sequence as customdata; those of ``opened`` are marked.
    """
    some = np.linspace(0, len(values.said) - 1, min(len(values.said), _MOST)).round().astype(int)
    said, wanted = values.said[some], values.wanted[some]
    known = np.concatenate([said.ravel(), wanted.ravel()])
    limit = theme.scale.nice_limit(float(np.abs(known[np.isfinite(known)]).max(initial=1e-9)))
    line = {"color": theme.muted, "width": 1.5, "dash": "dot"}
    diagonal = scatter(
        x=[-limit, limit], y=[-limit, limit], mode="lines", line=line, hoverinfo="skip"
    )
    colors = [theme.forward, theme.text, theme.muted]
    points = [
        scatter(
            x=compact(wanted[:, c]),
            y=compact(said[:, c]),
            name=plain(name),
            mode="markers",
            customdata=values.owners[some].tolist(),
            meta={"phrases": True},
            marker={"size": 5, "color": faint(colors[c % len(colors)], 0.5)},
            hovertemplate="wanted %{x:.4g}, said %{y:.4g}<extra>%{fullData.name}</extra>",
        )
        for c, name in enumerate(channels)
    ]
    axes = {f"{a}axis": signed_axis(t, limit, theme) for a, t in (("x", "wanted"), ("y", ""))}
    meta = {"opened": opened}
    return picture([diagonal, *points], "Said (up), wanted (across)", 400, theme, meta=meta, **axes)
