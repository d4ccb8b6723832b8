"""Response matrix: what words do to units."""

from __future__ import annotations

from typing import Any, NamedTuple

from rnnviz.analysis.color_limits import typical
from rnnviz.analysis.selectivity import Response
from rnnviz.figures.picture import Picture, heatmap
from rnnviz.figures.theme import (
    HEIGHTS,
    LIGHT,
    Theme,
    axis,
    color_bar,
    compact,
    picture,
    plain,
    shown_token,
)

#: The most units whose numbers are written.
_MOST_ROWS = 24


class Labels(NamedTuple):
    """What changes, by what, and what the rows are, in which order."""

    name: str = "h"
    noun: str = "word"
    rows: str = "unit, alike ones together"


LABELS = Labels()


def response_matrix(
    response: Response,
    chosen: int | None = None,
    labels: Labels = LABELS,
    theme: Theme = LIGHT,
) -> Picture:
    """The mean change of every unit (row) by every word (column); alike words are neighbours.

    ``chosen`` is the unit that is looked at: a frame is around its row.
    """
    units = response.units.tolist()
    limit = theme.scale.nice_limit(typical(response.means))
    cells = heatmap(
        z=compact(response.means[units]),
        zmin=-limit,
        zmax=limit,
        colorscale=theme.diverging,
        colorbar=color_bar(f"Δ{labels.name}"),
        customdata=_names(response, units),
        hovertemplate="%{customdata}: mean Δ" + labels.name + " = %{z:.6f}<extra></extra>",
    )  # fmt: skip
    return picture(
        [cells],
        f"What a {labels.noun} changes in a unit: mean Δ{labels.name}",
        HEIGHTS["response"],
        theme,
        xaxis=_words(response, theme),
        yaxis=_units(units, labels.rows, theme),
        margin={"l": 64, "r": 76, "t": 40, "b": 84},
        shapes=_frame(units, chosen, theme),
    )


def _names(response: Response, units: list[int]) -> list[list[str]]:
    """What every cell stands for, and over how many places its mean is taken."""
    columns = [
        f"“{plain(shown_token(word))}” ({count} times)"
        for word, count in zip(response.words, response.counts.tolist(), strict=True)
    ]
    return [[f"unit {unit}, {column}" for column in columns] for unit in units]


def _words(response: Response, theme: Theme) -> dict[str, Any]:
    names = [plain(shown_token(word), 12) for word in response.words]
    return axis(
        "", theme, tickmode="array", tickvals=list(range(len(names))), ticktext=names,
        range=[-0.5, len(names) - 0.5], showgrid=False, tickangle=-50,
    )  # fmt: skip


def _units(units: list[int], title: str, theme: Theme) -> dict[str, Any]:
    places = range(0, len(units), 1 + len(units) // _MOST_ROWS)
    return axis(
        title, theme, tickmode="array", tickvals=list(places),
        ticktext=[str(units[place]) for place in places], range=[len(units) - 0.5, -0.5],
        showgrid=False,
    )  # fmt: skip


def _frame(units: list[int], chosen: int | None, theme: Theme) -> list[dict[str, Any]]:
    if chosen not in units:
        return []
    row = units.index(chosen)
    line = {"color": theme.text, "width": 2}
    return [
        {"type": "rect", "xref": "paper", "x0": 0, "x1": 1, "y0": row - 0.5, "y1": row + 0.5,
         "line": line},
    ]  # fmt: skip
