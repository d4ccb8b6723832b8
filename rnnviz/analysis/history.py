"""History: one row of scalars for every epoch of a run."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rnnviz.engine.training import Score

COLUMNS = ("train_loss", "train_accuracy", "test_loss", "test_accuracy")


class Change(NamedTuple):
    """A setting changed while the run went on: at which epoch, which one, and to what."""

    epoch: int
    name: str
    label: str
    value: str


class History:
    """Loss (nats) and accuracy (0..1) after every epoch, epoch 0 first, and the changes on the way.

    A missing test set has NaN.
    """

    def __init__(self) -> None:
        self._rows = np.empty((256, len(COLUMNS)))
        self._length = 0
        self.changes: list[Change] = []

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
        """0, 1, ... up to the last finished epoch; (N,)."""
        return np.arange(self._length)

    def column(self, name: str) -> NDArray[Any]:
        """One of ``COLUMNS`` over the epochs; (N,)."""
        return self._rows[: self._length, COLUMNS.index(name)]

    def row(self, epoch: int) -> dict[str, float]:
        """The scores after ``epoch`` by name."""
        return dict(zip(COLUMNS, self._rows[: self._length][epoch].tolist(), strict=True))
