"""Symbols: how numbers, words and the entries of the parameters are written."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

_AXES = {
    "W_xh": ("unit", "word"),
    "W_hh": ("unit", "unit"),
    "b_h": ("unit",),
    "W_hy": ("class", "unit"),
    "b_y": ("class",),
}
_LONGEST = 16


class Names(NamedTuple):
    """What the rows and columns of the parameters stand for: V words and C classes."""

    vocabulary: tuple[str, ...]
    classes: tuple[str, ...]

    def entry(self, name: str, index: Iterable[int | np.integer]) -> str:
        """One entry of a parameter: W_hh[3, 12], W_xh[3, “not”], b_y[“positive”]."""
        places = zip(_AXES[name], index, strict=True)
        return f"{name}[{', '.join(self._place(axis, int(i)) for axis, i in places)}]"

    def _place(self, axis: str, index: int) -> str:
        if axis == "unit":
            return str(index)
        return quoted((self.vocabulary if axis == "word" else self.classes)[index])


def quoted(word: str) -> str:
    """A word between quotation marks, shortened to 16 characters."""
    return f"“{word if len(word) <= _LONGEST else word[: _LONGEST - 1] + '…'}”"


def number(value: float) -> str:
    """A number with four digits and a true minus sign."""
    # The sum turns -0.0 into 0.0.
    return f"{value + 0.0:.4g}".replace("-", "−")


def added(values: Iterable[float]) -> str:
    """Numbers as a sum: 0.5 + 0.25 − 0.125."""
    first, *others = values
    signs = (f" {'−' if value < 0 else '+'} {number(abs(value))}" for value in others)
    return number(first) + "".join(signs)
