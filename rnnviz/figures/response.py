"""Response matrix: how words change units."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from rnnviz.analysis.color_limits import typical
from rnnviz.analysis.selectivity import Response
from rnnviz.figures.axes import axis
from rnnviz.figures.legends import color_bar
from rnnviz.figures.picture import Picture, compact
from rnnviz.figures.theme import HEIGHTS, LIGHT, Theme, picture, plain, shown_token, signed_heatmap

#: Maximum number of units with a label.
_MOST_ROWS = 24


class Labels(NamedTuple):
    """The names of what changes and of what changes it, and the title of the rows."""

    name: str = "h"
    noun: str = "word"
    rows: str = "unit, similar ones together"


LABELS = Labels()


def response_matrix(
    response: Response,
    chosen: int | None = None,
    labels: Labels = LABELS,
    theme: Theme = LIGHT,
) -> Picture:
    """The mean change of every unit (row) by every word (column); similar words are neighbours.

    The row of the ``chosen`` unit is framed.
    """
    units = response.units.tolist()
    words = [plain(shown_token(word), 12) for word in response.words]
    rows = range(0, len(units), 1 + len(units) // _MOST_ROWS)
    cells = signed_heatmap(
        compact(response.means[units]),
        theme.scale.nice_limit(typical(response.means)),
        theme,
        colorbar=color_bar(f"Δ{labels.name}"),
        customdata=_cell_names(response, units),
        hovertemplate="%{customdata}: mean Δ" + labels.name + " = %{z:.6f}<extra></extra>",
    )
    below = _ticks(range(len(words)), words, range=[-0.5, len(words) - 0.5])
    beside = _ticks(rows, [str(units[row]) for row in rows], range=[len(units) - 0.5, -0.5])
    return picture(
        [cells],
        f"What a {labels.noun} changes in a unit: mean Δ{labels.name}",
        HEIGHTS["response"],
        theme,
        xaxis=axis("", theme, **below, tickangle=-50),
        yaxis=axis(labels.rows, theme, **beside),
        margin={"r": 76, "t": 40, "b": 84},
        shapes=_frame(units, chosen, theme),
    )


def _ticks(positions: Sequence[int], texts: list[str], **options: Any) -> dict[str, Any]:
    ticks = {"tickmode": "array", "tickvals": list(positions), "ticktext": texts}
    return {**ticks, "showgrid": False, **options}


def _cell_names(response: Response, units: list[int]) -> list[list[str]]:
    """The unit and the word of every cell, and the number of occurrences in its mean."""
    columns = [
        f"“{plain(shown_token(word))}” ({count} times)"
        for word, count in zip(response.words, response.counts.tolist(), strict=True)
    ]
    return [[f"unit {unit}, {column}" for column in columns] for unit in units]


def _frame(units: list[int], chosen: int | None, theme: Theme) -> list[dict[str, Any]]:
    if chosen not in units:
        return []
    row, line = units.index(chosen), {"color": theme.text, "width": 2}
    corners = {"x0": 0, "x1": 1, "y0": row - 0.5, "y1": row + 0.5}
    return [{"type": "rect", "xref": "paper", **corners, "line": line}]
