"""The epochs of a run that a replay has."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from rnnviz.training.run import Run

#: At most so many epochs are recorded.
MOST_EPOCHS = 200
#: Weights times tokens that may be trained again to reach epochs between snapshots: about a second.
_WORK = 1_000_000_000


def recorded_epochs(run: Run, most: int = MOST_EPOCHS) -> list[int]:
    """At most ``most`` epochs, with the first and the last: all, or more where the loss changes.

    Two thirds stand at equal distances, where there are snapshots. The others have to be trained
    again, so there are fewer of them if that would take long.
    """
    last, stride = len(run.history) - 1, run.snapshots.stride
    if last < most and _affordable(run, range(last + 1)):
        return list(range(last + 1))
    while last // stride + 2 > 2 * most / 3:
        stride *= 2
    even = {*range(0, last, stride), last}
    count = most - len(even)
    while count and not _affordable(run, even | _changing(run, count)):
        count //= 2
    return sorted(even | _changing(run, count))


def _changing(run: Run, count: int) -> set[int]:
    """``count`` epochs between which the logarithm of the training loss changes equally much."""
    with np.errstate(divide="ignore", invalid="ignore"):
        changes = np.abs(np.diff(np.log(run.history.column("train_loss"))))
    way = np.cumsum(np.where(np.isfinite(changes), changes, 0.0))
    if not way.size or not way[-1]:
        return set()
    stops = (np.arange(count) + 0.5) / max(count, 1) * way[-1]
    return set((np.searchsorted(way, stops) + 1).tolist())


def _affordable(run: Run, epochs: Iterable[int]) -> bool:
    """Whether the epochs can be visited one after the other without training for long."""
    tokens = sum(len(example.inputs) for example in run.dataset.train)
    trained, before = 0, 0
    for epoch in sorted(epochs):
        start = max(run.snapshots.before(epoch) or 0, before)
        trained, before = trained + epoch - start, epoch
    return trained * tokens * run.state.parameters.theta.size <= _WORK
