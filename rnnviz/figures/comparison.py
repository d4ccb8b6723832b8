"""The exact gradient against the notebook's, and the check of both."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go

from rnnviz.analysis.comparison import ByLength, Comparison
from rnnviz.analysis.history import Course
from rnnviz.analysis.ledger import Pages
from rnnviz.engine.gradcheck import TOLERANCE, GradientCheck
from rnnviz.engine.layer import Array
from rnnviz.figures.epochs import EPOCHS_MARGIN, change_lines, epochs_axis, present_marks
from rnnviz.figures.gradients import norms_height
from rnnviz.figures.theme import (
    HEIGHTS,
    LEGEND,
    LEGEND_ROOM,
    LIGHT,
    Theme,
    axis,
    decades,
    figure,
    log_axis,
)

#: What a relative error of zero is drawn at: the last digit of float64.
_EXACT = 1e-16
_NOT_MADE = {
    "text": "not made at these weights yet: press Gradient check (G)",
    "showarrow": False, "xref": "paper", "x": 0.5, "yref": "paper", "y": 0.5, "font": {"size": 16},
}  # fmt: skip
_DASHES = {"W_xh": "dash", "W_hh": "solid", "b_h": "dot"}


def pairs_height(count: int) -> int:
    """How high the figure of so many pairs is, in pixels."""
    return norms_height(count) + 32


def gradient_pairs(seen: Comparison, theme: Theme = LIGHT) -> go.Figure:
    """The sizes of both gradients of every parameter, with their cosine and relative error."""
    span = decades([*seen.exact.values(), *seen.notebook.values()])
    looks = (
        ("exact", seen.exact, {"size": 14, "color": theme.magnitude}),
        ("notebook", seen.notebook, {"size": 14, "color": theme.positive, "symbol": "x"}),
    )
    series = [
        go.Scatter(
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
    return figure(
        series,
        "Exact against notebook, the same weights",
        pairs_height(len(names)),
        theme,
        xaxis=log_axis("||dL/dW|| (L2)", theme, span),
        yaxis=axis("", theme, autorange="reversed", type="category", dtick=1),
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


def errors_by_length(seen: ByLength, theme: Theme = LIGHT) -> go.Figure:
    """||notebook - exact|| / ||exact|| of every parameter that is off, over the length T."""
    rows = [comparison.errors for comparison in seen.comparisons]
    errors = {name: np.array([row[name] for row in rows]) for name in rows[0]}
    notes = [
        f"T = {t}, {n} sequence" + "s" * (n > 1)
        for t, n in zip(seen.lengths, seen.counts.tolist(), strict=True)
    ]
    drawn = _error_lines(seen.lengths, errors, notes, theme)
    ends = [int(seen.lengths[0]) - 0.5, int(seen.lengths[-1]) + 0.5]
    ticks = {"tickvals": seen.lengths.tolist()} if len(seen.lengths) <= 12 else {}
    drawn.update_layout(
        title_text="How wrong the notebook's gradient is, by length",
        xaxis=axis("length T (tokens)", theme, range=ends, **ticks),
    )
    return drawn


def errors_over_epochs(pages: Pages, course: Course, theme: Theme = LIGHT) -> go.Figure:
    """The same over the epochs, on the sequences that the pages were written of, together."""
    notes = [f"epoch {epoch}" for epoch in pages.epochs]
    drawn = _error_lines(pages.epochs, pages.table("errors"), notes, theme)
    drawn.update_layout(
        title_text="How wrong the notebook's gradient is, over the epochs",
        xaxis=epochs_axis(course, theme),
        shapes=[*change_lines(course, theme, ["y"]), *present_marks(course, theme, ["y"])],
        margin={**EPOCHS_MARGIN, "t": LEGEND_ROOM},
    )
    return drawn


def _error_lines(
    x: Array, errors: Mapping[str, Array], notes: Sequence[str], theme: Theme
) -> go.Figure:
    """A line for every parameter whose gradient is off; the kind of parameter is the dash."""
    off = {name: values for name, values in errors.items() if np.any(values > 0)}
    span = decades([1.0, *(float(v) for values in off.values() for v in values)])
    series = [
        go.Scatter(
            x=x.astype(np.int32),
            y=np.maximum(values, 10.0 ** span[0]),
            name=name,
            mode="lines+markers" if len(x) < 30 else "lines",
            line={"color": theme.positive, "width": 2.5, "dash": _dash(name)},
            customdata=[[f"{v:.4%}", note] for v, note in zip(values, notes, strict=True)],
            hovertemplate="%{customdata[1]}: off by %{customdata[0]}"
            "<extra>%{fullData.name}</extra>",
        )
        for name, values in off.items()
    ]
    return figure(
        series,
        "",
        HEIGHTS["comparison"],
        theme,
        yaxis=log_axis("relative error", theme, span),
        margin={"l": 64, "r": 76, "t": LEGEND_ROOM, "b": 48},
        **LEGEND,
    )


def _dash(name: str) -> str:
    return _DASHES.get(name.partition(".")[0], "dashdot")


def check_dots(check: GradientCheck | None, count: int, theme: Theme = LIGHT) -> go.Figure:
    """The relative error of every one of ``count`` parameters against complex-step differences.

    None: the check was not made.
    """
    errors = {} if check is None else check.errors
    wrong = {} if check is None else check.wrong
    span = decades([_EXACT, 1.0, *errors.values()])
    colors = [theme.positive if name in wrong else theme.train for name in errors]
    dots = go.Scatter(
        x=np.maximum([*errors.values()], 10.0 ** span[0]),
        y=list(errors),
        mode="markers",
        marker={"size": 13, "color": colors},
        customdata=[repr(error) for error in errors.values()],
        hovertemplate="%{y}: off by %{customdata}<extra></extra>",
    )
    line = {"color": theme.muted, "width": 1.5, "dash": "dot"}
    upright = {"type": "line", "yref": "paper", "y0": 0, "y1": 1, "line": line}
    rows = {"autorange": "reversed", "type": "category", "dtick": 1}
    return figure(
        [dots],
        "Gradient check, parameter by parameter",
        norms_height(count),
        theme,
        xaxis=log_axis("relative error", theme, span),
        yaxis=axis("", theme, **rows, showticklabels=bool(errors)),
        shapes=[{**upright, "x0": TOLERANCE, "x1": TOLERANCE}],
        annotations=[] if errors else [_NOT_MADE],
        margin={"l": 84, "r": 76, "t": 44, "b": 48},
    )
