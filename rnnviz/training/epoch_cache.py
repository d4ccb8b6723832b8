"""EpochCache: one cached row per epoch of a run."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import Generic, TypeVar

from rnnviz.training.schedule import Schedule

Row = TypeVar("Row")


class EpochCache(Generic[Row]):
    """Rows by epoch, valid for one run and one subject.

    A setting that changes at an epoch invalidates the rows from that epoch on. With ``of_weights``
    the row of that epoch stays: it depends on the weights alone, and they are still the same.
    """

    def __init__(self, of_weights: bool = False) -> None:
        self._of_weights = of_weights
        self._rows: dict[int, Row] = {}
        self._schedule: Schedule | None = None
        self._subject: object = None

    def sync(self, schedule: Schedule, subject: object) -> None:
        """Drop the rows of another subject, and those from where the schedules differ."""
        previous = self._schedule if subject == self._subject else None
        last = previous.shared(schedule) if previous else -1
        end = last + self._of_weights
        self._rows = {epoch: row for epoch, row in self._rows.items() if epoch < end}
        self._schedule, self._subject = schedule, subject

    def retain(self, epochs: Collection[int]) -> None:
        """Drop the rows of all other epochs."""
        self._rows = {epoch: self._rows[epoch] for epoch in epochs if epoch in self._rows}

    def missing(self, epochs: Iterable[int]) -> Iterator[int]:
        """The ``epochs`` without a row, in the same order."""
        return (epoch for epoch in epochs if epoch not in self._rows)

    @property
    def epochs(self) -> list[int]:
        """The epochs with a row, ascending."""
        return sorted(self._rows)

    def __contains__(self, epoch: int) -> bool:
        return epoch in self._rows

    def __getitem__(self, epoch: int) -> Row:
        return self._rows[epoch]

    def __setitem__(self, epoch: int, row: Row) -> None:
        self._rows[epoch] = row

    def __len__(self) -> int:
        return len(self._rows)
