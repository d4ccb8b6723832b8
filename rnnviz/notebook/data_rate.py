"""DataRate: how long to wait until more may be sent to the notebook.

Jupyter's server drops all output of a kernel that sends more than a megabyte a second.
"""

from __future__ import annotations

from dataclasses import dataclass

#: Bytes a second of all widgets of a kernel together: the limit, less what cells print.
MOST = 600_000


@dataclass(eq=False)
class DataRate:
    """Bytes that were sent, and when that many will have been allowed."""

    free_at: float = 0.0

    def add(self, now: float, count: int) -> None:
        """Note that ``count`` bytes were sent at time ``now``."""
        self.free_at = max(now, self.free_at) + count / MOST

    def wait(self, now: float) -> float:
        """Seconds from ``now`` until more may be sent."""
        return max(0.0, self.free_at - now)
