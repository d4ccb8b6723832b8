"""The exact gradient against the notebook's, and the check of both."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from rnnviz.analysis.gradient_comparison import ByLength, Comparison
from rnnviz.analysis.gradient_history import GradientSeries
from rnnviz.engine.gradcheck import TOLERANCE, GradientCheck
from rnnviz.engine.layer_buffers import Array
from rnnviz.figures.axis_limits import decades
from rnnviz.figures.epoch_axis import EPOCHS_MARGIN, change_lines, epochs_axis, present_marks
from rnnviz.figures.gradients import norms_height
from rnnviz.figures.picture import Picture, Series, scatter
from rnnviz.figures.theme import (
    HEIGHTS,
    LEGEND,
    LEGEND_ROOM,
    LIGHT,
    Theme,
    axis,
    log_axis,
    picture,
    rows_axis,
)
from rnnviz.training.history import Course

#: What a relative error of zero is drawn at: the last digit of float64.
_EXACT = 1e-16
_NOT_MADE = {
    "text": "not made at these weights yet: press Gradient check (G)",
    "showarrow": False, "xref": "paper", "x": 0.5, "yref": "paper", "y": 0.5, "font": {"size": 16},
}  # fmt: skip
_DASHES = {"W_xh": "dash", "W_hh": "solid", "b_h": "dot"}
#: The parts of the figure's height that the errors and, below them, the cosines take.
_ABOVE, _BELOW = (0.42, 1.0), (0.0, 0.34)


class _Off(NamedTuple):
    """Errors and cosines by parameter, (N,) each, at ``x`` (N,), and what each place is called."""

    x: Array
    errors: Mapping[str, Array]
    cosines: Mapping[str, Array]
    notes: Sequence[str]


def pairs_height(count: int) -> int:
    """How high the figure of so many pairs is, in pixels."""
    return norms_height(count) + 32


def gradient_pairs(seen: Comparison, theme: Theme = LIGHT) -> Picture:
    """The sizes of both gradients of every parameter, with their cosine and relative error."""
    span = theme.scale.decades([*seen.exact.values(), *seen.notebook.values()])
    looks = (
        ("exact", seen.exact, {"size": 14, "color": theme.magnitude}),
        ("notebook", seen.notebook, {"size": 14, "color": theme.positive, "symbol": "x"}),
    )
    series = [
        scatter(
            x=np.maximum([*sizes.values()], 10.0 ** span[0]),
            y=list(sizes),
            name=name,
            mode="markers",
            marker=marker,
            customdata=[repr(size) for size in sizes.values()],
            hovertemplate=f"{name}: ||dL/d%{{y}}|| = %{{customdata}}<extra></extra>",
        )
        for name, sizes, marker in looks
    ]
    names = [*seen.exact]
    labels = [_pair_label(seen, name, theme) for name in names]
    return picture(
        series,
        "Exact against notebook, the same weights",
        pairs_height(len(names)),
        theme,
        xaxis=log_axis("||dL/dW|| (L2)", theme, span),
        yaxis=rows_axis(len(names), theme),
        annotations=[_pair_words(theme), *labels],
        margin={"l": 84, "r": 210, "t": LEGEND_ROOM, "b": 48},
    )


def _pair_words(theme: Theme) -> dict[str, Any]:
    """A legend in one text: beside it a margin of that width leaves no room for another."""
    names = {"● exact": theme.magnitude, "✖ notebook": theme.positive}
    text = "   ".join(f'<span style="color: {c}">{name}</span>' for name, c in names.items())
    place = {"xref": "paper", "x": 0, "xanchor": "left", "yref": "paper", "y": 1}
    return {"text": text, **place, "yanchor": "bottom", "showarrow": False}


def _pair_label(seen: Comparison, name: str, theme: Theme) -> dict[str, Any]:
    cosine, error = seen.cosines[name], seen.errors[name]
    text = "no direction" if np.isnan(cosine) else f"cos {cosine:.3f}, off by {error:.1%}"
    color = theme.muted if not error else theme.text
    place = {"xref": "paper", "x": 1.01, "xanchor": "left", "y": name, "showarrow": False}
    return {"text": text.replace("-", "−"), "font": {"color": color}, **place}


def errors_by_length(seen: ByLength, theme: Theme = LIGHT) -> Picture:
    """||notebook - exact|| / ||exact|| of every parameter that is off, over the length T.

    Below it the cosine of the two gradients.
    """
    notes = [
        f"T = {t}, {n} sequence" + "s" * (n > 1)
        for t, n in zip(seen.lengths, seen.counts.tolist(), strict=True)
    ]
    ends = [int(seen.lengths[0]) - 0.5, int(seen.lengths[-1]) + 0.5]
    ticks = {"tickvals": seen.lengths.tolist()} if len(seen.lengths) <= 12 else {}
    return _errors_and_cosines(
        _Off(seen.lengths, seen.table("errors"), seen.table("cosines"), notes),
        "Notebook's error and cosine, by length",
        theme,
        xaxis=axis("length T (tokens)", theme, range=ends, **ticks, anchor="y2"),
        shapes=[_level(theme)],
        margin={"l": 64, "r": 76, "t": LEGEND_ROOM, "b": 48},
    )


def errors_over_epochs(pages: GradientSeries, course: Course, theme: Theme = LIGHT) -> Picture:
    """The same over the epochs, on the sequences that the pages were written of, together."""
    notes, scales = [f"epoch {epoch}" for epoch in pages.epochs], ["y", "y2"]
    marks = [*change_lines(course, theme, scales), *present_marks(course, theme, scales)]
    return _errors_and_cosines(
        _Off(pages.epochs, pages.table("errors"), pages.table("cosines"), notes),
        "Notebook's error and cosine, over the epochs",
        theme,
        xaxis=epochs_axis(course, theme, anchor="y2"),
        shapes=[_level(theme), *marks],
        margin={**EPOCHS_MARGIN, "t": LEGEND_ROOM},
    )


def _errors_and_cosines(seen: _Off, title: str, theme: Theme, **layout: Any) -> Picture:
    """Two plots above each other, with a line in each for every parameter that is off."""
    off = [name for name, values in seen.errors.items() if np.any(values > 0)]
    span = theme.scale.decades([1.0, *(float(v) for name in off for v in seen.errors[name])])
    red = {"color": theme.positive, "width": 2.5}
    floored = {name: np.maximum(seen.errors[name], 10.0 ** span[0]) for name in off}
    errors = [_line(seen, name, floored[name], red) for name in off]
    plain = {"color": theme.text, "width": 2}
    below = {"yaxis": "y2", "showlegend": False}
    cosines = [_line(seen, name, seen.cosines[name], plain, **below) for name in off]
    ticks = {"range": [-1.1, 1.1], "tickvals": [-1, 0, 1]}
    return picture(
        [*errors, *cosines],
        title,
        HEIGHTS["comparison"],
        theme,
        yaxis=log_axis("relative error", theme, span, domain=_ABOVE),
        yaxis2=axis("cosine", theme, **ticks, domain=_BELOW),
        **layout,
        **LEGEND,
    )


def _line(seen: _Off, name: str, y: Array, line: dict[str, Any], **where: Any) -> Series:
    """One parameter in one of the plots; the kind of parameter is the dash."""
    rows = zip(seen.notes, seen.errors[name], seen.cosines[name], strict=True)
    return scatter(
        x=seen.x.astype(np.int32),
        y=y,
        name=name,
        legendgroup=name,
        mode="lines+markers" if len(seen.x) < 30 else "lines",
        line={**line, "dash": _dash(name)},
        customdata=[[note, repr(float(e)), _direction(float(c))] for note, e, c in rows],
        hovertemplate=f"{name}, %{{customdata[0]}}: relative error %{{customdata[1]}}"
        "<br>%{customdata[2]}<extra></extra>",
        **where,
    )


def _direction(cosine: float) -> str:
    return "no direction" if np.isnan(cosine) else f"cosine {cosine!r}"


def _level(theme: Theme) -> dict[str, Any]:
    """The cosine of 0: below it a step goes uphill."""
    line = {"color": theme.muted, "width": 1, "dash": "dot"}
    across = {"type": "line", "xref": "paper", "x0": 0, "x1": 1, "yref": "y2"}
    return {**across, "y0": 0, "y1": 0, "line": line}


def _dash(name: str) -> str:
    return _DASHES.get(name.partition(".")[0], "dashdot")


def check_dots(check: GradientCheck | None, count: int, theme: Theme = LIGHT) -> Picture:
    """The relative error of every one of ``count`` parameters against complex-step differences.

    None: the check was not made.
    """
    errors = {} if check is None else check.errors
    wrong = {} if check is None else check.wrong
    span = decades([_EXACT, 1.0, *errors.values()])
    colors = [theme.positive if name in wrong else theme.train for name in errors]
    dots = scatter(
        x=np.maximum([*errors.values()], 10.0 ** span[0]),
        y=list(errors),
        mode="markers",
        marker={"size": 13, "color": colors},
        customdata=[repr(error) for error in errors.values()],
        hovertemplate="%{y}: off by %{customdata}<extra></extra>",
    )
    line = {"color": theme.muted, "width": 1.5, "dash": "dot"}
    upright = {"type": "line", "yref": "paper", "y0": 0, "y1": 1, "line": line}
    return picture(
        [dots],
        "Gradient check, parameter by parameter",
        norms_height(count),
        theme,
        xaxis=log_axis("relative error", theme, span),
        yaxis=rows_axis(count, theme, showticklabels=bool(errors)),
        shapes=[{**upright, "x0": TOLERANCE, "x1": TOLERANCE}],
        annotations=[] if errors else [_NOT_MADE],
        margin={"l": 84, "r": 76, "t": 44, "b": 48},
    )
