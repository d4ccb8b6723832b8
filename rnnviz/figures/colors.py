"""Colours as numbers: mixed, faded, and compared by contrast."""

from __future__ import annotations

import numpy as np

from rnnviz.engine.layer_buffers import Array

_INKS = ("#000000", "#ffffff")


def rgb(color: str) -> Array:
    """Red, green and blue of "#rrggbb", (3,), 0..255."""
    return np.array([int(color[k : k + 2], 16) for k in (1, 3, 5)], float)


def mixed(first: str, last: str, share: float) -> str:
    """The colour that lies a ``share``, 0..1, of the way from the first to the last."""
    parts = rgb(first) * (1 - share) + rgb(last) * share
    return "#" + "".join(f"{round(part):02x}" for part in parts)


def faint(color: str, opacity: float) -> str:
    """The colour as what is behind it shines through, in the words of a style sheet."""
    red, green, blue = rgb(color).astype(int)
    return f"rgba({red},{green},{blue},{opacity:g})"


def ink(ground: str) -> str:
    """Black or white, whichever is easier to read on this colour."""
    return max(_INKS, key=lambda color: contrast(color, ground))


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two colours, 1..21, as the Web Content Accessibility Guidelines do."""
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def _luminance(color: str) -> float:
    parts = rgb(color) / 255
    linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])
