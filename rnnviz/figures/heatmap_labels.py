"""Texts on coloured cells, black or white for the best contrast."""

from __future__ import annotations

import math
from collections.abc import Sequence

from rnnviz.engine.layer_buffers import Array
from rnnviz.figures.color_math import ink, mixed
from rnnviz.figures.picture import Series, scatter
from rnnviz.figures.theme import Theme


def cell_texts(
    texts: Sequence[Sequence[str]], shares: Array, theme: Theme, size: int = 14
) -> Series:
    """A text for every cell of a heatmap; ``shares`` are its values, -1 (blue) to 1 (red).

    Plotly's own texts on cells are grey on strong colours.
    """
    cells = [(x, y) for y, row in enumerate(texts) for x in range(len(row))]
    return scatter(
        x=[x for x, _ in cells],
        y=[y for _, y in cells],
        mode="text",
        text=[texts[y][x] for x, y in cells],
        textfont={"size": size, "color": [ink(tint(shares[y, x], theme)) for x, y in cells]},
        hoverinfo="skip",
    )


def tint(share: float, theme: Theme) -> str:
    """The colour of a signed value, as a share of the largest, -1..1; neutral if not finite."""
    share = min(max(share, -1.0), 1.0) if math.isfinite(share) else 0.0
    return mixed(theme.neutral, theme.positive if share > 0 else theme.negative, abs(share))
