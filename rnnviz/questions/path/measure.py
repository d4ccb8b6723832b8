"""Class separation: the share of the variance of states that lies between classes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from rnnviz.engine.layer_buffers import Array
from rnnviz.probe.activations import Activations

#: Minimum number of states for each class.
FEWEST = 5
#: A smaller share of the squares is rounding, not variance.
_LEAST = 1e-12


@dataclass(frozen=True, eq=False)
class Separation:
    """The share of the variance between classes at every place of a sequence, (T,), 0..1.

    ``places`` (T,) count from the first token, or back from the last one if ``from_end``.
    ``shares`` are by the name of the view, ``by_chance`` is the expectation for shuffled classes.
    NaN where there are too few states. ``counts`` (T,) are the numbers of states.
    """

    places: Array
    shares: Mapping[str, Array]
    by_chance: Array
    counts: Array
    from_end: bool

    @property
    def known(self) -> bool:
        """Whether there are enough states anywhere."""
        return not np.isnan(self.by_chance).all()


def separate(
    activations: Activations, numbers: Array, views: Mapping[str, Array], from_end: bool
) -> Separation:
    """The separation of the classes ``numbers`` (N,) in ``views`` of the states, (N, .) each."""
    ends = np.repeat(activations.starts[1:], np.diff(activations.starts)) - 1
    places = ends - np.arange(len(ends)) if from_end else activations.steps
    counts = np.bincount(places)
    kinds = np.bincount(np.unique(np.stack([places, numbers]), axis=1)[0], minlength=len(counts))
    enough = (kinds > 1) & (FEWEST * kinds <= counts)
    known = int(enough.nonzero()[0].max(initial=0)) + 1
    with np.errstate(divide="ignore", invalid="ignore"):
        chance = (kinds - 1) / (counts - 1)
    shares = {
        name: np.where(enough, between_shares(view, places, numbers), np.nan)[:known]
        for name, view in views.items()
    }
    by_chance = np.where(enough, chance, np.nan)[:known]
    return Separation(np.arange(known), shares, by_chance, counts[:known], from_end)


def between_shares(states: Array, places: Array, numbers: Array) -> Array:
    """The share of the variance at each place that lies between the means of the classes, (T,).

    The correlation ratio of states (N, H) of the classes ``numbers`` (N,): 0 if all means are
    equal, 1 if no class varies within. NaN if nothing varies.
    """
    with np.errstate(all="ignore"):
        centered = states - states.mean(axis=0)
        squares = np.bincount(places, (centered**2).sum(axis=1))
        classes = int(numbers.max()) + 1
        sums, counts = _summed(centered, places * classes + numbers, len(squares) * classes)
        of_classes = np.nan_to_num((sums**2).sum(axis=1) / counts).reshape(-1, classes).sum(axis=1)
        sums, counts = _summed(centered, places, len(squares))
        middle = (sums**2).sum(axis=1) / counts
        total = squares - middle
        shares: Array = (of_classes - middle) / np.where(total > _LEAST * squares, total, np.nan)
        return np.clip(shares, 0, 1)


def _summed(states: Array, groups: Array, count: int) -> tuple[Array, Array]:
    """The sum of the states of each of ``count`` groups, and their numbers."""
    order = np.argsort(groups, kind="stable")
    found, starts = np.unique(groups[order], return_index=True)
    sums, counts = np.zeros((count, states.shape[1])), np.bincount(groups, minlength=count)
    sums[found] = np.add.reduceat(states[order], starts)
    return sums, counts
