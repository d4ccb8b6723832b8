"""Sequences in a plane: what is wanted at each token, and which classes are told apart."""

import numpy as np

from rnnviz.analysis.corpus import Corpus
from rnnviz.analysis.projection import Plane, Projection
from rnnviz.analysis.trajectory import MOST_CLASSES, OTHERS, cloud, labels_of
from rnnviz.tasks.example import Example

PLANE = Plane(Projection(np.ones(3), np.eye(3), np.ones(3)), (0, 2))


def corpus(*lengths):
    """Sequences of these lengths, the states of which count through the tokens."""
    count = sum(lengths)
    states = np.arange(3.0 * count).reshape(count, 3)
    owners = np.repeat(np.arange(len(lengths)), lengths)
    steps = np.concatenate([np.arange(length) for length in lengths])
    return Corpus(("a",) * count, states, owners, steps)


def example(length, *targets, source=None):
    return Example("", np.zeros(length, int), np.array(targets), source)


def test_one_answer_at_the_end_is_that_of_all_tokens():
    examples = [example(2, 1), example(3, 0)]
    found = labels_of(corpus(2, 3), examples, ("no", "yes"))
    assert found == ["yes", "yes", "no", "no", "no"]


def test_with_an_answer_after_every_token_each_has_its_own():
    assert labels_of(corpus(3), [example(3, 0, 1, 0)], ("no", "yes")) == ["no", "yes", "no"]


def test_an_encoder_s_tokens_have_the_first_answer_of_the_decoder():
    found = labels_of(corpus(4), [example(2, 1, 0, source=np.zeros(2, int))], ("no", "yes"))
    assert found == ["yes", "yes", "yes", "no"]


def test_values_are_written():
    values = Example("", np.zeros((2, 1)), np.array([[0.5], [-1.0]]))
    assert labels_of(corpus(2), [values], ("out",)) == ["0.5", "−1"]


def test_only_the_sequences_of_the_corpus_have_labels():
    assert labels_of(corpus(2), [example(2, 1), example(5, 0)], ("no", "yes")) == ["yes", "yes"]


def test_states_are_seen_in_the_plane():
    found = cloud(corpus(2), PLANE, ["no", "yes"])
    assert found.points.tolist() == [[-1, 1], [2, 4]]
    assert found.classes == ("no", "yes")


def test_of_many_classes_the_most_frequent_are_told_apart():
    names = [f"class {number:02}" for number in range(MOST_CLASSES + 3)]
    labels = names[:MOST_CLASSES] * 2 + names[MOST_CLASSES:]
    found = cloud(corpus(len(labels)), PLANE, labels)
    assert found.classes == (*names[:MOST_CLASSES], OTHERS)
    assert found.labels[-3:] == (OTHERS,) * 3
