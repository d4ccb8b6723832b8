"""RateLimit: a token bucket."""

from __future__ import annotations


class RateLimit:
    """At most ``rate`` messages a second, and ``burst`` at once; ``now`` is in seconds."""

    def __init__(self, rate: float, burst: float, now: float) -> None:
        self._rate, self._burst = rate, burst
        self._left, self._last = burst, now

    def wait(self, now: float) -> float:
        """Count one more message; the seconds to wait after it."""
        self._refill(now)
        self._left -= 1
        return max(0.0, -self._left / self._rate)

    def admits(self, now: float) -> bool:
        """Whether one more message is within the limit; it is counted only then."""
        self._refill(now)
        if self._left < 1:
            return False
        self._left -= 1
        return True

    def _refill(self, now: float) -> None:
        self._left = min(self._burst, self._left + self._rate * (now - self._last))
        self._last = now
