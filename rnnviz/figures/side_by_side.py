"""Two sequences, or two networks, side by side; and saliency."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import product
from typing import Any, NamedTuple

import numpy as np

from rnnviz.analysis.saliency import Saliency
from rnnviz.engine.layer_buffers import Array
from rnnviz.figures.heatmap_labels import written
from rnnviz.figures.hidden_states import STATE, View
from rnnviz.figures.picture import Picture, Series, bar, heatmap
from rnnviz.figures.theme import (
    HEIGHTS,
    LIGHT,
    NARROW,
    Theme,
    axis,
    color_bar,
    compact,
    picture,
    plain,
    signed_axis,
    whole,
    words_axis,
    words_margin,
)

#: The margin for the names of the methods, and what it leaves of a narrow plot. In pixels.
_METHODS = 128
_ROOM = NARROW - (_METHODS - 64)


class Pair(NamedTuple):
    """Something of the first and of the second, place by place: (P, ...), and what is read there.

    Where one has no such place its numbers are none. ``names`` say what the two are.
    """

    first: Array
    second: Array
    words: Sequence[str]
    names: tuple[str, str] = ("as typed", "changed")


def compared_states(pair: Pair, theme: Theme = LIGHT, view: View = STATE) -> Picture:
    """The states (P, H) of both, and the second less the first, all on one scale."""
    states = {pair.names[0]: pair.first, pair.names[1]: pair.second}
    states["difference"] = pair.second - pair.first
    limit = theme.scale.nice_limit(max(_largest(array) for array in states.values()))
    named = [[plain(word, 30) for word in pair.words]] * pair.first.shape[1]
    series = [
        heatmap(
            z=compact(array.T),
            zmin=-limit,
            zmax=limit,
            colorscale=theme.diverging,
            colorbar=color_bar(view.name) if k == 0 else None,
            showscale=False,
            hoverongaps=False,
            yaxis=f"y{k + 1}" if k else "y",
            customdata=named,
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
    known = array[np.isfinite(array)]
    return float(np.abs(known).max()) if known.size else 0.0


def _stacked(names: list[str], units: int, theme: Theme) -> dict[str, Any]:
    """An axis of units for each picture, one below the other."""
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
    """One number (P,) of both after every token: two bars side by side."""
    limit = 1.15 * theme.scale.nice_limit(max(_largest(pair.first), _largest(pair.second)))
    places = list(range(len(pair.words)))
    looks = ((pair.names[0], pair.first, theme.muted), (pair.names[1], pair.second, theme.forward))
    bars = [
        bar(
            x=places,
            y=compact(values),
            name=plain(name),
            marker={"color": color},
            hovertemplate=f"{plain(name)}: %{{y:.6g}}<extra></extra>",
        )
        for name, values, color in looks
    ]
    marks = "  ".join(
        f'<span style="color:{color}">■</span> {plain(name)}' for name, _, color in looks
    )
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
    shares = np.array([*rows.values()])
    limit = theme.scale.nice_limit(_largest(shares))
    strips = heatmap(
        z=compact(shares),
        zmin=-limit,
        zmax=limit,
        colorscale=theme.diverging,
        colorbar=color_bar("Δm"),
        hoverongaps=False,
        ygap=4,
        hovertemplate="%{y}, place %{x}: %{z:.6f}<extra></extra>",
    )
    return picture(
        [strips, *_numbers(shares, limit, theme)],
        f"What each token adds to {plain(name, 40)}",
        HEIGHTS["saliency"],
        theme,
        xaxis=words_axis(words, theme, _ROOM),
        yaxis=axis(
            "",
            theme,
            tickvals=[0, 1, 2],
            ticktext=list(rows),
            range=[2.5, -0.5],
            showgrid=False,
        ),
        margin={**words_margin(words, _ROOM), "l": _METHODS, "t": 66},
        annotations=[_completeness(saliency, theme)],
    )


def _numbers(shares: Array, limit: float, theme: Theme) -> list[Series]:
    """The shares (3, T) on their cells, with the digits that their scale has, if there is room."""
    power = math.log10(limit)
    most, least = max(0, 2 - math.ceil(power)), max(0, 1 - math.floor(power))
    pitch = _ROOM / shares.shape[1]
    for digits, size in product(range(most, least - 1, -1), (14, 12)):
        texts = [[_number(share, digits) for share in row] for row in shares]
        if size * max(_ems(text) for row in texts for text in row) + 3 <= pitch:
            return [written(texts, shares / limit, theme, size)]
    return []


def _number(value: float, digits: int) -> str:
    # The sum turns -0.0 into 0.0.
    return "" if np.isnan(value) else f"{round(value, digits) + 0.0:.{digits}f}".replace("-", "−")


def _ems(text: str) -> float:
    """How wide a number is, as a share of its size."""
    return 0.5 * len(text) - 0.25 * text.count(".")


def _completeness(saliency: Saliency, theme: Theme) -> dict[str, Any]:
    """Whether the integrated gradients sum to what they must."""
    total, wanted = float(saliency.integrated.sum()), saliency.whole - saliency.empty
    said = f"integrated: sum {total:.5g}, m(x) − m(0) = {wanted:.5g}, off by {saliency.gap:.1e}"
    place = {"xref": "paper", "x": 0, "yref": "paper", "y": 1, "showarrow": False}
    look = {"xanchor": "left", "yanchor": "bottom", "font": {"color": theme.muted, "size": 13}}
    return {"text": said.replace("-", "−"), "xshift": -124, "yshift": 4, **place, **look}
