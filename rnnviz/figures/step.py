"""One moment in numbers: vectors, terms of one unit, parameters."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from rnnviz.analysis.breakdown import Term, Terms
from rnnviz.analysis.formatting import number
from rnnviz.analysis.parameter_blocks import Blocks
from rnnviz.analysis.step_vectors import VectorRow
from rnnviz.analysis.training_step import Panel
from rnnviz.engine.layer_buffers import Array
from rnnviz.engine.parameters import Parameters
from rnnviz.figures.axes import axis
from rnnviz.figures.axis_limits import nice_limit
from rnnviz.figures.legends import scale_words
from rnnviz.figures.picture import Picture, Series, bar, compact, heatmap, scatter
from rnnviz.figures.shapes import PAPER, level, note, outlines
from rnnviz.figures.theme import HEIGHTS, LIGHT, Theme, picture, plain, signed_heatmap

#: Rows that always have space, so that a picture with fewer doesn't move.
_STRIPS, _BARS = 5, 20
#: The height of a row of cells, as a share of its pitch.
_CELL = 0.72
#: With more cells than this they have no numbers, with more entries no names.
_PRINTED, _NAMED = 10, 20_000
#: The widths of the margins for the labels of rows, in pixels.
_LABELS, _STRIP_LABELS = 212, 184


def operation_rows(
    rows: Sequence[VectorRow], theme: Theme = LIGHT, unit: int | None = None
) -> Picture:
    """Vectors as rows of cells, each with its scale; a line separates summands from their sum."""
    columns = max((row.cells for row in rows), key=len)
    middles = [index + _CELL / 2 for index in range(len(rows))]
    ticks = {"tickvals": middles, "ticktext": [plain(row.label, 40) for row in rows], "ticks": ""}
    sums = [index - (1 - _CELL) / 2 for index, row in enumerate(rows) if row.total]
    return picture(
        [
            _cells(rows, columns, True, theme),
            _cells(rows, columns, False, theme),
            _unit_outlines(rows, unit, theme),
        ],
        "What is combined at this moment",
        HEIGHTS["operation"],
        theme,
        xaxis=_cell_axis(columns, theme),
        yaxis=axis("", theme, range=[_STRIPS, -0.2], showgrid=False, **ticks),
        margin={"l": _STRIP_LABELS, "r": 76, "t": 40},
        shapes=[_sum_line(y, theme) for y in sums],
        annotations=[_row_scale(y, row, theme) for y, row in zip(middles, rows, strict=True)],
    )


def _cells(
    rows: Sequence[VectorRow], columns: tuple[str, ...], signed: bool, theme: Theme
) -> Series:
    """The signed or the unsigned rows as one heatmap with gaps, each relative to its own limit."""
    lines: list[list[tuple[float, str, str]]] = []
    gap = [(math.nan, "", "")] * len(columns)
    for row in rows:
        lines += [_line(row, columns) if row.signed is signed else gap, gap]
    shares, texts, hovers = ([[cell[k] for cell in line] for line in lines] for k in range(3))
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


def _line(row: VectorRow, columns: tuple[str, ...]) -> list[tuple[float, str, str]]:
    """The share of the limit, the number and the hover of every cell; empty where none is."""
    limit, label = nice_limit(row.limit), plain(row.label, 40)
    cells = {}
    for cell, value in zip(row.cells, row.values.tolist(), strict=True):
        share = min(1.0, max(-1.0, value / limit))
        cells[cell] = share, number(value), f"{label}<br>{plain(cell)}: {value!r}"
    return [cells.get(cell, (math.nan, "", "")) for cell in columns]


def _unit_outlines(rows: Sequence[VectorRow], unit: int | None, theme: Theme) -> Series:
    """The outline of one unit's cell in every row of units."""
    marked = [index for index, row in enumerate(rows) if f"unit {unit}" in row.cells]
    boxes = [(unit, index, unit + 1, index + _CELL) for index in marked if unit is not None]
    return outlines(boxes, theme.text, 2)


def _cell_axis(columns: tuple[str, ...], theme: Theme) -> dict[str, Any]:
    options = {"range": [0, len(columns)], "showgrid": False}
    if columns[0].startswith("unit "):
        return axis("unit", theme, **options)
    every, most = (1, 12) if len(columns) <= _PRINTED else (1 + len(columns) // 5, 7)
    named = range(0, len(columns), every)
    texts = [plain(columns[k], most) for k in named]
    ticks = {"tickvals": [k + 0.5 for k in named], "ticktext": texts, "tickangle": 0}
    return axis("class", theme, **options, **ticks)


def _sum_line(y: float, theme: Theme) -> dict[str, Any]:
    return level(y, theme, color=theme.text, width=1.5, dash="solid")


def _row_scale(y: float, row: VectorRow, theme: Theme) -> dict[str, Any]:
    text, font = f"{'±' if row.signed else '0…'}{nice_limit(row.limit):g}", {"color": theme.muted}
    return note(text, "left middle", xref="paper", x=1, xshift=8, y=y, font=font)


def term_bars(terms: Terms, theme: Theme = LIGHT) -> Picture:
    """The largest terms of one unit's sum, the sum of the others, and on top the total."""
    largest, rest = terms.largest(_BARS)
    rows = [Term(terms.symbol, (), terms.recorded), *largest]
    rows += [Term(rest[0], (), rest[1])] if rest else []
    limit = nice_limit(max(abs(row.value) for row in rows))
    zero = {"zeroline": True, "zerolinecolor": theme.muted}
    labels = [_row_label(row, terms) for row in rows]
    ticks = {"tickvals": list(range(len(rows))), "ticktext": labels}
    then, font = f"then {plain(terms.then, 120)}", {"color": theme.muted}
    return picture(
        [_bars(rows, rest is not None, theme), _values(rows, limit)],
        f"{plain(terms.symbol, 60)} = {number(terms.recorded)}, term by term",
        HEIGHTS["terms"],
        theme,
        xaxis=axis("value", theme, range=[-limit, limit], nticks=3, **zero),
        yaxis=axis("", theme, range=[_BARS + 1.6, -0.6], showgrid=False, **ticks),
        margin={"l": _LABELS, "r": 96, "t": 68},
        shapes=[_sum_line(0.5, theme)],
        # A second line of the title.
        annotations=[
            note(then, "left bottom", **PAPER, x=0, xshift=-_LABELS, y=1, yshift=8, font=font)
        ],
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


def _values(rows: Sequence[Term], limit: float) -> Series:
    """The values in a column beside all bars."""
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


#: Left and right of each block, as shares of the panel's width; top and bottom of b_y's row.
_BLOCKS = ((0.0, 0.27), (0.31, 0.66), (0.72, 0.76), (0.89, 1.0))
_LAST_ROW = (1.04, 1.09)


def parameter_mosaic(panels: Sequence[Panel], blocks: Blocks, theme: Theme = LIGHT) -> Picture:
    """Parameters side by side, up to three panels: W_xh, W_hh, b_h, W_hy^T over b_y.

    Each row is one unit; the last row, below W_hy^T, is b_y.
    """
    width = (1 - 0.05 * (len(panels) - 1)) / len(panels)
    series, labels, axes = [], [], {}
    for index, panel in enumerate(panels):
        start, name = index * (width + 0.05), str(index + 1) if index else ""
        series.append(_mosaic(panel, f"x{name}", blocks, theme))
        labels += _panel_labels(panel, blocks, start, width, theme)
        domain = [start, min(1.0, start + width)]
        axes[f"xaxis{name}"] = {"visible": False, "domain": domain, "range": [0, 1]}
    return picture(
        series,
        "All parameters" if blocks.token == "W_xh" else "Parameters of this part, and the readout",
        HEIGHTS["mosaic"],
        theme,
        **axes,
        yaxis={"visible": False, "range": [1.1, -0.01]},
        margin={"l": 16, "t": 92, "b": 16},
        annotations=labels,
    )


def _mosaic(panel: Panel, xaxis: str, blocks: Blocks, theme: Theme) -> Series:
    hidden, outputs = panel.values.architecture.hidden, panel.values.architecture.outputs
    counts = len(blocks.columns), hidden, len(blocks.biases), outputs
    return signed_heatmap(
        _joined(panel.values, blocks),
        nice_limit(panel.limit),
        theme,
        x=[
            edge
            for (left, right), count in zip(_BLOCKS, counts, strict=True)
            for edge in np.linspace(left, right, count + 1).tolist()
        ],
        y=[*np.linspace(0, 1, hidden + 1).tolist(), *_LAST_ROW],
        xaxis=xaxis,
        showscale=False,
        hoverongaps=False,
        **_entry_names(blocks, hidden, outputs),
    )


def _joined(values: Parameters, blocks: Blocks) -> Array:
    """The parameters in one matrix (H + 2, columns), with gaps between them."""
    token, state, biases = blocks.of(values)
    gap = np.full((len(state), 1), np.nan)
    above = np.hstack([token, gap, state, gap, biases, gap, values.W_hy.T])
    below = np.full((2, above.shape[1]), np.nan)
    below[1, -len(values.b_y) :] = values.b_y
    return np.vstack([above, below])


def _entry_names(blocks: Blocks, hidden: int, outputs: int) -> dict[str, Any]:
    """A hover with every entry's name; without it in a large network, where names take long."""
    hover = "%{z}<extra></extra>"
    if (len(blocks.columns) + hidden + outputs) * hidden > _NAMED:
        return {"hovertemplate": hover}
    names = _names(blocks, hidden, outputs)
    return {"customdata": names, "hovertemplate": "%{customdata} = " + hover}


@lru_cache(maxsize=4)
def _names(blocks: Blocks, hidden: int, outputs: int) -> list[list[str]]:
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
    below = [plain(entry("b_y", (c,)), 40) for c in range(outputs)]
    width = len(rows[0])
    return [*rows, [""] * width, [""] * (width - outputs) + below]


def _panel_labels(
    panel: Panel, blocks: Blocks, start: float, width: float, theme: Theme
) -> list[dict[str, Any]]:
    """The panel's title and scale, and above each block its name."""
    scale = scale_words("", nice_limit(panel.limit), theme).removeprefix(": ")
    title, font = f"<b>{plain(panel.title)}</b>  {scale}", {"color": theme.muted}
    labels = [note(title, "left bottom", **PAPER, x=start, y=1, yshift=24)]
    names = blocks.token, blocks.state, ", ".join(blocks.biases), "W_hyᵀ"
    for name, (left, right) in zip(names, _BLOCKS, strict=True):
        middle = start + width * (left + right) / 2
        labels.append(note(name, "center bottom", **PAPER, x=middle, y=1, font=font))
    corner = {"x": start + width * _BLOCKS[-1][0], "y": 0, "xshift": -6, "yshift": -2}
    return [*labels, note("b_y", "right bottom", **PAPER, **corner, font=font)]
