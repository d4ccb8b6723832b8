"""Legends: what lines, signs and colours mean."""

from __future__ import annotations

from typing import Any

#: A legend between the title and the plot, which then starts ``LEGEND_TOP`` pixels below the top.
LEGEND: dict[str, Any] = {
    "showlegend": True,
    "legend": {"orientation": "h", "x": 0, "xanchor": "left", "y": 1.0, "yanchor": "bottom"},
}
LEGEND_TOP = 76


def color_bar(symbol: str) -> dict[str, Any]:
    """The colour scale beside a heatmap, headed by the symbol of its values."""
    position = {"x": 1.0, "xpad": 8, "y": 0.5, "len": 1, "thickness": 14, "outlinewidth": 0}
    title = {"text": symbol, "font": {"size": 14}}
    return {**position, "title": title, "nticks": 5, "exponentformat": "power"}


def colored(text: str, color: str) -> str:
    """The text in a colour, as HTML for a title or an annotation."""
    return f'<span style="color:{color}">{text}</span>'
