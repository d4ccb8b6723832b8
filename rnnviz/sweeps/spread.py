"""Spread: the runs of several seeds of one setting, as one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from rnnviz.engine.layer_buffers import Array
from rnnviz.sweeps.members import Member


class Spread:
    """The members of one setting, by seed; their curves go on as long as the longest.

    A member that diverged or stopped early is NaN after its last epoch.
    """

    def __init__(self, members: Sequence[Member]) -> None:
        self.members = sorted(members, key=lambda member: member.config.seed)

    def column(self, name: str) -> Array:
        """One of ``COLUMNS`` of every member over the epochs, (N, E + 1)."""
        length = max(len(member.scores) for member in self.members)
        rows = np.full((len(self.members), length), np.nan)
        for row, member in zip(rows, self.members, strict=True):
            row[: len(member.scores)] = member.column(name)
        return rows

    def median(self, name: str) -> Array:
        """The median over the members at every epoch, (E + 1,): the scores of one of them."""
        return middle(self.column(name), name)

    def first(self, threshold: float = 1.0, name: str = "train_metric") -> Array:
        """The first epoch of every member at which a metric reaches a threshold, (N,); or NaN."""
        reached = self.column(name) >= threshold
        return np.where(reached.any(axis=1), reached.argmax(axis=1), np.nan)


def middle(rows: Array, name: str) -> Array:
    """The median (E + 1,) of the curves ``rows`` (N, E + 1) of one of ``COLUMNS``.

    Of an even number it is the worse of the two in the middle: their mean is no run's. Missing
    values are worst.
    """
    worst = np.inf if name.endswith("loss") else -np.inf
    ordered = np.sort(np.where(np.isnan(rows), worst, rows), axis=0)
    found = ordered[len(rows) // 2 if name.endswith("loss") else (len(rows) - 1) // 2]
    return np.where(np.isinf(found), np.nan, found)


def when(epochs: Array) -> str:
    """The ascending epochs (N,) at which seeds reached a score, as the end of a sentence."""
    if not len(epochs):
        return ""
    first, half, last = (int(epochs[k]) for k in (0, (len(epochs) - 1) // 2, -1))
    if first == last:
        return f", at epoch {first}"
    return f", at epochs {first} to {last}" + f", half of them by {half}" * (len(epochs) > 2)


def sooner(one: Spread, other: Spread, threshold: float = 1.0) -> tuple[int, int, int]:
    """In how many seeds one, the other, or neither reaches a threshold sooner.

    Both must have the same seeds. A run that never reaches it is the later one.
    """
    pair = [np.nan_to_num(s.first(threshold), nan=np.inf) for s in (one, other)]
    first, second = int((pair[0] < pair[1]).sum()), int((pair[1] < pair[0]).sum())
    return first, second, len(pair[0]) - first - second
