"""Axis limits: round numbers that stay the same from frame to frame."""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence

import numpy as np

from rnnviz.engine.layer_buffers import Array

#: Larger values count as infinite: the length of an axis must be a finite number too.
_LARGEST = 1e300
#: A sticky limit may be this many times too large, or this many decades too far out.
_TIMES, _DECADES = 5, 4


def nice_limit(value: float) -> float:
    """The smallest of 1, 2, 5, 10, ... times a power of ten that isn't below ``value``.

    1 for values that have no size: zero, negative, NaN, infinite or nearly so.
    """
    if not _has_size(value):
        return 1.0
    power = 10.0 ** math.floor(math.log10(value))
    return next((m * power for m in (1, 2, 5) if value <= m * power * (1 + 1e-12)), 10 * power)


def _has_size(value: float) -> bool:
    return sys.float_info.min < value <= _LARGEST


def decades(values: Sequence[float] | Array, every: int = 2) -> list[float]:
    """The range of a log axis, in powers of ten, that covers the positive ``values``.

    It begins and ends near a multiple of ``every``.
    """
    logs = finite_logs(values)
    return powers(logs.min(), logs.max(), every) if logs.size else powers(0, 0, every)


def finite_logs(values: Sequence[float] | Array) -> Array:
    """The powers of ten of the positive, finite ``values``."""
    array = np.asarray(values, float)
    logs: Array = np.log10(array[(array > 0) & np.isfinite(array)])
    return logs


def powers(low: float, high: float, every: int = 2) -> list[float]:
    """A range from a multiple of ``every`` below ``low`` to one above ``high``, with a margin."""
    first, last = every * math.floor(low / every), every * math.ceil(high / every)
    return [first - 0.3, max(last, first + every) + 0.3]


class Scale:
    """The limits of a picture's axes and colours, from its own data alone."""

    def nice_limit(self, value: float, name: str = "") -> float:
        """The end of a scale from -end to end, or from 0, that covers ``value``.

        ``name`` identifies the scale in the picture.
        """
        limit = nice_limit(value)
        slack = (_TIMES - 1) * limit
        return self._ends(-limit, limit, slack if _has_size(value) else None, name)[1]

    def decades(self, values: Sequence[float]) -> list[float]:
        """The range of a log axis, in powers of ten, that covers the positive ``values``."""
        low, high = decades(values)
        return self._ends(low, high, _DECADES if finite_logs(values).size else None)

    def powers(self, low: float, high: float) -> list[float]:
        """The range of an axis of exponents that covers ``low`` to ``high``."""
        first, last = powers(low, high)
        return self._ends(first, last, _DECADES)

    def tenths(self, low: float, high: float, name: str = "") -> list[float]:
        """A range around ``low`` to ``high`` that ends at tenths of the nice limit of its length.

        ``name`` identifies the axis in the picture.
        """
        low, high = np.clip([low, high], -_LARGEST / 2, _LARGEST / 2).tolist()
        step = nice_limit(high - low) / 10
        start, end = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
        first, last = step * start, step * max(end, start + 1)
        return self._ends(first, last, (_TIMES - 1) / 2 * (last - first), name)

    def _ends(self, low: float, high: float, slack: float | None, name: str = "") -> list[float]:
        """Both limits, each at most ``slack`` further out; None for values without a size."""
        del slack, name
        return [low, high]


class StickyScale(Scale):
    """Limits that stay the same from picture to picture while the data fit.

    This avoids flicker when values waver around a round number. A limit moves out at once. It moves
    in when it is more than five times too large, or more than four decades too far out. Values
    without a size change nothing.
    """

    def __init__(self) -> None:
        self._last: dict[str, tuple[float, float]] = {}

    def _ends(self, low: float, high: float, slack: float | None, name: str = "") -> list[float]:
        first, last = self._last.get(name, (low, high))
        if slack is None:
            return [first, last]
        slack *= 1 + 1e-9
        first = first if low - slack <= first <= low else low
        last = last if high <= last <= high + slack else high
        self._last[name] = first, last
        return [first, last]


def typical(*arrays: Array) -> float:
    """The 95% quantile of the absolute values other than zero; 0 if there are none.

    With the maximum as limit, a few outliers would make all other values look like zero.
    """
    sizes = np.abs(np.concatenate([np.ravel(array) for array in arrays]))
    sizes = sizes[sizes > 0]
    return float(np.quantile(sizes, 0.95)) if sizes.size else 0.0
