"""Every word in the place of one, and when in training two sequences parted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from rnnviz.charts.epoch_axis import (
    EPOCHS_MARGIN,
    end_points,
    epoch_marks,
    epochs_axis,
    epochs_meta,
)
from rnnviz.charts.picture import Picture, Series, bar, compact, scatter
from rnnviz.charts.shapes import LEGEND, LEGEND_TOP, faint, upright
from rnnviz.charts.side_by_side import AnswerScale
from rnnviz.charts.theme import HEIGHTS, LIGHT, Theme, picture, plain, shown_token
from rnnviz.engine.layer_buffers import Array
from rnnviz.run.history import Course

#: The most rows: of a larger vocabulary only both ends, and the chosen words.
MOST_ROWS = 20


def chosen_rows(values: Array, chosen: Sequence[int]) -> list[int]:
    """The words in the order of their values, (V,), the largest first, without those not known.

    Of many only both ends, and the ``chosen``.
    """
    order = [k for k in np.argsort(-values, kind="stable").tolist() if np.isfinite(values[k])]
    if len(order) <= MOST_ROWS:
        return order
    end = (MOST_ROWS - len(chosen)) // 2
    kept = {*order[:end], *order[-end:], *chosen}
    return [k for k in order if k in kept]


def word_choices(
    values: Array,
    words: Sequence[str],
    marks: Mapping[int, str],
    scale: AnswerScale,
    theme: Theme = LIGHT,
) -> Picture:
    """The answer, (V,), with each word in the same place, a row a word, the largest first.

    ``marks`` are the rows that are marked: A or B by word. NaN is not read yet.
    """
    rows = chosen_rows(values, [*marks])
    shown = values[rows] - scale.base
    limit = 0.5 if scale.sides else 1.0
    if not scale.probability:
        limit = theme.scale.nice_limit(float(np.abs(shown).max(initial=0.0)))
    low = 0.0 if scale.probability and not scale.sides else -limit
    names, bars = low - 0.8 * (limit - low), _bars(rows, shown, words, scale, theme)
    label = scatter(
        x=[names] * len(rows),
        y=list(range(len(rows))),
        mode="text",
        text=[_name(words[k], marks.get(k)) for k in rows],
        textposition="middle right",
        hoverinfo="skip",
    )
    count = max(len(rows), 1)
    return picture(
        [bars, label],
        plain(scale.title, 60),
        HEIGHTS["choices"],
        theme,
        xaxis={"range": [names, limit + 0.28 * (limit - low)], "visible": False},
        yaxis={"range": [count - 0.5, -0.5], "visible": False},
        shapes=[upright(0, theme, dash="solid", color=theme.muted, width=1),
                *_bands(rows, marks, theme)],
        margin={"l": 16, "r": 16, "b": 12},
    )  # fmt: skip


def _bars(
    rows: Sequence[int], shown: Array, words: Sequence[str], scale: AnswerScale, theme: Theme
) -> Series:
    values = (shown + scale.base).tolist()
    return bar(
        x=compact(shown),
        y=list(range(len(rows))),
        orientation="h",
        width=0.7,
        marker={"color": [scale.color(value, theme.muted, theme) for value in values]},
        text=[scale.label(value) for value in values],
        textposition="outside",
        textfont={"size": 12, "color": theme.text},
        customdata=[plain(shown_token(words[k])) for k in rows],
        hovertemplate="%{customdata}: %{text}<extra></extra>",
    )


def _name(word: str, mark: str | None) -> str:
    name = plain(shown_token(word), 11)
    return f"<b>{name}</b> {mark}" if mark else name


def _bands(rows: Sequence[int], marks: Mapping[int, str], theme: Theme) -> list[dict[str, object]]:
    """The rows of A, in a solid frame, and of B, in a dashed one."""
    band = {"type": "rect", "xref": "paper", "x0": 0, "x1": 1, "layer": "below"}
    line = {"color": theme.text, "width": 1.4}
    return [
        {**band, "y0": row - 0.5, "y1": row + 0.5, "fillcolor": faint(theme.text, 0.06),
         "line": {**line, "dash": "dash" if marks[k] == "B" else "solid"}}
        for row, k in enumerate(rows)
        if k in marks
    ]  # fmt: skip


def parting_curves(
    epochs: Array,
    pair: tuple[Array, Array],
    course: Course,
    scale: AnswerScale,
    theme: Theme = LIGHT,
) -> Picture:
    """The last answers to A and to B over the epochs, (E,) each."""
    styles = (("A", "solid"), ("B", "dash"))
    curves = [
        scatter(
            x=epochs.astype(np.int32),
            y=compact(values),
            name=name,
            mode="lines",
            line={"color": theme.text, "width": 2.5, "dash": dash},
            hovertemplate=f"{course.history.unit} %{{x}}, {name}: %{{y:.6g}}<extra></extra>",
        )
        for values, (name, dash) in zip(pair, styles, strict=True)
    ]
    values = np.concatenate(pair)
    drawn = scale.axis(values, theme)
    if scale.probability:
        drawn |= {"range": [-0.04, 1.04], "ticktext": ["0%", "50%", "100%"]}
    return picture(
        [*curves, *end_points(course, curves)],
        plain(scale.title, 60),
        HEIGHTS["metric"],
        theme,
        xaxis=epochs_axis(course, theme),
        yaxis=drawn,
        shapes=epoch_marks(course, theme, "y"),
        margin={**EPOCHS_MARGIN, "t": LEGEND_TOP},
        meta=epochs_meta(course),
        **LEGEND,
    )
