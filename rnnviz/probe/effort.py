"""Effort: how long a measurement goes on by itself, and whether the reader asked for the rest."""

from __future__ import annotations

import time
from collections.abc import Callable

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
