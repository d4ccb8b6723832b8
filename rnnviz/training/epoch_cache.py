"""EpochCache: one row for each epoch of a run, for as long as it holds."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import Generic, TypeVar

from rnnviz.training.schedule import Schedule

Row = TypeVar("Row")


class EpochCache(Generic[Row]):
    """One row an epoch, of one run and one subject.

    A row about the step that follows an epoch is wrong where a setting changes there. With
    ``of_weights`` the rows are about the weights alone, which are the same there.
    """

    def __init__(self, of_weights: bool = False) -> None:
        self._of_weights = of_weights
        self._rows: dict[int, Row] = {}
        self._schedule: Schedule | None = None
        self._subject: object = None

    def sync(self, schedule: Schedule, subject: object) -> None:
        """Forget all rows of another subject, and those that other settings led to."""
        known = self._schedule if subject == self._subject else None
        last = known.shared(schedule) if known else -1
        end = last + self._of_weights
        self._rows = {epoch: row for epoch, row in self._rows.items() if epoch < end}
        self._schedule, self._subject = schedule, subject

    def retain(self, epochs: Collection[int]) -> None:
        """Forget the rows of all other epochs."""
        self._rows = {epoch: self._rows[epoch] for epoch in epochs if epoch in self._rows}

    def missing(self, epochs: Iterable[int]) -> Iterator[int]:
        """Those of ``epochs`` that have no row, in their order."""
        return (epoch for epoch in epochs if epoch not in self._rows)

    @property
    def epochs(self) -> list[int]:
        """The epochs that have a row, ascending."""
        return sorted(self._rows)

    def __contains__(self, epoch: int) -> bool:
        return epoch in self._rows

    def __getitem__(self, epoch: int) -> Row:
        return self._rows[epoch]

    def __setitem__(self, epoch: int, row: Row) -> None:
        self._rows[epoch] = row

    def __len__(self) -> int:
        return len(self._rows)
