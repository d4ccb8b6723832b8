"""Random numbers for generated data."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import TypeVar

import numpy as np

#: The stream of ``np.random.default_rng((seed, stream, ...))``; other uses have other streams.
DATA = 3

Drawn = TypeVar("Drawn", bound=Hashable)


def chance(task: str, seed: int) -> np.random.Generator:
    """The random generator of a task; it depends on the task's name and the seed."""
    return np.random.default_rng((seed, DATA, int.from_bytes(task.encode(), "big")))


def distinct(draw: Callable[[], Drawn], count: int) -> list[Drawn]:
    """The first ``count`` distinct values drawn; loops forever if there are fewer."""
    drawn: dict[Drawn, None] = {}
    while len(drawn) < count:
        drawn[draw()] = None
    return list(drawn)
