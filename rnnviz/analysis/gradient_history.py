"""Ledger: what was found of the gradients at each epoch of a run that was looked into."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from rnnviz.analysis.token_contribution import Shares
from rnnviz.engine.layer_buffers import Array
from rnnviz.training.schedule import Schedule

#: How many eigenvalues of an epoch are kept: the largest, which decide how long is remembered.
TRAIL = 8


@dataclass(frozen=True, eq=False)
class Entry:
    """One epoch: the largest ``eigenvalues`` (k,) of the recurrent weights; shares of a phrase.

    Over some of its next steps: the share of ``steps`` that are clipped, the mean share of
    ``entries``, the median ``angle`` in degrees, the median update-to-weight ``ratios`` by
    parameter. ``errors`` and ``cosines`` of the notebook's gradient by parameter, empty for gated
    cells.
    """

    eigenvalues: Array
    shares: Shares
    steps: float
    entries: float
    angle: float
    ratios: Mapping[str, float]
    errors: Mapping[str, float]
    cosines: Mapping[str, float]


@dataclass(frozen=True, eq=False)
class Pages:
    """The entries at ``epochs`` (N,), ascending."""

    epochs: Array
    entries: tuple[Entry, ...]

    def column(self, name: str) -> Array:
        """One of the numbers of every entry, (N,)."""
        return np.array([getattr(entry, name) for entry in self.entries])

    def table(self, name: str) -> dict[str, Array]:
        """Numbers by parameter, of every entry, (N,) each."""
        rows: list[Mapping[str, float]] = [getattr(entry, name) for entry in self.entries]
        return {key: np.array([row[key] for row in rows]) for key in (rows[0] if rows else ())}

    def shares(self, name: str) -> Array:
        """The shares in dW_hh or dW_xh, (N, T)."""
        return np.array([getattr(entry.shares, name) for entry in self.entries])

    @property
    def eigenvalues(self) -> Array:
        """The largest eigenvalues, (N, k)."""
        return np.array([entry.eigenvalues for entry in self.entries])


class Ledger:
    """Entries by epoch, as long as they are of one run and one subject."""

    def __init__(self) -> None:
        self._entries: dict[int, Entry] = {}
        self._schedule: Schedule | None = None
        self._subject: object = None

    def __len__(self) -> int:
        return len(self._entries)

    def keep(self, schedule: Schedule, subject: object, epochs: Collection[int]) -> None:
        """Forget what other settings led to, another subject, and all but these epochs."""
        last = self._schedule.shared(schedule) if self._schedule else -1
        same, known = subject == self._subject, {*epochs}
        self._entries = {
            epoch: entry
            for epoch, entry in self._entries.items()
            # Where a setting changes the weights are the same, but not the steps from there.
            if same and epoch < last and epoch in known
        }
        self._schedule, self._subject = schedule, subject

    def missing(self, epochs: Iterable[int]) -> Iterator[int]:
        """Those without an entry."""
        return (epoch for epoch in epochs if epoch not in self._entries)

    def write(self, epoch: int, entry: Entry) -> None:
        """Make the entry of an epoch."""
        self._entries[epoch] = entry

    def pages(self) -> Pages:
        """All that is known, in the order of the epochs."""
        epochs = sorted(self._entries)
        return Pages(np.array(epochs, int), tuple(self._entries[epoch] for epoch in epochs))
