"""The states of many sequences, on a network that can be worked out on paper."""

import numpy as np
import pytest

from rnnviz.analysis.activations import read_activations
from rnnviz.analysis.notation import Names
from rnnviz.analysis.passes import draw
from rnnviz.analysis.training_step import words_of
from rnnviz.analysis.unrolled import Unrolled
from rnnviz.engine.batch import collate
from rnnviz.engine.training import record
from tests.sampling import each_row, pairwise
from tests.unit.analysis.by_hand import NAMES, phrase, tally
from tests.unit.engine.networks import CELLS, architecture, examples, network


def activations(*texts, c=0.5):
    return read_activations(tally(c), [phrase(text) for text in texts], NAMES)


def test_states_stand_sequence_by_sequence_whatever_their_lengths():
    found = activations("b", "aac", "ca")
    assert "".join(found.words) == "baacca"
    assert found.owners.tolist() == [0, 1, 1, 1, 2, 2]
    assert found.steps.tolist() == [0, 0, 1, 2, 0, 1]
    assert found.count == 3
    assert found.part(1) == slice(1, 4)
    assert found.states[found.part(1)] == pytest.approx(
        np.array([[1, 0, 0], [1.5, 0, 0], [0.75, 0, 1]])
    )


def test_a_change_is_what_one_token_adds_to_the_state_before():
    found = activations("aac", "b")
    assert found.changes == pytest.approx(
        np.array([[1, 0, 0], [0.5, 0, 0], [-0.75, 0, 1], [0, 1, 0]])
    )


def test_the_places_of_a_word_are_found():
    found = activations("aba", "cb")
    assert found.vocabulary == ("a", "b", "c")
    assert found.occurrences("b").tolist() == [1, 4]
    assert found.numbers.tolist() == [0, 1, 0, 2, 1]
    assert found.occurrences("zebra").tolist() == []


@each_row("most", range(8))
def test_sequences_are_drawn_whole(most):
    whole = activations("b", "aac", "ca")
    found = whole.drawn(most)
    assert 1 <= len(found.words) <= max(most, 3)
    assert (found.count == 3) == (most >= 6)
    for k, number in enumerate(found.examples):
        assert found.words[found.part(k)] == whole.words[whole.part(number)]
        assert (found.states[found.part(k)] == whole.states[whole.part(number)]).all()
        for token in range(found.part(k).start, found.part(k).stop):
            assert found.around(token) == found.part(k)


@pairwise(cell=CELLS, encoder=[False, True], layer=[0, 1])
def test_every_sequence_is_read_as_it_is_alone(cell, encoder, layer):
    of = architecture(cell, 2, encoder)
    parameters = network(of)
    names = Names(("a", "b", "c", "d"), ("A", "B", "C"), tuple("vwxyz"))
    given = examples(of, [3, 1, 5, 3], every=encoder)
    for part in (*of.cell.states, *of.cell.gates):
        found = read_activations(parameters, given, names, layer, part)
        for k, example in enumerate(given):
            trace = record(parameters, collate([example]))
            alone = Unrolled(trace, layer).of(part)
            assert found.states[found.part(k)] == pytest.approx(alone, abs=1e-14)
            assert found.words[found.part(k)] == words_of(trace, names)


def test_of_many_examples_some_of_every_kind_are_drawn_always_the_same():
    lengths = np.full(1_000, 3)
    assert draw(lengths, 3_000).tolist() == [*range(1_000)]
    some = draw(lengths, 302)
    assert (len(some), len({*some})) == (100, 100)
    assert (np.diff(some) > 0).all()
    assert some.tolist() == draw(lengths, 302).tolist()
    assert np.histogram(some, 4, (0, 1_000))[0].min() > 15
    # Nor are they all of one kind where two kinds stand in turns.
    assert 30 < (some % 2).sum() < 70
    assert len(draw(lengths, 1)) == 1


def test_of_many_examples_the_ones_that_are_read_are_known(monkeypatch):
    of = architecture(CELLS[0])
    given = examples(of, [3] * 20, every=False)
    names = Names(("a", "b", "c", "d"), ("A", "B", "C"))
    whole = read_activations(network(of), given, names)
    monkeypatch.setattr("rnnviz.analysis.passes.MOST_TOKENS", 12)
    found = read_activations(network(of), given, names)
    assert (found.count, whole.count) == (4, 20)
    for k, number in enumerate(found.examples):
        assert found.words[found.part(k)] == whole.words[whole.part(number)]
