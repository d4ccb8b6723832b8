"""Sequences in a plane: what is wanted at each token, and which classes are told apart."""

import numpy as np

from rnnviz.analysis.activations import Activations
from rnnviz.analysis.projection import Plane, Projection
from rnnviz.analysis.trajectory import BANDS, MOST_CLASSES, OTHERS, cloud, wanted
from rnnviz.tasks.example import Example

PLANE = Plane(Projection(np.ones(3), np.eye(3), np.ones(3)), (0, 2))


def activations(*lengths):
    """Sequences of these lengths, the states of which count through the tokens."""
    count = sum(lengths)
    states = np.arange(3.0 * count).reshape(count, 3)
    owners = np.repeat(np.arange(len(lengths)), lengths)
    steps = np.concatenate([np.arange(length) for length in lengths])
    return Activations(("a",) * count, states, owners, steps)


def example(length, *targets, source=None):
    return Example("", np.zeros(length, int), np.array(targets), source)


def test_one_answer_at_the_end_is_that_of_all_tokens():
    examples = [example(2, 1), example(3, 0)]
    assert wanted(activations(2, 3), examples) == [1, 1, 0, 0, 0]


def test_with_an_answer_after_every_token_each_has_its_own():
    assert wanted(activations(3), [example(3, 0, 1, 0)]) == [0, 1, 0]


def test_an_encoder_s_tokens_have_the_first_answer_of_the_decoder():
    assert wanted(activations(4), [example(2, 1, 0, source=np.zeros(2, int))]) == [1, 1, 1, 0]


def test_values_are_written():
    found = cloud(activations(2), PLANE, [np.array([0.5]), np.array([-1.0])], ("out",))
    assert found.labels == ("0.5", "−1")
    assert not found.ordered


def test_many_values_are_told_apart_by_bands_of_the_first_channel():
    values = np.linspace(-1, 1, 21)[::-1]
    targets = [np.array([value, 7.0]) for value in values]
    found = cloud(activations(21), PLANE, targets, ("x", "y"))
    assert found.ordered
    assert found.classes == (
        "−1 … −0.6", "−0.6 … −0.2", "−0.2 … 0.2", "0.2 … 0.6", "0.6 … 1"
    )  # fmt: skip
    assert len(found.classes) == BANDS
    for value, label in zip(values, found.labels, strict=True):
        low, high = (float(end.replace("−", "-")) for end in label.split(" … "))
        assert low - 1e-9 <= value <= high + 1e-9


def test_only_the_sequences_of_the_corpus_have_labels():
    assert wanted(activations(2), [example(2, 1), example(5, 0)]) == [1, 1]


def test_states_are_seen_in_the_plane():
    found = cloud(activations(2), PLANE, [0, 1], ("no", "yes"))
    assert found.points.tolist() == [[-1, 1], [2, 4]]
    assert found.classes == ("no", "yes")


def test_of_many_classes_the_most_frequent_are_told_apart():
    names = [f"class {number:02}" for number in range(MOST_CLASSES + 3)]
    targets = [*range(MOST_CLASSES)] * 2 + [*range(MOST_CLASSES, len(names))]
    found = cloud(activations(len(targets)), PLANE, targets, names)
    assert found.classes == (*names[:MOST_CLASSES], OTHERS)
    assert found.labels[-3:] == (OTHERS,) * 3
