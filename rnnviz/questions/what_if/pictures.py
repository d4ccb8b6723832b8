"""Pictures of a phrase and a changed one, and of every word at one place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from rnnviz.charts.axes import (
    EPOCHS_MARGIN,
    axis,
    end_points,
    epoch_marks,
    epochs_axis,
    epochs_meta,
    words_axis,
    words_margin,
)
from rnnviz.charts.hidden_states import (
    STATE,
    Groups,
    StateView,
    UnitRows,
    grouped,
    units_meta,
    value_colors,
)
from rnnviz.charts.picture import Picture, Series, bar, compact, heatmap, scatter
from rnnviz.charts.shapes import LEGEND, LEGEND_TOP, color_bar, faint, note, outlines, upright
from rnnviz.charts.side_by_side import AFTER, BEFORE, AnswerScale, BeforeAndAfter, largest
from rnnviz.charts.theme import LIGHT, Theme, picture, plain, shown_token
from rnnviz.engine.layer_buffers import Array
from rnnviz.probe.formatting import number
from rnnviz.run.history import RunCurves

#: The states of the phrase as typed, the difference, and those of the phrase as changed.
_NAMES = (BEFORE, "change", AFTER)
#: With more words three columns for each are too narrow; with more, their heads.
_MOST_COLUMNS, _MOST_NAMES = 16, 4
#: Maximum number of letters of changed words close to each other.
_LETTERS = 5
#: Maximum number of changed words named on narrow columns, and of rows with a label.
_MOST_CHANGES, _MOST_LABELS = 3, 12
#: With more words the three touch.
_MOST_APART = 9


class Compared(NamedTuple):
    """The states before the change, their change, and those after it, (T, U) each.

    They are of the ``units`` (U,). ``colors`` are the options of their heatmaps; before and after
    share a scale.
    """

    parts: Sequence[Array]
    units: Array
    view: StateView
    colors: Sequence[dict[str, Any]]
    title: str

    @property
    def names(self) -> list[str]:
        """The numbers of the units."""
        return list(map(str, self.units.tolist()))

    def labelled(self, most: int) -> range:
        """The rows with a label, at most ``most``."""
        return range(0, len(self.units), -(-len(self.units) // most))


def compared_states(
    pair: BeforeAndAfter,
    theme: Theme = LIGHT,
    view: StateView = STATE,
    groups: Groups | None = None,
) -> Picture:
    """The states before the change of the phrase, their change, and those after it, (T, H) each.

    They are side by side in each word's column, or stacked if there are many words. The ``groups``
    are the units with a row, by default all by number. Before and after share a scale, the change
    has its own.
    """
    groups = groups or grouped(np.arange(pair.first.shape[1]))
    parts = [part[:, groups.units] for part in (pair.first, pair.difference, pair.second)]
    own = theme.scale.nice_limit(max(map(largest, parts[::2])))
    apart = theme.scale.nice_limit(largest(parts[1]), name="difference")
    state = {**value_colors(own, view, theme), "colorbar": color_bar(view.name)}
    signed = {"zmin": -apart, "zmax": apart, "colorscale": theme.diverging}
    some = f"; {groups.label}" if groups.size > 1 else ""
    title = f"{view.title.split(' after')[0]}: before, change (to ±{number(apart)}), after{some}"
    colors = (state, {**signed, "showscale": False}, {**state, "showscale": False})
    drawn = _side_by_side if len(pair.words) <= _MOST_COLUMNS else _stacked
    return drawn(pair, Compared(parts, groups.units, view, colors, title), theme)


def _side_by_side(pair: BeforeAndAfter, shown: Compared, theme: Theme) -> Picture:
    steps, units = shown.parts[0].shape
    same = [t for t in range(steps) if not np.any(pair.difference[t])]
    # The three in a word's column, and an empty place; in narrow columns they take all of it.
    apart = steps <= _MOST_APART
    places, half = ((-0.27, 0.0, 0.27, 0.5), 0.12) if apart else ((-1 / 3, 0.0, 1 / 3), 0.15)
    boxes = [(t - half, -0.5, t + half, units - 0.5) for t in same]
    series, labelled = _strip_cells(pair, shown, places, same), shown.labelled(_MOST_LABELS)
    # Blank lines between the words, where their strips would touch.
    blank = {"color": theme.background, "width": 7, "dash": "solid"}
    blanks = [upright(t + 0.5, theme, **blank) for t in range(0 if apart else steps - 1)]
    # The names of the columns, if there is room; above them the words that are read instead.
    colors = (theme.text, theme.muted, theme.text)
    heads = [
        note(name, "center bottom", x=t + place, y=-0.5, yshift=1,
             font={"size": 12, "color": color, "weight": 600})
        for t in range(steps if steps <= _MOST_NAMES else 0)
        for name, place, color in zip((BEFORE, "Δ", AFTER), places, colors, strict=False)
    ]  # fmt: skip
    style = {"textangle": -90, "font": {"size": 12, "color": theme.muted}}
    sames = [note("the same", "center middle", x=t, y=(units - 1) / 2, **style) for t in same]
    return picture(
        [*series, {**outlines(boxes, theme.muted, 1), "showlegend": False}],
        shown.title, 660, theme, margin=words_margin(pair.words),
        xaxis=words_axis(pair.words, theme),
        # With room for the names of the columns above the rows.
        yaxis=axis("", theme, range=[units - 0.5, -0.5 - 0.3 * units], showgrid=False,
                   tickvals=[*labelled], ticktext=[shown.names[row] for row in labelled]),
        annotations=[*heads, *_others(pair), *sames], shapes=blanks,
        # The question is about a word: a click chooses it.
        meta=units_meta(UnitRows(shown.units, 0), x="token", kept="token"),
    )  # fmt: skip


def _others(pair: BeforeAndAfter) -> list[dict[str, Any]]:
    """The words that are read instead, or their first letters if they are close."""
    close = len(pair.words) > _MOST_NAMES and bool(np.any(np.diff(pair.changed) <= 2))
    texts = {t: plain(pair.others[t], _LETTERS if close else 16) for t in pair.changed}
    return [
        note(text if close else f"→ {text}", "center bottom", x=t, y=-0.5, yshift=16,
             font={"size": 12 if close else 14, "weight": 600})
        for t, text in texts.items()
    ]  # fmt: skip


def _strip_cells(
    pair: BeforeAndAfter, shown: Compared, places: Sequence[float], same: Sequence[int]
) -> list[Series]:
    """The strips before and after, and between them the change, which has its own colours."""
    (steps, units), every = shown.parts[0].shape, len(places)
    # The values at every place (P, U), NaN at empty ones, and their labels.
    cells, labels = np.full((every * steps, units), np.nan), [""] * (every * steps)
    for k, (name, part) in enumerate(zip(_NAMES, shown.parts, strict=True)):
        cells[k::every] = part
        read = pair.others if k else pair.words
        labels[k::every] = [f"“{plain(word)}”, {name}" for word in read]
    cells[[every * t + 1 for t in same]] = np.nan
    x = (np.arange(steps)[:, None] + places).ravel()
    between = np.arange(len(x)) % every == 1
    drawn = slice(None, len(x) - every + 3)
    return [
        heatmap(
            name=name, z=compact(np.where(hidden, np.nan, cells.T)[:, drawn]), x=compact(x[drawn]),
            xgap=1 if every == 3 else 3,
            customdata=[
                [f"unit {unit}, {label}" if label else "" for label in told[drawn]]
                for unit in shown.names
            ],
            hoverongaps=False,
            hovertemplate=f"%{{customdata}}: {shown.view.name} = %{{z:.6f}}<extra></extra>",
            **colors,
        )
        for name, hidden, told, colors in (
            (f"{BEFORE} and {AFTER}", between, np.where(between, "", labels), shown.colors[0]),
            (_NAMES[1], ~between, np.where(between, labels, ""), shown.colors[1]),
        )
    ]  # fmt: skip


def _stacked(pair: BeforeAndAfter, shown: Compared, theme: Theme) -> Picture:
    view = shown.view
    series = [
        heatmap(
            name=name, z=compact(part.T), hoverongaps=False,
            y=shown.names, yaxis=f"y{k + 1}" if k else "y",
            hovertemplate=f"{name}, unit %{{y}} at place %{{x}}: "
            f"{view.name} = %{{z:.6f}}<extra></extra>",
            **colors,
        )
        for k, (name, part, colors) in enumerate(
            zip(_NAMES, shown.parts, shown.colors, strict=True)
        )
    ]  # fmt: skip
    labelled = [shown.names[row] for row in shown.labelled(_MOST_LABELS // len(_NAMES))]
    return picture(
        series, shown.title, 660, theme, margin=words_margin(pair.words),
        xaxis={**words_axis(pair.words, theme), "anchor": "y3"},
        annotations=_changes(pair, theme),
        meta={"x": "token", "columns": [("read before", pair.words), ("read after", pair.others)]},
        # An axis of units for each heatmap, from top to bottom.
        **{
            f"yaxis{k + 1 if k else ''}": axis(
                "Δ" if k == 1 else name, theme, type="category",
                range=[len(shown.units) - 0.5, -0.5],
                domain=[(2 - k) / 3 + 0.03, (3 - k) / 3 - (0.01 if k else 0)],
                showgrid=False, tickvals=labelled, ticktext=labelled,
            )
            for k, name in enumerate(_NAMES)
        },
    )  # fmt: skip


def _changes(pair: BeforeAndAfter, theme: Theme) -> list[dict[str, Any]]:
    """The words that are read instead, on the states after, unless they are many.

    Every other one is higher, so that neighbours don't cover each other.
    """
    style = {"yref": "y3 domain", "bgcolor": theme.background, "font": {"size": 13}}
    few = pair.changed if len(pair.changed) <= _MOST_CHANGES else []
    return [
        note(plain(pair.others[t], 16), "center middle", x=t, y=(0.75, 0.25)[k % 2], **style)
        for k, t in enumerate(few)
    ]


# Every word instead of one, and the epoch at which the answers separate


#: Maximum number of rows; of a larger vocabulary only both ends, and the chosen words.
MOST_ROWS = 20


def chosen_rows(values: Array, chosen: Sequence[int]) -> list[int]:
    """The words with known values (V,), the largest first; of many, both ends and ``chosen``."""
    order = [k for k in np.argsort(-values, kind="stable").tolist() if np.isfinite(values[k])]
    if len(order) <= MOST_ROWS:
        return order
    end = (MOST_ROWS - len(chosen)) // 2
    kept = {*order[:end], *order[-end:], *chosen}
    return [k for k in order if k in kept]


def word_choices(
    values: Array, words: Sequence[str], marks: Mapping[int, str], scale: AnswerScale,
    theme: Theme = LIGHT,
) -> Picture:  # fmt: skip
    """The answers (V,) with each word at one place, a row for each, the largest first.

    ``marks`` says of the words of the phrase that they are those before, or after. NaN is not read
    yet.
    """
    rows = chosen_rows(values, [*marks])
    shown = values[rows] - scale.base
    limit = 0.5 if scale.sides else 1.0
    if not scale.probability:
        limit = theme.scale.nice_limit(float(np.abs(shown).max(initial=0.0)))
    low = 0.0 if scale.probability and not scale.sides else -limit
    names, bars = low - 0.8 * (limit - low), _bars(rows, shown, words, scale, theme)
    short = [plain(shown_token(words[k]), 11) for k in rows]
    texts = [f"<b>{name}</b> {marks[k]}" if k in marks else name
             for k, name in zip(rows, short, strict=True)]  # fmt: skip
    label = scatter(
        x=[names] * len(rows), y=list(range(len(rows))), mode="text", text=texts,
        textposition="middle right", hoverinfo="skip",
    )  # fmt: skip
    count = max(len(rows), 1)
    band = {"type": "rect", "xref": "paper", "x0": 0, "x1": 1, "layer": "below"}
    line = {"color": theme.text, "width": 1.4}
    frames = [
        {**band, "y0": row - 0.5, "y1": row + 0.5, "fillcolor": faint(theme.text, 0.06),
         "line": {**line, "dash": "dash" if marks[k] == AFTER else "solid"}}
        for row, k in enumerate(rows)
        if k in marks
    ]  # fmt: skip
    return picture(
        [bars, label], plain(scale.title, 60), 420, theme,
        xaxis={"range": [names, limit + 0.28 * (limit - low)], "visible": False},
        yaxis={"range": [count - 0.5, -0.5], "visible": False},
        shapes=[upright(0, theme, dash="solid", color=theme.muted, width=1), *frames],
        margin={"l": 16, "r": 16, "b": 12},
    )  # fmt: skip


def _bars(
    rows: Sequence[int], shown: Array, words: Sequence[str], scale: AnswerScale, theme: Theme
) -> Series:
    values = (shown + scale.base).tolist()
    return bar(
        x=compact(shown), y=list(range(len(rows))), orientation="h", width=0.7,
        marker={"color": [scale.color(value, theme.muted, theme) for value in values]},
        text=[scale.label(value) for value in values],
        textposition="outside", textfont={"size": 12, "color": theme.text},
        customdata=[plain(shown_token(words[k])) for k in rows],
        hovertemplate="%{customdata}: %{text}<extra></extra>",
    )  # fmt: skip


def value_curve(
    curve: tuple[Array, Array], marks: Mapping[str, tuple[float, float]], what: str,
    scale: AnswerScale, theme: Theme = LIGHT,
) -> Picture:  # fmt: skip
    """The answers (P,) to values (P,) at one step, which ``what`` names, with marks on it."""
    values, answers = curve
    line = scatter(
        x=compact(values), y=compact(answers), mode="lines", name="answer",
        line={"color": theme.forward, "width": 2.5},
        text=[f"{number(x)}: {number(y)}" for x, y in zip(values, answers, strict=True)],
        hovertemplate="%{text}<extra></extra>",
    )  # fmt: skip
    points = [
        scatter(
            x=[x], y=[y], mode="markers", name=name,
            marker={"color": theme.text, "size": 12, "line": {"width": 2},
                    "symbol": "circle" if name == BEFORE else "circle-open"},
            hovertemplate=f"{name}: {number(x)}: {number(y)}<extra></extra>",
        )
        for name, (x, y) in marks.items()
    ]  # fmt: skip
    every = np.array([*answers, *(y for _, y in marks.values())])
    ends = theme.scale.tenths(float(values[0]), float(values[-1]), "x")
    return picture(
        [line, *points], plain(scale.title, 60), 300, theme, {"t": LEGEND_TOP}, **LEGEND,
        xaxis=axis(plain(what, 40), theme, range=ends), yaxis=scale.axis(every, theme),
    )  # fmt: skip


def parting_curves(
    epochs: Array, pair: tuple[Array, Array], course: RunCurves, scale: AnswerScale,
    theme: Theme = LIGHT,
) -> Picture:  # fmt: skip
    """The last answers before and after the change over the epochs, (E,) each."""
    styles = ((BEFORE, "solid"), (AFTER, "dash"))
    curves = [
        scatter(
            x=epochs.astype(np.int32), y=compact(values), name=name,
            mode="lines", line={"color": theme.text, "width": 2.5, "dash": dash},
            hovertemplate=f"{course.history.unit} %{{x}}, {name}: %{{y:.6g}}<extra></extra>",
        )
        for values, (name, dash) in zip(pair, styles, strict=True)
    ]  # fmt: skip
    values = np.concatenate(pair)
    drawn = scale.axis(values, theme)
    if scale.probability:
        drawn |= {"range": [-0.04, 1.04], "ticktext": ["0%", "50%", "100%"]}
    return picture(
        [*curves, *end_points(course, curves)], plain(scale.title, 60), 250, theme,
        xaxis=epochs_axis(course, theme), yaxis=drawn, shapes=epoch_marks(course, theme, "y"),
        margin={**EPOCHS_MARGIN, "t": LEGEND_TOP}, meta=epochs_meta(course), **LEGEND,
    )  # fmt: skip
