"""What units respond to, by hand."""

import math

import numpy as np
import pytest

from rnnviz.probe.activations import Activations, read_activations, response, selectivity, seriation
from tests.sampling import each_row
from tests.unit.probe.known import NAMES, letters, tally


def by_word(found):
    return dict(zip(found.words, found.means.T, strict=True))


def single_tokens(words, *units):
    """Sequences of one token, so that the state is the change."""
    states = np.array(units, float).T
    return Activations(tuple(words), states, np.arange(len(words)), np.zeros(len(words), int))


def test_the_response_to_a_word_is_its_mean_change():
    """With W = c I: the unit of a word gains 1 - (1 - c) h, all others lose (1 - c) h."""
    found = response(read_activations(tally(0.5), [letters("ab"), letters("aa")], NAMES))
    means = by_word(found)
    assert means["a"] == pytest.approx([(1 + 1 + 0.5) / 3, 0, 0])
    assert means["b"] == pytest.approx([-0.5, 1, 0])
    assert dict(zip(found.words, found.counts, strict=True)) == {"a": 3, "b": 1}
    assert sorted(found.units) == [0, 1, 2]


def test_the_first_change_of_a_state_is_from_zero_and_that_of_a_gate_unknown():
    states = np.array([[0.5], [0.75], [0.25], [1.0]])
    of = ("a", "b", "a", "a"), states, np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1])
    state, gate = Activations(*of), Activations(*of, zero=False)
    assert state.changes.ravel().tolist() == [0.5, 0.25, 0.25, 0.75]
    np.testing.assert_array_equal(gate.changes.ravel(), [np.nan, 0.25, np.nan, 0.75])
    assert [gate.occurrences(word).tolist() for word in "ab"] == [[3], [1]]
    assert by_word(response(state)) == {"a": pytest.approx([0.5]), "b": [0.25]}
    assert by_word(response(gate)) == {"a": [0.75], "b": [0.25]}
    assert response(gate).counts.tolist() == [1, 1]
    # Two groups of one, each a quarter from their mean.
    assert selectivity(gate) == selectivity(gate, "a") == pytest.approx([0.25])
    single = Activations(("a", "b"), np.ones((2, 3)), np.arange(2), np.zeros(2, int), zero=False)
    assert (response(single).words, response(single).units.tolist()) == ((), [0, 1, 2])
    assert selectivity(single).tolist() == [0, 0, 0]


def test_the_most_frequent_words_are_shown_in_the_order_of_another_response():
    texts = [letters(text) for text in ("abc", "ab", "a")]
    activations = read_activations(tally(0), texts, NAMES)
    assert set(response(activations, most=2).words) == {"a", "b"}
    whole = response(activations)
    same = response(activations, like=whole)
    assert same.words == whole.words
    np.testing.assert_array_equal(same.means, whole.means)


@each_row(
    ("words", "units", "word", "expected"),
    [
        # Groups (0, 2) and (4, 6): means 1 and 5, each 2 from the middle.
        ("aabb", [[0, 2, 4, 6]], None, [2]),
        ("aabbcc", [[1, 1, 2, 2, 3, 3], [3] * 6, [0, 1] * 3], None, [math.sqrt(2 / 3), 0, 0]),
        # Two of six: sqrt(1/3 2/3) times the distance of the means.
        ("aabbcc", [[7, 7, 0, 0, 0, 0], [0, 0, 1, 1, 2, 2]], "a", [7 * 2**0.5 / 3, 0.5 * 2**0.5]),
        ("aabbcc", [[7, 7, 0, 0, 0, 0], [0, 0, 1, 1, 2, 2]], "c", [3.5 * 2**0.5 / 3, 0.5 * 2**0.5]),
        ("aabb", [[0, 2, 4, 6]], "zebra", [0]),
    ],
)
def test_selectivity_is_the_deviation_between_groups(words, units, word, expected):
    assert selectivity(single_tokens(words, *units), word) == pytest.approx(expected)


def test_similar_rows_become_neighbors_and_opposite_rows_ends():
    one, two = np.array([1.0, 0, 0.1]), np.array([0, 1.0, 0.1])
    order = seriation(np.array([one, two, 2 * one, 3 * two, one])).tolist()
    assert ({*order[:3]}, {*order[3:]}) == ({0, 2, 4}, {1, 3})
    row, other = np.array([1.0, 0.2]), np.array([0.2, -1.0])
    order = seriation(np.array([row, -row, other, 2 * row, -3 * row])).tolist()
    assert ({*order[:2]}, order[2], {*order[3:]}) == ({0, 3}, 2, {1, 4})


def test_entries_that_are_not_finite_are_ordered_as_zero():
    rows = np.array([[1.0, np.nan], [np.inf, 1.0], [1.0, 0.0], [0.0, 1.0]])
    zeros = np.where(np.isfinite(rows), rows, 0)
    assert seriation(rows).tolist() == seriation(zeros).tolist()


@each_row("rows", [np.zeros((5, 3)), np.ones((1, 3)), np.eye(2)])
def test_without_similarities_the_order_stays(rows):
    assert seriation(rows).tolist() == list(range(len(rows)))
