"""A table of results and their targets."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """One figure, its bound, and what it was when frames still came with reruns of a script."""

    name: str
    measured: float
    unit: str
    at_least: float | None = None
    at_most: float | None = None
    before: str = ""

    @property
    def wanted(self) -> str:
        """The bound in words."""
        bound = self.at_least if self.at_least is not None else self.at_most
        return f"{'>=' if self.at_least is not None else '<='} {bound:g} {self.unit}".rstrip()

    @property
    def reached(self) -> bool:
        """Whether the figure is within its bound."""
        low = self.at_least is None or self.measured >= self.at_least
        return low and (self.at_most is None or self.measured <= self.at_most)


def print_table(rows: Iterable[Row]) -> None:
    """Print a line a row: name, figure, bound, and whether it was reached."""
    for row in rows:
        measured = f"{row.measured:.3g} {row.unit}".rstrip()
        verdict = "ok" if row.reached else "SHORT"
        before = f"   (before: {row.before})" if row.before else ""
        print(f"{row.name:<46}{measured:>14}   wanted {row.wanted:<12} {verdict}{before}")
