"""Units: the means and scales by which values are standardised, and told in their own units."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np

from rnnviz.tasks.data.csv_table import TaskError
from rnnviz.tasks.data.vocabulary import LARGEST, Array


@dataclass(frozen=True)
class Units:
    """The ``mean`` and the ``scale`` of C channels: value = mean + scale * standardised."""

    mean: tuple[float, ...]
    scale: tuple[float, ...]

    @classmethod
    def of(cls, values: Array) -> Self:
        """Those of values (N, C), N >= 1: their mean and standard deviation, or 1 if that is 0."""
        # Squares of 1e-300 or 1e300 would be 0 or infinite.
        size = np.abs(values).max(axis=0)
        size[size == 0] = 1
        small = values / size
        mean, deviation = size * small.mean(axis=0), size * small.std(axis=0)
        constant = values.min(axis=0) == values.max(axis=0)
        return cls(tuple(mean.tolist()), tuple(np.where(constant, 1, deviation).tolist()))

    @property
    def rows(self) -> list[list[float]]:
        """Mean and scale as two rows of numbers."""
        return [list(self.mean), list(self.scale)]

    def of_channels(self, channels: list[int]) -> Units:
        """The units of these channels, which may repeat."""
        return Units(*(tuple(part[k] for k in channels) for part in (self.mean, self.scale)))

    def standardised(self, values: Array) -> Array:
        """The values (..., C) as numbers of standard deviations from the mean; raise TaskError.

        None may be further than a network can read.
        """
        scaled: Array = (values - np.array(self.mean)) / np.array(self.scale)
        far = np.argwhere(~(np.abs(scaled) <= LARGEST))
        if len(far):
            raise TaskError(
                f"The number {values[tuple(far[0])]:g} is more than {LARGEST:,.0f} standard "
                "deviations from the mean of the training. Leave it out, or mend it."
            )
        return scaled

    def own(self, standardised: Array) -> Array:
        """Standardised values (..., C) in their own units; what is only rounding is 0."""
        mean, scale = np.array(self.mean), np.array(self.scale)
        own: Array = mean + scale * standardised
        return np.where(np.abs(own) <= 4 * np.finfo(float).eps * np.abs(mean), 0, own)
