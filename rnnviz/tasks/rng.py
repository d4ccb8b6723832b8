"""Random numbers for generated data."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import TypeVar

import numpy as np

#: The stream of ``np.random.default_rng((seed, DATA, ...))``; the engine has others.
DATA = 3

Drawn = TypeVar("Drawn", bound=Hashable)


def chance(task: str, seed: int) -> np.random.Generator:
    """The random numbers of a task: the same for the same seed, and others for every task."""
    return np.random.default_rng((seed, DATA, int.from_bytes(task.encode(), "big")))


def distinct(draw: Callable[[], Drawn], count: int) -> list[Drawn]:
    """The first ``count`` different things that are drawn; there must be as many."""
    found: dict[Drawn, None] = {}
    while len(found) < count:
        found[draw()] = None
    return list(found)
