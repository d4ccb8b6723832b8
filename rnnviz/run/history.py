"""History: one row of scores per epoch of a run; EpochCache: one row of measurements."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from rnnviz.engine.evaluation import Score
from rnnviz.run.schedule import Change, Position, Schedule

COLUMNS = ("train_loss", "train_metric", "test_loss", "test_metric")


class History:
    """Loss and metric (0..1) on the training and test set after each epoch, from epoch 0.

    The test scores are NaN if there is no test set. ``unit`` is what the axis counts, ``roles`` are
    the names of the two sets; the network does not learn from the one with the index ``held_out``.
    """

    unit = "epoch"
    roles = ("train", "test")
    held_out = 1

    def __init__(self) -> None:
        self._rows = np.empty((256, len(COLUMNS)))
        self._length = 0

    @classmethod
    def of(cls, columns: Mapping[str, NDArray[Any]]) -> History:
        """The history with these columns (N,), by the names in ``COLUMNS``."""
        history = cls()
        history._rows = np.stack([columns[name] for name in COLUMNS], axis=1).astype(float)
        history._length = len(history._rows)
        return history

    def __len__(self) -> int:
        return self._length

    def append(self, train: Score, test: Score) -> None:
        """Add the scores of the next epoch."""
        if self._length == len(self._rows):
            self._rows = np.concatenate([self._rows, np.empty_like(self._rows)])
        self._rows[self._length] = (*train, *test)
        self._length += 1

    @property
    def epochs(self) -> NDArray[Any]:
        """The epochs of the rows, (N,), ascending."""
        return np.arange(self._length)

    def rows_until(self, epoch: int) -> int:
        """The number of rows up to ``epoch``, inclusive."""
        return epoch + 1

    @property
    def nbytes(self) -> int:
        """Size of the rows in bytes."""
        return self._rows.nbytes

    def until(self, epoch: int) -> History:
        """A copy with the rows up to ``epoch``, inclusive."""
        copy = History()
        copy._rows, copy._length = self._rows[: max(epoch, 0) + 1].copy(), epoch + 1
        return copy

    def column(self, name: str) -> NDArray[Any]:
        """One of ``COLUMNS`` over the epochs, (N,)."""
        return self._rows[: self._length, COLUMNS.index(name)]

    def loss_of(self, role: int) -> NDArray[Any]:
        """The loss on the set with this index in ``roles``, over the epochs, (N,)."""
        return self.column(COLUMNS[2 * role])

    @property
    def best(self) -> int:
        """The first epoch with the lowest loss on what is held out, or on the training set.

        Epoch 0 if no loss is a number.
        """
        unseen = self.loss_of(self.held_out)
        losses = self.column("train_loss") if np.isnan(unseen).all() else unseen
        return int(np.argmin(np.nan_to_num(losses, nan=np.inf)))

    def row(self, epoch: int) -> dict[str, float]:
        """The scores after ``epoch``, by column name."""
        return dict(zip(COLUMNS, self._rows[: self._length][epoch].tolist(), strict=True))


@dataclass(frozen=True, eq=False)
class PreviousRun:
    """The old run of a branch, left at ``position``: its last position, scores and settings."""

    position: Position
    end: Position
    history: History
    schedule: Schedule


@dataclass(frozen=True, eq=False)
class RunCurves:
    """The data of the charts over the epochs.

    ``epochs`` is the last epoch to train, ``shown`` the epoch shown, None for the present,
    ``pinned`` the one that it is compared with, ``ghost`` the run before a branch.
    """

    history: History
    epochs: int
    shown: int | None = None
    changes: Sequence[Change] = ()
    ghost: PreviousRun | None = None
    pinned: int | None = None


# Measurements by epoch


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
        """The ``epochs`` that have no row when they are reached, in the same order."""
        return (epoch for epoch in epochs if epoch not in self)

    def measure(self, epochs: Iterable[int], row: Callable[[int], Row]) -> Iterator[None]:
        """Measure the missing rows of ``epochs`` in their order; yields before each."""
        for epoch in self.missing(epochs):
            yield
            self[epoch] = row(epoch)


def coarse_first(epochs: Iterable[int]) -> list[int]:
    """The epochs in a coarse-to-fine order, by falling powers of two."""
    return sorted(epochs, key=lambda epoch: -(epoch & -epoch) if epoch else -math.inf)
