"""Pace: how many epochs are due by the clock."""

from __future__ import annotations

from dataclasses import dataclass

#: The most seconds of lost time that are caught up when training is slower than its speed.
MAX_BACKLOG = 0.1


@dataclass(eq=False)
class Pace:
    """Credit of epochs, or of steps in slow motion, that grows with time."""

    credit: float = 0.0
    last: float | None = None

    def due(self, now: float, rate: float) -> int:
        """How many are due at time ``now``, with ``rate`` per second."""
        if self.last is not None:
            self.credit += (now - self.last) * rate
        self.last = now
        # An epoch under way earns credit for its own duration too, hence at least 2.
        self.credit = min(self.credit, max(2.0, 1 + MAX_BACKLOG * rate))
        return int(self.credit)

    def wait(self, now: float, rate: float) -> float:
        """Seconds from ``now`` until the next one is due."""
        elapsed = 0.0 if self.last is None else now - self.last
        return max(0.0, (1 - self.credit) / rate - elapsed)

    def reset(self) -> None:
        """Restart the clock with one epoch due at once."""
        self.credit, self.last = 1.0, None
