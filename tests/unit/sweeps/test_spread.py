"""The runs of several seeds as one."""

import numpy as np

from rnnviz.config import RunConfig
from rnnviz.run.schedule import Schedule
from rnnviz.sweeps.members import Member
from rnnviz.sweeps.spread import Spread, sooner

NAN = np.nan


def spread(*curves, epochs=3):
    """Members with these training metrics; their losses are one less the metric."""
    made = []
    for seed, curve in enumerate(curves):
        metric = np.array(curve, float)
        scores = np.stack([1 - metric, metric, 1 - metric, metric], axis=1)
        schedule, ended = Schedule(RunConfig(seed=seed, epochs=epochs)), len(metric) <= epochs
        made.append(Member(schedule, scores, np.zeros(1), diverged=ended))
    return Spread(made[::-1])


FOUR = spread([0.1, 0.5, 1, 1], [0.2, 0.4, 0.6, 0.8], [0.3, 1, 1, 0.5], [0.4, 0.9])


def test_members_stand_by_their_seed_and_one_that_diverged_is_missing_after_its_end():
    assert [member.config.seed for member in FOUR.members] == [0, 1, 2, 3]
    np.testing.assert_array_equal(FOUR.column("train_metric")[3], [0.4, 0.9, NAN, NAN])


def test_the_median_of_an_even_number_is_the_worse_of_the_two_in_the_middle():
    np.testing.assert_allclose(FOUR.median("train_metric"), [0.2, 0.5, 0.6, 0.5])
    np.testing.assert_allclose(FOUR.median("train_loss"), [0.8, 0.5, 0.4, 0.5])
    np.testing.assert_allclose(spread([0.1] * 4, [0.3] * 4, [0.2] * 4).median("test_loss"), 0.8)


def test_a_median_of_runs_that_have_ended_is_missing():
    np.testing.assert_array_equal(spread([0.1, 0.2], [0.1, 0.2]).median("train_loss"), [0.9, 0.8])
    broken = spread([0.1, 0.2, 0.3, 0.4], [0.1], [0.1])
    np.testing.assert_array_equal(broken.median("train_metric"), [0.1, NAN, NAN, NAN])


def test_the_first_epoch_at_a_threshold():
    np.testing.assert_array_equal(FOUR.first(), [2, NAN, 1, NAN])
    np.testing.assert_array_equal(FOUR.first(0.5), [1, 2, 1, 1])


def test_sooner_is_told_seed_by_seed_and_never_is_later_than_any_epoch():
    other = spread([0.1, 1, 1, 1], [0, 0, 0, 1], [0, 1, 1, 1], [0, 0, 0, 0])
    assert sooner(FOUR, other) == (0, 2, 2)
    assert sooner(other, FOUR) == (2, 0, 2)
