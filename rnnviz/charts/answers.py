"""Answers after every token, with the targets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from rnnviz.charts.axes import axis, column_font, words_axis, words_margin, words_picture
from rnnviz.charts.picture import Picture, Series, compact, heatmap, scatter
from rnnviz.charts.shapes import color_bar, upright
from rnnviz.charts.theme import LIGHT, Theme, picture, plain, shown_token
from rnnviz.engine.layer_buffers import Array
from rnnviz.probe.formatting import number

#: Maximum number of tokens with written answers: more would be too small. Letters on one line.
_MOST_WRITTEN, _LINE = 60, 66


def class_strip(
    probs: Array, targets: Array, classes: Sequence[str], words: Sequence[str], theme: Theme = LIGHT
) -> Picture:
    """At every token of ``words`` the target, the answer, and the probability of the target.

    ``probs`` (N, C) and ``targets`` (N,) belong to the last N tokens. A target of -1 is unknown and
    stays empty. Wrong answers are bold and red.
    """
    answers = probs.argmax(axis=1)
    positions = list(range(len(words) - len(probs), len(words)))
    target_probs = np.where(targets < 0, np.nan, probs[np.arange(len(probs)), targets])
    hover = []
    for answer, target in zip(answers, targets, strict=True):
        said = f"prediction {plain(shown_token(classes[answer]))}"
        known = f"target {plain(shown_token(classes[target]))}, {said}"
        hover.append(known if target >= 0 else f"{said}; no target is known")
    strip = heatmap(
        x=positions, y=[0], z=compact(target_probs[None]), zmin=0, zmax=1,
        colorscale=theme.sequential, colorbar=color_bar("p"), customdata=[hover],
        hovertemplate="%{customdata}, p of the target: %{z:.4f}<extra></extra>",
    )  # fmt: skip
    title = "Prediction after every step, and the target"
    ticks = {"tickvals": [0, 1, 2], "ticktext": ["p", "prediction", "target"], "ticks": ""}
    rows = axis("", theme, range=[-0.6, 2.6], **ticks, showgrid=False)
    texts = _texts(targets, answers, classes, positions, theme)
    return words_picture([strip, *texts], title, 230, words, theme, yaxis=rows)


def _texts(
    targets: Array, answers: Array, classes: Sequence[str], positions: list[int], theme: Theme
) -> list[Series]:
    """The targets above and the answers below them: one series for the right, one for the wrong.

    Texts of one style are drawn faster together. Bold is a font weight: markup is slower.
    """
    if len(positions) > _MOST_WRITTEN:
        return []
    letters = max(3, min(12, _LINE // (positions[-1] + 1)))
    names = [plain(shown_token(label), letters) for label in classes]
    rows = list(zip(positions, targets, answers, strict=True))
    wrong = [(x, 1, names[answer]) for x, target, answer in rows if 0 <= target != answer]
    right = [(x, 2, names[target]) for x, target, _ in rows if target >= 0]
    right += [(x, 1, names[answer]) for x, target, answer in rows if answer == target or target < 0]
    font = column_font(classes, len(positions))
    return [
        scatter(
            x=[x for x, _, _ in texts], y=[y for _, y, _ in texts],
            text=[text for *_, text in texts], mode="text", textfont={**font, **style},
            hoverinfo="skip",
        )
        for texts, style in (
            (right, {"color": theme.text}), (wrong, {"color": theme.positive, "weight": 700}),
        )
    ]  # fmt: skip


class _Stroke(NamedTuple):
    """Values (n, C) from the token ``first`` on, and their style."""

    first: int
    values: Array
    name: str
    color: str
    dash: str = "solid"


def value_lines(
    values: Array, targets: Array, channels: Sequence[str], words: Sequence[str],
    theme: Theme = LIGHT,
) -> Picture:  # fmt: skip
    """The outputs of every channel, (T, C), as lines, and the targets, dotted.

    ``targets`` (N, C) belong to the last N tokens; a single one is a dot.
    """
    answers = _Stroke(0, values, "output", theme.forward)
    expected = _Stroke(len(words) - len(targets), targets, "target", theme.text, "dot")
    style = "dotted" if len(targets) > 1 else "the dot at the end"
    title = f"Output after every step, and the target ({style})"
    return _channels([answers, expected], channels, words, title, theme, meta={"x": "token"})


def free_run(read: Array, free: Array, channels: Sequence[str], theme: Theme = LIGHT) -> Picture:
    """The input values, (T, C), dotted, and those that the network generates, (n, C)."""
    strokes = [
        _Stroke(0, read, "read", theme.text, "dot"),
        _Stroke(len(read), free, "free", theme.forward),
    ]
    words = [str(t + 1) for t in range(len(read) + len(free))]
    title = "Running free: read (dotted), then on its own outputs"
    end = upright(len(read) - 0.5, theme, dash="solid")
    return _channels(strokes, channels, words, title, theme, shapes=[end])


def _channels(
    strokes: Sequence[_Stroke], channels: Sequence[str], words: Sequence[str], title: str,
    theme: Theme, **layout: Any,
) -> Picture:  # fmt: skip
    """Channels one above the other, each around its own baseline."""
    values = np.concatenate([stroke.values for stroke in strokes])
    limit = theme.scale.nice_limit(float(np.abs(values).max()))
    bases = [-2.4 * limit * c for c in range(len(channels))]
    ticks = {
        "range": [bases[-1] - 1.3 * limit, 1.3 * limit],
        "tickvals": [base + value for base in bases for value in (0, limit)],
        "ticktext": [text for name in channels for text in (plain(name, 10), number(limit))],
    }
    lines = [_line(stroke, c, y, channels[c]) for c, y in enumerate(bases) for stroke in strokes]
    axes = {"xaxis": words_axis(words, theme), "yaxis": axis("", theme, **ticks)}
    return picture(lines, title, 230, theme, words_margin(words), **axes, **layout)


def _line(stroke: _Stroke, c: int, base: float, channel: str) -> Series:
    solid, values = stroke.dash == "solid", stroke.values[:, c]
    return scatter(
        x=list(range(stroke.first, stroke.first + len(values))),
        y=compact(values + base),
        mode="lines+markers",
        name=f"{plain(channel)}: {stroke.name}",
        line={"color": stroke.color, "width": 4 if solid else 2, "dash": stroke.dash},
        marker={"size": 8 if solid else 4},
        customdata=[f"{plain(channel)} {stroke.name}: {number(float(value))}" for value in values],
        hovertemplate="%{customdata}<extra></extra>",
    )
