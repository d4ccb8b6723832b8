"""The confusion matrix: which class is taken for which."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from rnnviz.charts.axes import axis
from rnnviz.charts.picture import Picture, Series, compact, heatmap, scatter
from rnnviz.charts.shapes import ink, mixed, outlines
from rnnviz.charts.table import class_name, most
from rnnviz.charts.theme import LIGHT, Theme, picture
from rnnviz.engine.layer_buffers import Array
from rnnviz.probe.results import Confusion

#: A cell that is not empty has at least this part of its colour.
_LEAST = 0.2


class Placed(NamedTuple):
    """Answers by the number of their sequence, (P,): the classes wanted and said.

    The sequence with the number ``opened`` is marked, if there is one.
    """

    numbers: Array
    wanted: Array
    said: Array
    opened: int | None = None


def confusion_matrix(
    confusion: Confusion,
    classes: Sequence[str],
    chosen: tuple[int, int] | None = None,
    theme: Theme = LIGHT,
    placed: Placed | None = None,
) -> Picture:
    """How often each class (row) is answered with each (column); ``chosen`` is framed.

    The colour is the share of the row: right answers in the colour of the forward pass, wrong ones
    in that of the text. The page marks the cells of a sequence that is ``placed`` and pointed at.
    """
    names = [class_name(classes[c], 9) for c in confusion.classes]
    count, shades = len(names), _shades(confusion)
    ticks = {"tickvals": list(range(count)), "ticktext": names, "showgrid": False, "ticks": ""}
    slanted = {"tickangle": -40} if max(map(len, names)) * count > 40 else {}
    series = [_cells(confusion, classes, shades, theme), _counts(confusion, shades, theme)]
    place = {c: k for k, c in enumerate(confusion.classes.tolist())}
    if placed:
        series.append(_places(placed, place))
    if chosen and {*chosen} <= place.keys():
        y, x = (place[c] for c in chosen)
        series.append(outlines([(x - 0.5, y - 0.5, x + 0.5, y + 0.5)], theme.text, 2.5))
    return picture(
        series,
        most("What is taken for what", confusion),
        400,
        theme,
        xaxis=axis("said", theme, range=[-0.5, count - 0.5], **ticks, **slanted),
        yaxis=axis("wanted", theme, range=[count - 0.5, -0.5], **ticks),
        meta={"left": 32 + 7 * max(map(len, names)), "opened": placed and placed.opened},
    )


def _places(placed: Placed, place: Mapping[int, int]) -> Series:
    """Where the answers of each sequence stand; not drawn."""
    rows = zip(placed.numbers.tolist(), placed.wanted.tolist(), placed.said.tolist(), strict=True)
    cells = [(number, place[w], place[s]) for number, w, s in rows if {w, s} <= place.keys()]
    return scatter(
        x=[x for _, _, x in cells],
        y=[y for _, y, _ in cells],
        customdata=[number for number, _, _ in cells],
        mode="markers",
        visible=False,
        hoverinfo="skip",
        meta={"phrases": True},
    )


def _shades(confusion: Confusion) -> Array:
    """From -1 to 1: how dark each cell is, positive on the diagonal."""
    shares = confusion.counts / np.maximum(confusion.wanted, 1)[:, None]
    shades = np.where(confusion.counts > 0, _LEAST + (1 - _LEAST) * shares, 0)
    return np.asarray(np.where(np.eye(len(shares), dtype=bool), shades, -shades))


def _cells(confusion: Confusion, classes: Sequence[str], shades: Array, theme: Theme) -> Series:
    kinds = confusion.classes.tolist()
    texts = [
        [_told(classes, (i, j), int(n)) for j, n in zip(kinds, row, strict=True)]
        for i, row in zip(kinds, confusion.counts, strict=True)
    ]
    return heatmap(
        z=compact(shades),
        zmin=-1,
        zmax=1,
        colorscale=_colors(theme),
        showscale=False,
        xgap=2,
        ygap=2,
        text=texts,
        customdata=[[[i, j] for j in kinds] for i in kinds],
        hovertemplate="%{text}<extra></extra>",
    )


def _colors(theme: Theme) -> list[list[Any]]:
    return [[0, theme.muted], [0.5, theme.neutral], [1, theme.forward]]


def _told(classes: Sequence[str], kinds: tuple[int, int], count: int) -> str:
    wanted, said = (class_name(classes[k]) for k in kinds)
    return f"wanted {wanted}, said {said}: {count:,}"


def _counts(confusion: Confusion, shades: Array, theme: Theme) -> Series:
    rows, columns = np.nonzero(confusion.counts)
    grounds = [theme.forward if shades[cell] > 0 else theme.muted
               for cell in zip(rows, columns, strict=True)]  # fmt: skip
    strengths = np.abs(shades[rows, columns])
    colors = [ink(mixed(theme.neutral, *pair)) for pair in zip(grounds, strengths, strict=True)]
    counts = confusion.counts[rows, columns].tolist()
    return scatter(
        x=columns.astype(np.int32),
        y=rows.astype(np.int32),
        text=[f"{count:,}" for count in counts],
        mode="text",
        textfont={"color": colors, "size": 15 if len(shades) <= 6 else 12, "weight": 600},
        hoverinfo="skip",
    )
