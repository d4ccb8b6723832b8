"""Perturbation: a sequence with a word changed, dropped, added or swapped, or another state."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple

import numpy as np

from rnnviz.engine.layer_buffers import Array

#: Pairs of matching tokens of the original and of the variant; None if one has no match.
Pairs = list[tuple[int | None, int | None]]


class Alter(StrEnum):
    """A kind of change at a word."""

    CHANGE = "another"
    DROP = "dropped"
    ADD = "added"
    SWAP = "swapped"
    STATE = "another state"


class Perturbation(NamedTuple):
    """A change at the word at ``place`` (from 0); ``word`` replaces it, or is added after it.

    Or the state after it is replaced by that after word ``after`` of the ``donor``.
    """

    alter: Alter
    place: int
    word: str = ""
    donor: tuple[str, ...] = ()
    after: int = 0

    def applied(self, words: Sequence[str]) -> tuple[str, ...]:
        """The changed words.

        A state is all that the network keeps of what it has read. So to put another one in is to
        read the words that lead to it, and then those that are left.
        """
        before, word, after = words[: self.place], words[self.place], words[self.place + 1 :]
        if self.alter is Alter.DROP:
            return (*before, *after)
        if self.alter is Alter.ADD:
            return (*before, word, self.word, *after)
        if self.alter is Alter.SWAP:
            return (*before, *after[:1], word, *after[1:])
        if self.alter is Alter.STATE:
            return (*self.donor[: self.after + 1], *after)
        return (*before, self.word, *after)

    def pairs(self, count: int) -> Pairs:
        """The matching tokens, for an original with ``count`` words.

        An added word has no match: the one before it is matched with it.
        """
        if self.alter is Alter.ADD:
            return [(t, t + (t >= self.place)) for t in range(count)]
        if self.alter is not Alter.DROP:
            return [(t, t) for t in range(count)]
        dropped = self.place
        return [(t, None if t == dropped else t - (t > dropped)) for t in range(count)]

    def continued(self, first: Array, second: Array) -> Array:
        """The rows of the variant from those of the original, (T, ...), and its own, (T', ...).

        Before another state is put in, the variant is the original.
        """
        if self.alter is not Alter.STATE:
            return second
        return np.concatenate([first[: self.place], second[self.after :]])


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
