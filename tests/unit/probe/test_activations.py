"""The states of many sequences: activations, and the states that a network visits."""

import numpy as np
import pytest

from rnnviz.engine.batch import collate
from rnnviz.engine.training import record
from rnnviz.probe import passes
from rnnviz.probe.activations import read_activations
from rnnviz.probe.passes import draw
from rnnviz.probe.state_transition import states_of, visit_states
from rnnviz.probe.unrolled import Unrolled
from tests.sampling import each_row, pairwise
from tests.unit.engine.networks import CELLS, INPUTS, architecture, examples, network
from tests.unit.probe.known import LETTERS, NAMES, letters, tally


def activations(*texts):
    return read_activations(tally(0.5), [letters(text) for text in texts], NAMES)


def test_sequences_are_concatenated():
    found = activations("b", "aac", "ca")
    assert ("".join(found.words), found.vocabulary) == ("baacca", ("a", "b", "c"))
    assert found.numbers.tolist() == [1, 0, 0, 2, 2, 0]
    assert found.owners.tolist() == [0, 1, 1, 1, 2, 2]
    assert found.steps.tolist() == [0, 0, 1, 2, 0, 1]
    assert (found.count, found.part(1)) == (3, slice(1, 4))
    assert found.states[1:4].tolist() == [[1, 0, 0], [1.5, 0, 0], [0.75, 0, 1]]
    assert found.changes[1:5].tolist() == [[1, 0, 0], [0.5, 0, 0], [-0.75, 0, 1], [0, 0, 1]]
    assert [found.occurrences(word).tolist() for word in ("c", "zebra")] == [[3, 4], []]


@each_row("most", range(8))
def test_whole_sequences_are_drawn(most):
    whole = activations("b", "aac", "ca")
    found = whole.drawn(most)
    assert 1 <= len(found.words) <= max(most, 3)
    assert (found.count == 3) == (most >= 6)
    for k, index in enumerate(found.examples):
        part, original = found.part(k), whole.part(index)
        assert found.words[part] == whole.words[original]
        np.testing.assert_array_equal(found.states[part], whole.states[original])


@pairwise(cell=CELLS, encoder=[False, True], layer=[0, 1])
def test_in_a_batch_every_sequence_is_read_as_it_is_alone(cell, encoder, layer):
    of = architecture(cell, 2, encoder)
    parameters, given = network(of), examples(of, [3, 1, 5, 3], every=encoder)
    alone = [record(parameters, collate([example])) for example in given]
    for part in (*of.cell.states, *of.cell.gates):
        found = read_activations(parameters, given, LETTERS, layer, part)
        assert found.zero == (part in of.cell.states)
        for k, trace in enumerate(alone):
            states = Unrolled(trace, layer).of(part)
            assert found.states[found.part(k)] == pytest.approx(states, abs=1e-14)
            assert found.words[found.part(k)] == Unrolled(trace).words(LETTERS)
    visited = visit_states(parameters, given)
    np.testing.assert_array_equal(visited.states, np.concatenate(visited.paths))
    expected = sorted((states_of(trace).whole for trace in alone), key=np.sum)
    for path, whole in zip(sorted(visited.paths, key=np.sum), expected, strict=True):
        np.testing.assert_allclose(path, whole, rtol=0, atol=1e-14)
    distances = np.linalg.norm(visited.states - visited.states.mean(axis=0), axis=1)
    assert visited.radius == pytest.approx(distances.max())


def test_the_mean_input_is_the_frequency_of_tokens_or_the_mean_of_values():
    of = architecture()
    given = examples(of, [5, 2, 7])
    tokens = np.concatenate([example.inputs for example in given])
    frequencies = [np.mean(tokens == token) for token in range(INPUTS)]
    assert visit_states(network(of), given).mean_input == pytest.approx(frequencies)
    of = architecture(squared=True)
    given = examples(of, [5, 2], values=True)
    mean = np.concatenate([example.inputs for example in given]).mean(axis=0)
    assert visit_states(network(of), given).mean_input == pytest.approx(mean)


def test_a_sample_is_random_and_always_the_same():
    lengths = np.full(1_000, 3)
    assert draw(lengths, 3_000).tolist() == [*range(1_000)]
    some = draw(lengths, 302)
    assert (len(some), len({*some})) == (100, 100)
    assert (np.diff(some) > 0).all()
    assert some.tolist() == draw(lengths, 302).tolist()
    assert np.histogram(some, 4, (0, 1_000))[0].min() > 15
    # Neither are all of one kind if two kinds alternate.
    assert 30 < (some % 2).sum() < 70
    assert len(draw(lengths, 1)) == 1


def test_of_many_examples_a_sample_is_read(monkeypatch):
    of = architecture()
    given = examples(of, [3] * 20)
    whole = read_activations(network(of), given, LETTERS)
    monkeypatch.setattr(passes, "MOST_TOKENS", 12)
    found, visited = read_activations(network(of), given, LETTERS), visit_states(network(of), given)
    assert (found.count, whole.count, len(visited.paths), visited.total) == (4, 20, 4, 20)
    assert visited.partial
    for k, index in enumerate(found.examples):
        assert found.words[found.part(k)] == whole.words[whole.part(index)]
        np.testing.assert_allclose(visited.paths[k][1:], whole.states[whole.part(index)])
    assert len(visit_states(network(of), examples(of, [15])).states) == 16
