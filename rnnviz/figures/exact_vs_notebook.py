"""The exact gradient against the notebook's, and the check of both."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from rnnviz.analysis.exact_vs_notebook import ByLength, Comparison
from rnnviz.analysis.gradient_history import GradientSeries
from rnnviz.engine.gradcheck import TOLERANCE, GradientCheck
from rnnviz.engine.layer_buffers import Array
from rnnviz.figures.axes import axis, log_axis, rows_axis
from rnnviz.figures.axis_limits import decades
from rnnviz.figures.epoch_axis import EPOCHS_MARGIN, epoch_marks, epochs_axis
from rnnviz.figures.gradients import norms_height
from rnnviz.figures.legends import LEGEND, LEGEND_TOP, colored
from rnnviz.figures.picture import Picture, Series, exact, scatter
from rnnviz.figures.shapes import PAPER, level, note, upright
from rnnviz.figures.theme import HEIGHTS, LIGHT, Theme, picture
from rnnviz.training.history import Course

#: The relative error that stands for zero: the last digit of float64.
_EXACT = 1e-16
_NOT_MADE = "not checked at these weights yet: press Gradient check (G)"
#: The dash of a line, by the kind of its parameter.
_DASHES = {"W_xh": "dash", "W_hh": "solid", "b_h": "dot"}
#: The shares of the figure's height for the errors and, below them, for the cosines.
_ABOVE, _BELOW = (0.42, 1.0), (0.0, 0.34)


def pairs_height(count: int) -> int:
    """The height of the figure of ``count`` pairs, in pixels."""
    return norms_height(count) + 32


def gradient_pairs(comparison: Comparison, theme: Theme = LIGHT) -> Picture:
    """The sizes of both gradients of every parameter, with their cosine and relative error."""
    span = theme.scale.decades([*comparison.exact.values(), *comparison.notebook.values()])
    styles = (
        ("exact", comparison.exact, {"size": 14, "color": theme.magnitude}),
        ("notebook", comparison.notebook, {"size": 14, "color": theme.positive, "symbol": "x"}),
    )
    series = [
        scatter(
            x=np.maximum([*sizes.values()], 10.0 ** span[0]),
            y=list(sizes),
            name=name,
            mode="markers",
            marker=marker,
            customdata=exact([*sizes.values()]),
            hovertemplate=f"{name}: ||dL/d%{{y}}|| = %{{customdata}}<extra></extra>",
        )
        for name, sizes, marker in styles
    ]
    names = [*comparison.exact]
    # The wide margin leaves no space for Plotly's own legend.
    legend = "   ".join(
        (colored("● exact", theme.magnitude), colored("✖ notebook", theme.positive))
    )
    labels = [_pair_label(comparison, name, theme) for name in names]
    return picture(
        series,
        "Exact against notebook, the same weights",
        pairs_height(len(names)),
        theme,
        xaxis=log_axis("||dL/dW|| (L2)", theme, span),
        yaxis=rows_axis(len(names), theme),
        annotations=[note(legend, "left bottom", **PAPER, x=0, y=1), *labels],
        margin={"l": 84, "r": 210, "t": LEGEND_TOP},
    )


def _pair_label(comparison: Comparison, name: str, theme: Theme) -> dict[str, Any]:
    cosine, error = comparison.cosines[name], comparison.errors[name]
    text = "no direction" if np.isnan(cosine) else f"cos {cosine:.3f}, off by {error:.1%}"
    font = {"color": theme.muted if not error else theme.text}
    return note(text.replace("-", "−"), "left middle", xref="paper", x=1.01, y=name, font=font)


def errors_by_length(table: ByLength, theme: Theme = LIGHT) -> Picture:
    """||notebook - exact|| / ||exact|| over the length T, of every parameter that is off.

    Below it the cosine of the two gradients.
    """
    lengths = table.lengths.tolist()
    notes = [
        f"T = {t}, {n} sequence" + "s" * (n > 1)
        for t, n in zip(lengths, table.counts.tolist(), strict=True)
    ]
    ticks = {"tickvals": lengths} if len(lengths) <= 12 else {}
    ends = [lengths[0] - 0.5, lengths[-1] + 0.5]
    return _errors_and_cosines(
        table,
        table.lengths,
        notes,
        "Notebook's error and cosine, by length",
        theme,
        xaxis=axis("length T (tokens)", theme, range=ends, **ticks, anchor="y2"),
        shapes=[_orthogonal(theme)],
        margin={"r": 76, "t": LEGEND_TOP},
    )


def errors_over_epochs(history: GradientSeries, course: Course, theme: Theme = LIGHT) -> Picture:
    """The same over the epochs, on all sequences of the history together."""
    return _errors_and_cosines(
        history,
        history.epochs,
        [f"epoch {epoch}" for epoch in history.epochs],
        "Notebook's error and cosine, over the epochs",
        theme,
        xaxis=epochs_axis(course, theme, anchor="y2"),
        shapes=[_orthogonal(theme), *epoch_marks(course, theme, "y", "y2")],
        margin={**EPOCHS_MARGIN, "t": LEGEND_TOP},
    )


def _errors_and_cosines(
    table: ByLength | GradientSeries,
    x: Array,
    notes: Sequence[str],
    title: str,
    theme: Theme,
    **layout: Any,
) -> Picture:
    """Two plots, one above the other, with a line in each for every parameter that is off."""
    cosines = table.table("cosines")
    errors = {name: values for name, values in table.table("errors").items() if (values > 0).any()}
    span = theme.scale.decades([1.0, *(float(v) for values in errors.values() for v in values)])
    above: list[Series] = []
    below: list[Series] = []
    for name, values in errors.items():
        rows = zip(notes, values.tolist(), cosines[name].tolist(), strict=True)
        options = {
            "x": x.astype(np.int32),
            "name": name,
            "legendgroup": name,
            "mode": "lines+markers" if len(x) < 30 else "lines",
            "customdata": [[text, repr(error), _direction(cosine)] for text, error, cosine in rows],
            "hovertemplate": f"{name}, %{{customdata[0]}}: relative error %{{customdata[1]}}"
            "<br>%{customdata[2]}<extra></extra>",
        }
        dash = _DASHES.get(name.partition(".")[0], "dashdot")
        red = {"color": theme.positive, "width": 2.5, "dash": dash}
        black = {"color": theme.text, "width": 2, "dash": dash}
        above.append(scatter(y=np.maximum(values, 10.0 ** span[0]), line=red, **options))
        below.append(scatter(y=cosines[name], line=black, yaxis="y2", showlegend=False, **options))
    return picture(
        [*above, *below],
        title,
        HEIGHTS["comparison"],
        theme,
        yaxis=log_axis("relative error", theme, span, domain=_ABOVE),
        yaxis2=axis("cosine", theme, range=[-1.1, 1.1], tickvals=[-1, 0, 1], domain=_BELOW),
        **layout,
        **LEGEND,
    )


def _orthogonal(theme: Theme) -> dict[str, Any]:
    """The line at a cosine of 0: below it a step goes uphill."""
    return level(0, theme) | {"yref": "y2"}


def _direction(cosine: float) -> str:
    return "no direction" if np.isnan(cosine) else f"cosine {cosine!r}"


def check_dots(check: GradientCheck | None, count: int, theme: Theme = LIGHT) -> Picture:
    """The relative error of each of ``count`` parameters against complex-step differences.

    None: the check was not made.
    """
    errors, wrong = (check.errors, check.wrong) if check else ({}, {})
    span = decades([_EXACT, 1.0, *errors.values()])
    colors = [theme.positive if name in wrong else theme.train for name in errors]
    dots = scatter(
        x=np.maximum([*errors.values()], 10.0 ** span[0]),
        y=list(errors),
        mode="markers",
        marker={"size": 13, "color": colors},
        customdata=exact([*errors.values()]),
        hovertemplate="%{y}: off by %{customdata}<extra></extra>",
    )
    missing = note(_NOT_MADE, "center middle", **PAPER, x=0.5, y=0.5, font={"size": 16})
    return picture(
        [dots],
        "Gradient check, parameter by parameter",
        norms_height(count),
        theme,
        xaxis=log_axis("relative error", theme, span),
        yaxis=rows_axis(count, theme, showticklabels=bool(errors)),
        shapes=[upright(TOLERANCE, theme)],
        annotations=[] if errors else [missing],
        margin={"l": 84, "r": 76},
    )
