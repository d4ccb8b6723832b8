"""Gradient over the lag, and products of Jacobians."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from rnnviz.analysis.connectivity import Connectivity
from rnnviz.analysis.jacobians import Products
from rnnviz.analysis.lag import LagProfile
from rnnviz.engine.layer_buffers import Array
from rnnviz.figures.colors import faint
from rnnviz.figures.gradients import SYMBOL, color_span, powers
from rnnviz.figures.picture import Picture, Series, heatmap, scatter
from rnnviz.figures.theme import (
    HEIGHTS,
    LEGEND,
    LEGEND_ROOM,
    LIGHT,
    Theme,
    axis,
    color_bar,
    compact,
    log_axis,
    picture,
    plain,
    shown_token,
    whole,
    words_axis,
    words_margin,
)

#: So many decades of the bound are drawn above all that was measured.
_ABOVE = 2
#: Down to this the products' axis reaches at least, so that two networks can be compared.
_DEPTH = -20.0


def lag_curve(profile: LagProfile, theme: Theme = LIGHT) -> Picture:
    """||dL/dh_t|| over the lag T - t on a log scale: median, mean, band, fit, bound, rounding."""
    span = theme.scale.decades(_on_scale(profile))
    symbol = f"||{SYMBOL[profile.objective]}_t||"
    return picture(
        _lag_series(profile, theme, 10.0 ** span[0]),
        f"Gradient of the {profile.objective} over the lag",
        HEIGHTS["over_lag"],
        theme,
        xaxis=axis(
            "lag T − t (tokens back)",
            theme,
            range=_lag_range(len(profile.median)),
            **whole(len(profile.median)),
        ),
        yaxis=log_axis(f"{symbol} (L2)", theme, span),
        annotations=[_slope_label(profile, theme), _rounding_label(profile, theme)],
        shapes=[_across(10.0 ** _height(profile), theme)],
        margin={"l": 84, "r": 16, "t": LEGEND_ROOM, "b": 48},
        **LEGEND,
    )


def _lag_range(count: int) -> list[float]:
    return [-0.02 * max(count - 1, 1), 1.02 * max(count - 1, 1)]


def _on_scale(profile: LagProfile) -> list[float]:
    """All that was measured, the rounding, and as much of the bound as is near."""
    seen = [*profile.median, *profile.mean, *profile.low, *profile.high]
    most = max(seen) * 10.0**_ABOVE
    bound = [] if profile.bound is None else [b for b in profile.bound if b <= most]
    # A hundredth of the rounding, so that there is room below for its name.
    return [*seen, *bound, 10.0 ** (_height(profile) - 2)]


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
    # Thin, and on top, for it often lies upon the median.
    mean = _line(lags, profile.mean, "mean", {"color": theme.text, "width": 1}, floor)
    return [*series, _median(profile, lags, floor, theme), mean]


def _line(x: Array, values: Array, name: str, line: dict[str, Any], floor: float) -> Series:
    return scatter(
        x=x,
        y=np.maximum(values, floor),
        name=name,
        mode="lines",
        line=line,
        customdata=[repr(float(value)) for value in values],
        hovertemplate=f"lag %{{x}}: {name} %{{customdata}}<extra></extra>",
    )


def _median(profile: LagProfile, lags: Array, floor: float, theme: Theme) -> Series:
    rows = zip(profile.median, profile.low, profile.high, strict=True)
    return scatter(
        x=lags,
        y=np.maximum(profile.median, floor),
        name="median",
        mode="lines+markers",
        line={"color": theme.magnitude, "width": 2.5},
        marker={"size": 7},
        customdata=[[repr(float(value)) for value in row] for row in rows],
        hovertemplate="lag %{x}: median %{customdata[0]}<br>80 % of the sequences from "
        "%{customdata[1]} to %{customdata[2]}<extra></extra>",
    )


def _across(value: float, theme: Theme) -> dict[str, Any]:
    line = {"color": theme.positive, "width": 1.5, "dash": "longdash"}
    return {"type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": value, "y1": value,
            "line": line}  # fmt: skip


def _slope_label(profile: LagProfile, theme: Theme) -> dict[str, Any]:
    # At lag 0 the curve is far above the rounding, so that there is room just above that.
    place = {"xref": "paper", "x": 0.01, "xanchor": "left", "y": _height(profile)}
    look = {"yanchor": "bottom", "showarrow": False, "align": "left", "font": {"size": 15}}
    return {"text": f"<b>{_slope_words(profile)}</b>", "bgcolor": theme.background, **place, **look}


def _slope_words(profile: LagProfile) -> str:
    if math.isnan(profile.slope):
        return "no slope: fewer than two sizes above zero"
    life = profile.half_life
    rate = f"{profile.slope:+.2g} decades a token".replace("-", "−")
    return f"{rate}<br>" + (_tokens(life) if life < 1000 else "no half-life")


def _tokens(life: float) -> str:
    return f"half-life {life:.2g} token" + ("" if f"{life:.2g}" == "1" else "s")


def _rounding_label(profile: LagProfile, theme: Theme) -> dict[str, Any]:
    look = {"showarrow": False, "font": {"color": theme.positive}, "yanchor": "top"}
    place = {"xref": "paper", "x": 0.01, "xanchor": "left", "y": _height(profile)}
    text = f"lost in the rounding of {profile.dtype.name}"
    return {"text": text, "bgcolor": theme.background, **place, **look}


def _height(profile: LagProfile) -> float:
    """Where the line of the rounding is, on the log axis."""
    return math.log10(max(profile.rounding, profile.floor))


# Products of Jacobians


def product_curves(
    products: Products, words: Sequence[str], bridge: int = 0, theme: Theme = LIGHT
) -> Picture:
    """The singular values of ds_T/ds_t for every token on a log scale; time runs right.

    Of an encoder and a decoder they are the decoder's, whose words begin at ``bridge``.
    """
    names = [shown_token(word) for word in words[bridge:]]
    # Where they are the same the thin one lies on the thick one, and both are seen.
    thick = {"line": {"color": theme.magnitude, "width": 4}, "marker": {"size": 9}}
    thin = {"line": {"color": theme.text, "width": 1.5, "dash": "dash"}, "marker": {"size": 4}}
    series = [
        _singular(products, "largest", products.largest, thick, names),
        _singular(products, "smallest", products.smallest, thin, names),
    ]
    level = {"color": theme.muted, "width": 1, "dash": "dot"}
    largest = _finite(products.largest)
    span = theme.scale.powers(min(_DEPTH, largest.min() - 4), largest.max())
    return picture(
        series,
        "Products of Jacobians: what of a change is left at the end",
        HEIGHTS["products"],
        theme,
        xaxis=words_axis(words[bridge:], theme),
        yaxis=axis("log10 singular value", theme, range=span),
        shapes=[{"type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": 0, "y1": 0,
                 "line": level}],
        margin={**words_margin(words[bridge:]), "t": LEGEND_ROOM},
        **LEGEND,
    )  # fmt: skip


def _finite(logs: Array) -> Array:
    """Those that are numbers; the last token always has one."""
    found: Array = logs[np.isfinite(logs)]
    return found


def _singular(
    products: Products, name: str, logs: Array, look: dict[str, Any], words: Sequence[str]
) -> Series:
    shown = np.where(np.isfinite(logs), logs, np.nan)
    return scatter(
        x=products.tokens.astype(np.int32),
        y=compact(shown),
        name=name,
        mode="lines+markers",
        customdata=[
            [plain(words[t]), repr(float(log))]
            for t, log in zip(products.tokens, logs, strict=True)
        ],
        hovertemplate=f"{name} after %{{customdata[0]}}: 10^%{{customdata[1]}}<extra></extra>",
        **look,
    )


# Connectivity


def connectivity_map(
    seen: Connectivity, words: Sequence[str], answered: str = "logit", theme: Theme = LIGHT
) -> Picture:
    """C[t', t]: how much the answer after a token (row) hears of every token (column)."""
    low, high = color_span(seen.sizes)
    with np.errstate(divide="ignore"):
        shades = np.where(seen.sizes > 0, np.maximum(np.log10(seen.sizes), low), np.nan)
    rows = len(seen.tokens)
    places = range(0, rows, 1 + rows // 16)
    cells = heatmap(
        z=compact(shades),
        zmin=low,
        zmax=high,
        colorscale=theme.magnitudes,
        colorbar={**color_bar("C"), **powers(low, high)},
        customdata=_exact_cells(seen, words),
        hovertemplate="answer after %{customdata}<extra></extra>",
    )
    ticks = {
        "tickvals": list(places),
        "ticktext": [plain(shown_token(words[seen.tokens[n]][:8])) for n in places],
    }
    return picture(
        [cells],
        f"Connectivity: which {answered} hears which state",
        HEIGHTS["connectivity"],
        theme,
        xaxis=words_axis(words, theme),
        yaxis=axis("answer after", theme, **ticks, range=[rows - 0.5, -0.5], showgrid=False),
        margin={**words_margin(words), "l": 96},
    )


def _exact_cells(seen: Connectivity, words: Sequence[str]) -> list[list[str]]:
    """Every cell in words, with its size as it was found."""
    names = [f"{t} {plain(shown_token(word))}" for t, word in enumerate(words, 1)]
    return [
        [f"{names[t]}, token {name}: C = {size!r}" for name, size in zip(names, row, strict=True)]
        for t, row in zip(seen.tokens, seen.sizes.tolist(), strict=True)
    ]
