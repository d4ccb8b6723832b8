"""Pace: how many epochs are due by now."""

from __future__ import annotations

from dataclasses import dataclass

#: Seconds that are caught up at most when training falls behind its speed.
BEHIND = 0.1


@dataclass(eq=False)
class Pace:
    """How many epochs, or steps in slow motion, are due by the clock."""

    credit: float = 0.0
    last: float | None = None

    def due(self, now: float, rate: float) -> int:
        """How many are to be done by ``now`` at ``rate`` a second."""
        if self.last is not None:
            self.credit += (now - self.last) * rate
        self.last = now
        # While one is under way, its own time is owed too.
        self.credit = min(self.credit, max(2.0, 1 + BEHIND * rate))
        return int(self.credit)

    def rest(self, now: float, rate: float) -> float:
        """Seconds from ``now`` until the next one is due."""
        gone = 0.0 if self.last is None else now - self.last
        return max(0.0, (1 - self.credit) / rate - gone)

    def reset(self) -> None:
        """Begin again when it next goes on, with one at once."""
        self.credit, self.last = 1.0, None
