"""What units respond to, against what can be worked out on paper."""

import math

import numpy as np
import pytest

from rnnviz.analysis.activations import Activations, read_activations
from rnnviz.analysis.selectivity import response, selectivity, seriation
from rnnviz.config import CellKind
from rnnviz.engine.parameters import Architecture, Parameters
from tests.sampling import each_row
from tests.unit.analysis.by_hand import NAMES, phrase, tally


def activations(*texts, c=0.0):
    return read_activations(tally(c), [phrase(text) for text in texts], NAMES)


def made(words, *units):
    """One-token sequences: so the state is the change."""
    states = np.array(units, float).T
    return Activations(tuple(words), states, np.arange(len(words)), np.zeros(len(words), int))


def test_the_response_to_a_word_is_its_mean_change():
    """With W = c I: the unit of a word gains 1 - (1 - c) h, all others lose (1 - c) h."""
    found = response(activations("ab", "aa", c=0.5))
    means = dict(zip(found.words, found.means.T, strict=True))
    assert means["a"] == pytest.approx([(1 + 1 + 0.5) / 3, 0, 0])
    assert means["b"] == pytest.approx([-0.5, 1, 0])
    assert dict(zip(found.words, found.counts, strict=True)) == {"a": 3, "b": 1}
    assert sorted(found.units) == [0, 1, 2]


def test_two_units_by_hand():
    """h = tanh of two weights a word: unit 0 hears only "a", unit 1 both alike."""
    parameters = Parameters(Architecture(3, 2, 2))
    parameters["W_xh"][...] = [[0.8, 0, 0], [0.3, 0.3, 0]]
    parameters["W_hh"][...] = [[0, 0.5], [0, 0]]
    found = response(read_activations(parameters, [phrase("ab")], NAMES))
    means = dict(zip(found.words, found.means.T, strict=True))
    h = [math.tanh(0.8), math.tanh(0.3)]
    assert means["a"] == pytest.approx(h)
    assert means["b"] == pytest.approx([math.tanh(0.5 * h[1]) - h[0], 0])


def test_before_the_first_token_a_state_is_zero_and_a_gate_is_not_there():
    """So of a gate the first tokens change nothing that is known."""
    states = np.array([[0.5], [0.75], [0.25], [1.0]])
    of = ("a", "b", "a", "a"), states, np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1])
    state, gate = Activations(*of), Activations(*of, zero=False)
    assert state.changes.ravel().tolist() == [0.5, 0.25, 0.25, 0.75]
    np.testing.assert_array_equal(gate.changes.ravel(), [np.nan, 0.25, np.nan, 0.75])
    assert [gate.occurrences(word).tolist() for word in "ab"] == [[3], [1]]
    found = response(gate)
    assert dict(zip(found.words, found.means[0], strict=True)) == {"a": 0.75, "b": 0.25}
    assert found.counts.tolist() == [1, 1]
    # Two groups of one, each a quarter from their mean.
    assert selectivity(gate) == selectivity(gate, "a") == pytest.approx([0.25])
    assert dict(zip(response(state).words, response(state).means[0], strict=True)) == {
        "a": pytest.approx(0.5), "b": 0.25
    }  # fmt: skip


def test_where_no_gate_has_a_second_token_there_is_no_response():
    alone = Activations(("a", "b"), np.ones((2, 3)), np.arange(2), np.zeros(2, int), zero=False)
    assert response(alone).words == ()
    assert response(alone).units.tolist() == [0, 1, 2]
    assert selectivity(alone).tolist() == [0, 0, 0]


@each_row("part", ["h", "c", "i", "f", "o", "g"])
def test_a_state_begins_at_zero_and_a_gate_does_not(part):
    parameters = Parameters(Architecture(3, 2, 2, kind=CellKind.LSTM))
    found = read_activations(parameters, [phrase("ab")], NAMES, part=part)
    assert found.zero == (part in "hc")


def test_of_many_words_the_most_frequent_are_shown():
    found = response(activations("abc", "ab", "a"), most=2)
    assert set(found.words) == {"a", "b"}


def test_a_unit_that_is_the_word_is_selective_and_one_that_is_alike_at_all_words_is_not():
    words = "aabbcc"
    found = selectivity(made(words, [1, 1, 2, 2, 3, 3], [3] * 6, [0, 1, 0, 1, 0, 1]))
    assert found == pytest.approx([math.sqrt(2 / 3), 0, 0])


def test_selectivity_is_the_deviation_between_the_groups():
    """Groups (0, 2) and (4, 6): means 1 and 5, each 2 from the middle."""
    assert selectivity(made("aabb", [0, 2, 4, 6])) == pytest.approx([2])


def test_a_unit_may_be_selective_for_one_word_only():
    found = made("aabbcc", [7, 7, 0, 0, 0, 0], [0, 0, 0, 0, 3, 3], [0, 0, 1, 1, 2, 2])
    # Two of six: sqrt(1/3 2/3) times the distance of the means.
    part = math.sqrt(2) / 3
    assert selectivity(found, "a") == pytest.approx([7 * part, 1.5 * part, 1.5 * part])
    assert selectivity(found, "c") == pytest.approx([3.5 * part, 3 * part, 1.5 * part])
    assert selectivity(found, "zebra") == pytest.approx([0, 0, 0])


def test_alike_rows_become_neighbours():
    first, second = np.array([1.0, 0, 0.1]), np.array([0, 1.0, 0.1])
    order = seriation(np.array([first, second, 2 * first, 3 * second, first])).tolist()
    assert {*order[:3]} == {0, 2, 4}
    assert {*order[3:]} == {1, 3}


def test_what_is_no_number_is_ordered_as_zero():
    rows = np.array([[1.0, np.nan], [np.inf, 1.0], [1.0, 0.0], [0.0, 1.0]])
    wanted = seriation(np.array([[1.0, 0], [0, 1.0], [1.0, 0.0], [0.0, 1.0]]))
    assert seriation(rows).tolist() == wanted.tolist()


def test_opposite_rows_stand_at_the_ends():
    row, other = np.array([1.0, 0.2]), np.array([0.2, -1.0])
    order = seriation(np.array([row, -row, other, 2 * row, -3 * row])).tolist()
    assert {*order[:2]} == {0, 3}
    assert order[2] == 2
    assert {*order[3:]} == {1, 4}


@each_row("rows", [np.zeros((5, 3)), np.ones((1, 3)), np.eye(2)])
def test_where_nothing_is_alike_the_order_stays(rows):
    assert seriation(rows).tolist() == list(range(len(rows)))
