"""Where scales end: on few rungs, and from picture to picture where they have ended before."""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence

#: A held scale is at most so many times as long as it needs to be, or so many decades longer.
_TIMES, _DECADES = 5, 4


def ladder(value: float) -> float:
    """The next of 1, 2, 5, 10, ... times a power of ten that isn't below ``value``.

    A scale that ends on such a rung moves seldom, so a running picture keeps still.
    """
    if not value > sys.float_info.min or not math.isfinite(value):
        return 1.0
    power = 10.0 ** math.floor(math.log10(value))
    return next((m * power for m in (1, 2, 5) if value <= m * power * (1 + 1e-12)), 10 * power)


def decades(values: Sequence[float]) -> list[float]:
    """A log axis' range, in powers of ten, that covers the positive ``values`` in steps of two."""
    logs = [math.log10(v) for v in values if v > 0 and math.isfinite(v)] or [0.0]
    low, high = 2 * math.floor(min(logs) / 2), 2 * math.ceil(max(logs) / 2)
    return [low - 0.3, max(high, low + 2) + 0.3]


class Scale:
    """Where one scale of a picture ends: by what the picture shows alone."""

    def ladder(self, value: float) -> float:
        """The end of a scale from -end to end, or from 0, that has room for ``value``."""
        rung = ladder(value)
        return self._ends(-rung, rung, _TIMES * 2 * rung)[1]

    def decades(self, values: Sequence[float]) -> list[float]:
        """The range of a log axis, in powers of ten, that has room for ``values``."""
        low, high = decades(values)
        return self._ends(low, high, high - low + _DECADES)

    def quarters(self, low: float, high: float) -> list[float]:
        """A range from ``low`` to ``high``, on quarters of the rung of its length."""
        step = ladder(high - low) / 4
        first = math.floor(low / step)
        last = max(math.ceil(high / step), first + 1)
        return self._ends(step * first, step * last, _TIMES * step * (last - first))

    def _ends(self, low: float, high: float, longest: float) -> list[float]:
        return [low, high]


class HeldScale(Scale):
    """A scale that stays from picture to picture while what is shown fits.

    Numbers that waver about a rung would move it to and fro. It grows at once, and shrinks when
    less than a fifth of it is enough, or over four decades less.
    """

    def __init__(self) -> None:
        self._held: tuple[float, float] | None = None

    def _ends(self, low: float, high: float, longest: float) -> list[float]:
        held = self._held or (low, high)
        both = min(low, held[0]), max(high, held[1])
        fits = both[1] - both[0] <= longest * (1 + 1e-9)
        self._held = both if fits else (low, high)
        return list(self._held)
