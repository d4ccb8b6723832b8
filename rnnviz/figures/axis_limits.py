"""Axis limits: round numbers, kept from frame to frame."""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence

import numpy as np

from rnnviz.engine.layer_buffers import Array

#: A held end is at most so many times as far out as it needs to be, or so many decades further.
_TIMES, _DECADES = 5, 4


def nice_limit(value: float) -> float:
    """The next of 1, 2, 5, 10, ... times a power of ten that isn't below ``value``.

    A scale that ends on such a rung moves seldom, so a running picture keeps still.
    """
    if not _has_size(value):
        return 1.0
    power = 10.0 ** math.floor(math.log10(value))
    return next((m * power for m in (1, 2, 5) if value <= m * power * (1 + 1e-12)), 10 * power)


def _has_size(value: float) -> bool:
    return value > sys.float_info.min and math.isfinite(value)


def decades(values: Sequence[float] | Array) -> list[float]:
    """A log axis' range, in powers of ten, that covers the positive ``values`` in steps of two."""
    logs = _logs(values)
    return powers(logs.min(), logs.max()) if logs.size else powers(0, 0)


def _logs(values: Sequence[float] | Array) -> Array:
    known = np.asarray(values, float)
    logs: Array = np.log10(known[(known > 0) & np.isfinite(known)])
    return logs


def powers(low: float, high: float) -> list[float]:
    """A range from an even power of ten below ``low`` to one above ``high``, with some room."""
    first, last = 2 * math.floor(low / 2), 2 * math.ceil(high / 2)
    return [first - 0.3, max(last, first + 2) + 0.3]


def tenths(low: float, high: float) -> list[float]:
    """A range from ``low`` to ``high``, rounded to tenths of the rung of its length."""
    step = nice_limit(high - low) / 10
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [step * first, step * max(last, first + 1)]


class Scale:
    """Where the scales of a picture end: by what the picture shows alone."""

    def nice_limit(self, value: float, grows: bool = False) -> float:
        """The end of a scale from -end to end, or from 0, that has room for ``value``.

        It only ``grows`` while the largest value isn't known yet.
        """
        rung = nice_limit(value)
        slack = math.inf if grows else (_TIMES - 1) * rung
        return self._ends(-rung, rung, slack if _has_size(value) else None)[1]

    def decades(self, values: Sequence[float]) -> list[float]:
        """The range of a log axis, in powers of ten, that has room for ``values``."""
        low, high = decades(values)
        return self._ends(low, high, _DECADES if _logs(values).size else None)

    def powers(self, low: float, high: float) -> list[float]:
        """The range of an axis of powers of ten from ``low`` to ``high``."""
        first, last = powers(low, high)
        return self._ends(first, last, _DECADES)

    def tenths(self, low: float, high: float, name: str = "") -> list[float]:
        """A range from ``low`` to ``high``; a figure with more than one has a ``name`` for each."""
        first, last = tenths(low, high)
        return self._ends(first, last, (_TIMES - 1) / 2 * (last - first), name)

    def _ends(self, low: float, high: float, slack: float | None, name: str = "") -> list[float]:
        """The ends, which may lie up to ``slack`` further out; None: nothing is known of them."""
        del slack, name
        return [low, high]


class StickyScale(Scale):
    """Scales that stay from picture to picture while what is shown fits.

    Numbers that waver about a rung would move them to and fro. An end moves out at once, and in
    when it is more than five times as far out as it needs to be, or more than four decades further.
    What has no size moves nothing.
    """

    def __init__(self) -> None:
        self._held: dict[str, tuple[float, float]] = {}

    def _ends(self, low: float, high: float, slack: float | None, name: str = "") -> list[float]:
        first, last = self._held.get(name, (low, high))
        if slack is None:
            return [first, last]
        room = slack * (1 + 1e-9)
        ends = (
            first if low - room <= first <= low else low,
            last if high <= last <= high + room else high,
        )
        self._held[name] = ends
        return list(ends)
