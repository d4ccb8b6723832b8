"""Perturbation: a sequence with one word changed, dropped or swapped."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple

import numpy as np

from rnnviz.engine.layer_buffers import Array

#: Pairs of matching tokens of the original and of the variant; None if one has no match.
Pairs = list[tuple[int | None, int | None]]


class Alter(StrEnum):
    """A kind of change to a word."""

    CHANGE = "change"
    DROP = "drop"
    SWAP = "swap with the next"


class Perturbation(NamedTuple):
    """A change to the word at ``place`` (from 0); ``word`` replaces it if it is changed."""

    alter: Alter
    place: int
    word: str = ""

    def applied(self, words: Sequence[str]) -> tuple[str, ...]:
        """The changed words."""
        before, word, after = words[: self.place], words[self.place], words[self.place + 1 :]
        if self.alter is Alter.DROP:
            return (*before, *after)
        if self.alter is Alter.SWAP:
            return (*before, *after[:1], word, *after[1:])
        return (*before, self.word, *after)

    def pairs(self, count: int) -> Pairs:
        """The matching tokens, for an original with ``count`` words."""
        if self.alter is not Alter.DROP:
            return [(t, t) for t in range(count)]
        dropped = self.place
        return [(t, None if t == dropped else t - (t > dropped)) for t in range(count)]


def joined(first: Pairs, before: int, after: int) -> Pairs:
    """Pairs of an encoder's words, then of its decoder's words in order.

    The original has ``before`` words in all, the variant ``after``.
    """
    starts = [sum(pair[side] is not None for pair in first) for side in (0, 1)]
    rest = max(before - starts[0], after - starts[1])
    pairs = ((starts[0] + k, starts[1] + k) for k in range(rest))
    return [*first, *((a if a < before else None, b if b < after else None) for a, b in pairs)]


def aligned(rows: Array, places: Sequence[int | None]) -> Array:
    """The rows (T, ...) at these tokens, NaN for None."""
    missing = np.full((1, *rows.shape[1:]), np.nan)
    return np.concatenate([rows, missing])[[-1 if t is None else t for t in places]]
