"""The epoch axis that all charts of a run share, and its marks."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Any

import numpy as np

from rnnviz.charts.axes import axis, whole
from rnnviz.charts.axis_limits import nice_limit
from rnnviz.charts.picture import Series, compact, scatter
from rnnviz.charts.shapes import faint, note
from rnnviz.charts.theme import Theme, plain
from rnnviz.run.history import Course

#: The margins of all these charts, so that their epochs align.
EPOCHS_MARGIN = {"r": 76}
#: Maximum number of points of a curve: a screen has no more columns.
_MOST_POINTS = 1000
#: Maximum number of changes with a label, the most characters of a label, and its height in pixels.
_LABELS, _LETTERS, _LINE = 6, 27, 17


def epochs_axis(course: Course, theme: Theme, **options: Any) -> dict[str, Any]:
    """An axis from 0 to the last epoch of the run; in a very long run it grows in steps."""
    end = last_epoch(course)
    return axis(
        course.history.unit, theme, range=[-0.01 * end, 1.01 * end], **whole(end + 1), **options
    )


def epochs_meta(course: Course) -> dict[str, Any]:
    """Metadata for the page: the axis counts epochs, and their name."""
    return {"x": "epoch", "unit": course.history.unit}


def last_epoch(course: Course) -> float:
    """The end of the axis."""
    last, epochs = int(course.history.epochs[-1]), course.epochs
    return max(epochs if epochs <= 1000 else max(1000, nice_limit(last + 1)), last, 1)


def narrow(course: Course, epochs: Sequence[int]) -> bool:
    """Whether a curve over these epochs is only a few pixels wide."""
    return len(epochs) > 0 and epochs[-1] - epochs[0] < 0.03 * last_epoch(course)


def thinned(length: int) -> Any:
    """Indices of at most 1000 of ``length`` epochs, evenly spaced, both ends included."""
    return np.unique(np.linspace(0, length - 1, min(length, _MOST_POINTS)).round().astype(int))


def end_points(course: Course, curves: Sequence[Series]) -> list[Series]:
    """A point at the end of every curve that is too short to see; one series for each plot.

    Longer curves have none: it would cost the browser as much per frame as another curve.
    """
    short = sorted((curve for curve in curves if narrow(course, curve["x"])), key=_yaxis)
    return [_dots(yaxis, list(group)) for yaxis, group in groupby(short, key=_yaxis)]


def _yaxis(curve: Series) -> str:
    return str(curve.get("yaxis", "y"))


def _dots(yaxis: str, curves: Sequence[Series]) -> Series:
    colors = [curve["line"]["color"] for curve in curves]
    opacities = [curve.get("opacity", 1) for curve in curves]
    return scatter(
        x=np.array([curve["x"][-1] for curve in curves], np.int32),
        y=compact([curve["y"][-1] for curve in curves]),
        yaxis=yaxis,
        mode="markers",
        marker={"size": 6, "color": colors, "opacity": opacities},
        hoverinfo="skip",
        showlegend=False,
    )


def epoch_marks(course: Course, theme: Theme, *yaxes: str) -> list[dict[str, Any]]:
    """Vertical lines through the plots of ``yaxes``, and a veil over the future of a past epoch.

    A dashed line is at every changed setting and branch, a solid one at the epoch that is shown,
    and one of dashes and dots at the epoch that it is compared with.
    """
    epochs = {change.position.epoch for change in course.changes}
    epochs |= {course.ghost.position.epoch} if course.ghost else set()
    dashed = {"type": "line", "line": {"color": theme.muted, "width": 1.5, "dash": "dash"}}
    marks: list[dict[str, Any]] = [{"x0": e, "x1": e, **dashed} for e in sorted(epochs)]
    if course.shown is not None:
        here, end = course.shown, 10 * max(course.epochs, int(course.history.epochs[-1]) + 1)
        veil = {"type": "rect", "line": {"width": 0}, "fillcolor": theme.background}
        line = {"type": "line", "line": {"color": theme.text, "width": 2}}
        marks.append({"x0": here, "x1": end, "opacity": 0.72, "layer": "above"} | veil)
        marks.append({"x0": here, "x1": here} | line)
    if course.pinned is not None:
        dashdot = {"color": faint(theme.text, 0.6), "width": 1.5, "dash": "dashdot"}
        pinned = {"x0": course.pinned, "x1": course.pinned}
        marks.append({"type": "line", "line": dashdot, **pinned})
    return [
        {"xref": "x", "yref": f"{yaxis} domain", "y0": 0, "y1": 1, **mark}
        for yaxis in yaxes
        for mark in marks
    ]


def change_labels(course: Course) -> list[dict[str, Any]]:
    """The names of the last few changes, in the order in which they were made.

    In the right half of the plot they are left of their line, so that they stay inside.
    """
    shown = [(c.position.epoch, plain(f"{c.label} {c.shown}", _LETTERS)) for c in course.changes]
    if course.ghost:
        shown.insert(0, (course.ghost.position.epoch, "branched"))
    shown.sort(key=lambda label: label[0])
    sides = {False: ("left top", 2), True: ("right top", -2)}
    labels = []
    for row, (epoch, text) in enumerate(shown[-_LABELS:]):
        anchor, shift = sides[epoch > last_epoch(course) / 2]
        shifts = {"xshift": shift, "yshift": -_LINE * row}
        labels.append(note(text, anchor, x=epoch, yref="paper", y=1, **shifts, font={"size": 13}))
    return labels
