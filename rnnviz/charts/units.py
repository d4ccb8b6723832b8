"""The units on the words of a phrase, and one of them over the epochs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from rnnviz.charts.axes import axis, signed_axis, words_axis, words_margin
from rnnviz.charts.epoch_axis import (
    EPOCHS_MARGIN,
    end_points,
    epoch_marks,
    epochs_axis,
    epochs_meta,
)
from rnnviz.charts.hidden_states import STATE, View, bridge_line, value_colors
from rnnviz.charts.legends import color_bar
from rnnviz.charts.picture import Picture, Series, bar, compact, exact, heatmap, scatter
from rnnviz.charts.shapes import note
from rnnviz.charts.theme import HEIGHTS, LIGHT, Theme, picture
from rnnviz.charts.threads import APART, threads_into
from rnnviz.charts.two_moments import TwoMoments, outlined
from rnnviz.charts.unit_rows import Groups, Rows, grouped, row_frame, units_axis, units_meta
from rnnviz.engine.layer_buffers import Array
from rnnviz.probe.formatting import number
from rnnviz.run.history import Course

#: About the width of a digit, and of the columns together in a small window, in pixels.
_DIGIT, _COLUMNS = 7, 430


def memory_rows(
    states: Array, rows: Rows, words: Sequence[str], view: View = STATE, theme: Theme = LIGHT
) -> Picture:
    """Every unit (row) after every token (column), from states (T, H), in the order of ``rows``.

    Many are grouped: the first of each group has a row, and the chosen one.

    Threads show the largest ``parts`` of the chosen unit, in the colours of their signs.
    """
    groups = grouped(rows.units, {rows.chosen})
    rows = rows._replace(units=groups.units)
    threads = [] if rows.parts is None else [*_threads(rows, rows.parts, groups, theme)]
    into = f"; threads into {rows.into}" if threads and rows.into else ""
    limit = theme.scale.nice_limit(float(np.abs(states).max()))
    cells = heatmap(
        y=rows.names,
        z=compact(states.T[rows.units]),
        colorbar=color_bar(view.name),
        hovertemplate=f"unit %{{y}}: {view.name} = %{{z:.6f}}<extra></extra>",
        **(APART if threads else {}),
        **value_colors(limit, view, theme),
    )
    # The words above name the decoder's beginning.
    bridge = bridge_line(view.bridge, theme).get("shapes", [])
    return picture(
        [cells, *threads],
        f"{view.title}: {groups.told}{into}",
        HEIGHTS["states"],
        theme,
        xaxis=words_axis(words, theme),
        yaxis=units_axis(rows, theme),
        margin=words_margin(words),
        meta=units_meta(rows, x="token"),
        shapes=[*bridge, row_frame(rows, theme)],
    )


def _threads(rows: Rows, parts: Array, groups: Groups, theme: Theme) -> Iterator[Series]:
    """A unit without a row has its threads at the row of its group."""
    at = [rows.names[row] for row in groups.row.tolist()]
    return threads_into(parts, rows.chosen, at, theme)


def unit_bars(
    unit: TwoMoments, title: str, words: Sequence[str], view: View = STATE, theme: Theme = LIGHT
) -> Picture:
    """The unit after every token with its numbers; those of the second moment are outlines."""
    values = unit.values
    signs = [theme.positive if value > 0 else theme.negative for value in values.tolist()]
    colors = [theme.muted] * len(signs) if view.gate else signs
    bars = bar(
        x=list(range(len(words))),
        y=compact(values),
        width=0.6,
        name=view.name,
        marker={"color": colors},
        customdata=exact(values),
        hovertemplate="%{customdata}<extra></extra>",
    )
    every = np.concatenate([values, unit.then])
    return picture(
        [bars, outlined(unit, theme)],
        unit.entitled(title),
        HEIGHTS["margin"],
        theme,
        xaxis=words_axis(words, theme),
        yaxis=_values_axis(every, view, theme, room=1.5),
        margin=words_margin(words),
        meta={"x": "token", "columns": unit.columns},
        annotations=_numbers(values, colors, view.gate),
    )


def _numbers(values: Array, colors: Sequence[str], gate: bool) -> list[dict[str, Any]]:
    """The numbers: each beyond zero from its bar, where there is room; of a gate on its bar."""
    small = 0.005 * float(np.abs(values).max())
    texts = [signed(value) if abs(value) > small else "0" for value in values.tolist()]
    texts = [text.lstrip("+") for text in texts] if gate else texts
    if _DIGIT * max(map(len, texts)) * len(texts) > _COLUMNS:
        return []
    return [
        note(
            texts[t],
            "center top" if value > 0 and not gate else "center bottom",
            x=t,
            y=value if gate else 0,
            yshift=-3 if value > 0 and not gate else 2,
            font={"color": color, "size": 14, "weight": 600},
        )
        for t, (value, color) in enumerate(zip(values.tolist(), colors, strict=True))
    ]


def _values_axis(values: Array, view: View, theme: Theme, room: float = 1.08) -> dict[str, Any]:
    """An axis for both signs, or from 0 to 1 for a gate, with ``room`` above."""
    if view.gate:
        return axis("", theme, range=[0, room], tickvals=[0, 1])
    limit = theme.scale.nice_limit(float(np.abs(values).max()))
    ticks = {"tickvals": [-limit, 0, limit], "ticktext": [f"−{limit:g}", "0", f"{limit:g}"]}
    return signed_axis("", 1.08 * limit, theme) | ticks


def signed(value: float) -> str:
    """The number with its sign: two places, or two digits if it is small or large."""
    if value == 0:
        return "0"
    if 0.1 <= abs(value) < 1000:
        return f"{value:+.2f}".replace("-", "−")
    return number(value, 2, "+")


def unit_curve(
    past: tuple[Array, Array],
    title: str,
    course: Course,
    view: View = STATE,
    theme: Theme = LIGHT,
) -> Picture:
    """One unit at one token over the epochs: epochs (E,) and values (E,)."""
    epochs, values = past
    curve = scatter(
        x=epochs.astype(np.int32),
        y=compact(values),
        name=view.name,
        mode="lines",
        line={"color": theme.forward, "width": 2.5},
        hovertemplate=f"{course.history.unit} %{{x}}: %{{y:.4f}}<extra></extra>",
    )
    return picture(
        [curve, *end_points(course, [curve])],
        title,
        HEIGHTS["metric"],
        theme,
        xaxis=epochs_axis(course, theme),
        yaxis=_values_axis(values, view, theme),
        shapes=epoch_marks(course, theme, "y"),
        margin=EPOCHS_MARGIN,
        meta=epochs_meta(course),
    )
