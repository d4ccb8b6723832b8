"""Curve: values over epochs or lags, of a run or drawn by a learner, and its measures."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from rnnviz.engine.layer_buffers import Array


class Curve(NamedTuple):
    """Values (N,) at ascending places (N,), N >= 1: epochs, or lags."""

    places: Array
    values: Array

    @classmethod
    def through(cls, points: Sequence[Sequence[float]], places: Array) -> Curve:
        """The line through points (place, value), at ``places``."""
        return cls(places, np.interp(places, *np.transpose(points)))

    def distance(self, other: Curve) -> float:
        """The mean distance of another curve at the places of this one."""
        values = np.interp(self.places, *other)
        return float(np.abs(self.values - values).mean())


def first(curve: Curve, *, below: float = -math.inf, above: float = math.inf) -> float:
    """The first place where the curve is below or above a level; infinite if it never is."""
    there = (curve.values < below) | (curve.values > above)
    return float(curve.places[there.argmax()]) if there.any() else math.inf


def grows(curve: Curve, *, times: float) -> float:
    """The first place where the curve exceeds ``times`` its first value."""
    return first(curve, above=times * float(curve.values[0]))


def between(curve: Curve, *, levels: Sequence[float]) -> float:
    """How far it is from the first place below the higher level to the first below the lower.

    Infinite if it never falls below the lower one.
    """
    low, high = levels
    end = first(curve, below=low)
    return end if math.isinf(end) else end - first(curve, below=high)


def value(curve: Curve, *, at: float = math.inf) -> float:
    """The curve at a place, by default at its end; also beyond it."""
    return float(np.interp(at, *curve))


def mean(curve: Curve, *, but: float = math.nan) -> float:
    """The mean over all places but one."""
    return float(curve.values[curve.places != but].mean())
