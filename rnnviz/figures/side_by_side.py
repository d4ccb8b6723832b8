"""Two sequences, or two networks, side by side; and saliency."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import product
from typing import Any, NamedTuple

import numpy as np

from rnnviz.analysis.saliency import INCOMPLETE, Saliency
from rnnviz.engine.layer_buffers import Array
from rnnviz.figures.axes import NARROW, axis, signed_axis, whole, words_axis, words_margin
from rnnviz.figures.heatmap_labels import cell_texts
from rnnviz.figures.hidden_states import STATE, View
from rnnviz.figures.legends import color_bar, colored
from rnnviz.figures.picture import Picture, Series, bar, compact
from rnnviz.figures.shapes import PAPER, note
from rnnviz.figures.theme import HEIGHTS, LIGHT, Theme, picture, plain, signed_heatmap

#: The margin for the names of the methods, and the width of a narrow plot beside it, in pixels.
_METHODS = 128
_WIDTH = NARROW - (_METHODS - 64)


class Pair(NamedTuple):
    """Values of the first and the second, aligned: (P, ...), and the words there.

    NaN where one of them has no token. ``names`` are the names of the two.
    """

    first: Array
    second: Array
    words: Sequence[str]
    names: tuple[str, str] = ("as typed", "changed")


def compared_states(pair: Pair, theme: Theme = LIGHT, view: View = STATE) -> Picture:
    """The states (P, H) of both, and the second minus the first, all on one scale."""
    states = dict(zip(pair.names, (pair.first, pair.second), strict=True))
    states["difference"] = pair.second - pair.first
    limit = theme.scale.nice_limit(max(_largest(array) for array in states.values()))
    words = [[plain(word, 30) for word in pair.words]] * pair.first.shape[1]
    series = [
        signed_heatmap(
            compact(array.T),
            limit,
            theme,
            colorbar=color_bar(view.name) if k == 0 else None,
            showscale=False,
            hoverongaps=False,
            yaxis=f"y{k + 1}" if k else "y",
            customdata=words,
            hovertemplate=f"{name}, unit %{{y}} after “%{{customdata}}”: "
            f"{view.name} = %{{z:.6f}}<extra></extra>",
        )
        for k, (name, array) in enumerate(states.items())
    ]
    return picture(
        series,
        view.title,
        HEIGHTS["compared"],
        theme,
        margin=words_margin(pair.words),
        xaxis={**words_axis(pair.words, theme), "anchor": "y3"},
        **_stacked([*states], pair.first.shape[1], theme),
    )


def _largest(array: Array) -> float:
    return float(np.abs(array[np.isfinite(array)]).max(initial=0.0))


def _stacked(names: list[str], units: int, theme: Theme) -> dict[str, Any]:
    """An axis of units for each heatmap, from top to bottom."""
    height = 1 / len(names)
    return {
        f"yaxis{k + 1 if k else ''}": axis(
            f"unit, {plain(name)}",
            theme,
            domain=[1 - (k + 1) * height + 0.03, 1 - k * height - (0.01 if k else 0)],
            autorange="reversed",
            showgrid=False,
            **{"nticks": 4, **whole(units)},
        )
        for k, name in enumerate(names)
    }


def compared_margins(pair: Pair, label: str, theme: Theme = LIGHT, unit: str = "logits") -> Picture:
    """One number (P,) of both after every token, as two bars side by side."""
    limit = 1.15 * theme.scale.nice_limit(max(_largest(pair.first), _largest(pair.second)))
    first, second = map(plain, pair.names)
    styles = ((first, pair.first, theme.muted), (second, pair.second, theme.forward))
    bars = [
        bar(
            x=list(range(len(pair.words))),
            y=compact(values),
            name=name,
            marker={"color": color},
            hovertemplate=f"{name}: %{{y:.6g}}<extra></extra>",
        )
        for name, values, color in styles
    ]
    marks = "  ".join(f"{colored('■', color)} {name}" for name, _, color in styles)
    return picture(
        bars,
        f"{plain(label, 48)}   {marks}",
        HEIGHTS["margins"],
        theme,
        xaxis=words_axis(pair.words, theme),
        yaxis=signed_axis(f"{'margin ' if unit == 'logits' else ''}({unit})", limit, theme),
        margin=words_margin(pair.words),
        bargap=0.25,
    )


def saliency_strips(
    saliency: Saliency, words: Sequence[str], name: str, theme: Theme = LIGHT
) -> Picture:
    """What every token adds to ``name``, by three methods (rows): red for it, blue against it."""
    rows = {
        "gradient × input": saliency.gradient_input,
        "occlusion": saliency.occlusion,
        "integrated": saliency.integrated,
    }
    contributions = np.array([*rows.values()])
    limit = theme.scale.nice_limit(_largest(contributions))
    strips = signed_heatmap(
        compact(contributions),
        limit,
        theme,
        colorbar=color_bar("Δm"),
        hoverongaps=False,
        ygap=4,
        hovertemplate="%{y}, place %{x}: %{z:.6f}<extra></extra>",
    )
    ticks = {"tickvals": [0, 1, 2], "ticktext": list(rows), "range": [2.5, -0.5]}
    return picture(
        [strips, *_numbers(contributions, limit, theme)],
        f"What each token adds to {plain(name, 40)}",
        HEIGHTS["saliency"],
        theme,
        xaxis=words_axis(words, theme, _WIDTH),
        yaxis=axis("", theme, **ticks, showgrid=False),
        margin={**words_margin(words, _WIDTH), "l": _METHODS, "t": 66},
        annotations=[_completeness(saliency, theme)],
    )


def _numbers(values: Array, limit: float, theme: Theme) -> list[Series]:
    """The values (3, T) on their cells, with the digits of their scale, if they fit."""
    power = math.log10(limit)
    most, least = max(0, 2 - math.ceil(power)), max(0, 1 - math.floor(power))
    pitch = _WIDTH / values.shape[1]
    for digits, size in product(range(most, least - 1, -1), (14, 12)):
        texts = [[_number(value, digits) for value in row] for row in values]
        if size * max(_ems(text) for row in texts for text in row) + 3 <= pitch:
            return [cell_texts(texts, values / limit, theme, size)]
    return []


def _number(value: float, digits: int) -> str:
    # The sum turns -0.0 into 0.0.
    return "" if np.isnan(value) else f"{round(value, digits) + 0.0:.{digits}f}".replace("-", "−")


def _ems(text: str) -> float:
    """The width of a number in ems."""
    return 0.5 * len(text) - 0.25 * text.count(".")


def _completeness(saliency: Saliency, theme: Theme) -> dict[str, Any]:
    """The sum of the integrated gradients, and what it must be."""
    total, expected = float(saliency.integrated.sum()), saliency.whole - saliency.empty
    text = f"integrated: sum {total:.5g}, m(x) − m(0) = {expected:.5g}, off by {saliency.gap:.1e}"
    if math.isnan(total):
        text = f"integrated: not drawn, the sum is off by more than {INCOMPLETE:.0%}"
    position = {**PAPER, "x": 0, "xshift": -124, "y": 1, "yshift": 4}
    font = {"color": theme.muted, "size": 13}
    return note(text.replace("-", "−"), "left bottom", **position, font=font)
