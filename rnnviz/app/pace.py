"""Pace: how much is to be trained by now."""

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
        self.credit = min(self.credit, max(1.0, BEHIND * rate))
        return int(self.credit)

    def rest(self, rate: float) -> float:
        """Seconds until the next one is due."""
        return max(0.0, (1 - self.credit) / rate)

    def stop(self) -> None:
        """Begin anew when it next goes on, with one at once."""
        self.credit, self.last = 1.0, None
