"""The units on the words of a phrase, and one of them over the epochs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from rnnviz.engine.layer_buffers import Array
from rnnviz.figures.axes import signed_axis, words_axis, words_margin
from rnnviz.figures.epoch_axis import EPOCHS_MARGIN, end_points, epoch_marks, epochs_axis
from rnnviz.figures.hidden_states import STATE, View, bridge_line, value_colors
from rnnviz.figures.legends import color_bar
from rnnviz.figures.picture import Picture, bar, compact, exact, heatmap, scatter
from rnnviz.figures.shapes import note
from rnnviz.figures.theme import HEIGHTS, LIGHT, Theme, picture, plain
from rnnviz.figures.unit_rows import Rows, row_frame, units_axis, units_meta
from rnnviz.training.history import Course

#: With more tokens their columns are too narrow for numbers.
_MOST_NUMBERS = 24


def memory_rows(
    states: Array, rows: Rows, words: Sequence[str], view: View = STATE, theme: Theme = LIGHT
) -> Picture:
    """Every unit (row) after every token (column), from states (T, H), in the order of ``rows``."""
    limit = theme.scale.nice_limit(float(np.abs(states).max()))
    cells = heatmap(
        y=rows.names,
        z=compact(states.T[rows.units]),
        colorbar=color_bar(view.name),
        hovertemplate=f"unit %{{y}}: {view.name} = %{{z:.6f}}<extra></extra>",
        **value_colors(limit, view, theme),
    )
    lines = bridge_line(view.bridge, theme)
    return picture(
        [cells],
        f"{view.title}: {_count(len(rows.units))}",
        HEIGHTS["states"],
        theme,
        xaxis=words_axis(words, theme),
        yaxis=units_axis(rows, theme),
        margin=words_margin(words),
        meta=units_meta(rows, x="token"),
        shapes=[*lines.pop("shapes", []), row_frame(rows, theme)],
        **lines,
    )


def _count(units: int) -> str:
    return "1 unit" if units == 1 else f"{units} units"


def unit_bars(
    values: Array, title: str, words: Sequence[str], view: View = STATE, theme: Theme = LIGHT
) -> Picture:
    """One unit after every token, (T,), with its numbers."""
    limit = theme.scale.nice_limit(float(np.abs(values).max()))
    colors = [theme.positive if value > 0 else theme.negative for value in values.tolist()]
    few = len(words) <= _MOST_NUMBERS
    bars = bar(
        x=list(range(len(words))),
        y=compact(values),
        width=0.5 if few else 0.8,
        name=view.name,
        marker={"color": colors},
        customdata=exact(values),
        hovertemplate="%{customdata}<extra></extra>",
    )
    return picture(
        [bars],
        title,
        HEIGHTS["margin"],
        theme,
        xaxis=words_axis(words, theme),
        yaxis=signed_axis("", 1.08 * limit, theme) | _ends(limit),
        margin=words_margin(words),
        meta={"x": "token"},
        annotations=_numbers(values, colors) if few else [],
    )


def _numbers(values: Array, colors: Sequence[str]) -> list[dict[str, Any]]:
    """The numbers, each beyond zero from its bar, where there is room."""
    return [
        note(
            signed(value),
            f"center {'bottom' if value < 0 else 'top'}",
            x=t,
            y=0,
            yshift=2 if value < 0 else -3,
            font={"color": color, "size": 14, "weight": 600},
        )
        for t, (value, color) in enumerate(zip(values.tolist(), colors, strict=True))
    ]


def _ends(limit: float) -> dict[str, list[float]]:
    return {"tickvals": [-limit, 0, limit]}


def signed(value: float) -> str:
    """The number with its sign: two places, or two digits if it is small or large."""
    if value == 0:
        return "0"
    return f"{value:{'+.2f' if 0.1 <= abs(value) < 1000 else '+.2g'}}".replace("-", "−")


def unit_curve(
    past: tuple[Array, Array], unit: int, after: str, course: Course, theme: Theme = LIGHT
) -> Picture:
    """One unit over the epochs (E,), from all units there (E, H), ``after`` a token."""
    epochs, values = past[0], past[1][:, unit]
    limit = theme.scale.nice_limit(float(np.abs(values).max()))
    curve = scatter(
        x=epochs.astype(np.int32),
        y=compact(values),
        name=f"unit {unit}",
        mode="lines",
        line={"color": theme.forward, "width": 2.5},
        hovertemplate="epoch %{x}: %{y:.4f}<extra></extra>",
    )
    return picture(
        [curve, *end_points(course, [curve])],
        f"Unit {unit} after “{plain(after, 16)}”, over the epochs",
        HEIGHTS["metric"],
        theme,
        xaxis=epochs_axis(course, theme),
        yaxis=signed_axis("", 1.08 * limit, theme) | _ends(limit),
        shapes=epoch_marks(course, theme, "y"),
        margin=EPOCHS_MARGIN,
        meta={"x": "epoch"},
    )
