"""EpochCache: one cached row per epoch of a run."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import TypeVar

from rnnviz.run.schedule import Schedule

Row = TypeVar("Row")


class EpochCache(dict[int, Row]):
    """Rows by epoch, valid for one run and one subject.

    A setting that changes at an epoch invalidates the rows from that epoch on. With ``of_weights``
    the row of that epoch stays: it depends on the weights alone, and they are still the same.
    """

    def __init__(self, of_weights: bool = False) -> None:
        super().__init__()
        self._of_weights = of_weights
        self._schedule: Schedule | None = None
        self._subject: object = None

    def sync(self, schedule: Schedule, subject: object) -> None:
        """Drop the rows of another subject, and those from where the schedules differ."""
        previous = self._schedule if subject == self._subject else None
        last = previous.shared(schedule) if previous else -1
        end = last + self._of_weights
        for epoch in [epoch for epoch in self if epoch >= end]:
            del self[epoch]
        self._schedule, self._subject = schedule, subject

    def retain(self, epochs: Collection[int]) -> None:
        """Drop the rows of all other epochs."""
        for epoch in self.keys() - set(epochs):
            del self[epoch]

    def missing(self, epochs: Iterable[int]) -> Iterator[int]:
        """The ``epochs`` without a row when their turn comes, in the same order."""
        return (epoch for epoch in epochs if epoch not in self)

    def measure(self, epochs: Iterable[int], row: Callable[[int], Row]) -> Iterator[None]:
        """Measure the missing rows of ``epochs`` in their order; yields before each."""
        for epoch in self.missing(epochs):
            yield
            self[epoch] = row(epoch)


def coarse_first(epochs: Iterable[int]) -> list[int]:
    """The epochs in a coarse-to-fine order, by falling powers of two."""
    return sorted(epochs, key=lambda epoch: -(epoch & -epoch) if epoch else -math.inf)
