"""Colours as numbers: mixing, transparency and contrast."""

from __future__ import annotations

import numpy as np

from rnnviz.engine.layer_buffers import Array


def rgb(color: str) -> Array:
    """Red, green and blue of "#rrggbb", (3,), 0..255."""
    return np.array([int(color[k : k + 2], 16) for k in (1, 3, 5)], float)


def mixed(first: str, last: str, share: float) -> str:
    """The linear mix of two colours: ``share`` 0 is the first, 1 the last."""
    parts = rgb(first) * (1 - share) + rgb(last) * share
    return "#" + "".join(f"{round(part):02x}" for part in parts)


def shades(count: int, background: str, color: str) -> list[str]:
    """Shades of a colour, from a pale first one to itself."""
    return [mixed(background, color, 0.25 + 0.75 * k / max(1, count - 1)) for k in range(count)]


def faint(color: str, opacity: float) -> str:
    """The colour with an opacity, as CSS rgba()."""
    red, green, blue = rgb(color).astype(int)
    return f"rgba({red},{green},{blue},{opacity:g})"


def ink(background: str) -> str:
    """Black or white, whichever has more contrast with the background."""
    return max("#000000", "#ffffff", key=lambda color: contrast(color, background))


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two colours, 1..21 (Web Content Accessibility Guidelines)."""
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def _luminance(color: str) -> float:
    parts = rgb(color) / 255
    linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])
