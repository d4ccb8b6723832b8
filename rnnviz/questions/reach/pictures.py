"""Pictures of how far the gradient reaches back."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from rnnviz.charts.axes import axis, log_axis, whole, words_axis, words_margin
from rnnviz.charts.gradients import NO_WEIGHTS, color_span, power_ticks
from rnnviz.charts.picture import Picture, Series, compact, exact, heatmap, scatter, xy
from rnnviz.charts.shapes import (
    LEGEND,
    LEGEND_TOP,
    PAPER,
    Second,
    color_bar,
    faint,
    level,
    note,
    sentence,
    unit_circle,
    upright,
    zeros,
)
from rnnviz.charts.theme import LIGHT, Theme, picture, plain, shown_token
from rnnviz.engine.layer_buffers import Array
from rnnviz.probe.formatting import number
from rnnviz.probe.gradient_flow import Flow
from rnnviz.probe.jacobians import Products
from rnnviz.probe.lengths import LengthProfile
from rnnviz.probe.memory_gauge import LagProfile

#: Decades of the axis below 1, or below the rounding error if a share comes within ``_NEAR``.
_BELOW, _NEAR = 2, 3
#: A half-life of this many tokens or more counts as infinite.
FOREVER = 1000


def reach_curve(
    flow: Flow, profile: LagProfile, words: Sequence[str], theme: Theme = LIGHT, *,
    symbol: str = "dL/dh", name: str = "this phrase", sequence: str = "training phrase",
    second: Second | None = None, lags: bool = False,
) -> Picture:  # fmt: skip
    """||dL/dm_t|| as a share of that at the answer, at every word and by lag over many sequences.

    The gradient goes left, back in time. Below the rounding error it changes no sum. ``symbol`` is
    the gradient's, such as dL/dc. ``name`` is that of the phrase, ``sequence`` that of the others.
    A ``second`` has shares (T,); of another network also its own profile. With ``lags`` the axis
    counts the steps before the last.
    """
    # After its last answer a phrase has no gradient.
    shares = np.trim_zeros(flow.norms, "b") if flow.norms.any() else flow.norms
    last, network = len(shares) - 1, bool(second and second.network)
    profiles, phrases = [profile], [shares]
    if second:
        phrases.append(second.values[0][: last + 1])
        profiles += second.values[1:]
    measured = [v for of in profiles for v in (*of.low[_lags(of, last)], *of.high[_lags(of, last)])]
    measured += [v for of in phrases for v in of]
    sizes = [value for value in map(float, measured) if value > 0]
    # The region of rounding is in sight where a share comes near it.
    near = min(sizes, default=1.0) < profile.rounding * 10.0**_NEAR
    lowest = profile.rounding * 10.0**-_BELOW if near else 10.0**-_BELOW
    span = theme.scale.decades([*sizes, 1.0, lowest])
    floor = 10.0 ** span[0]
    series = list(_band(profile, last, sequence, theme, floor))
    if network:
        series[-1]["name"] += f", {name}"
        series += _hollow_band(profiles[-1], last, theme, floor)
    else:
        series += _fitted(profile, last, theme, floor, bound_named=not second)
    if second:
        own = second.name if network else f"at {second.name}"
        line = _phrase(phrases[1], own, theme, floor)
        series.append(second.styled(line))
    return picture(
        [*series, _phrase(shares, name, theme, floor)],
        f"Gradient of the {flow.objective}: share that is left, {symbol}", 400, theme,
        xaxis=words_axis(words, theme) | (_lag_ticks(last) if lags else {}),
        yaxis=log_axis("", theme, span), shapes=_rounding(profile.rounding, floor, theme),
        annotations=[
            *_rounding_name(profile, floor, theme),
            *_ends(shares, phrases[1] if network else shares[:0], span, theme),
            *zeros(np.arange(last + 1), shares, span[0], theme.magnitude),
        ],
        margin={**words_margin(words), "t": LEGEND_TOP},
        meta={"x": "token", "columns": _columns(profile, sequence, len(shares)), "ticks": lags},
        **LEGEND,
    )  # fmt: skip


def _lag_ticks(last: int) -> dict[str, Any]:
    """The ticks of an axis of steps, ``last`` is the last one: the steps before it."""
    every = max(1, round(last / 8))
    lags = range(0, last + 1, every)
    return {
        "tickvals": [last - lag for lag in lags], "ticktext": [f"{lag}" for lag in lags],
        "tickangle": 0, "title": {"text": "steps before the last"},
    }  # fmt: skip


def _columns(profile: LagProfile, sequence: str, words: int) -> list[tuple[str, Any]]:
    """The columns of the table."""
    of = f"of up to {profile.sequences:,} {sequence}s"
    rows = {"lag of the place": np.arange(words)[::-1]}
    rows |= {"lag of the band": np.arange(len(profile.median)), f"10% {of}": profile.low}
    rows |= {f"median {of}": profile.median, f"90% {of}": profile.high}
    return [(name, values.tolist()) for name, values in rows.items()]


def _rounding(least: float, floor: float, theme: Theme) -> list[dict[str, Any]]:
    """The region in which a number is too small to change the sum, if it is in sight; and 1."""
    if least <= floor:
        return [level(1, theme)]
    region = {
        "type": "rect", "xref": "paper", "x0": 0, "x1": 1, "line": {"width": 0}, "y0": floor,
        "y1": least, "layer": "below", "fillcolor": faint(theme.text, 0.06),
    }  # fmt: skip
    return [region, level(least, theme, dash="solid"), level(1, theme)]


def _rounding_name(profile: LagProfile, floor: float, theme: Theme) -> Iterator[dict[str, Any]]:
    if profile.rounding > floor:
        yield note(
            f"lost in rounding ({profile.dtype.name})", "right top", xref="paper", x=0.99,
            y=math.log10(profile.rounding), yshift=-3, font={"color": theme.muted},
            bgcolor=theme.background,
        )  # fmt: skip


def _lags(profile: LagProfile, last: int) -> Array:
    """The lags of the profile by word: the ``last`` one has lag 0. The profile may be shorter."""
    return np.arange(min(last + 1, len(profile.median)))[::-1]


def _band(
    profile: LagProfile, last: int, sequence: str, theme: Theme, floor: float
) -> list[Series]:  # fmt: skip
    """The middle 80% of the sequences."""
    lags = _lags(profile, last)
    edge = {"x": last - lags, "mode": "lines", "line": {"width": 0}, "hoverinfo": "skip"}
    fill = {"fill": "tonexty", "fillcolor": faint(theme.magnitude, 0.18)}
    named = {"name": f"80% of {profile.sequences:,} {sequence}s"}
    return [
        scatter(y=np.maximum(profile.low[lags], floor), name="", showlegend=False, **edge),
        scatter(y=np.maximum(profile.high[lags], floor), **named, **fill, **edge),
    ]


def _hollow_band(
    profile: LagProfile, last: int, theme: Theme, floor: float
) -> Iterator[Series]:  # fmt: skip
    """The edges of the same band in a second network."""
    lags = _lags(profile, last)
    edge = {"x": last - lags, "mode": "lines", "hoverinfo": "skip", "showlegend": False}
    style = {"color": faint(theme.magnitude, 0.7), "width": 1, "dash": "dash"}
    for values in (profile.low, profile.high):
        yield scatter(y=np.maximum(values[lags], floor), name="", line=style, **edge)


def _fitted(
    profile: LagProfile, last: int, theme: Theme, floor: float, *, bound_named: bool
) -> Iterator[Series]:  # fmt: skip
    """The line fitted to the median of the sequences, and the bound."""
    lags = _lags(profile, last)
    if not math.isnan(profile.slope):
        dashed = {"color": theme.text, "width": 1.5, "dash": "dash"}
        fit = f"band's fit, half-life {half_life_text(profile)}"
        yield _line(profile.fitted[lags], lags, fit, dashed, last=last, floor=floor)
    if profile.bound is not None:
        dotted = {"color": theme.muted, "width": 1.5, "dash": "dot"}
        bound = _line(profile.bound[lags], lags, "bound", dotted, last=last, floor=floor)
        # The legend has no room for it together with a second moment.
        yield {**bound, "showlegend": bound_named}


def half_life_text(profile: LagProfile) -> str:
    """The half-life in tokens, or "unknown"."""
    few = np.count_nonzero(profile.median) < 3
    return "unknown from so few" if few else life_text(profile.half_life)


def life_text(tokens: float) -> str:
    """A half-life in tokens."""
    return "∞" if tokens >= FOREVER else f"{tokens:.2g}" if tokens < 99.5 else f"{tokens:.0f}"


def _line(
    values: Array, lags: Array, name: str, line: dict[str, Any], *, last: int, floor: float
) -> Series:
    return scatter(
        x=last - lags, y=np.maximum(values, floor), name=name, mode="lines", line=line,
        customdata=list(zip(lags.tolist(), exact(values), strict=True)),
        hovertemplate=f"{name}, %{{customdata[0]}} back: %{{customdata[1]}}<extra></extra>",
    )  # fmt: skip


def _phrase(norms: Array, name: str, theme: Theme, floor: float) -> Series:
    last = len(norms) - 1
    backs = [str(last - t) for t in range(last + 1)]
    return scatter(
        x=np.arange(last + 1, dtype=np.int32), y=np.maximum(norms, floor), name=name,
        mode="lines+markers", line={"color": theme.magnitude, "width": 3},
        marker={"size": 9, "color": theme.magnitude, "symbol": "triangle-left"},
        customdata=list(zip(backs, exact(norms), strict=True)),
        hovertemplate=f"{name}, %{{customdata[0]}} back: %{{customdata[1]}}<extra></extra>",
    )  # fmt: skip


def _ends(
    norms: Array, second: Array, span: Sequence[float], theme: Theme
) -> Iterator[dict[str, Any]]:
    """Labels of both ends: right of the last point, and below the first, or above if it is low.

    As curves rise to the right, they don't cross a label below. It is above, too, if the curve
    of the ``second`` network begins lower.
    """
    for t in sorted({0, len(norms) - 1}):
        if not 0 < norms[t] < np.inf:
            continue
        height = math.log10(max(float(norms[t]), 10.0 ** span[0]))
        font = {"color": theme.magnitude, "size": 14, "weight": 600}
        style = {"x": t, "y": height, "font": font, "bgcolor": theme.background}
        text, at = number(float(norms[t]), 2), (height - span[0]) / (span[1] - span[0])
        if t == len(norms) - 1:
            yield note(text, "left middle", xshift=10, **style)
        elif at < 0.09 or (at < 0.8 and len(second) and second[0] < norms[0]):
            yield note(text, "left bottom", xshift=-5, yshift=9, **style)
        else:
            yield note(text, "left top", xshift=7, yshift=-3, **style)


# Eigenvalues in the complex plane, and the Lyapunov exponents of a sequence


#: The longest title of a small picture with the names of both networks, in characters.
_NAMES = 24
#: The lower end of the axis: a shrinkage of e^-20 per token leaves nothing.
_LOWEST = -20.0
#: The end of the axes in the planes of single tokens.
_EDGE = 1.4
#: The opacity of epochs later than the one shown.
_LATER = 0.2
_VALUE = "%{customdata[0]} + %{customdata[1]} i<extra></extra>"


def weight_spectrum(
    eigenvalues: Array, trail: Array, epochs: Array, shown: int | None = None, theme: Theme = LIGHT,
    *, weights: str = "W_hh", unit: str = "epoch", name: str = "", second: Second | None = None,
) -> Picture:  # fmt: skip
    """The eigenvalues (H,) of the recurrent weights, and the largest at other epochs.

    The ``trail`` (N, k) has the largest at these ``epochs`` (N,); those later than the epoch
    ``shown`` are faint. ``unit`` is the word for an epoch. Those of a ``second`` network are
    crosses instead; then ``name`` is that of the first.
    """
    if second:
        trail, epochs = trail[:0], epochs[:0]
    crosses = second.values if second else eigenvalues[:0]
    if not (eigenvalues.size or crosses.size):
        return sentence("Eigenvalues", NO_WEIGHTS, theme)
    numbers = np.repeat(epochs, trail.size // max(1, len(epochs)))
    past = _points(trail, numbers, theme, unit)
    if shown is not None:
        past["marker"]["opacity"] = np.where(numbers > shown, _LATER, 1.0).tolist()
    past.update(text=past["marker"]["color"], hovertemplate=f"{unit} %{{text}}: {_VALUE}")
    line = {"color": theme.text, "width": 1.5}
    marker = {"size": 7, "color": "rgba(0,0,0,0)", "line": line}
    if second:  # Beside crosses the first network's dots are filled, as everywhere.
        marker = {"size": 5, "color": theme.text}
    now = scatter(
        **xy(_parts(eigenvalues)),
        customdata=_parts(eigenvalues),
        mode="markers",
        marker=marker,
        hovertemplate="shown: " + _VALUE,
    )
    largest = max([1.0, *np.abs(eigenvalues), *np.abs(trail).ravel(), *np.abs(crosses)])
    across = f"{weights}: real part"
    if second:  # There is no trail, whose colours would need a scale.
        two = f"● {plain(name)}, × {plain(second.name)}"
        across = two if len(two) <= _NAMES else "● A, × B"
        past["marker"]["showscale"] = False
    of_second = [_crosses(crosses, second.name, theme, size=8)] if second else []
    return _plane([past, now, *of_second], across, largest, theme)


def _crosses(values: Array, name: str, theme: Theme, size: float, **options: Any) -> Series:
    """The eigenvalues of a second network."""
    marker = {"size": size, "color": theme.text, "symbol": "x-thin", "line": {"width": 1.5}}
    return scatter(
        **xy(_parts(values)), customdata=_parts(values), mode="markers", marker=marker,
        hovertemplate=f"{name}: {_VALUE}", **options,
    )  # fmt: skip


def state_spectrum(
    tokens: Array, eigenvalues: Array, words: Sequence[str], bridge: int = 0, theme: Theme = LIGHT,
    *, name: str = "", second: Second | None = None,
) -> Picture:  # fmt: skip
    """The eigenvalues (N, S) of the Jacobians at some ``tokens`` (N,), in a unit circle each.

    ``words`` of a decoder begin at ``bridge``. Below is the largest absolute value. A ``second``
    network's tokens and eigenvalues are crosses, at the tokens of both.
    """
    tokens, crosses = tokens + bridge, list[tuple[int, Array]]()
    if second:
        of = dict(zip((second.values[0] + bridge).tolist(), second.values[1], strict=True))
        crosses = [(k, of[t]) for k, t in enumerate(tokens.tolist()) if t in of]
    width = 0.9 * float(np.diff(tokens).min()) if len(tokens) > 1 else 1.0
    hidden = {"visible": False, "range": [-_EDGE, _EDGE], "constrain": "domain"}
    axes, circles = dict[str, Any](), list[dict[str, Any]]()
    for k, t in enumerate(tokens.tolist(), 2):
        middle, half = (t + 0.5) / len(words), width / len(words) / 2
        domain = [max(0.0, middle - half), min(1.0, middle + half)]
        axes[f"xaxis{k}"] = {**hidden, "domain": domain, "anchor": f"y{k}"}
        up = {"domain": [0.2, 1.0], "anchor": f"x{k}", "scaleanchor": f"x{k}"}
        axes[f"yaxis{k}"] = {**hidden, **up}
        circles.append(unit_circle(theme) | {"xref": f"x{k}", "yref": f"y{k}"})
    title = "One step: eigenvalues of the Jacobian, and the largest"
    largest = [np.abs(eigenvalues).max(axis=1)]
    series = [*_circles(eigenvalues, theme)]
    if second:
        title = f"One step: eigenvalues and the largest; ● {plain(name)}, × {plain(second.name)}"
        sizes = [np.abs(of[t]).max() if t in of else np.nan for t in tokens.tolist()]
        largest.append(np.array(sizes))
        series += (
            _crosses(_inside(values), second.name, theme, 6, xaxis=f"x{k + 2}", yaxis=f"y{k + 2}")
            | {"customdata": _parts(values)}
            for k, values in crosses
        )
    return picture(
        [*series, _largest(tokens, largest, theme)],
        title, 260, theme,
        xaxis=words_axis(words, theme), yaxis={"range": [0, 1], "visible": False}, shapes=circles,
        margin=words_margin(words), meta={"x": "token"}, **axes,
    )  # fmt: skip


def _circles(eigenvalues: Array, theme: Theme) -> Iterator[Series]:
    for k, values in enumerate(eigenvalues, 2):
        yield scatter(
            **xy(_parts(_inside(values))), xaxis=f"x{k}", yaxis=f"y{k}", customdata=_parts(values),
            mode="markers", marker={"size": 4.5, "color": theme.magnitude, "opacity": 0.75},
            hovertemplate=_VALUE,
        )  # fmt: skip


def _inside(values: Array) -> Array:
    """Values far outside are drawn at the edge, in their direction."""
    return np.asarray(values * np.minimum(1, _EDGE / np.maximum(np.abs(values), 1)))


def _largest(tokens: Array, sizes: Sequence[Array], theme: Theme) -> Series:
    """The largest absolute value (N,) at every token, of one network or of two."""
    every = list(zip(*sizes, strict=True))
    told = [", ".join(row) for row in zip(*map(exact, sizes), strict=True)]
    return scatter(
        x=tokens.astype(np.int32), y=[0.08] * len(tokens), mode="text",
        text=[" | ".join(number(float(size), 2) for size in row) for row in every],
        textfont={"color": theme.magnitude},
        customdata=told, hovertemplate="largest: %{customdata}<extra></extra>",
    )  # fmt: skip


def _parts(values: Array) -> Array:
    """Real and imaginary parts, (N, 2)."""
    return np.stack([values.real, values.imag], axis=-1)


def _points(values: Array, numbers: Array, theme: Theme, heading: str) -> Series:
    """Complex values, colored by their numbers."""
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


def _plane(
    series: list[Series], across: str, largest: float, theme: Theme
) -> Picture:  # fmt: skip
    end = 1.1 * theme.scale.tenths(-largest, largest)[1]
    limits: dict[str, Any] = {"range": [-end, end], "constrain": "domain"}
    return picture(
        series, "Eigenvalues", 460, theme, shapes=[unit_circle(theme)],
        xaxis=axis(across, theme, **limits),
        yaxis=axis("imaginary part", theme, **limits, scaleanchor="x"), margin={"r": 76},
    )  # fmt: skip


def exponent_curve(
    exponents: Array,
    steps: int,
    theme: Theme = LIGHT,
    *,
    name: str = "",
    second: Second | None = None,
    noun: str = "token",
) -> Picture:
    """Finite-time Lyapunov exponents (S,), the largest first, over ``steps`` tokens.

    Those of a ``second`` moment are faint, those of a network dashed; then ``name`` is that of the
    first. Of a broken network it is a sentence.
    """
    if np.isnan(exponents).all():
        broken = "The Jacobians are not finite, or their products are not: there are no exponents."
        return sentence("Exponents", broken, theme)
    line = {"color": theme.text, "width": 1.5}
    dotted = {"mode": "lines+markers", "marker": {"size": 5, "color": theme.text}}
    own = _exponents(exponents, f"{name}, exponent".removeprefix(", "), line, noun)
    curves = [own | dotted]
    if second:
        named = f"{second.name}, exponent"
        curves.append(second.styled(_exponents(second.values, named, line, noun)))
    visible = [0.0, *(y for curve in curves for y in curve["y"].tolist() if y > _LOWEST)]
    low, high = theme.scale.tenths(min(visible), max(visible))
    margin, tokens = 0.06 * (high - low), f"{steps} {noun}{'' if steps == 1 else 's'}"
    return picture(
        curves, "Exponents", 300, theme,
        xaxis=axis(f"finite-time: {tokens}", theme, **whole(len(exponents))),
        yaxis=axis(f"nats a {noun}", theme, range=[low - margin, high + margin]),
        shapes=[level(0, theme)], margin={"r": 76},
    )  # fmt: skip


def _exponents(exponents: Array, name: str, line: dict[str, Any], noun: str) -> Series:
    return scatter(
        x=np.arange(1, len(exponents) + 1, dtype=np.int32),
        y=compact(np.where(np.isfinite(exponents), exponents, np.nan)), name=name, mode="lines",
        line=line, customdata=exact(exponents),
        hovertemplate=f"{name} %{{x}}: %{{customdata}} nats a {noun}<extra></extra>",
    )  # fmt: skip


# Products of Jacobians, and connectivity: the dependence of outputs on earlier tokens


#: The width and the dash of the lines of the largest and the smallest singular value.
_STYLES = ((2.6, "solid"), (1.4, "dash"))
#: The products' axis reaches down to the smallest singular value, but at most to this power.
_DEPTH = -20.0


def product_curves(
    products: Products, words: Sequence[str], bridge: int = 0, theme: Theme = LIGHT, *,
    name: str = "", second: Second | None = None,
) -> Picture:  # fmt: skip
    """The singular values of ds_T/ds_t for every token on a log scale; time runs right.

    With an encoder they are the decoder's, whose words begin at ``bridge``. Those of a ``second``
    moment are faint, those of a network dashed; then ``name`` is that of the first.
    """
    network = second is not None and second.network
    both = [products.largest, *([second.values.largest] if second else [])]
    # The last token always has a finite value.
    largest = np.concatenate([values[np.isfinite(values)] for values in both])
    smaller = [products.smallest, *([second.values.smallest] if second else [])]
    smallest = np.concatenate([values[np.isfinite(values)] for values in smaller])
    low = max(_DEPTH, smallest.min(initial=0.0))
    span = theme.scale.powers(min(low, largest.min() - 2), largest.max())
    best, worst = (f"{name}, {end}".removeprefix(", ") for end in ("kept best", "kept worst"))
    solid, dashed = ({"color": theme.magnitude, "width": w, "dash": d} for w, d in _STYLES)
    if network:  # Dashes are the second network's.
        dashed |= {"dash": "solid"}
    fan = {"fill": "tonexty", "fillcolor": faint(theme.magnitude, 0.13)}
    names, tokens = [plain(shown_token(word)) for word in words], products.tokens + bridge
    sizes = np.where(np.isneginf(products.smallest), 0.0, 1.0)
    every = max(1, math.ceil((span[1] - span[0]) / 5))
    powers = [p for p in range(math.ceil(span[0]), math.floor(span[1]) + 1) if p % every == 0]
    texts = [f"10<sup>{p}</sup>".replace("-", "−") if p else "1" for p in powers]
    return picture(
        [
            _singular(best, products.largest, tokens, solid, names),
            _singular(worst, products.smallest, tokens, dashed, names) | fan,
            *(_of_second(second, names, bridge, theme) if second else []),
        ],
        "What is left of a change at the end", 400, theme, xaxis=words_axis(words, theme),
        yaxis=axis("", theme, range=span, **{"tickvals": powers, "ticktext": texts}),
        shapes=[level(0, theme)], annotations=zeros(tokens, sizes, span[0], theme.magnitude),
        margin={**words_margin(words), "t": LEGEND_TOP}, meta={"x": "token"}, **LEGEND,
    )  # fmt: skip


def _of_second(
    second: Second, names: Sequence[str], bridge: int, theme: Theme
) -> Iterator[Series]:  # fmt: skip
    of: Products = second.values
    for (width, _), end, logs in zip(
        _STYLES, ("best", "worst"), (of.largest, of.smallest), strict=True
    ):
        name = f"{second.name}, kept {end}" if second.network else f"{end} at {second.name}"
        style = {"color": theme.magnitude, "width": width}
        yield second.styled(_singular(name, logs, of.tokens + bridge, style, names))


def _singular(
    name: str, logs: Array, tokens: Array, line: dict[str, Any], names: Sequence[str]
) -> Series:
    hovers = zip((names[t] for t in tokens), exact(logs), strict=True)
    return scatter(
        x=tokens.astype(np.int32),
        # Singular directions are below the axis.
        y=compact(np.where(np.isneginf(logs), -1e3, np.where(np.isfinite(logs), logs, np.nan))),
        name=name, mode="lines+markers", line=line, marker={"size": 6, "color": line["color"]},
        customdata=[list(hover) for hover in hovers],
        hovertemplate=f"{name} after %{{customdata[0]}}: 10^%{{customdata[1]}}<extra></extra>",
    )  # fmt: skip


def connectivity_map(
    tokens: Array, sizes: Array, words: Sequence[str], answered: str = "logit",
    theme: Theme = LIGHT, *, name: str = "", noun: str = "token",
) -> Picture:  # fmt: skip
    """C[t', t]: the sensitivity of the output after a token (row) to every token (column).

    ``sizes`` (N, T) has a row for each of the ``tokens`` (N,) that have an output.
    """
    low, high = color_span(sizes)
    with np.errstate(divide="ignore"):
        logs = np.where(sizes > 0, np.maximum(np.log10(sizes), low), np.nan)
    count = len(tokens)
    rows = range(0, count, 1 + count // 16)
    names = [f"{t} {plain(shown_token(word))}" for t, word in enumerate(words, 1)]
    hovers = [
        [f"{names[t]}, {noun} {name}: C = {size!r}" for name, size in zip(names, row, strict=True)]
        for t, row in zip(tokens, sizes.tolist(), strict=True)
    ]
    cells = heatmap(
        name="log10 of C", z=compact(logs), zmin=low, zmax=high, colorscale=theme.magnitudes,
        colorbar={**color_bar("C"), **power_ticks(low, high)}, customdata=hovers,
        hovertemplate="answer after %{customdata}<extra></extra>",
    )  # fmt: skip
    labels = [plain(shown_token(words[tokens[row]][:8])) for row in rows]
    ticks = {"tickvals": list(rows), "ticktext": labels, "range": [count - 0.5, -0.5]}
    of = f" of {plain(name)}" * bool(name)
    return picture(
        [cells], f"Connectivity{of}: which state each {answered} depends on", 400, theme,
        xaxis=words_axis(words, theme), yaxis=axis("answer after", theme, **ticks, showgrid=False),
        margin={**words_margin(words), "l": 96}, meta={"x": "token"},
    )  # fmt: skip


# Score by length


def length_curve(
    profile: LengthProfile | None, noun: str, metric: str, theme: Theme = LIGHT, *,
    name: str = "", second: Second | None = None,
) -> Picture:  # fmt: skip
    """The score over the length on a log scale, with its 95% intervals; longer is to the left.

    A longer sequence reaches farther back in time, and back is to the left in every picture.

    A vertical line marks the longest length learned, a dotted one guessing. ``noun`` is the unit of
    the length. Without a profile there is a note instead. That of a ``second`` network is dashed;
    then ``name`` is that of the first.
    """
    title = _title(profile, noun, metric, told=not second)
    if profile is None:
        place = {**PAPER, "x": 0.5, "y": 0.5, "font": {"size": 16}}
        waiting = note("measured when the run is paused", "center middle", **place)
        hidden = {"xaxis": {"visible": False}, "yaxis": {"visible": False}}
        return picture([], title, 360, theme, annotations=[waiting], **hidden)
    lengths = [*profile.lengths.tolist(), profile.trained]
    ends = [math.log10(max(lengths)) + 0.05, math.log10(min(lengths)) - 0.05]
    ticks: list[int] = []
    for length in reversed(profile.lengths.tolist()):
        # Labels are at least a tenth of a decade apart.
        if not ticks or ticks[-1] / length >= 10**0.1:
            ticks.append(length)
    labels = {"tickvals": ticks, "ticktext": list(map(str, ticks))}
    across = "lag (tokens between the first and the answer)"
    across = across if noun == "lag" else f"length ({noun})"
    learned = upright(profile.trained, theme, color=theme.train, dash="solid")
    longest = note(
        f"longest learned: {profile.trained}", "center bottom", x=math.log10(profile.trained),
        yref="paper", y=1, font={"color": theme.train},
    )  # fmt: skip
    if second:  # The legend is above the plot.
        longest |= {"xanchor": "left", "xshift": 5, "y": 0}
    return picture(
        [
            _length_points(profile, name, noun, theme),
            *([second.styled(_length_points(second.values, second.name, noun, theme))]
              if second and second.values else []),
        ], title, 360, theme,
        xaxis=axis(across, theme, type="log", range=ends, **labels),
        yaxis=axis(metric, theme, range=[-0.03, 1.08], tickformat=".0%"),
        shapes=[learned, *([] if profile.guess is None else [level(profile.guess, theme)])],
        annotations=[longest], margin={"t": LEGEND_TOP if second else 66},
        **(LEGEND if second else {}),
    )  # fmt: skip


def _length_points(profile: LengthProfile, name: str, noun: str, theme: Theme) -> Series:
    low, high = profile.intervals.T
    scores = profile.scores
    bars = {"type": "data", "array": high - scores, "arrayminus": scores - low, "thickness": 1.5}
    numbers = [*map(exact, (scores, low, high, profile.losses)), profile.counts.tolist()]
    return scatter(
        x=profile.lengths.astype(np.int32), y=scores, name=name, mode="lines+markers",
        line={"color": theme.test, "width": 2}, marker={"size": 9, "color": theme.test},
        error_y={**bars, "color": theme.muted, "width": 4},
        customdata=[list(row) for row in zip(*numbers, strict=True)],
        hovertemplate=f"{name + ', ' * bool(name)}{noun} %{{x}}: %{{customdata[0]}}<br>95% from "
        "%{customdata[1]} to %{customdata[2]}<br>loss %{customdata[3]}, %{customdata[4]} sequences"
        "<extra></extra>",
    )  # fmt: skip


def _title(profile: LengthProfile | None, noun: str, metric: str, *, told: bool) -> str:
    """The title; if ``told``, with the length at which it may be no better than guessing."""
    subject = f"{metric.capitalize()} by {'lag' if noun == 'lag' else 'length'}"
    if profile is None or not told or not profile.new or profile.guess is None:
        return subject
    if profile.failing is None:
        return f"{subject}: better than guessing from {profile.trained} to {profile.lengths[-1]}"
    return f"{subject}: at {profile.failing} not clearly better than guessing"
