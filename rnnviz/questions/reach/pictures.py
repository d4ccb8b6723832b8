"""How far back the gradient reaches: of one phrase, and of all training sequences."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from rnnviz.charts.axes import log_axis, words_axis, words_margin
from rnnviz.charts.gradients import SYMBOL
from rnnviz.charts.picture import Picture, Series, exact, scatter
from rnnviz.charts.shapes import LEGEND, LEGEND_TOP, faint, level, note, zeros
from rnnviz.charts.theme import HEIGHTS, LIGHT, Theme, picture
from rnnviz.engine.layer_buffers import Array
from rnnviz.probe.formatting import number
from rnnviz.probe.gradient_over_lag import LagProfile
from rnnviz.probe.gradients import Flow

#: Decades that the axis has below the rounding error, for its label.
_BELOW = 2
#: A half-life of so many tokens is not told from infinity.
FOREVER = 1000


class Told(NamedTuple):
    """What the phrase and a sequence of the set are called; and the norms (T,) of the phrase at a
    ``second`` moment, as "epoch 3", if there is one.
    """

    phrase: str = "phrase"
    sequence: str = "training phrase"
    norms: Array | None = None
    second: str = ""


TOLD = Told()


def reach_curve(
    flow: Flow,
    profile: LagProfile,
    words: Sequence[str],
    theme: Theme = LIGHT,
    told: Told = TOLD,
) -> Picture:
    """||dL/dh_t|| at every word of a phrase, and of a set's sequences as far from their end.

    The phrase's gradient at the second epoch is faint.

    The gradient goes left, back in time. Below the rounding error it changes no sum.
    """
    # After its last answer a phrase has no gradient.
    norms = np.trim_zeros(flow.norms, "b") if flow.norms.any() else flow.norms
    span = theme.scale.decades(_sizes(norms, profile))
    floor = 10.0 ** span[0]
    return picture(
        [
            *_band(profile, len(norms) - 1, told, theme, floor),
            *_second(told, len(norms), theme, floor),
            _phrase(norms, f"this {told.phrase}", theme, floor),
        ],
        f"Gradient of the {flow.objective}, ||{SYMBOL[flow.objective]}_t|| (L2)",
        HEIGHTS["over_lag"],
        theme,
        xaxis=words_axis(words, theme),
        yaxis=log_axis("", theme, span),
        shapes=_rounding(profile, span, theme),
        annotations=_notes(norms, profile, span, theme),
        margin={**words_margin(words), "t": LEGEND_TOP},
        meta={"x": "token", "columns": _columns(profile, len(norms), told.sequence)},
        **LEGEND,
    )


def _columns(profile: LagProfile, count: int, sequence: str) -> list[tuple[str, list[float]]]:
    """The lags of the places, and what the band is drawn from, for the table of the numbers."""
    of = f"of up to {profile.sequences:,} {sequence}s"
    rows = {"lag of the place": np.arange(count)[::-1]}
    rows |= {"lag of the band": np.arange(len(profile.median)), f"10% {of}": profile.low}
    rows |= {f"median {of}": profile.median, f"90% {of}": profile.high}
    return [(name, values.tolist()) for name, values in rows.items()]


def _lags(profile: LagProfile, last: int) -> Array:
    """The lags of the profile by word: the ``last`` one has lag 0; it may be shorter."""
    return np.arange(min(last + 1, len(profile.median)))[::-1]


def _sizes(norms: Array, profile: LagProfile) -> list[float]:
    """What the axis spans: all sizes, 1, and the rounding error with its label."""
    lags = _lags(profile, len(norms) - 1)
    measured = [*norms, *profile.low[lags], *profile.high[lags], 1.0]
    return [float(v) for v in measured] + [_least(profile) * 10.0**-_BELOW]


def _least(profile: LagProfile) -> float:
    """The rounding error, at least the smallest number that can be drawn."""
    return max(profile.rounding, profile.floor)


def _second(told: Told, count: int, theme: Theme, floor: float) -> Iterator[Series]:
    if told.norms is None:
        return
    norms = told.norms[:count]
    yield scatter(
        x=list(range(len(norms))),
        y=np.maximum(norms, floor),
        name=f"at {told.second}",
        mode="lines",
        line={"color": theme.magnitude, "width": 1.5, "dash": "dashdot"},
        opacity=0.55,
        customdata=exact(norms),
        hovertemplate=f"at {told.second}: %{{customdata}}<extra></extra>",
    )


def _band(profile: LagProfile, last: int, told: Told, theme: Theme, floor: float) -> list[Series]:
    """The middle 80% of the sequences, the line fitted to their median, the bound."""
    lags = _lags(profile, last)
    places = last - lags
    edge = {"x": places, "mode": "lines", "line": {"width": 0}, "hoverinfo": "skip"}
    fill = {"fill": "tonexty", "fillcolor": faint(theme.magnitude, 0.18)}
    series = [
        scatter(y=np.maximum(profile.low[lags], floor), name="", showlegend=False, **edge),
        scatter(
            y=np.maximum(profile.high[lags], floor),
            name=f"80% of {profile.sequences:,} {told.sequence}s",
            **fill,
            **edge,
        ),
    ]
    if not math.isnan(profile.slope):
        dashed = {"color": theme.text, "width": 1.5, "dash": "dash"}
        fit = f"band's fit, half-life {half_life_text(profile)}"
        series.append(_line(profile.fitted[lags], places, lags, (fit, dashed), floor))
    if profile.bound is not None:
        dotted = {"color": theme.muted, "width": 1.5, "dash": "dot"}
        # Beside the name of a second moment its own has no room.
        bound = _line(profile.bound[lags], places, lags, ("bound", dotted), floor)
        series.append({**bound, "showlegend": not told.second})
    return series


def half_life_text(profile: LagProfile) -> str:
    """The half-life in tokens with its 95% interval, or that nothing is known of it."""
    low, high = profile.interval
    if low == 0 or math.isnan(profile.half_life):
        return "unknown from so few"
    return f"{life_text(profile.half_life)} (95%: {life_text(low)} to {life_text(high)})"


def life_text(tokens: float) -> str:
    """A half-life in tokens."""
    return "∞" if tokens >= FOREVER else f"{tokens:.2g}" if tokens < 99.5 else f"{tokens:.0f}"


def _line(
    values: Array, places: Array, lags: Array, style: tuple[str, dict[str, Any]], floor: float
) -> Series:
    name, line = style
    return scatter(
        x=places,
        y=np.maximum(values, floor),
        name=name,
        mode="lines",
        line=line,
        customdata=list(zip(lags.tolist(), exact(values), strict=True)),
        hovertemplate=f"{name}, %{{customdata[0]}} back: %{{customdata[1]}}<extra></extra>",
    )


def _phrase(norms: Array, name: str, theme: Theme, floor: float) -> Series:
    last = len(norms) - 1
    backs = [str(last - t) for t in range(last + 1)]
    return scatter(
        x=np.arange(last + 1, dtype=np.int32),
        y=np.maximum(norms, floor),
        name=name,
        mode="lines+markers",
        line={"color": theme.magnitude, "width": 3},
        marker={"size": 9, "color": theme.magnitude, "symbol": "triangle-left"},
        customdata=list(zip(backs, exact(norms), strict=True)),
        hovertemplate="%{customdata[0]} back: %{customdata[1]}<extra></extra>",
    )


def _rounding(profile: LagProfile, span: Sequence[float], theme: Theme) -> list[dict[str, Any]]:
    """The region in which a number is too small to change the sum."""
    region = {"type": "rect", "xref": "paper", "x0": 0, "x1": 1, "line": {"width": 0}}
    region |= {"y0": 10.0 ** span[0], "y1": _least(profile), "layer": "below"}
    shade = {"fillcolor": faint(theme.text, 0.06)}
    return [region | shade, level(_least(profile), theme, dash="solid"), level(1, theme)]


def _notes(
    norms: Array, profile: LagProfile, span: Sequence[float], theme: Theme
) -> list[dict[str, Any]]:
    """The sizes at both ends of the phrase, and the name of the region below the rounding error."""
    last = len(norms) - 1
    place = {"xref": "paper", "x": 0.99, "y": math.log10(_least(profile)), "yshift": -3}
    rounding = f"lost in rounding ({profile.dtype.name})"
    ends = [
        _end(t, norms, span, theme) for t in sorted({0, last}) if norms[t] and norms[t] < np.inf
    ]
    empty = zeros(np.arange(last + 1), norms, span[0], theme.magnitude)
    return [note(rounding, "right top", **place, font={"color": theme.muted}), *ends, *empty]


def _end(t: int, norms: Array, span: Sequence[float], theme: Theme) -> dict[str, Any]:
    """The size at an end: right of the last point, and below the first, or above if it is low.

    No line goes through it, and it doesn't stand on the axis.
    """
    height = math.log10(max(float(norms[t]), 10.0 ** span[0]))
    low = height < span[0] + 0.25 * (span[1] - span[0])
    anchor, shift = ("left bottom", 9) if low else ("left top", -9)
    font = {"color": theme.magnitude, "size": 14, "weight": 600}
    style = {"x": t, "y": height, "font": font, "bgcolor": theme.background}
    if t == len(norms) - 1:
        return note(number(float(norms[t]), 2), "left middle", xshift=10, **style)
    return note(number(float(norms[t]), 2), anchor, xshift=-5, yshift=shift, **style)
