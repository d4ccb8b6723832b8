"""What is kept of a run's epochs, and when it is forgotten."""

from dataclasses import replace

from rnnviz.config import RunConfig
from rnnviz.run.epoch_cache import EpochCache
from rnnviz.run.schedule import Position, Schedule
from tests.sampling import each_row

START = Schedule(RunConfig())
FASTER = START.changed(Position(4), replace(START.start, lr=0.5))


def filled(of_weights=False):
    cache = EpochCache(of_weights)
    cache.sync(START, "phrase")
    cache.update({epoch: f"row {epoch}" for epoch in (4, 0, 2, 7)})
    return cache


def test_what_has_no_row_is_missing_in_the_order_asked_for():
    """A row that is made meanwhile is not."""
    cache = filled()
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
    cache = filled(of_weights)
    cache.sync(schedule, subject)
    assert cache == {epoch: f"row {epoch}" for epoch in kept}
    cache[9] = "new"
    cache.sync(schedule, subject)
    assert cache.keys() == kept | {9}


def test_only_some_epochs_can_be_retained():
    cache = filled()
    cache.retain([0, 7, 9])
    assert cache.keys() == {0, 7}
