"""Axes: numbers, powers of ten, rows of names, words and epochs; pictures over words or epochs."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from rnnviz.charts.axis_limits import nice_limit
from rnnviz.charts.picture import SILENT, Picture, Series, compact, exact, scatter
from rnnviz.charts.shapes import LEGEND, LEGEND_TOP, faint, note, outlines
from rnnviz.charts.theme import Theme, picture, plain, shown_token
from rnnviz.engine.layer_buffers import Array
from rnnviz.run.history import RunCurves

#: Maximum number of labels of an axis: of words, and of single characters.
_MOST_LABELS, _MOST_CHARACTERS = 20, 60
#: The width of a plot in half of a narrow page, in pixels.
NARROW = 305
#: About the width of a letter of 14 px, and of a gap, in pixels.
_LETTER, _GAP = 7, 6
#: A longer slanted label doesn't fit below its column.
_MOST_LETTERS = 14
#: A monospaced font, for characters in narrow columns.
COLUMN_FONT = "Source Code, Source Code Pro, ui-monospace, monospace"
#: The margins of all pictures over epochs, so that their epochs align.
EPOCHS_MARGIN = {"r": 76}
#: Maximum number of points of a curve: a screen has no more columns.
_MOST_POINTS = 1000
#: Maximum number of changes with a label, the most characters of a label, and its height in pixels.
_LABELS, _LETTERS, _LINE = 6, 27, 17
#: The bars of more tokens have no numbers.
MOST_NUMBERS = 24
#: Half the width of an outline, in columns; the bar is narrower.
_HALF = 0.36


def axis(title: str, theme: Theme, **options: Any) -> dict[str, Any]:
    """An axis with its title (and unit), a faint grid and no zero line."""
    return {
        "title": {"text": title, "standoff": 8, "font": {"size": 14}},
        "gridcolor": theme.grid,
        "linecolor": theme.grid,
        "zeroline": False,
        "automargin": False,
        "exponentformat": "power",
        # Checking labels for overflow costs the browser a layout with every frame.
        "ticklabeloverflow": "allow",
        "nticks": 5,
        **options,
    }


def signed_axis(title: str, limit: float, theme: Theme) -> dict[str, Any]:
    """An axis from -limit to limit; long numbers are abbreviated to fit."""
    zero = {"zeroline": True, "zerolinecolor": theme.muted}
    short = {"tickformat": "~g"} if limit > 1e5 else {}
    return axis(title, theme, range=[-limit, limit], **zero, **short)


def rows_axis(count: int, theme: Theme, **options: Any) -> dict[str, Any]:
    """An axis with ``count`` rows of names, the first at the top."""
    rows = {"type": "category", "range": [count - 0.5, -0.5], "nticks": 0, "dtick": 1}
    return axis("", theme, **rows, **options)


def whole(count: float) -> dict[str, Any]:
    """Whole-number ticks for an axis that counts to a small ``count``."""
    return {"dtick": 1} if count <= 5 else {}


def log_axis(title: str, theme: Theme, span: Sequence[float], **options: Any) -> dict[str, Any]:
    """A log axis over ``span`` (powers of ten) with at most seven labels, all at powers of ten."""
    every = max(1, math.ceil((span[1] - span[0]) / 6))
    # float64 ends at these powers.
    first, last = max(math.ceil(span[0]), -307), min(math.floor(span[1]), 308)
    powers = [power for power in range(first, last + 1) if power % every == 0]
    # Plotly's own labels of powers are larger than all others.
    names = [{0: "1", 1: "10"}.get(p, f"10<sup>{p}</sup>".replace("-", "−")) for p in powers]
    ticks = {"tickvals": [10.0**power for power in powers], "ticktext": names}
    return axis(title, theme, type="log", range=list(span), **ticks, **options)


def words_axis(words: Sequence[str], theme: Theme, width: int = NARROW) -> dict[str, Any]:
    """An axis with a position for each token; of many words only every n-th has a label.

    ``width`` is the smallest width of the plot, in pixels: labels that would overlap are slanted.
    """
    labelled = _labelled(words)
    texts = [plain(shown_token(words[t]), _MOST_LETTERS) for t in labelled]
    ticks: dict[str, Any] = {"tickvals": list(labelled), "ticktext": texts}
    if _are_characters(words) and len(words) * 10 > width:
        size = 12 if len(words) * 7 <= width else 10
        ticks |= {"tickfont": {"size": size, "family": COLUMN_FONT}, "ticks": ""}
    angle, span = -40 if _crowded(words, width) else 0, [-0.5, len(words) - 0.5]
    return axis("", theme, tickmode="array", range=span, showgrid=False, tickangle=angle, **ticks)


def words_margin(words: Sequence[str], width: int = NARROW) -> dict[str, int]:
    """The margins of all figures over the same words, so that their columns align."""
    return {"l": 64, "r": 76, "t": 40, "b": 70 if _crowded(words, width) else 32}


def words_picture(
    series: Iterable[Series], title: str, height: int, words: Sequence[str], theme: Theme,
    **layout: Any,
) -> Picture:  # fmt: skip
    """A picture with a column for each word, which a click marks; ``layout`` as of Plotly."""
    meta = {"x": "token", **layout.pop("meta", {})}
    axes = {"xaxis": words_axis(words, theme), "margin": words_margin(words)}
    return picture(series, title, height, theme, **{**axes, **layout}, meta=meta)


def column_font(names: Sequence[str], columns: int) -> dict[str, Any]:
    """The font of names in ``columns`` narrow columns; single characters shrink to fit."""
    if max(map(len, names)) > 1 or columns * 14 <= NARROW:
        return {"size": 14}
    return {"size": min(14, max(11, NARROW * 5 // (columns * 3))), "family": COLUMN_FONT}


def _are_characters(words: Sequence[str]) -> bool:
    """Whether the tokens are characters, few enough to label them all."""
    return len(words) <= _MOST_CHARACTERS and all(len(w) == 1 for w in words)


def _labelled(words: Sequence[str]) -> range:
    return range(0, len(words), 1 if _are_characters(words) else 1 + len(words) // _MOST_LABELS)


def _crowded(words: Sequence[str], width: int) -> bool:
    if _are_characters(words):
        return False
    labelled = _labelled(words)
    lengths = [len(plain(words[t], _MOST_LETTERS)) for t in labelled]
    pitch = width * labelled.step / max(1, len(words))
    return any(_LETTER * sum(two) / 2 + _GAP > pitch for two in pairwise(lengths))


class NowAndPinned(NamedTuple):
    """A number of every token, (T,), now and at a second moment of the run, called ``name``.

    The ``second`` may have other tokens at its end.
    """

    values: Array
    name: str = ""
    second: Array | None = None

    @property
    def then(self) -> Array:
        """The numbers at the second moment, (T,), or (0,)."""
        return self.values[:0] if self.second is None else self.second[: len(self.values)]

    @property
    def columns(self) -> list[tuple[str, Array]]:
        """The outlined numbers, for the table."""
        return [(self.name, self.then)] if len(self.then) else []

    def titled(self, title: str) -> str:
        """The title, with the name of the second moment."""
        return f"{title}; outlined: {self.name}" if len(self.then) else title


def outlined(moments: NowAndPinned, theme: Theme) -> Series:
    """The bars of the second moment, as outlines."""
    boxes = [
        (t - _HALF, 0, t + _HALF, value)
        for t, value in enumerate(moments.then.tolist())
        if not math.isnan(value)
    ]
    return {**outlines(boxes, theme.muted, 1.4, "dashdot"), "name": moments.name}


def mirrored(
    moments: NowAndPinned, theme: Theme, color: str, *, numbers: bool = True
) -> Iterator[Series]:
    """The bars of a second network, hollow and downwards, with their numbers if there is room."""
    down, then = NowAndPinned(-moments.values, moments.name, -moments.then), moments.then
    box = outlined(down, theme)
    # A dashed outline would vanish on narrow boxes.
    dash = "dash" if len(then) <= MOST_NUMBERS // 2 else "solid"
    yield {**box, "line": {"color": color, "width": 1.6, "dash": dash}}
    yield scatter(
        x=list(range(len(then))), y=compact(-then), name=moments.name, mode="text",
        text=[f"{share:.0%}" for share in then] if numbers and len(then) <= MOST_NUMBERS else [],
        textposition="bottom center", textfont={"color": color}, customdata=exact(then),
        hovertemplate=f"{moments.name}: %{{customdata}}<extra></extra>", meta={"row": True},
    )  # fmt: skip


def epochs_axis(course: RunCurves, theme: Theme, **options: Any) -> dict[str, Any]:
    """An axis from 0 to the last epoch of the run; in a very long run it grows in steps."""
    end, unit = last_epoch(course), course.history.unit
    return axis(unit, theme, range=[-0.01 * end, 1.01 * end], **whole(end + 1), **options)


def epochs_meta(course: RunCurves) -> dict[str, Any]:
    """Metadata for the page: the axis counts epochs, and their name."""
    return {"x": "epoch", "unit": course.history.unit}


def last_epoch(course: RunCurves) -> float:
    """The end of the axis."""
    last, epochs = int(course.history.epochs[-1]), course.epochs
    return max(epochs if epochs <= 1000 else max(1000, nice_limit(last + 1)), last, 1)


def thinned(length: int) -> Any:
    """Indices of at most 1000 of ``length`` epochs, evenly spaced, both ends included."""
    return np.unique(np.linspace(0, length - 1, min(length, _MOST_POINTS)).round().astype(int))


def epoch_curve(
    name: str, epochs: Array, values: Array, line: dict[str, Any], hover: str, **options: Any
) -> Series:
    """A curve over epochs (E,), 2.5 pixels wide; ``hover`` is the template of its hover texts."""
    points = {"x": epochs.astype(np.int32), "y": compact(values), "mode": "lines"}
    style = {"line": {"width": 2.5, **line}, "hovertemplate": hover}
    return scatter(name=name, **points, **style, **options)


def end_points(course: RunCurves, curves: Iterable[Series]) -> list[Series]:
    """A point at the end of every curve that is too short to see; one series for each plot.

    Longer curves have none: it would cost the browser as much per frame as another curve.
    """
    least, plots = 0.03 * last_epoch(course), dict[str, list[Series]]()
    for curve in curves:
        drawn = curve["x"] if curve["type"] == "scatter" else []
        if len(drawn) and drawn[-1] - drawn[0] < least:
            plots.setdefault(curve.get("yaxis", "y"), []).append(curve)
    return [
        scatter(
            x=np.array([curve["x"][-1] for curve in short], np.int32),
            y=compact([curve["y"][-1] for curve in short]),
            yaxis=yaxis,
            mode="markers",
            marker={
                "size": 6,
                "color": [curve["line"]["color"] for curve in short],
                "opacity": [curve.get("opacity", 1) for curve in short],
            },
            **SILENT,
        )
        for yaxis, short in sorted(plots.items())
    ]


def epochs_picture(
    curves: Sequence[Series], title: str, height: int, course: RunCurves, theme: Theme, *,
    with_legend: bool = False, **layout: Any,
) -> Picture:  # fmt: skip
    """Curves, or a map, over the epochs of a run, with its marks in every plot.

    ``layout`` adds to the horizontal axis, the shapes and the metadata.
    """
    plots = [key.replace("axis", "") for key in layout if key.startswith("yaxis")]
    common: dict[str, Any] = {
        "xaxis": epochs_axis(course, theme, **layout.pop("xaxis", {})),
        "shapes": [*layout.pop("shapes", ()), *epoch_marks(course, theme, *plots)],
        "margin": EPOCHS_MARGIN | ({"t": LEGEND_TOP} if with_legend else {}),
        "meta": epochs_meta(course) | layout.pop("meta", {}),
        **(LEGEND if with_legend else {}),
    }
    ends = end_points(course, curves)
    return picture([*curves, *ends], title, height, theme, **common, **layout)


def epoch_marks(course: RunCurves, theme: Theme, *yaxes: str) -> list[dict[str, Any]]:
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


def change_labels(course: RunCurves) -> list[dict[str, Any]]:
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
