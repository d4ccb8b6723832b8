"""Work with a budget: how long a measurement goes on unasked, and examples read in chunks."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

import numpy as np

from rnnviz.engine.batch import Example
from rnnviz.engine.layer_buffers import Array

#: Seconds for which a measurement goes on unasked.
UNASKED = 1.0


class Effort:
    """The work on one measurement. It is new for each ``key``.

    It goes on by itself for ``UNASKED`` seconds; the rest only when the reader asks for it.
    """

    def __init__(self) -> None:
        self._key: object = None
        self._spent = 0.0
        #: Whether the reader asked for the rest, and whether some is left that must be asked for.
        self.asked = self.waiting = False

    def work(self, key: object, budget: float, measure: Callable[[float], bool]) -> bool:
        """Call ``measure(budget)`` if it may go on; return whether it may and some is left."""
        if key != self._key:
            self._key, self._spent, self.asked, self.waiting = key, 0.0, False, False
        if self.waiting:
            return False
        begun = time.perf_counter()
        left = measure(budget)
        self._spent += time.perf_counter() - begun
        self.waiting = left and not self.asked and self._spent > UNASKED
        self.asked = self.asked and left
        return left and not self.waiting

    def ask(self) -> None:
        """Let it go on to the end."""
        self.asked, self.waiting = True, False

    def cancel(self) -> None:
        """Let it go on no more until it is asked for."""
        self.asked, self.waiting = False, True

    @property
    def condition(self) -> tuple[bool, bool]:
        """What the buttons show."""
        return self.asked, self.waiting


# Examples that are read a part at a time, coarse first: each part is a random sample


#: Weights times tokens of the sequences that are read at once: about five milliseconds.
_WORK = 25_000_000
#: The fixed seed of the order in which they are read, as examples are often ordered by class.
_SEED = 7


def cut(examples: Sequence[Example], weights: int) -> list[Array]:
    """The indexes of each piece for a network with so many weights, in their order."""
    order = np.random.default_rng(_SEED).permutation(len(examples))
    work = weights * np.cumsum([_tokens(examples[i]) for i in order])
    cuts = np.flatnonzero(np.diff(work // _WORK)) + 1
    return [np.sort(piece) for piece in np.split(order, cuts)]


def _tokens(example: Example) -> int:
    return len(example.inputs) + (0 if example.source is None else len(example.source))


T = TypeVar("T")


class Pieces(Generic[T]):
    """What was read of each piece so far, ``done``; the first piece is read at once."""

    def __init__(self, orders: Sequence[Array], read: Callable[[Array], T]) -> None:
        self._left, self._read = [*orders], read
        self.done: list[T] = []
        self._next()

    def _next(self) -> None:
        with np.errstate(all="ignore"):
            self.done.append(self._read(self._left.pop(0)))

    def develop(self, budget: float) -> bool:
        """Read on for so many seconds; return whether something is left."""
        start = time.perf_counter()
        while self._left and time.perf_counter() - start < budget:
            self._next()
        return bool(self._left)
