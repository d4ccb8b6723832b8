"""Numbers about the gradients at several epochs of a run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, NamedTuple, TypeVar

import numpy as np

from rnnviz.engine.layer_buffers import Array
from rnnviz.probe.gradients import stacked

Row = TypeVar("Row")
#: The number of largest eigenvalues that are kept for an epoch.
TRAIL = 8


class Clipping(NamedTuple):
    """Of some next steps: the shares of ``steps`` and of ``entries`` that clipping changes.

    ``angle`` is the largest angle by which it turns the gradient of one, in degrees.
    """

    steps: float
    entries: float
    angle: float


@dataclass(frozen=True, eq=False)
class EpochSeries(Generic[Row]):
    """One row for each of the ascending ``epochs`` (N,)."""

    epochs: Array
    rows: tuple[Row, ...]

    def column(self, name: str) -> Array:
        """One number or array of every row, (N, ...)."""
        return np.array([getattr(row, name) for row in self.rows])

    def table(self, name: str) -> dict[str, Array]:
        """Numbers by parameter, of every row, (N,) each."""
        return stacked([getattr(row, name) for row in self.rows])

    def nearest(self, epoch: int) -> int:
        """The index of the epoch that is nearest to ``epoch``."""
        return int(np.abs(self.epochs - epoch).argmin())
