"""What is kept of a run's epochs, and when it is forgotten."""

from dataclasses import replace

from rnnviz.config import RunConfig
from rnnviz.training.epoch_cache import EpochCache
from rnnviz.training.schedule import Position, Schedule
from tests.sampling import each_row

START = Schedule(RunConfig())


def changed(epoch):
    return START.changed(Position(epoch), replace(START.start, lr=0.5))


def filled(of_weights=False):
    cache = EpochCache(of_weights)
    cache.sync(START, "phrase")
    for epoch in (4, 0, 2, 7):
        cache[epoch] = f"row {epoch}"
    return cache


def test_rows_are_found_by_their_epochs():
    cache = filled()
    assert (sorted(cache), len(cache), cache[2]) == ([0, 2, 4, 7], 4, "row 2")
    assert (4 in cache, 5 in cache) == (True, False)


def test_what_has_no_row_is_missing_in_the_order_asked_for():
    assert [*filled().missing([8, 2, 5])] == [8, 5]


def test_the_same_run_and_subject_keep_all():
    cache = filled()
    cache.sync(Schedule(RunConfig(epochs=7)), "phrase")
    assert sorted(cache) == [0, 2, 4, 7]


@each_row(("of_weights", "kept"), [(False, [0, 2]), (True, [0, 2, 4])])
def test_a_setting_that_changes_leaves_what_was_before_it(of_weights, kept):
    """At the very epoch of the change the weights are the same, but not the step from there."""
    cache = filled(of_weights)
    cache.sync(changed(4), "phrase")
    assert sorted(cache) == kept


@each_row(
    ("schedule", "subject"),
    [(START, "other"), (Schedule(RunConfig(seed=1)), "phrase")],
    ids=["another subject", "another run"],
)
def test_another_subject_or_run_leaves_nothing(schedule, subject):
    cache = filled(of_weights=True)
    cache.sync(schedule, subject)
    assert len(cache) == 0


def test_only_some_epochs_can_be_retained():
    cache = filled()
    cache.retain([0, 7, 9])
    assert sorted(cache) == [0, 7]
