"""Products of Jacobians, and connectivity: what depends on what is far back."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from rnnviz.charts.axes import axis, words_axis, words_margin
from rnnviz.charts.gradients import color_span, power_ticks
from rnnviz.charts.picture import Picture, Series, compact, exact, heatmap, scatter
from rnnviz.charts.shapes import LEGEND, LEGEND_TOP, color_bar, faint, level, zeros
from rnnviz.charts.theme import HEIGHTS, LIGHT, Theme, picture, plain, shown_token
from rnnviz.engine.layer_buffers import Array
from rnnviz.probe.gradients import Connectivity
from rnnviz.probe.jacobians import Products

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
