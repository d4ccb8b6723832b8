"""Lines, outlines and texts that mark something on a plot."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from rnnviz.charts.picture import Series, scatter
from rnnviz.charts.theme import Theme
from rnnviz.engine.layer_buffers import Array

#: Positions on an axis count from 0 to 1 over the plot.
PAPER = {"xref": "paper", "yref": "paper"}


def level(y: float, theme: Theme, **line: Any) -> dict[str, Any]:
    """A horizontal line across the plot; thin, grey and dotted unless ``line`` differs."""
    style = {"color": theme.muted, "width": 1, "dash": "dot", **line}
    return {"type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": y, "y1": y, "line": style}


def upright(x: float, theme: Theme, **line: Any) -> dict[str, Any]:
    """A vertical line across the plot; grey and dotted unless ``line`` differs."""
    style = {"color": theme.muted, "width": 1.5, "dash": "dot", **line}
    return {"type": "line", "yref": "paper", "y0": 0, "y1": 1, "x0": x, "x1": x, "line": style}


def note(text: str, anchor: str, **options: Any) -> dict[str, Any]:
    """A text without an arrow; ``anchor`` is the corner of it at its position: "left top"."""
    xanchor, yanchor = anchor.split()
    return {"text": text, "showarrow": False, "xanchor": xanchor, "yanchor": yanchor, **options}


def zeros(x: Array, values: Array, bottom: float, color: str) -> list[dict[str, Any]]:
    """A 0 at the ``bottom`` of an axis of powers of ten, where values (N,) are exactly zero.

    Of zeros side by side the first and the last have one.
    """
    zero = np.pad(values == 0, 1)
    marked = np.flatnonzero(zero[1:-1] & ~(zero[:-2] & zero[2:]))
    font = {"color": color, "size": 14, "weight": 600}
    places = {float(x[t]): None for t in marked.tolist()}
    return [note("0", "center bottom", x=at, y=bottom, yshift=4, font=font) for at in places]


def outlines(boxes: Iterable[tuple[float, ...]], color: str, width: float) -> Series:
    """Rectangles (x0, y0, x1, y1) as one line with gaps, which Plotly draws faster than shapes."""
    corners = [
        corner
        for x0, y0, x1, y1 in boxes
        for corner in ((x0, y0), (x1, y0), (x1, y1), (x0, y1), (x0, y0), (None, None))
    ]
    x, y = ([corner[axis] for corner in corners] for axis in (0, 1))
    return scatter(x=x, y=y, mode="lines", line={"color": color, "width": width}, hoverinfo="skip")


def unit_circle(theme: Theme) -> dict[str, Any]:
    """The circle |z| = 1, on which a perturbation neither grows nor shrinks."""
    line = {"color": theme.muted, "width": 1.5, "dash": "dot"}
    return {"type": "circle", "x0": -1, "y0": -1, "x1": 1, "y1": 1, "line": line, "layer": "below"}
