"""Answers after every token, beside the targets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from rnnviz.engine.layer_buffers import Array
from rnnviz.figures.picture import Picture, Series, heatmap, scatter
from rnnviz.figures.theme import (
    HEIGHTS,
    LIGHT,
    Theme,
    axis,
    color_bar,
    column_font,
    compact,
    picture,
    plain,
    shown_token,
    words_axis,
    words_margin,
)

#: Of more tokens than this the answers are too small to be written.
_MOST_WRITTEN = 60


def class_strip(
    probs: Array, targets: Array, classes: Sequence[str], words: Sequence[str], theme: Theme = LIGHT
) -> Picture:
    """At every token of ``words`` what is wanted, what is answered, and how likely the wanted is.

    ``probs`` (N, C) and ``targets`` (N,) belong to the last N tokens; -1 is a target nobody knows,
    and its place stays empty. Wrong answers are bold and red.
    """
    first = len(words) - len(probs)
    said = probs.argmax(axis=1)
    right = np.where(targets < 0, np.nan, probs[np.arange(len(probs)), targets])
    places = list(range(first, len(words)))
    share = heatmap(
        x=places,
        y=[0],
        z=compact(right[None]),
        zmin=0,
        zmax=1,
        colorscale=theme.sequential,
        colorbar=color_bar("p"),
        customdata=[[_hover(classes, *pair) for pair in zip(targets, said, strict=True)]],
        hovertemplate="%{customdata}, p of the target: %{z:.4f}<extra></extra>",
    )
    return picture(
        [share, *_written(targets, said, classes, places, theme)],
        "Answer after every token, and the target",
        HEIGHTS["answers"],
        theme,
        xaxis=words_axis(words, theme),
        yaxis=axis(
            "",
            theme,
            range=[-0.6, 2.6],
            tickvals=[0, 1, 2],
            ticktext=["p", "said", "target"],
            showgrid=False,
            ticks="",
        ),
        margin=words_margin(words),
    )


def _hover(classes: Sequence[str], target: int, said: int) -> str:
    answer = f"said {plain(shown_token(classes[said]))}"
    if target < 0:
        return f"{answer}; nobody knows what is wanted"
    return f"target {plain(shown_token(classes[target]))}, {answer}"


def _written(
    targets: Array, said: Array, classes: Sequence[str], places: list[int], theme: Theme
) -> list[Series]:
    """The targets above and the answers below them: first all that is right, then what is wrong.

    Texts of one look are drawn faster together. Bold by weight: markup takes the browser longer.
    """
    if len(places) > _MOST_WRITTEN:
        return []
    name = [plain(shown_token(label), 12) for label in classes]
    wrong = (targets != said) & (targets >= 0)
    texts = [
        *((x, 2, name[c], False) for x, c in zip(places, targets, strict=True) if c >= 0),
        *((x, 1, name[c], off) for x, c, off in zip(places, said, wrong, strict=True)),
    ]
    looks: list[dict[str, Any]] = [{"color": theme.text}, {"color": theme.positive, "weight": 700}]
    font = column_font(classes, len(places))
    return [
        _texts([t[:3] for t in texts if t[3] == off], {**font, **look})
        for off, look in enumerate(looks)
    ]


def _texts(texts: list[tuple[int, int, str]], font: dict[str, Any]) -> Series:
    """Texts (x, y, text) of one look."""
    x, y, text = zip(*texts, strict=True) if texts else ((), (), ())
    return scatter(x=x, y=y, text=text, mode="text", textfont=font, hoverinfo="skip")


class Stroke(NamedTuple):
    """Values (n, C) from a token on, and how they are drawn."""

    first: int
    values: Array
    name: str
    color: str
    dash: str = "solid"


def value_lines(
    values: Array,
    targets: Array,
    channels: Sequence[str],
    words: Sequence[str],
    theme: Theme = LIGHT,
) -> Picture:
    """Of every channel the values answered, (T, C), as a line and, dotted, those wanted.

    ``targets`` (N, C) belong to the last N tokens; a single one is a dot.
    """
    said = Stroke(0, values, "said", theme.forward)
    wanted = Stroke(len(words) - len(targets), targets, "target", theme.text, "dot")
    look = "dotted" if len(targets) > 1 else "the dot at the end"
    title = f"Answer after every step, and the target ({look})"
    return _channels([said, wanted], channels, words, title, theme)


def free_run(read: Array, free: Array, channels: Sequence[str], theme: Theme = LIGHT) -> Picture:
    """Values that were read, (T, C), dotted, and how the network goes on by itself, (n, C)."""
    strokes = [
        Stroke(0, read, "read", theme.text, "dot"),
        Stroke(len(read), free, "free", theme.forward),
    ]
    words = [str(t + 1) for t in range(len(read) + len(free))]
    title = "Running free: read (dotted), then on its own answers"
    upright = {"type": "line", "yref": "paper", "y0": 0, "y1": 1}
    line = {"color": theme.muted, "width": 1.5}
    end = {**upright, "x0": len(read) - 0.5, "x1": len(read) - 0.5, "line": line}
    return _channels(strokes, channels, words, title, theme, shapes=[end])


def _channels(
    strokes: Sequence[Stroke],
    channels: Sequence[str],
    words: Sequence[str],
    title: str,
    theme: Theme,
    **layout: Any,
) -> Picture:
    """Channels one above the other, each around a line of its own."""
    every = np.concatenate([stroke.values for stroke in strokes])
    limit = theme.scale.nice_limit(float(np.abs(every).max()))
    bases = [-2.4 * limit * c for c in range(len(channels))]
    ticks = [base + level for base in bases for level in (0, limit)]
    names = [text for name in channels for text in (plain(name, 10), f"{limit:g}")]
    return picture(
        [_line(stroke, c, base, channels[c]) for c, base in enumerate(bases) for stroke in strokes],
        title,
        HEIGHTS["answers"],
        theme,
        xaxis=words_axis(words, theme),
        yaxis=axis(
            "", theme, range=[bases[-1] - 1.3 * limit, 1.3 * limit], tickvals=ticks, ticktext=names
        ),
        margin=words_margin(words),
        **layout,
    )


def _line(stroke: Stroke, c: int, base: float, channel: str) -> Series:
    """One channel of a stroke around ``base``, with exact numbers to be pointed at."""
    solid, values = stroke.dash == "solid", stroke.values[:, c]
    return scatter(
        x=list(range(stroke.first, stroke.first + len(values))),
        y=compact(values + base),
        mode="lines+markers",
        name=f"{plain(channel)}: {stroke.name}",
        line={"color": stroke.color, "width": 4 if solid else 2, "dash": stroke.dash},
        marker={"size": 8 if solid else 4},
        customdata=[f"{plain(channel)} {stroke.name}: {float(value):.4g}" for value in values],
        hovertemplate="%{customdata}<extra></extra>",
    )
