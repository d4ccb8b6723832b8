"""Numbers about the gradients at several epochs of a run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from rnnviz.analysis.gradients import stacked
from rnnviz.analysis.token_contribution import TokenContribution
from rnnviz.engine.layer_buffers import Array

#: The number of largest eigenvalues that are kept for an epoch.
TRAIL = 8


@dataclass(frozen=True, eq=False)
class GradientRow:
    """One epoch: the largest ``eigenvalues`` (k,) of the recurrent weights, shares of a phrase.

    For some next steps: the share of ``steps`` that are clipped, the mean share of clipped
    ``entries``, the median ``angle`` in degrees, the median update-to-weight ``ratios`` by
    parameter. ``errors`` and ``cosines`` compare the notebook's gradient, by parameter; they are
    empty for gated cells.
    """

    eigenvalues: Array
    shares: TokenContribution
    steps: float
    entries: float
    angle: float
    ratios: Mapping[str, float]
    errors: Mapping[str, float]
    cosines: Mapping[str, float]


@dataclass(frozen=True, eq=False)
class GradientSeries:
    """One row for each of the ascending ``epochs`` (N,)."""

    epochs: Array
    rows: tuple[GradientRow, ...]

    def column(self, name: str) -> Array:
        """One number of every row, (N,)."""
        return np.array([getattr(row, name) for row in self.rows])

    def table(self, name: str) -> dict[str, Array]:
        """Numbers by parameter, of every row, (N,) each."""
        return stacked([getattr(row, name) for row in self.rows])

    def shares(self, name: str) -> Array:
        """The shares in dW_hh or dW_xh, (N, T)."""
        return np.array([getattr(row.shares, name) for row in self.rows])

    @property
    def eigenvalues(self) -> Array:
        """The largest eigenvalues, (N, k)."""
        return np.array([row.eigenvalues for row in self.rows])
