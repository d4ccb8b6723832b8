"""The epoch axis that all charts over a run share."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Any

import numpy as np

from rnnviz.figures.axis_limits import nice_limit
from rnnviz.figures.picture import Series, scatter
from rnnviz.figures.theme import Theme, axis, compact, plain, whole
from rnnviz.training.history import Course

#: Margins that are equal for all, so that their epochs stand above each other.
EPOCHS_MARGIN = {"l": 64, "r": 76, "t": 44, "b": 48}
#: More points than this are thinned: a screen has no more columns to draw them in.
_POINTS = 1000
_SHOWN_CHANGES = 6
#: The longest label of a change that half of a narrow plot has room for, and a line's height.
_MOST_SIGNS, _LINE = 27, 17


def epochs_axis(course: Course, theme: Theme, **options: Any) -> dict[str, Any]:
    """From 0 to the last epoch of the run; a very long run grows in steps."""
    end = _end(course)
    return axis("epoch", theme, range=[-0.01 * end, 1.01 * end], **whole(end + 1), **options)


def _end(course: Course) -> float:
    length, epochs = len(course.history), course.epochs
    return max(epochs if epochs <= 1000 else max(1000, nice_limit(length)), length - 1, 1)


def narrow(course: Course, epochs: Sequence[int]) -> bool:
    """Whether what is drawn from the first to the last of these epochs is but a few pixels wide."""
    return len(epochs) > 0 and epochs[-1] - epochs[0] < 0.03 * _end(course)


def thinned(length: int) -> Any:
    """Indices of at most ``_POINTS`` epochs, evenly spread, the first and the last among them."""
    return np.unique(np.linspace(0, length - 1, min(length, _POINTS)).round().astype(int))


def ends(course: Course, curves: Sequence[Series]) -> list[Series]:
    """A point at the end of every curve that has no length yet to be seen; one series a plot.

    Later there is none: it would cost the browser as much with every frame as a curve.
    """
    short = sorted((curve for curve in curves if narrow(course, curve["x"])), key=_scale)
    return [_dots(scale, list(drawn)) for scale, drawn in groupby(short, key=_scale)]


def _scale(curve: Series) -> str:
    scale: str = curve.get("yaxis", "y")
    return scale


def _dots(scale: str, curves: Sequence[Series]) -> Series:
    colors, opacities = (
        [c["line"]["color"] for c in curves],
        [c.get("opacity", 1) for c in curves],
    )
    return scatter(
        x=np.array([curve["x"][-1] for curve in curves], np.int32),
        y=compact([curve["y"][-1] for curve in curves]),
        yaxis=scale,
        mode="markers",
        marker={"size": 6, "color": colors, "opacity": opacities},
        hoverinfo="skip",
        showlegend=False,
    )


def present_marks(course: Course, theme: Theme, scales: Sequence[str]) -> list[dict[str, Any]]:
    """While an earlier epoch is looked at: a line there, and a veil over what came later.

    ``scales`` are the y axes of the plots that it goes through.
    """
    if course.shown is None:
        return []
    end = 10 * max(course.epochs, len(course.history))
    veil = {"type": "rect", "x1": end, "line": {"width": 0}, "fillcolor": theme.background}
    line = {"type": "line", "x1": course.shown, "line": {"color": theme.text, "width": 2}}
    return [
        {**_upright(course.shown, scale), **look}
        for scale in scales
        for look in ({**veil, "opacity": 0.72, "layer": "above"}, line)
    ]


def change_lines(course: Course, theme: Theme, scales: Sequence[str]) -> list[dict[str, Any]]:
    """An upright wherever a setting was changed on the way, or the run branched off another."""
    line = {"color": theme.muted, "width": 1.5, "dash": "dash"}
    places = {change.position.epoch for change in course.changes}
    if course.ghost:
        places.add(course.ghost.position.epoch)
    return [
        {**_upright(epoch, scale), "type": "line", "x1": epoch, "line": line}
        for scale in scales
        for epoch in sorted(places)
    ]


def _upright(epoch: int, scale: str) -> dict[str, Any]:
    return {"xref": "x", "yref": f"{scale} domain", "y0": 0, "y1": 1, "x0": epoch}


def change_labels(course: Course) -> list[dict[str, Any]]:
    """What was changed there, in the order in which it was; of many the last few are named.

    Beyond the middle they stand left of their place, so that they have room in the plot.
    """
    shown = [(c.position.epoch, plain(f"{c.label} {c.shown}", _MOST_SIGNS)) for c in course.changes]
    if course.ghost:
        shown.insert(0, (course.ghost.position.epoch, "branched"))
    shown.sort(key=lambda label: label[0])
    look = {"showarrow": False, "yanchor": "top", "yref": "paper", "y": 1, "font": {"size": 13}}
    side = {False: {"xanchor": "left", "xshift": 2}, True: {"xanchor": "right", "xshift": -2}}
    return [
        {"x": epoch, "text": text, "yshift": -_LINE * i, **look, **side[epoch > _end(course) / 2]}
        for i, (epoch, text) in enumerate(shown[-_SHOWN_CHANGES:])
    ]
