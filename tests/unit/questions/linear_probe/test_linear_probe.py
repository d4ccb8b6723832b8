"""What a linear map reads from states that hold it, and from states that don't."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnnviz.questions.linear_probe import measure as module
from rnnviz.questions.linear_probe.measure import FEWEST, SHUFFLES, Fitting, beginnings, ridge

N, H = 120, 8
CHANCE = np.random.default_rng(1)


def readability(*tokens):
    """What is found when every place is measured; the share that is done grows to the end."""
    fitting, shares = Fitting(*tokens), []
    while fitting.step():
        shares.append(fitting.progress)
    assert shares == sorted({*shares}) and fitting.progress == 1
    return fitting.found


def at_one_place(states, labels, groups=None):
    groups = np.arange(len(labels)) if groups is None else groups
    return readability(states, labels, groups, np.ones(len(labels), int))


@given(
    rows=st.integers(3, 12), width=st.integers(1, 12), seed=st.integers(0, 99),
    strength=st.sampled_from([1e-4, 0.01, 1.0]),
)  # fmt: skip
def test_the_ridge_is_least_squares_with_as_many_rows_of_zeros(rows, width, seed, strength):
    """|| Y - X W ||^2 + k || W ||^2, written as one system, with fewer rows than units or more."""
    rng = np.random.default_rng(seed)
    x, y, asked = (
        rng.normal(size=(rows, width)),
        rng.normal(size=(rows, 2)),
        rng.normal(size=(5, width)),
    )
    centred = x - x.mean(axis=0)
    root = np.sqrt(strength * (centred**2).sum() / width)
    system = np.vstack([centred, root * np.eye(width)])
    weights = np.linalg.lstsq(system, np.vstack([y - y.mean(axis=0), np.zeros((width, 2))]))[0]
    expected = (asked - x.mean(axis=0)) @ weights + y.mean(axis=0)
    assert ridge(x, y, asked, strength) == pytest.approx(expected, abs=1e-8)
    for size in (1e-200, 1e200):
        assert ridge(size * x, y, size * asked, strength) == pytest.approx(expected, abs=1e-8)


def test_states_that_are_all_alike_predict_the_mean():
    assert ridge(np.ones((4, 3)), np.arange(4.0)[:, None], np.zeros((2, 3))).tolist() == [[1.5]] * 2


@pytest.mark.parametrize("classes", [2, 5])
def test_a_label_that_the_state_holds_is_read_and_a_shuffled_one_is_not(classes):
    labels = np.arange(N) % classes
    states = CHANCE.normal(size=(N, H)) * 0.1
    states[:, :classes] += np.eye(classes)[labels]
    found = at_one_place(states, labels)
    assert found.scores.tolist() == [1]
    assert found.guess.tolist() == [pytest.approx(1 / classes)]
    assert found.shuffled.shape == (1, SHUFFLES)
    assert found.shuffled.mean() == pytest.approx(1 / classes, abs=0.06)
    assert found.shuffled.max() < 0.75


def test_random_states_give_what_shuffled_labels_give():
    found = at_one_place(CHANCE.normal(size=(N, H)), np.arange(N) % 2)
    low, high = found.shuffled.min(), found.shuffled.max()
    assert low - 0.05 <= found.scores[0] <= high + 0.05


def test_values_are_read_by_r_squared():
    states = CHANCE.normal(size=(N, H))
    found = at_one_place(states, states @ np.arange(H) + 0.0)
    assert found.values
    assert found.scores[0] > 0.99
    assert found.guess[0] == 0
    assert found.shuffled.max() < 0.2


def test_the_order_of_the_units_and_the_size_of_the_states_change_nothing():
    states, labels = CHANCE.normal(size=(N, H)), np.arange(N) % 3
    one, other = at_one_place(states, labels), at_one_place(7 * states[:, ::-1], labels)
    assert one.scores == pytest.approx(other.scores)
    assert one.shuffled == pytest.approx(other.shuffled)


def test_equal_beginnings_count_once_and_are_never_in_two_folds(monkeypatch):
    """Ten copies of states that hold nothing: seen again, they would all be known by heart."""
    seen = []

    def noted(x, y, asked, strength=0.01):
        seen.append(({*map(tuple, x)}, {*map(tuple, asked)}))
        return ridge(x, y, asked, strength)

    monkeypatch.setattr(module, "ridge", noted)
    states, labels = CHANCE.normal(size=(40, 60)), CHANCE.permutation(np.arange(40) % 2)
    found = at_one_place(np.tile(states, (10, 1)), np.tile(labels, 10), np.tile(np.arange(40), 10))
    assert found.counts.tolist() == [40]
    assert found.scores[0] < 0.8
    # Equal beginnings with two labels are two rows, in one fold.
    at_one_place(np.tile(states, (2, 1)), np.repeat([0, 1], 40), np.tile(np.arange(40), 2))
    assert len(seen) == 10
    assert all(not learned & asked for learned, asked in seen)


def test_every_place_has_its_own_map_and_where_little_is_known_there_is_none():
    states, labels = CHANCE.normal(size=(N, 1)), np.arange(N) % 2
    states = np.hstack([states, labels[:, None]])
    # At the second place the label is turned; at the third one class has four; the fourth has one.
    places = np.repeat([1, 2, 3, 4], [40, 40, FEWEST - 1, N - 80 - FEWEST + 1])
    labels = np.where(places == 2, 1 - labels, np.where(places == 4, 1, labels))
    found = readability(states, labels, np.arange(N), places)
    assert found.places.tolist() == [1, 2, 3, 4]
    assert found.counts.tolist() == [40, 40, 5, 31]
    assert found.scores[:2].tolist() == [1, 1]
    assert np.isnan(found.scores[2:]).all()


def test_a_beginning_is_all_that_was_read():
    words, steps = [*"ab", *"abc", *"bb"], np.array([0, 1, 0, 1, 2, 0, 1])
    assert beginnings(words, steps).tolist() == [1, 2, 1, 2, 3, 4, 5]
