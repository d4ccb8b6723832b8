"""Pictures of how far back the gradient reaches."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from rnnviz.charts.axes import axis, log_axis, whole, words_axis, words_margin
from rnnviz.charts.gradients import SYMBOL, color_span, power_ticks
from rnnviz.charts.picture import Picture, Series, compact, exact, heatmap, scatter, xy
from rnnviz.charts.shapes import (
    LEGEND,
    LEGEND_TOP,
    PAPER,
    color_bar,
    faint,
    level,
    note,
    sentence,
    unit_circle,
    upright,
    zeros,
)
from rnnviz.charts.theme import HEIGHTS, LIGHT, Theme, picture, plain, shown_token
from rnnviz.engine.layer_buffers import Array
from rnnviz.probe.formatting import number
from rnnviz.probe.gradient_over_lag import LagProfile
from rnnviz.probe.gradients import Connectivity, Flow
from rnnviz.probe.jacobians import Products, StateSpectra
from rnnviz.questions.reach.measure import LengthProfile

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


# Eigenvalues in the complex plane, and the Lyapunov exponents of a sequence


#: The axis ends here: what shrinks e-fold twenty times per token is gone.
_LOWEST = -20.0
#: The small planes of single tokens end here.
_EDGE = 1.4
#: The opacity of what is later than the epoch shown.
_LATER = 0.2
_VALUE = "%{customdata[0]} + %{customdata[1]} i<extra></extra>"


#: What stands in the place of eigenvalues.
NO_WEIGHTS = "In this cell no matrix leads from state to state: each unit keeps its own."


class Trail(NamedTuple):
    """The largest eigenvalues (N, k) at some epochs (N,), and the epoch that is ``shown``.

    ``unit`` is what they are called.
    """

    eigenvalues: Array
    epochs: Array
    shown: int | None = None
    unit: str = "epoch"


def weight_spectrum(
    eigenvalues: Array, trail: Trail, theme: Theme = LIGHT, weights: str = "W_hh"
) -> Picture:
    """The eigenvalues (H,) of the recurrent weights, and the largest at other epochs.

    Those of epochs later than the one shown are faint.
    """
    if not eigenvalues.size:
        return sentence("Eigenvalues", NO_WEIGHTS, theme)
    numbers = np.repeat(trail.epochs, trail.eigenvalues.size // max(1, len(trail.epochs)))
    past = _points(trail.eigenvalues, numbers, theme, trail.unit)
    if trail.shown is not None:
        past["marker"]["opacity"] = np.where(numbers > trail.shown, _LATER, 1.0).tolist()
    past.update(text=past["marker"]["color"], hovertemplate=f"{trail.unit} %{{text}}: {_VALUE}")
    line = {"color": theme.text, "width": 1.5}
    now = scatter(
        **xy(_parts(eigenvalues)),
        customdata=_parts(eigenvalues),
        mode="markers",
        marker={"size": 7, "color": "rgba(0,0,0,0)", "line": line},
        hovertemplate="shown: " + _VALUE,
    )
    largest = max([1.0, *np.abs(eigenvalues), *np.abs(trail.eigenvalues).ravel()])
    return _plane([past, now], weights, largest, theme)


def state_spectrum(
    spectra: StateSpectra, words: Sequence[str], bridge: int = 0, theme: Theme = LIGHT
) -> Picture:
    """The eigenvalues of the Jacobian at some tokens of a sequence, a unit circle in each column.

    ``words`` of a decoder begin at ``bridge``. Below is the largest absolute value.
    """
    sizes = np.abs(spectra.eigenvalues)
    tokens = spectra.tokens + bridge
    width = 0.9 * float(np.diff(tokens).min()) if len(tokens) > 1 else 1.0
    axes: dict[str, Any] = {}
    for k, t in enumerate(tokens.tolist(), 2):
        axes |= _circle_axes(k, (t + 0.5) / len(words), width / len(words))
    circles = [
        unit_circle(theme) | {"xref": f"x{k + 2}", "yref": f"y{k + 2}"} for k in range(len(tokens))
    ]
    return picture(
        [*_circles(spectra.eigenvalues, theme), _largest(tokens, sizes.max(axis=1), theme)],
        "One step: eigenvalues of the Jacobian, and the largest",
        HEIGHTS["margins"],
        theme,
        xaxis=words_axis(words, theme),
        yaxis={"range": [0, 1], "visible": False},
        shapes=circles,
        margin=words_margin(words),
        meta={"x": "token"},
        **axes,
    )


def _circle_axes(number: int, middle: float, width: float) -> dict[str, Any]:
    """The two axes of one token's plane, around ``middle`` of the figure from 0 to 1."""
    hidden = {"visible": False, "range": [-_EDGE, _EDGE], "constrain": "domain"}
    left, right = max(0.0, middle - width / 2), min(1.0, middle + width / 2)
    return {
        f"xaxis{number}": {**hidden, "domain": [left, right], "anchor": f"y{number}"},
        f"yaxis{number}": {
            **hidden, "domain": [0.2, 1.0], "anchor": f"x{number}", "scaleanchor": f"x{number}",
        },
    }  # fmt: skip


def _circles(eigenvalues: Array, theme: Theme) -> Iterator[Series]:
    for k, values in enumerate(eigenvalues, 2):
        # Those far outside are drawn at the edge, in their direction.
        inside = values * np.minimum(1, _EDGE / np.maximum(np.abs(values), 1))
        yield scatter(
            **xy(_parts(inside)),
            xaxis=f"x{k}",
            yaxis=f"y{k}",
            customdata=_parts(values),
            mode="markers",
            marker={"size": 4.5, "color": theme.magnitude, "opacity": 0.75},
            hovertemplate=_VALUE,
        )


def _largest(tokens: Array, sizes: Array, theme: Theme) -> Series:
    return scatter(
        x=tokens.astype(np.int32),
        y=[0.08] * len(tokens),
        mode="text",
        text=[number(size, 2) for size in sizes],
        textfont={"color": theme.magnitude},
        customdata=exact(sizes),
        hovertemplate="largest: %{customdata}<extra></extra>",
    )


def _parts(values: Array) -> Array:
    """Real and imaginary parts, (N, 2)."""
    return np.stack([values.real, values.imag], axis=-1)


def _points(values: Array, numbers: Array, theme: Theme, heading: str) -> Series:
    """Complex values, coloured from the first of their numbers to the last."""
    parts = _parts(values.ravel())
    low, high = (int(numbers.min()), int(numbers.max())) if numbers.size else (0, 0)
    return scatter(
        **xy(parts),
        customdata=parts,
        mode="markers",
        marker={
            "size": 6,
            "color": numbers.astype(np.int32),
            "colorscale": [[0, theme.grid], [1, theme.magnitude]],
            "cmin": low,
            "cmax": max(high, low + 1),
            "colorbar": {**color_bar(heading), **whole(high - low)},
            "showscale": True,
        },
    )


def _plane(series: list[Series], weights: str, largest: float, theme: Theme) -> Picture:
    end = 1.1 * theme.scale.tenths(-largest, largest)[1]
    limits: dict[str, Any] = {"range": [-end, end], "constrain": "domain"}
    return picture(
        series,
        "Eigenvalues",
        HEIGHTS["plane"],
        theme,
        shapes=[unit_circle(theme)],
        xaxis=axis(f"{weights}: real part", theme, **limits),
        yaxis=axis("imaginary part", theme, **limits, scaleanchor="x"),
        margin={"r": 76},
    )


def exponent_curve(
    exponents: Array,
    steps: int,
    theme: Theme = LIGHT,
    second: tuple[Array, str] | None = None,
) -> Picture:
    """Finite-time Lyapunov exponents (S,), the largest first, over ``steps`` tokens.

    Those of a ``second`` moment, which has a name, are faint.
    """
    dotted = {"mode": "lines+markers", "marker": {"size": 5, "color": theme.text}}
    curves = [_exponents(exponents, "exponent", {"color": theme.text, "width": 1.5}) | dotted]
    if second:
        style = {"color": theme.text, "width": 1.5, "dash": "dashdot"}
        curves.append(_exponents(second[0], f"{second[1]}, exponent", style) | {"opacity": 0.55})
    visible = [0.0, *(y for curve in curves for y in curve["y"].tolist() if y > _LOWEST)]
    low, high = theme.scale.tenths(min(visible), max(visible))
    margin, tokens = 0.06 * (high - low), f"{steps} token{'' if steps == 1 else 's'}"
    return picture(
        curves,
        "Exponents",
        HEIGHTS["exponents"],
        theme,
        xaxis=axis(f"finite-time: {tokens}", theme, **whole(len(exponents))),
        yaxis=axis("nats a token", theme, range=[low - margin, high + margin]),
        shapes=[level(0, theme)],
        margin={"r": 76},
    )


def _exponents(exponents: Array, name: str, line: dict[str, Any]) -> Series:
    return scatter(
        x=np.arange(1, len(exponents) + 1, dtype=np.int32),
        y=compact(np.where(np.isfinite(exponents), exponents, np.nan)),
        name=name,
        mode="lines",
        line=line,
        customdata=exact(exponents),
        hovertemplate=f"{name} %{{x}}: %{{customdata}} nats a token<extra></extra>",
    )


# Products of Jacobians, and connectivity: what depends on what is far back


#: Decades of the bound that are drawn above all measured sizes.
_ABOVE = 2
#: The width and the dash of the lines of the largest and the smallest singular value.
_STYLES = ((2.6, "solid"), (1.4, "dash"))
#: The products' axis reaches at least down to this, so that two networks can be compared.
_DEPTH = -20.0


class Second(NamedTuple):
    """The products at a second moment of the run, and what it is called."""

    products: Products
    moment: str


def product_curves(
    products: Products,
    words: Sequence[str],
    bridge: int = 0,
    theme: Theme = LIGHT,
    second: Second | None = None,
) -> Picture:
    """The singular values of ds_T/ds_t for every token on a log scale; time runs right.

    In an encoder and decoder they are the decoder's, whose words begin at ``bridge``. Those of the
    ``second`` moment are faint.
    """
    both = [products.largest, *([second.products.largest] if second else [])]
    # The last token always has a finite value.
    largest = np.concatenate([values[np.isfinite(values)] for values in both])
    span = theme.scale.powers(min(_DEPTH, largest.min() - 4), largest.max())
    solid, dashed = ({"color": theme.magnitude, "width": w, "dash": d} for w, d in _STYLES)
    fan = {"fill": "tonexty", "fillcolor": faint(theme.magnitude, 0.13)}
    names = [plain(shown_token(word)) for word in words]
    return picture(
        [
            _singular(products, ("kept best", products.largest), solid, names, bridge),
            _singular(products, ("kept worst", products.smallest), dashed, names, bridge) | fan,
            *(_faint(second, names, bridge, theme) if second else []),
        ],
        "What is left of a change at the end",
        HEIGHTS["products"],
        theme,
        xaxis=words_axis(words, theme),
        yaxis=axis("", theme, range=span, **_power_labels(span)),
        shapes=[level(0, theme)],
        annotations=_singular_zeros(products, bridge, span, theme),
        margin={**words_margin(words), "t": LEGEND_TOP},
        meta={"x": "token"},
        **LEGEND,
    )


def _faint(second: Second, names: Sequence[str], bridge: int, theme: Theme) -> Iterator[Series]:
    of, style = second.products, {"color": theme.magnitude, "width": 1.5, "dash": "dashdot"}
    for name, logs in (("best", of.largest), ("worst", of.smallest)):
        line = _singular(of, (f"{name} at {second.moment}", logs), style, names, bridge)
        yield {**line, "mode": "lines", "opacity": 0.55}


def _singular_zeros(
    products: Products, bridge: int, span: Sequence[float], theme: Theme
) -> list[dict[str, Any]]:
    """Where a direction is lost for good: its logarithm is below all numbers."""
    sizes = np.where(np.isneginf(products.smallest), 0.0, 1.0)
    return zeros(products.tokens + bridge, sizes, span[0], theme.magnitude)


def _power_labels(span: Sequence[float]) -> dict[str, Any]:
    """Labels for an axis of logarithms."""
    every = max(1, math.ceil((span[1] - span[0]) / 5))
    powers = [p for p in range(math.ceil(span[0]), math.floor(span[1]) + 1) if p % every == 0]
    texts = [f"10<sup>{p}</sup>".replace("-", "−") if p else "1" for p in powers]
    return {"tickvals": powers, "ticktext": texts}


def _singular(
    products: Products,
    named: tuple[str, Array],
    line: dict[str, Any],
    names: Sequence[str],
    bridge: int,
) -> Series:
    (name, logs), tokens = named, products.tokens + bridge
    hovers = zip((names[t] for t in tokens), exact(logs), strict=True)
    return scatter(
        x=tokens.astype(np.int32),
        # What is singular is below the axis.
        y=compact(np.where(np.isneginf(logs), -1e3, np.where(np.isfinite(logs), logs, np.nan))),
        name=name,
        mode="lines+markers",
        line=line,
        marker={"size": 6, "color": line["color"]},
        customdata=[list(hover) for hover in hovers],
        hovertemplate=f"{name} after %{{customdata[0]}}: 10^%{{customdata[1]}}<extra></extra>",
    )


def connectivity_map(
    connectivity: Connectivity, words: Sequence[str], answered: str = "logit", theme: Theme = LIGHT
) -> Picture:
    """C[t', t]: how much the answer after a token (row) depends on every token (column)."""
    sizes, tokens = connectivity.sizes, connectivity.tokens
    low, high = color_span(sizes)
    with np.errstate(divide="ignore"):
        logs = np.where(sizes > 0, np.maximum(np.log10(sizes), low), np.nan)
    count = len(tokens)
    rows = range(0, count, 1 + count // 16)
    cells = heatmap(
        name="log10 of C",
        z=compact(logs),
        zmin=low,
        zmax=high,
        colorscale=theme.magnitudes,
        colorbar={**color_bar("C"), **power_ticks(low, high)},
        customdata=_hovers(connectivity, words),
        hovertemplate="answer after %{customdata}<extra></extra>",
    )
    labels = [plain(shown_token(words[tokens[row]][:8])) for row in rows]
    ticks = {"tickvals": list(rows), "ticktext": labels, "range": [count - 0.5, -0.5]}
    return picture(
        [cells],
        f"Connectivity: which state each {answered} depends on",
        HEIGHTS["connectivity"],
        theme,
        xaxis=words_axis(words, theme),
        yaxis=axis("answer after", theme, **ticks, showgrid=False),
        margin={**words_margin(words), "l": 96},
        meta={"x": "token"},
    )


def _hovers(connectivity: Connectivity, words: Sequence[str]) -> list[list[str]]:
    names = [f"{t} {plain(shown_token(word))}" for t, word in enumerate(words, 1)]
    return [
        [f"{names[t]}, token {name}: C = {size!r}" for name, size in zip(names, row, strict=True)]
        for t, row in zip(connectivity.tokens, connectivity.sizes.tolist(), strict=True)
    ]


# Score by length, of sequences longer and shorter than those learned


def length_curve(
    profile: LengthProfile | None, noun: str, metric: str, theme: Theme = LIGHT
) -> Picture:
    """The score over the length on a log scale, with its 95% intervals; longer is to the left.

    A longer sequence reaches farther back in time, and back is to the left in every picture.

    A vertical line marks the longest length learned, a dotted one guessing. ``noun`` is what the
    length counts. Without a profile it says when it is measured.
    """
    if profile is None:
        return _waiting(_title(None, noun, metric), theme)
    lengths = [*profile.lengths.tolist(), profile.trained]
    ends = [math.log10(max(lengths)) + 0.05, math.log10(min(lengths)) - 0.05]
    ticks = _labelled(profile.lengths.tolist())
    labels = {"tickvals": ticks, "ticktext": list(map(str, ticks))}
    return picture(
        [_length_points(profile, noun, theme)],
        _title(profile, noun, metric),
        HEIGHTS["longer"],
        theme,
        xaxis=axis(_counted(noun), theme, type="log", range=ends, **labels),
        yaxis=axis(metric, theme, range=[-0.03, 1.08], tickformat=".0%"),
        shapes=_marks(profile, theme),
        annotations=[_learned(profile, theme)],
        margin={"t": 66},
    )


def _waiting(title: str, theme: Theme) -> Picture:
    place = {**PAPER, "x": 0.5, "y": 0.5, "font": {"size": 16}}
    waiting = note("measured when the run is paused", "center middle", **place)
    hidden = {"xaxis": {"visible": False}, "yaxis": {"visible": False}}
    return picture([], title, HEIGHTS["longer"], theme, annotations=[waiting], **hidden)


def _length_points(profile: LengthProfile, noun: str, theme: Theme) -> Series:
    low, high = profile.intervals.T
    scores = profile.scores
    bars = {"type": "data", "array": high - scores, "arrayminus": scores - low, "thickness": 1.5}
    numbers = [*map(exact, (scores, low, high, profile.losses)), profile.counts.tolist()]
    return scatter(
        x=profile.lengths.astype(np.int32),
        y=scores,
        mode="lines+markers",
        line={"color": theme.test, "width": 2},
        marker={"size": 9, "color": theme.test},
        error_y={**bars, "color": theme.muted, "width": 4},
        customdata=[list(row) for row in zip(*numbers, strict=True)],
        hovertemplate=f"{noun} %{{x}}: %{{customdata[0]}}<br>95% from %{{customdata[1]}} to "
        "%{customdata[2]}<br>loss %{customdata[3]}, %{customdata[4]} sequences<extra></extra>",
    )


def _marks(profile: LengthProfile, theme: Theme) -> list[dict[str, Any]]:
    learned = upright(profile.trained, theme, color=theme.train, dash="solid")
    return [learned, *([] if profile.guess is None else [level(profile.guess, theme)])]


def _learned(profile: LengthProfile, theme: Theme) -> dict[str, Any]:
    text, place = f"longest learned: {profile.trained}", {"x": math.log10(profile.trained)}
    return note(text, "center bottom", **place, yref="paper", y=1, font={"color": theme.train})


def _labelled(lengths: list[int]) -> list[int]:
    """The lengths with a label, the largest first: those that are a tenth of a decade apart."""
    chosen: list[int] = []
    for length in reversed(lengths):
        if not chosen or chosen[-1] / length >= 10**0.1:
            chosen.append(length)
    return chosen


def _title(profile: LengthProfile | None, noun: str, metric: str) -> str:
    """What is drawn; of new sequences, at which length it may be no better than guessing."""
    subject = f"{metric.capitalize()} by {'lag' if noun == 'lag' else 'length'}"
    if profile is None or not profile.new or profile.guess is None:
        return subject
    if profile.failing is None:
        return f"{subject}: better than guessing up to {profile.lengths[-1]}"
    return f"{subject}: at {profile.failing} not clearly better than guessing"


def _counted(noun: str) -> str:
    return "lag (tokens between the first and the answer)" if noun == "lag" else f"length ({noun})"
