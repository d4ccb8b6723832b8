"""Tables: rows of texts and of shares, the list of answers and the scores of the classes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from rnnviz.charts.picture import Picture, Series
from rnnviz.charts.theme import LIGHT, Theme, picture, plain, shown_token
from rnnviz.probe.results import Confusion


class TableColumn(NamedTuple):
    """A column: its heading, its cells, the colour of its text or bars, and its relative width.

    Each cell may have a colour of its own. The cells of a ``share`` are numbers from 0 to 1, which
    the page draws as bars.
    """

    name: str
    cells: Sequence[Any]
    color: str | Sequence[str]
    width: float = 1
    share: bool = False


class TableRows(NamedTuple):
    """Rows under a heading, with the number of each, by which a click names it.

    A ``long`` text continues in the next line.
    """

    name: str
    columns: Sequence[TableColumn]
    numbers: Sequence[int] = ()
    long: bool = False


def row_lists(
    title: str, sections: Sequence[TableRows], opened: int | None = None, theme: Theme = LIGHT,
    note: str = "",
) -> Picture:  # fmt: skip
    """Lists one below the other, and a note below; ``opened`` is a row's number."""
    count = len(sections)
    series = [
        {**_table(rows), "domain": {"y": [1 - (k + 1) / count, 1 - k / count]}}
        for k, rows in enumerate(sections)
    ]
    return picture(series, title, 400, theme, meta={"opened": opened, "note": note})


def class_scores(confusion: Confusion, classes: Sequence[str], theme: Theme = LIGHT) -> Picture:
    """Recall, precision, F1 and the number of rows of every class."""
    columns = [
        TableColumn("", [class_name(classes[c]) for c in confusion.classes], theme.text, 1.3),
        TableColumn("recall", _known(confusion.recall), theme.forward, 1.4, share=True),
        TableColumn("precision", _known(confusion.precision), theme.muted, 1.4, share=True),
        TableColumn(
            "F1", ["–" if np.isnan(f1) else f"{f1:.2f}" for f1 in confusion.f1], theme.text, 0.9
        ),
        TableColumn("count", [f"{n:,}" for n in confusion.targets.tolist()], theme.muted, 0.9),
    ]
    return picture([_table(TableRows("", columns))], most("Every class", confusion), 300, theme)


def class_name(name: str, letters: int = 12) -> str:
    """A class name as a label."""
    return plain(shown_token(name), letters)


def most(title: str, confusion: Confusion) -> str:
    """The title, and how many of the classes, the most frequent ones, there is room for."""
    shown = len(confusion.classes)
    return title if shown == confusion.every else f"{title}, {shown} of {confusion.every}"


def _known(shares: Any) -> list[float | None]:
    return [None if np.isnan(share) else float(share) for share in shares]


def _table(rows: TableRows) -> Series:
    columns = rows.columns
    return {
        "type": "table",
        "name": rows.name,
        "header": {"values": [column.name for column in columns], "align": "left"},
        "cells": {
            "values": [list(column.cells) for column in columns],
            "format": [".1%" if column.share else "" for column in columns],
            "font": {"color": [column.color for column in columns]},
            "align": "left",
        },
        "columnwidth": [column.width for column in columns],
        "customdata": list(rows.numbers),
        "meta": {"long": rows.long},
    }
