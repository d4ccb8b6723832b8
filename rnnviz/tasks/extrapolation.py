"""Extrapolation: new sequences, also longer than those of a task's data."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

import numpy as np

from rnnviz.tasks.example import Example

#: The stream of ``np.random.default_rng((seed, stream, ...))`` for new sequences.
EXTRAPOLATING = 6
#: Draws for each sequence, before it is taken that there are no others.
_TRIES = 10


@dataclass(frozen=True)
class Extrapolation:
    """How a task draws sequences of any length.

    ``noun`` is what a length counts, ``trained`` the largest that is learned, ``lengths`` are those
    to measure. ``draw`` takes a generator and a length. ``note`` is a sentence about the sequences.
    """

    noun: str
    trained: int
    lengths: tuple[int, ...]
    draw: Callable[[np.random.Generator, int], Example]
    note: str = ""

    def new(self, length: int, count: int, learned: Collection[bytes]) -> tuple[Example, ...]:
        """Up to ``count`` different sequences, none of them with ``learned`` inputs.

        They are the same in every run; there are fewer where hardly any exist.
        """
        rng = np.random.default_rng((0, EXTRAPOLATING, length))
        drawn: dict[bytes, Example] = {}
        for _ in range(_TRIES * count):
            example = self.draw(rng, length)
            if (key := example.inputs.tobytes()) not in learned:
                drawn[key] = example
            if len(drawn) == count:
                break
        return tuple(drawn.values())


def around(trained: int) -> tuple[int, ...]:
    """Half of the trained length, itself, twice and four times it."""
    return trained // 2, trained, 2 * trained, 4 * trained
