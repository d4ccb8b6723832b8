"""History: one row of scores for every epoch of a run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnnviz.engine.evaluation import Score
from rnnviz.training.schedule import Change, Position, Schedule

COLUMNS = ("train_loss", "train_metric", "test_loss", "test_metric")


class History:
    """Loss and metric (0..1) of training and test after every epoch, epoch 0 first.

    A missing test set has NaN.
    """

    def __init__(self) -> None:
        self._rows = np.empty((256, len(COLUMNS)))
        self._length = 0

    def __len__(self) -> int:
        return self._length

    def append(self, train: Score, test: Score) -> None:
        """Add the scores of the next epoch."""
        if self._length == len(self._rows):
            self._rows = np.concatenate([self._rows, np.empty_like(self._rows)])
        self._rows[self._length] = (*train, *test)
        self._length += 1

    @property
    def nbytes(self) -> int:
        """The memory that the rows take."""
        return self._rows.nbytes

    def until(self, epoch: int) -> History:
        """A history of its own with the rows up to ``epoch``."""
        copy = History()
        copy._rows, copy._length = self._rows[: max(epoch, 0) + 1].copy(), epoch + 1
        return copy

    @property
    def epochs(self) -> NDArray[Any]:
        """0, 1, ... up to the last finished epoch; (N,)."""
        return np.arange(self._length)

    def column(self, name: str) -> NDArray[Any]:
        """One of ``COLUMNS`` over the epochs; (N,)."""
        return self._rows[: self._length, COLUMNS.index(name)]

    def row(self, epoch: int) -> dict[str, float]:
        """The scores after ``epoch`` by name."""
        return dict(zip(COLUMNS, self._rows[: self._length][epoch].tolist(), strict=True))


@dataclass(frozen=True, eq=False)
class Ghost:
    """A run that was left at ``position`` for another: how far it had gone, scores, settings."""

    position: Position
    end: Position
    history: History
    schedule: Schedule


@dataclass(frozen=True, eq=False)
class Course:
    """A run as the charts over its epochs show it.

    ``epochs`` is where it is to end, ``shown`` the epoch that is looked at, None for the present.
    """

    history: History
    epochs: int
    shown: int | None = None
    changes: Sequence[Change] = ()
    ghost: Ghost | None = None
