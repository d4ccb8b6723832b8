"""One moment in numbers: vectors, terms of one unit, parameters."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from rnnviz.analysis.breakdown import Term, Terms
from rnnviz.analysis.moment_vectors import VectorRow
from rnnviz.analysis.notation import number
from rnnviz.analysis.parameter_blocks import Blocks
from rnnviz.analysis.training_step import Panel
from rnnviz.engine.layer_buffers import Array
from rnnviz.engine.parameters import Parameters
from rnnviz.figures.axis_limits import nice_limit
from rnnviz.figures.picture import Picture, Series, bar, heatmap, scatter
from rnnviz.figures.theme import HEIGHTS, LIGHT, Theme, axis, compact, picture, plain, scale_words

#: Rows for which there is always room, so that a picture with fewer doesn't move.
_STRIPS, _BARS = 5, 20
_CELL = 0.72
#: Up to so many cells carry their numbers, and up to so many entries their names.
_PRINTED, _NAMED = 10, 20_000
#: The widths of the margins in which the labels of rows stand.
_LABELS, _STRIP_LABELS = 212, 184


def operation_rows(
    rows: Sequence[VectorRow], theme: Theme = LIGHT, unit: int | None = None
) -> Picture:
    """Vectors as rows of cells, each with its scale; a line divides summands from their sum."""
    columns = _columns(rows)
    places = np.arange(len(rows)) + _CELL / 2
    return picture(
        [
            _cells(rows, True, theme),
            _cells(rows, False, theme),
            _unit_mark(rows, unit, theme),
        ],
        "What is combined at this moment",
        HEIGHTS["operation"],
        theme,
        xaxis=_cell_axis(columns, theme),
        yaxis=axis(
            "",
            theme,
            range=[_STRIPS, -0.2],
            showgrid=False,
            tickvals=places.tolist(),
            ticktext=[plain(row.label, 40) for row in rows],
            ticks="",
        ),
        margin={"l": _STRIP_LABELS, "r": 76, "t": 40, "b": 48},
        shapes=[_sum_line(i, theme) for i, row in enumerate(rows) if row.total],
        annotations=[_row_scale(i, row, theme) for i, row in enumerate(rows)],
    )


def _cells(rows: Sequence[VectorRow], signed: bool, theme: Theme) -> Series:
    """The rows of one kind in one heatmap with gaps, every row as a share of its own limit."""
    columns = _columns(rows)
    shown = [_row(row if row.signed is signed else None, columns) for row in rows]
    gap = _row(None, columns)
    shares, texts, hovers = zip(*(row for pair in shown for row in (pair, gap)), strict=True)
    printed = {"text": texts, "texttemplate": "%{text}"} if len(columns) <= _PRINTED else {}
    return heatmap(
        z=compact(shares),
        x=list(range(len(columns) + 1)),
        y=[*(i + edge for i in range(len(rows)) for edge in (0, _CELL)), len(rows)],
        zmin=-1 if signed else 0,
        zmax=1,
        colorscale=theme.diverging if signed else theme.sequential,
        showscale=False,
        hoverongaps=False,
        customdata=hovers,
        hovertemplate="%{customdata}<extra></extra>",
        **printed,
    )


def _columns(rows: Sequence[VectorRow]) -> tuple[str, ...]:
    return max((row.cells for row in rows), key=len)


def _row(
    row: VectorRow | None, columns: tuple[str, ...]
) -> tuple[list[float], list[str], list[str]]:
    """A row's shares of its limit, its numbers and its hover texts; without one a gap."""
    shares, texts, hovers = [math.nan] * len(columns), [""] * len(columns), [""] * len(columns)
    if row is None:
        return shares, texts, hovers
    limit, label = nice_limit(row.limit), plain(row.label, 40)
    places = {cell: place for place, cell in enumerate(columns)}
    for cell, value in zip(row.cells, row.values.tolist(), strict=True):
        place = places[cell]
        shares[place] = min(1.0, max(-1.0, value / limit))
        texts[place] = number(value)
        hovers[place] = f"{label}<br>{plain(cell)}: {value!r}"
    return shares, texts, hovers


def _unit_mark(rows: Sequence[VectorRow], unit: int | None, theme: Theme) -> Series:
    """The outline of one unit's cell in every row of units."""
    x: list[float | None] = []
    y: list[float | None] = []
    for i, row in enumerate(rows):
        if unit is not None and f"unit {unit}" in row.cells:
            x += [unit, unit + 1, unit + 1, unit, unit, None]
            y += [i, i, i + _CELL, i + _CELL, i, None]
    line = {"color": theme.text, "width": 2}
    return scatter(x=x, y=y, mode="lines", line=line, hoverinfo="skip")


def _cell_axis(columns: tuple[str, ...], theme: Theme) -> dict[str, Any]:
    if columns[0].startswith("unit "):
        return axis("unit", theme, range=[0, len(columns)], showgrid=False)
    every, most = (1, 12) if len(columns) <= _PRINTED else (1 + len(columns) // 5, 7)
    named = range(0, len(columns), every)
    return axis(
        "class",
        theme,
        range=[0, len(columns)],
        showgrid=False,
        tickvals=[place + 0.5 for place in named],
        ticktext=[plain(columns[place], most) for place in named],
        tickangle=0,
    )


def _sum_line(row: int, theme: Theme) -> dict[str, Any]:
    y = row - (1 - _CELL) / 2
    line = {"color": theme.text, "width": 1.5}
    return {"type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": y, "y1": y, "line": line}


def _row_scale(number: int, row: VectorRow, theme: Theme) -> dict[str, Any]:
    place = {"xref": "paper", "x": 1, "xanchor": "left", "xshift": 8, "y": number + _CELL / 2}
    look = {"showarrow": False, "font": {"color": theme.muted}}
    ends = "±" if row.signed else "0…"
    return {"text": f"{ends}{nice_limit(row.limit):g}", **place, **look}


def term_bars(terms: Terms, theme: Theme = LIGHT) -> Picture:
    """The largest terms of one unit's sum, the others together, and on top what they add up to."""
    largest, rest = terms.largest(_BARS)
    rows = [Term(terms.symbol, (), terms.recorded), *largest]
    rows += [Term(rest[0], (), rest[1])] if rest else []
    limit = nice_limit(max(abs(row.value) for row in rows))
    return picture(
        [_bars(rows, rest is not None, theme), _ledger(rows, limit)],
        f"{plain(terms.symbol, 60)} = {number(terms.recorded)}, term by term",
        HEIGHTS["terms"],
        theme,
        xaxis=axis(
            "value",
            theme,
            range=[-limit, limit],
            zeroline=True,
            zerolinecolor=theme.muted,
            nticks=3,
        ),
        yaxis=axis(
            "",
            theme,
            range=[_BARS + 1.6, -0.6],
            showgrid=False,
            tickvals=list(range(len(rows))),
            ticktext=[_row_label(row, terms) for row in rows],
        ),
        margin={"l": _LABELS, "r": 96, "t": 68, "b": 48},
        shapes=[_sum_line_below(theme)],
        annotations=[_then(terms, theme)],
        bargap=0.25,
    )


def _bars(rows: Sequence[Term], rest: bool, theme: Theme) -> Series:
    values = [row.value for row in rows]
    colors = [theme.positive if value > 0 else theme.negative for value in values]
    if rest:
        colors[-1] = theme.muted
    return bar(
        orientation="h",
        x=values,
        y=list(range(len(rows))),
        marker={"color": colors},
        customdata=[_factors(row) for row in rows],
        hovertemplate="%{customdata}<extra></extra>",
    )


def _ledger(rows: Sequence[Term], limit: float) -> Series:
    """The values in a column of their own, where no bar runs into them."""
    return scatter(
        x=[limit] * len(rows),
        y=list(range(len(rows))),
        mode="text",
        text=[number(row.value) for row in rows],
        textposition="middle right",
        cliponaxis=False,
        hoverinfo="skip",
    )


def _factors(row: Term) -> str:
    product = " · ".join(map(repr, row.factors)) + " = " if len(row.factors) > 1 else ""
    return f"{plain(row.label, 60)}<br>{product}{row.value!r}"


def _row_label(row: Term, terms: Terms) -> str:
    label = plain(row.label, 34)
    return f"<b>{label}</b>" if row.label in (terms.symbol, terms.chosen) else label


def _sum_line_below(theme: Theme) -> dict[str, Any]:
    return {**_sum_line(1, theme), "y0": 0.5, "y1": 0.5}


def _then(terms: Terms, theme: Theme) -> dict[str, Any]:
    """What becomes of the sum, as a second line of the title."""
    place = {
        "xref": "paper",
        "x": 0,
        "xanchor": "left",
        "xshift": -_LABELS,
        "yref": "paper",
        "y": 1,
    }
    look = {"showarrow": False, "font": {"color": theme.muted}}
    return {
        "text": f"then {plain(terms.then, 120)}",
        **place,
        "yanchor": "bottom",
        "yshift": 8,
        **look,
    }


#: Where the blocks of a panel begin and end, as shares of its width, and of its height b_y's row.
_BLOCKS = ((0.0, 0.27), (0.31, 0.66), (0.72, 0.76), (0.89, 1.0))
_LAST_ROW = (1.04, 1.09)


def parameter_mosaic(panels: Sequence[Panel], blocks: Blocks, theme: Theme = LIGHT) -> Picture:
    """Parameters side by side, up to three panels: W_xh, W_hh, b_h, W_hy^T over b_y.

    Each row is one unit; the last row, below W_hy^T, is b_y.
    """
    count = len(panels)
    width = (1 - 0.05 * (count - 1)) / count
    starts = [i * (width + 0.05) for i in range(count)]
    axes: dict[str, Any] = {}
    for i, start in enumerate(starts):
        axes[f"xaxis{i + 1 if i else ''}"] = {
            "visible": False,
            "domain": [start, min(1.0, start + width)],
            "range": [0, 1],
        }
    return picture(
        [_mosaic(panel, f"x{i + 1 if i else ''}", blocks, theme) for i, panel in enumerate(panels)],
        "All parameters" if blocks.token == "W_xh" else "Parameters of this part, and the readout",
        HEIGHTS["mosaic"],
        theme,
        **axes,
        yaxis={"visible": False, "range": [1.1, -0.01]},
        margin={"l": 16, "r": 16, "t": 92, "b": 16},
        annotations=[
            label
            for panel, start in zip(panels, starts, strict=True)
            for label in _panel_labels(panel, blocks, start, width, theme)
        ],
    )


def _mosaic(panel: Panel, xaxis: str, blocks: Blocks, theme: Theme) -> Series:
    hidden, limit = panel.values.architecture.hidden, nice_limit(panel.limit)
    outputs = panel.values.architecture.outputs
    counts = len(blocks.columns), hidden, len(blocks.biases), outputs
    return heatmap(
        z=_laid_out(panel.values, blocks),
        x=[
            edge
            for (left, right), count in zip(_BLOCKS, counts, strict=True)
            for edge in np.linspace(left, right, count + 1).tolist()
        ],
        y=[*np.linspace(0, 1, hidden + 1).tolist(), *_LAST_ROW],
        xaxis=xaxis,
        zmin=-limit,
        zmax=limit,
        colorscale=theme.diverging,
        showscale=False,
        hoverongaps=False,
        **_entry_names(blocks, hidden, outputs),
    )


def _laid_out(values: Parameters, blocks: Blocks) -> Array:
    """The parameters in one matrix (H + 2, columns), gaps between them."""
    token, state, biases = blocks.of(values)
    gap = np.full((len(state), 1), np.nan)
    above = np.hstack([token, gap, state, gap, biases, gap, values.W_hy.T])
    below = np.full((2, above.shape[1]), np.nan)
    below[1, -len(values.b_y) :] = values.b_y
    return np.vstack([above, below])


def _entry_names(blocks: Blocks, hidden: int, outputs: int) -> dict[str, Any]:
    """Hover with every entry's name, or of a large network, for which that takes long, without."""
    hover = "%{z}<extra></extra>"
    if (len(blocks.columns) + hidden + outputs) * hidden > _NAMED:
        return {"hovertemplate": hover}
    written = _written(blocks, hidden, outputs)
    return {"customdata": written, "hovertemplate": "%{customdata} = " + hover}


@lru_cache(maxsize=4)
def _written(blocks: Blocks, hidden: int, outputs: int) -> list[list[str]]:
    entry = blocks.names.entry
    rows = [
        [
            *(plain(entry(blocks.token, (k, v)), 40) for v in blocks.columns),
            "",
            *(entry(blocks.state, (k, j)) for j in range(hidden)),
            "",
            *(entry(name, (k,)) for name in blocks.biases),
            "",
            *(plain(entry("W_hy", (c, k)), 40) for c in range(outputs)),
        ]
        for k in range(hidden)
    ]
    gap = [""] * (len(blocks.columns) + hidden + len(blocks.biases) + 3)
    below = [plain(entry("b_y", (c,)), 40) for c in range(outputs)]
    return [*rows, [*gap, *[""] * outputs], [*gap, *below]]


def _panel_labels(
    panel: Panel, blocks: Blocks, start: float, width: float, theme: Theme
) -> list[dict[str, Any]]:
    """The panel's title and scale, and over each block its name."""
    above = {"xref": "paper", "yref": "paper", "y": 1, "showarrow": False, "yanchor": "bottom"}
    scale = scale_words("", nice_limit(panel.limit), theme).removeprefix(": ")
    title = {
        "text": f"<b>{plain(panel.title)}</b>  {scale}",
        "x": start,
        "xanchor": "left",
        "yshift": 24,
    }
    names = blocks.token, blocks.state, ", ".join(blocks.biases), "W_hyᵀ"
    labels = [
        {
            "text": name,
            "x": start + width * (left + right) / 2,
            "xanchor": "center",
            "font": {"color": theme.muted},
        }
        for name, (left, right) in zip(names, _BLOCKS, strict=True)
    ]
    bias = {
        "text": "b_y",
        "x": start + width * _BLOCKS[-1][0],
        "xanchor": "right",
        "y": 0,
        "font": {"color": theme.muted},
        "xshift": -6,
        "yshift": -2,
    }
    return [{**above, **label} for label in (title, *labels, bias)]
