"""Shapes: notes, legends, colours and trajectories, and a sentence instead of a picture."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from rnnviz.charts.picture import SILENT, Picture, Series, scatter, xy
from rnnviz.charts.theme import LIGHT, Theme, picture, plain, shown_token
from rnnviz.engine.layer_buffers import Array

#: Positions on an axis count from 0 to 1 over the plot.
PAPER = {"xref": "paper", "yref": "paper"}
#: A legend between the title and the plot, which then starts ``LEGEND_TOP`` pixels below the top.
LEGEND: dict[str, Any] = {
    "showlegend": True,
    "legend": {"orientation": "h", "x": 0, "xanchor": "left", "y": 1.0, "yanchor": "bottom"},
}
LEGEND_TOP = 76


class Second(NamedTuple):
    """What is drawn beside the state shown: another moment of its run, or another ``network``.

    The moment is faint, the network dashed and hollow.
    """

    values: Any
    name: str
    network: bool = False

    def styled(self, line: Series) -> Series:
        """A line, restyled to mark the second moment or network."""
        own, marker = line["line"], line.get("marker", {})
        if not self.network:
            faded = {"color": own["color"], "width": 1.5, "dash": "dashdot"}
            return {**line, "mode": "lines", "line": faded, "opacity": 0.55}
        hollow = f"{marker.get('symbol', 'circle')}-open"
        edge = {"line": {"color": own["color"], "width": 1.5}}
        marker = {**marker, "symbol": hollow, **edge}
        return {**line, "line": {**own, "dash": "dash"}, "marker": marker}


def level(y: float, theme: Theme, **line: Any) -> dict[str, Any]:
    """A horizontal line across the plot; thin, grey and dotted unless ``line`` differs."""
    style = {"color": theme.muted, "width": 1, "dash": "dot", **line}
    return {"type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": y, "y1": y, "line": style}


def upright(x: float, theme: Theme, **line: Any) -> dict[str, Any]:
    """A vertical line across the plot; grey and dotted unless ``line`` differs."""
    style = {"color": theme.muted, "width": 1.5, "dash": "dot", **line}
    return {"type": "line", "yref": "paper", "y0": 0, "y1": 1, "x0": x, "x1": x, "line": style}


def note(text: str, anchor: str, **options: Any) -> dict[str, Any]:
    """A text without an arrow; ``anchor`` is the corner of it at its position: "left top"."""
    xanchor, yanchor = anchor.split()
    return {"text": text, "showarrow": False, "xanchor": xanchor, "yanchor": yanchor, **options}


def zeros(x: Array, values: Array, bottom: float, color: str) -> list[dict[str, Any]]:
    """A 0 at the ``bottom`` of a log axis, where values (N,) are exactly zero.

    Of adjacent zeros only the first and the last have one.
    """
    zero = np.pad(values == 0, 1)
    marked = np.flatnonzero(zero[1:-1] & ~(zero[:-2] & zero[2:]))
    font = {"color": color, "size": 14, "weight": 600}
    places = {float(x[t]): None for t in marked.tolist()}
    return [note("0", "center bottom", x=at, y=bottom, yshift=4, font=font) for at in places]


def outlines(
    boxes: Sequence[tuple[float, ...]], color: str, width: float, dash: str | None = None
) -> Series:
    """Rectangles (x0, y0, x1, y1) as one line with gaps, which Plotly draws faster than shapes."""
    x = [x for x0, _, x1, _ in boxes for x in (x0, x1, x1, x0, x0, None)]
    y = [y for _, y0, _, y1 in boxes for y in (y0, y0, y1, y1, y0, None)]
    line = {"color": color, "width": width, **({"dash": dash} if dash else {})}
    return scatter(x=x, y=y, mode="lines", line=line, hoverinfo="skip")


def unit_circle(theme: Theme) -> dict[str, Any]:
    """The circle |z| = 1, on which a perturbation neither grows nor shrinks."""
    line = {"color": theme.muted, "width": 1.5, "dash": "dot"}
    return {"type": "circle", "x0": -1, "y0": -1, "x1": 1, "y1": 1, "line": line, "layer": "below"}


def color_bar(symbol: str) -> dict[str, Any]:
    """The colour scale of a heatmap, headed by the symbol of its values."""
    position = {"x": 1.0, "xpad": 8, "y": 0.5, "len": 1, "thickness": 14, "outlinewidth": 0}
    title = {"text": symbol, "font": {"size": 14}}
    return {**position, "title": title, "nticks": 5, "exponentformat": "power"}


def colored(text: str, color: str) -> str:
    """The text in a colour, as HTML for a title or an annotation."""
    return f'<span style="color:{color}">{text}</span>'


def rgb(color: str) -> Array:
    """Red, green and blue of "#rrggbb", (3,), 0..255."""
    return np.array([int(color[k : k + 2], 16) for k in (1, 3, 5)], float)


def mixed(first: str, last: str, share: float) -> str:
    """The linear mix of two colours: ``share`` 0 is the first, 1 the last."""
    parts = rgb(first) * (1 - share) + rgb(last) * share
    return "#" + "".join(f"{round(part):02x}" for part in parts)


def shades(count: int, background: str, color: str) -> list[str]:
    """Shades of a colour, from a pale first one to itself."""
    return [mixed(background, color, 0.25 + 0.75 * k / max(1, count - 1)) for k in range(count)]


def faint(color: str, opacity: float) -> str:
    """The colour with an opacity, as CSS rgba()."""
    red, green, blue = rgb(color).astype(int)
    return f"rgba({red},{green},{blue},{opacity:g})"


def ink(background: str) -> str:
    """Black or white, whichever has more contrast with the background."""
    return max("#000000", "#ffffff", key=lambda color: contrast(color, background))


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two colours, 1..21 (Web Content Accessibility Guidelines)."""
    parts = np.array([rgb(one), rgb(other)]) / 255
    linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
    low, high = sorted((linear @ [0.2126, 0.7152, 0.0722]).tolist())
    return float((high + 0.05) / (low + 0.05))


def sentence(title: str, text: str, theme: Theme = LIGHT) -> Picture:
    """A sentence instead of the picture with this title."""
    hidden = {"xaxis": {"visible": False}, "yaxis": {"visible": False}}
    escaped = plain(text, len(text))
    shown = note(escaped, "center middle", **PAPER, x=0.5, y=0.5)
    return picture([], title, 200, theme, annotations=[shown], meta={"sentence": escaped}, **hidden)


# The trajectory of the probe in a plane, and names that don't cover each other


#: Sizes of names: the first in rank, a word, all else.
LARGE, MIDDLE, SMALL = 16, 15, 13
#: At most this many shades, and words with a name; at most this many letters of a name.
_SHADES, _MOST_WORDS, _LETTERS = 24, 60, 20
#: At most this many steps of a series with a name.
MOST_STEPS = 8


class Label(NamedTuple):
    """A name at a point (2,), its size and colour."""

    place: Array
    text: str
    size: int
    color: str


def word_arrows(path: Array, words: Sequence[str], first: int, theme: Theme) -> list[Series]:
    """An arrow for each word, pale at first, and the points (T + 1, 2) from the start on.

    The page marks the words of these points, from the token ``first`` on.
    """
    count = len(path) - 1
    colors = shades(count, theme.background, theme.forward)
    parts = np.array_split(np.arange(count), min(_SHADES, max(1, count)))
    points = scatter(
        **xy(path[1:]), name="your way", mode="markers", marker={"color": colors, "size": 8},
        text=[plain(shown_token(word)) for word in words[:count]],
        hovertemplate=f"{'after “%{text}”: ' * all(words)}(%{{x}}, %{{y}})<extra></extra>",
        meta={"token": first},
        showlegend=False,
    )  # fmt: skip
    ring = {"symbol": "circle-open", "size": 9, "color": theme.text, "line": {"width": 2}}
    start = scatter(**xy(path[:1]), mode="markers", marker=ring, showlegend=False,
                    hovertemplate="at the start<extra></extra>")  # fmt: skip
    arrows, arrow = [], {"symbol": "arrow", "angleref": "previous", "size": 12}
    for part in parts:
        if len(part):
            color, steps = colors[int(part[-1])], xy(path[part[0] : part[-1] + 2])
            style = {"line": {"color": color, "width": 3}, "marker": {**arrow, "color": color}}
            arrows.append(scatter(**steps, mode="lines+markers", **style, **SILENT))
    return [*arrows, points, start]


def sparse(names: Sequence[str], most: int) -> tuple[str, ...]:
    """At most ``most`` of the names, evenly spaced back from the last; the others are empty."""
    every = -(-len(names) // most)
    return tuple(name if (len(names) - 1 - t) % every == 0 else "" for t, name in enumerate(names))


def word_labels(path: Array, words: Sequence[str], theme: Theme) -> list[Label]:
    """The words at their points, the last first, and the start; empty words are left out."""
    named = words if len(words) <= _MOST_WORDS else ()
    ends = [
        Label(at, shown_token(word), MIDDLE, theme.text)
        for at, word in zip(path[1:], named, strict=False)
        if word
    ]
    return [*reversed(ends), *(Label(at, "start", SMALL, theme.muted) for at in path[:1])]


def labels(names: Sequence[Label]) -> Series:
    """Names next to their points; if not all fit, the first ones."""
    return scatter(
        **xy(np.array([label.place for label in names]).reshape(-1, 2)),
        mode="text",
        text=[plain(label.text, _LETTERS) for label in names],
        textposition="top right",
        textfont={
            "size": [label.size for label in names],
            "color": [label.color for label in names],
            "weight": 600,
        },
        **SILENT,
        meta={"apart": True},
    )
