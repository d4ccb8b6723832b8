"""The share of the variance between classes."""

import numpy as np
import pytest

from rnnviz.probe.activations import Activations
from rnnviz.questions.path.measure import FEWEST, between_shares, separate
from tests.sampling import each_row


def share(states, numbers):
    (value,) = between_shares(
        np.array(states, float), np.zeros(len(states), int), np.array(numbers)
    )
    return value


def normal(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


@each_row(
    ("states", "numbers", "expected"),
    [
        ([[0], [0], [1], [1]], [0, 0, 1, 1], 1),
        ([[0], [1], [0], [1]], [0, 0, 1, 1], 0),
        # The means are 1 and 3, and each class varies by 1 within.
        ([[0], [2], [2], [4]], [0, 0, 1, 1], 0.5),
        ([[5, 0], [5, 2], [5, 2], [5, 4]], [3, 3, 7, 7], 0.5),
        ([[1e6], [1e6 + 2], [1e6 + 2], [1e6 + 4]], [0, 0, 1, 1], 0.5),
        ([[1], [1], [1]], [0, 0, 1], np.nan),
        ([[np.inf], [1], [1]], [0, 0, 1], np.nan),
    ],
)
def test_the_share_is_the_variance_of_the_means_over_all(states, numbers, expected):
    assert share(states, numbers) == pytest.approx(expected, nan_ok=True)


def corpus(count, length, states=None):
    owners = np.repeat(np.arange(count), length)
    steps = np.tile(np.arange(length), count)
    states = normal(count * length, 4) if states is None else states
    return Activations(("a",) * len(owners), states, owners, steps)


def test_dealt_by_lot_the_share_is_as_large_as_it_says():
    activations = corpus(40, 200)
    numbers = np.random.default_rng(1).integers(0, 3, 40 * 200)
    found = separate(activations, numbers, {"all": activations.states}, from_end=False)
    assert found.by_chance == pytest.approx(np.full(200, 2 / 39))
    assert found.shares["all"].mean() == pytest.approx(2 / 39, rel=0.1)


def test_places_are_counted_from_either_end_and_few_states_tell_nothing():
    """Of eleven sequences one is longer; only the last token tells the classes apart."""
    lengths = [2] * 10 + [4]
    owners = np.repeat(np.arange(11), lengths)
    steps = np.concatenate([np.arange(n) for n in lengths])
    numbers = owners % 2
    ends = np.append(np.flatnonzero(steps == 0)[1:], len(steps)) - 1
    states = normal(len(steps), 2)
    states[ends] = 10.0 * numbers[ends, None] + 0.01 * states[ends]
    activations = Activations(("a",) * len(steps), states, owners, steps)
    back = separate(activations, numbers, {"all": states}, from_end=True)
    assert back.counts.tolist() == [11, 11]
    last, before = back.shares["all"]
    assert last > 0.99
    assert before < 0.7
    ahead = separate(activations, numbers, {"all": states}, from_end=False)
    assert ahead.counts.tolist() == [11, 11], "places of one sequence are left out"
    few = separate(corpus(2 * FEWEST - 1, 3), np.arange(3 * (2 * FEWEST - 1)) // 3 % 2,
                   {"all": normal(3 * (2 * FEWEST - 1), 1)}, from_end=True)  # fmt: skip
    assert np.isnan(few.shares["all"]).all()
    assert np.isnan(few.by_chance).all()
