"""What a linear probe reads from the states, place by place."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from rnnviz.charts.axes import axis
from rnnviz.charts.picture import Picture, Series, compact, scatter
from rnnviz.charts.shapes import LEGEND, LEGEND_TOP, Second, mixed
from rnnviz.charts.theme import LIGHT, Theme, picture, plain
from rnnviz.engine.layer_buffers import Array
from rnnviz.questions.linear_probe.measure import SHUFFLES, ProbeScores

#: The lowest R² drawn.
_LOWEST = -0.5


def readability_lines(
    found: Mapping[str, ProbeScores], title: str, places: str, back: bool = False,
    theme: Theme = LIGHT, *, second: Second | None = None,
) -> Picture:  # fmt: skip
    """The scores of one question at every place, by name: at several epochs, for example.

    The last one is a thick line with the 95% intervals of an accuracy, over the band of its scores
    with shuffled labels. ``places`` is the title of the axis, which counts down with ``back``. The
    scores of a ``second`` network are dashed.
    """
    *_, shown = found.values()
    score = "R²" if shown.values else "accuracy"
    guess = {"color": theme.muted, "dash": "dash", "width": 2}
    lines = []
    for k, (name, one) in enumerate(found.items()):
        color = mixed(theme.background, theme.train, 0.3 + 0.7 * (k + 1) / len(found))
        style = {"color": color, "width": 4 if one is shown else 2}
        lines.append(_line(name, one, one.scores, style, score))
    if not shown.values:
        lines[-1] |= _interval([*found][-1], shown, theme)
    if second:
        style = {"color": theme.train, "width": 4}
        other = _line(second.name, second.values, second.values.scores, style, score)
        lines.append(second.styled(other))
    every = [*found.values(), *([second.values] if second else [])]
    known = np.concatenate([one.places[np.isfinite(one.scores)] for one in every])
    low, high = (known.min(), known.max()) if len(known) else (0, 0)
    span = [low - 0.5, high + 0.5]
    measured = np.isfinite(shown.scores)
    x, shuffled = shown.places[measured].astype(np.int32), shown.shuffled[measured]
    common = {"x": x, "mode": "lines", "line": {"width": 0}, "hoverinfo": "skip"}
    filled = {"fill": "tonexty", "fillcolor": theme.grid, "name": f"{SHUFFLES} shuffles"}
    band = [scatter(y=compact(shuffled.min(axis=1)), showlegend=False, **common),
            scatter(y=compact(shuffled.max(axis=1)), **filled, **common)]  # fmt: skip
    series = [*band, _line("guess", shown, shown.guess, guess, score), *lines]
    xaxis = axis(places, theme, showgrid=False, range=span[::-1] if back else span)
    yaxis = axis(score, theme, range=[_LOWEST if shown.values else 0, 1.05])
    layout = {"xaxis": xaxis, "yaxis": yaxis, **LEGEND}
    return picture(series, plain(title, 60), 440, theme, {"t": LEGEND_TOP}, **layout)


def _line(name: str, of: ProbeScores, y: Array, line: dict[str, Any], score: str) -> Series:
    hover = f"{name}, at %{{x}}: {score} %{{y:.3f}} (%{{customdata}} beginnings)<extra></extra>"
    return scatter(
        x=of.places.astype(np.int32), y=compact(y), customdata=of.counts.astype(np.int32),
        name=name, mode="lines+markers", marker={"size": 2 * line["width"]}, line=line,
        hovertemplate=hover,
    )  # fmt: skip


def _interval(name: str, shown: ProbeScores, theme: Theme) -> Series:
    """The 95% intervals as bars, and in the hover text of the line of this name."""
    low, high = shown.intervals.T
    bars = {"type": "data", "array": high - shown.scores, "arrayminus": shown.scores - low}
    told = [
        [count, f"{one:.1%}", f"{other:.1%}"]
        for count, (one, other) in zip(shown.counts.tolist(), shown.intervals.tolist(), strict=True)
    ]
    style = {"color": theme.muted, "thickness": 1.5, "width": 4}
    hover = f"{name}, at %{{x}}: accuracy %{{y:.3f}}<br>95% from %{{customdata[1]}} to "
    hover += "%{customdata[2]}<br>%{customdata[0]} beginnings<extra></extra>"
    return {"error_y": {**bars, **style}, "customdata": told, "hovertemplate": hover}
