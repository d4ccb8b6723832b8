"""The epochs of a run that a replay has."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from rnnviz.run.run import Run
from rnnviz.run.schedule import Position

#: At most so many epochs are recorded.
MOST_EPOCHS = 200
#: Weights times tokens that may be trained again to reach epochs between snapshots: about a second.
_WORK = 1_000_000_000


def recorded_epochs(run: Run, most: int = MOST_EPOCHS) -> list[int]:
    """At most ``most`` epochs, with the first and the last: all, or more where the loss changes.

    Two thirds stand at equal distances, where the states are stored. The others have to be trained
    again, so there are fewer of them if that would take long. Of a recording there are only those
    that are stored.
    """
    whole = _reached(run, run.history.epochs.tolist())
    if len(whole) <= most and _affordable(run, whole):
        return sorted(whole)
    stored = run.stored
    while len(stored) + 1 > 2 * most / 3:
        stored = stored[::2]
    even = {*stored, max(whole)}
    count = most - len(even)
    while count and not _affordable(run, even | _changing(run, count)):
        count //= 2
    return sorted(even | _changing(run, count))


def _reached(run: Run, epochs: Iterable[int]) -> set[int]:
    """Those of the epochs at which the run has a state."""
    return {epoch for epoch in epochs if run.clamped(Position(epoch)).epoch == epoch}


def _changing(run: Run, count: int) -> set[int]:
    """``count`` epochs between which the logarithm of the training loss changes equally much."""
    with np.errstate(divide="ignore", invalid="ignore"):
        changes = np.abs(np.diff(np.log(run.history.column("train_loss"))))
    way = np.cumsum(np.where(np.isfinite(changes), changes, 0.0))
    if not way.size or not way[-1]:
        return set()
    stops = (np.arange(count) + 0.5) / max(count, 1) * way[-1]
    return _reached(run, run.history.epochs[np.searchsorted(way, stops) + 1].tolist())


def _affordable(run: Run, epochs: Iterable[int]) -> bool:
    """Whether the epochs can be visited one after the other without training for long."""
    tokens = sum(len(example.inputs) for example in run.dataset.train)
    trained, before, stored = 0, 0, np.array(run.stored)
    for epoch in sorted(epochs):
        start = max(int(stored[stored <= epoch].max(initial=0)), before)
        trained, before = trained + epoch - start, epoch
    return trained * tokens * run.state.parameters.theta.size <= _WORK
