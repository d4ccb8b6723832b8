"""Gradient over the lag, products of Jacobians, and connectivity."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from rnnviz.analysis.connectivity import Connectivity
from rnnviz.analysis.gradient_over_lag import LagProfile
from rnnviz.analysis.jacobians import Products
from rnnviz.engine.layer_buffers import Array
from rnnviz.figures.axes import axis, log_axis, whole, words_axis, words_margin
from rnnviz.figures.color_math import faint
from rnnviz.figures.gradients import SYMBOL, color_span, power_ticks
from rnnviz.figures.legends import LEGEND, LEGEND_TOP, color_bar
from rnnviz.figures.picture import Picture, Series, compact, exact, heatmap, scatter
from rnnviz.figures.shapes import level, note
from rnnviz.figures.theme import HEIGHTS, LIGHT, Theme, picture, plain, shown_token

#: Decades of the bound that are drawn above all measured sizes.
_ABOVE = 2
#: The products' axis reaches at least down to this, so that two networks can be compared.
_DEPTH = -20.0


def lag_curve(profile: LagProfile, theme: Theme = LIGHT) -> Picture:
    """||dL/dh_t|| over the lag T - t on a log scale: median, mean, band, fit, bound, rounding.

    Time runs right, as in a phrase: lag 0, the end, is at the right.
    """
    span = theme.scale.decades(_visible(profile))
    count, symbol = len(profile.median), f"||{SYMBOL[profile.objective]}_t||"
    end = max(count - 1, 1)
    rounding = 10.0 ** _rounding(profile)
    return picture(
        _lag_series(profile, theme, 10.0 ** span[0]),
        f"Gradient of the {profile.objective} over the lag",
        HEIGHTS["over_lag"],
        theme,
        xaxis=axis(
            "lag T − t (tokens back from the end)",
            theme,
            range=[1.02 * end, -0.02 * end],
            **whole(count),
        ),
        yaxis=log_axis(f"{symbol} (L2)", theme, span),
        annotations=_lag_notes(profile, theme),
        shapes=[level(rounding, theme, color=theme.positive, width=1.5, dash="longdash")],
        margin={"l": 84, "t": LEGEND_TOP},
        **LEGEND,
    )


def _visible(profile: LagProfile) -> list[float]:
    """The norms that set the axis: all measured, the rounding, and the bound near them."""
    sizes = [*profile.median, *profile.mean, *profile.low, *profile.high]
    most = max(sizes) * 10.0**_ABOVE
    bound = [] if profile.bound is None else [b for b in profile.bound if b <= most]
    # A hundredth of the rounding leaves space for its label below the line.
    return [*sizes, *bound, 10.0 ** (_rounding(profile) - 2)]


def _lag_series(profile: LagProfile, theme: Theme, floor: float) -> list[Series]:
    lags = np.arange(len(profile.median), dtype=np.int32)
    edge = {"x": lags, "mode": "lines", "line": {"width": 0}, "hoverinfo": "skip"}
    band = {"fill": "tonexty", "fillcolor": faint(theme.magnitude, 0.22), "name": "80 %"}
    series = [
        scatter(y=np.maximum(profile.low, floor), name="lower end", showlegend=False, **edge),
        scatter(y=np.maximum(profile.high, floor), **edge, **band),
    ]
    if profile.bound is not None:
        bound = {"color": theme.text, "width": 1.5, "dash": "dot"}
        series.append(_line(lags, profile.bound, "bound", bound, floor))
    if not math.isnan(profile.slope):
        fit = {"color": theme.muted, "width": 2, "dash": "dash"}
        series.append(_line(lags, profile.fitted, "fit", fit, floor))
    median = _line(lags, profile.median, "median", {"color": theme.magnitude, "width": 2.5}, floor)
    rows = np.stack([profile.median, profile.low, profile.high], axis=1)
    median |= {
        "mode": "lines+markers",
        "marker": {"size": 7},
        "customdata": [exact(row) for row in rows],
        "hovertemplate": "lag %{x}: median %{customdata[0]}<br>80 % of the sequences from "
        "%{customdata[1]} to %{customdata[2]}<extra></extra>",
    }
    # Thin and on top, because it often coincides with the median.
    mean = _line(lags, profile.mean, "mean", {"color": theme.text, "width": 1}, floor)
    return [*series, median, mean]


def _line(x: Array, values: Array, name: str, line: dict[str, Any], floor: float) -> Series:
    return scatter(
        x=x,
        y=np.maximum(values, floor),
        name=name,
        mode="lines",
        line=line,
        customdata=exact(values),
        hovertemplate=f"lag %{{x}}: {name} %{{customdata}}<extra></extra>",
    )


def _lag_notes(profile: LagProfile, theme: Theme) -> list[dict[str, Any]]:
    """Labels at the rounding line: the fitted slope above it, the name of the line below."""
    position = {"xref": "paper", "x": 0.99, "y": _rounding(profile), "bgcolor": theme.background}
    slope = f"<b>{_slope_text(profile)}</b>"
    rounding = f"too small to change the sum in {profile.dtype.name}"
    return [
        note(slope, "right bottom", **position, align="right", font={"size": 15}),
        note(rounding, "right top", **position, font={"color": theme.positive}),
    ]


def _slope_text(profile: LagProfile) -> str:
    if math.isnan(profile.slope):
        return "no slope: fewer than two sizes above zero"
    rate = f"{profile.slope:+.2g} decades a token".replace("-", "−")
    return f"{rate}<br>half-life {_half_life_text(profile.half_life, *profile.interval)}"


def _half_life_text(tokens: float, low: float, high: float) -> str:
    """A half-life in tokens with its 95 % interval, or that nothing is known of it."""
    if low == 0 or math.isnan(tokens):
        return "unknown from so few tokens"
    ends = f"95 %: {_life(low)} to {_life(high)}"
    return f"{_life(tokens)} token{'' if _life(tokens) == '1' else 's'} ({ends})"


def _life(tokens: float) -> str:
    """Beyond a thousand tokens it is not told from infinity."""
    return "∞" if tokens >= 1000 else f"{tokens:.2g}"


def _rounding(profile: LagProfile) -> float:
    """The rounding error as a power of ten, at least the smallest number that can be drawn."""
    return math.log10(max(profile.rounding, profile.floor))


def product_curves(
    products: Products, words: Sequence[str], bridge: int = 0, theme: Theme = LIGHT
) -> Picture:
    """The singular values of ds_T/ds_t for every token on a log scale; time runs right.

    In an encoder and decoder they are the decoder's, whose words begin at ``bridge``.
    """
    names = [plain(shown_token(word)) for word in words[bridge:]]
    # The thin line lies on the thick one where they coincide, so that both are visible.
    thick = {"line": {"color": theme.magnitude, "width": 4}, "marker": {"size": 9}}
    thin = {"line": {"color": theme.text, "width": 1.5, "dash": "dash"}, "marker": {"size": 4}}
    # The last token always has a finite value.
    largest = products.largest[np.isfinite(products.largest)]
    span = theme.scale.powers(min(_DEPTH, largest.min() - 4), largest.max())
    return picture(
        [
            _singular(products, "largest", products.largest, thick, names),
            _singular(products, "smallest", products.smallest, thin, names),
        ],
        "Products of Jacobians: how much of a change is left at the end",
        HEIGHTS["products"],
        theme,
        xaxis=words_axis(words[bridge:], theme),
        yaxis=axis("log10 singular value", theme, range=span),
        shapes=[level(0, theme)],
        margin={**words_margin(words[bridge:]), "t": LEGEND_TOP},
        meta={"x": "token"},
        **LEGEND,
    )


def _singular(
    products: Products, name: str, logs: Array, style: dict[str, Any], names: Sequence[str]
) -> Series:
    hovers = zip((names[t] for t in products.tokens), exact(logs), strict=True)
    return scatter(
        x=products.tokens.astype(np.int32),
        y=compact(np.where(np.isfinite(logs), logs, np.nan)),
        name=name,
        mode="lines+markers",
        customdata=[list(hover) for hover in hovers],
        hovertemplate=f"{name} after %{{customdata[0]}}: 10^%{{customdata[1]}}<extra></extra>",
        **style,
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
