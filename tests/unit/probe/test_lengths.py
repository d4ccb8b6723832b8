"""Scores by length."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnnviz.config import RunConfig, TaskName
from rnnviz.engine.parameters import Parameters
from rnnviz.probe.lengths import FEWEST, LengthProfile, Lengths, by_length, length_profile
from rnnviz.probe.results import wilson
from rnnviz.run.run import architecture_of
from rnnviz.tasks.data_source import TASKS
from rnnviz.tasks.recall import recall
from tests.sampling import each_row


@given(st.integers(1, 10_000), st.floats(0, 1))
def test_the_ends_of_an_interval_are_where_the_share_is_two_deviations_off(count, part):
    """By its definition: |share - p| = z sqrt(p (1 - p) / n) at both ends p."""
    share = round(part * count) / count
    for end in wilson(np.array([share]), np.array([count]))[0]:
        deviation = np.sqrt(max(end * (1 - end), 0) / count)
        # Squared, because at a share of 0 or 1 a root would enlarge the rounding error.
        assert (share - end) ** 2 == pytest.approx((1.959964 * deviation) ** 2, abs=1e-12)


def network(data, **settings):
    return Parameters(architecture_of(data, RunConfig(**settings)))


def copying(data, keep):
    """A linear network that adds ``keep`` ** t times the cue up: it recalls while that is large."""
    weights = network(data, hidden=len(data.classes), activation="relu")
    weights["W_hh"][...] = keep * np.eye(len(data.classes))
    for unit, cue in enumerate(data.classes):
        weights["W_xh"][unit, data.vocabulary.number(cue)] = 1
    weights["W_hy"][...] = 1e3 * np.eye(len(data.classes))
    # From where on a cue counts for less than this, the first class is answered.
    weights["b_y"][0] = 1e3 * 0.5**10.5
    return weights


def test_recall_fails_from_the_lag_on_at_which_the_cue_has_faded():
    data = recall(5, 0)
    weights = copying(data, 0.5)
    lengths = by_length(data, weights.architecture)
    found = length_profile(weights, data, lengths)
    assert found.lengths.tolist() == [1, 2, 3, 5, 8, 10, 13, 20]
    assert found.counts.tolist() == [12, 36, 108, *[200] * 5]
    assert (found.trained, found.new, found.guess) == (5, True, 0.25)
    assert found.scores[:6].tolist() == [1] * 6
    first = [np.mean([e.target == 0 for e in lengths.groups[lag]]) for lag in (13, 20)]
    assert found.scores[6:].tolist() == first
    assert found.failing == 13
    assert (found.intervals[:, 0] < found.scores).all()


def test_any_lengths_can_be_asked_for():
    data = recall(5, 0)
    weights = copying(data, 0.5)
    lengths = by_length(data, weights.architecture, range(9, 13))
    scores = length_profile(weights, data, lengths).scores
    assert [*lengths.groups] == [9, 10, 11, 12]
    assert scores[:2].tolist() == [1, 1] and (scores[2:] < 1).all()


@each_row(
    ("better", "failing"),
    [
        ("++++", None),
        ("-+++", None),
        ("-+--", 40),
        ("-+-+", 40),
        ("+--+", 20),
        ("----", 10),
        ("---+", 10),
    ],
)
def test_failing_begins_beyond_what_is_learned_or_where_that_begins_to_fail(better, failing):
    low = np.array([0.3 if sign == "+" else 0.2 for sign in better])
    four, lengths = np.ones(4), np.array([10, 20, 40, 80])
    profile = LengthProfile(
        lengths, four, four, four, np.stack([low, four], axis=1), 0.25, 20, new=True
    )
    assert profile.failing == failing
    assert replace(profile, guess=None).failing is None


@each_row("task", TaskName)
def test_every_task_has_scores_at_epoch_0_and_of_a_diverged_network(task):
    data = TASKS[task].build(3, 0)
    weights = network(data, hidden=3, cell="gru")
    lengths = by_length(data, weights.architecture)
    assert lengths.new == (data.extrapolation is not None)
    found = length_profile(weights, data, lengths)
    assert np.isfinite(found.losses).all()
    weights.theta[...] = np.nan
    broken = length_profile(weights, data, lengths)
    assert not broken.scores.any() and np.isnan(broken.losses).all()
    assert np.isfinite(broken.intervals).all()


def test_every_sequence_counts_once_by_its_last_answer():
    data = TASKS[TaskName.FLIPFLOP].build(1, 0)
    weights = network(data, hidden=3)
    example = data.test[0]
    weights["b_y"][...] = example.targets[-1]
    lengths = Lengths({30: (example,)}, 30, new=False)
    found = length_profile(weights, data, lengths)
    assert (found.scores.tolist(), found.losses.tolist()) == ([1], [0])


def test_data_without_a_generator_are_grouped_as_they_are_and_large_networks_get_fewer():
    data = TASKS[TaskName.TRANSLATION].build(1, 0)
    found = by_length(data, network(data, hidden=3).architecture)
    assert sum(map(len, found.groups.values())) == len(data.test)
    assert all(len(e.source) == length for length, some in found.groups.items() for e in some)
    assert found.trained == max(len(e.source) for e in data.train)
    waves = TASKS[TaskName.WAVES].build(1, 0)
    large = by_length(waves, network(waves, hidden=256, layers=3, cell="lstm").architecture)
    assert all(FEWEST <= len(some) < 30 for some in large.groups.values())
