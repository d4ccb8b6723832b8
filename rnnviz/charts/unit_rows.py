"""Rows of units, which several pictures share: one order, one height, one row framed."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, NamedTuple

import numpy as np

from rnnviz.charts.axes import axis
from rnnviz.charts.theme import Theme
from rnnviz.engine.layer_buffers import Array
from rnnviz.probe.sequence_pass import MOST_UNITS

#: With more units only the chosen one has a label.
_MOST_LABELS = 12


class Rows(NamedTuple):
    """The units from the first row to the last, (H,), and the ``chosen`` one.

    ``parts`` (T, H) are what its line ``into`` gets at every token from each unit before; a cell
    with one such line needs no name of it.
    """

    units: Array
    chosen: int
    parts: Array | None = None
    into: str = ""

    @property
    def names(self) -> list[str]:
        """The units' numbers, as the categories of an axis."""
        return [str(unit) for unit in self.units.tolist()]


class Groups(NamedTuple):
    """The ``units`` that have a row, (U,), and the row of every unit, (H,): its own or its group's.

    One of every ``size`` has a row.
    """

    units: Array
    row: Array
    size: int

    @property
    def told(self) -> str:
        """How many units there are, and how many of them are shown."""
        units = "1 unit" if len(self.row) == 1 else f"{len(self.row)} units"
        return units if self.size == 1 else f"{units}, 1 in {self.size} is shown"


def grouped(units: Array, kept: Collection[int] = ()) -> Groups:
    """Of the units, (H,), the first of each group of neighbours, so that ``MOST_UNITS`` have a row.

    Those that are ``kept`` have a row, too.
    """
    size, places = -(-len(units) // MOST_UNITS), np.arange(len(units))
    shown = np.isin(units, list(kept)) | (places % size == 0)
    rows, row = np.cumsum(shown) - 1, np.empty(len(units), int)
    row[units] = np.where(shown, rows, rows[places // size * size])
    return Groups(units[shown], row, size)


def units_axis(rows: Rows, theme: Theme, noun: str = "unit ") -> dict[str, Any]:
    """The axis of the rows, the first at the top; ``noun`` stands before the chosen number."""
    count = len(rows.units)
    labelled = rows.names if count <= _MOST_LABELS else [str(rows.chosen)]
    texts = [f"<b>{noun}{name}</b>" if name == str(rows.chosen) else name for name in labelled]
    options = {"type": "category", "range": [count - 0.5, -0.5], "showgrid": False}
    return axis("", theme, tickvals=labelled, ticktext=texts, **options)


def units_meta(rows: Rows, **more: Any) -> dict[str, Any]:
    """What makes the rows markable on the page."""
    return {"y": "unit", "units": rows.units.tolist(), **more}


def row_frame(rows: Rows, theme: Theme) -> dict[str, Any]:
    """The frame of the chosen unit's row."""
    row = rows.units.tolist().index(rows.chosen)
    line = {"color": theme.text, "width": 1.4}
    across = {"xref": "paper", "x0": 0, "x1": 1}
    return {"type": "rect", **across, "y0": row - 0.5, "y1": row + 0.5, "line": line}
