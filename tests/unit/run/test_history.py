"""Rows of scores and measurements by epoch."""

from dataclasses import replace

import numpy as np
import pytest

from rnnviz.config import RunConfig
from rnnviz.engine.evaluation import Score
from rnnviz.run.history import COLUMNS, EpochCache, History
from rnnviz.run.schedule import Position, Schedule
from tests.sampling import each_row


def filled(count):
    history = History()
    for i in range(count):
        history.append(Score(i + 0.25, 0.5), Score(2 * i, 0.75))
    return history


def test_a_row_has_every_score_by_name():
    history = filled(3)
    assert (
        history.row(2) == history.row(-1) == dict(zip(COLUMNS, (2.25, 0.5, 4, 0.75), strict=True))
    )
    for epoch in (3, -4, 255):
        with pytest.raises(IndexError):
            history.row(epoch)


@each_row("count", [0, 3, 255, 256, 257, 1025])
def test_no_row_is_lost_when_the_history_grows(count):
    history = filled(count)
    assert len(history) == count
    assert history.column("train_loss").tolist() == [i + 0.25 for i in range(count)]
    assert history.column("test_metric").tolist() == [0.75] * count


def test_until_an_epoch_it_is_a_copy():
    history = filled(3)
    part = history.until(1)
    part.append(Score(9, 9), Score(9, 9))
    assert part.column("test_loss").tolist() == [0, 2, 9]
    assert history.column("test_loss").tolist() == [0, 2, 4]
    assert len(history.until(-1)) == 0


def test_a_missing_test_set_is_not_a_number():
    history = History()
    history.append(Score(1.0, 0.5), Score(float("nan"), float("nan")))
    assert np.isnan(history.column("test_loss")).all()
    assert history.row(0)["train_loss"] == 1.0


@each_row(
    "train, test, best",
    [
        ((3, 1, 1, 2), (4, 6, 5, 5), 0),
        ((3, 1, 1, 2), (np.nan,) * 4, 1),
        ((np.nan, np.nan), (np.nan, np.nan), 0),
        ((np.nan, 2), (np.nan, 2), 1),
        ((np.inf, 2, np.nan), (np.nan,) * 3, 1),
    ],
)
def test_the_best_epoch_is_the_first_with_the_lowest_loss_on_what_is_held_out(train, test, best):
    history = History()
    for losses in zip(train, test, strict=True):
        history.append(*(Score(loss, 0.5) for loss in losses))
    assert history.best == best


# The cache of measurements


START = Schedule(RunConfig())
FASTER = START.changed(Position(4), replace(START.start, lr=0.5))


def cached(of_weights=False):
    cache = EpochCache(of_weights)
    cache.sync(START, "phrase")
    cache.update({epoch: f"row {epoch}" for epoch in (4, 0, 2, 7)})
    return cache


def test_what_has_no_row_is_missing_in_the_order_asked_for():
    """A row that is made meanwhile is not."""
    cache = cached()
    missing = cache.missing([8, 2, 5, 8, 6])
    assert next(missing) == 8
    cache[8] = cache[6] = "made"
    assert [*missing] == [5]


@each_row(
    ("schedule", "subject", "of_weights", "kept"),
    [
        (Schedule(RunConfig(epochs=7)), "phrase", False, {0, 2, 4, 7}),
        # At the very epoch of a change the weights are the same, but not the step from there.
        (FASTER, "phrase", False, {0, 2}),
        (FASTER, "phrase", True, {0, 2, 4}),
        (START, "other", True, set()),
        (Schedule(RunConfig(seed=1)), "phrase", True, set()),
    ],
)
def test_rows_of_another_way_or_subject_are_forgotten(schedule, subject, of_weights, kept):
    cache = cached(of_weights)
    cache.sync(schedule, subject)
    assert cache == {epoch: f"row {epoch}" for epoch in kept}
    cache[9] = "new"
    cache.sync(schedule, subject)
    assert cache.keys() == kept | {9}


def test_only_some_epochs_can_be_retained():
    cache = cached()
    cache.retain([0, 7, 9])
    assert cache.keys() == {0, 7}
