"""Sequences in a plane: their targets and labels."""

import numpy as np

from rnnviz.probe.activations import (
    BANDS,
    MOST_CLASSES,
    OTHERS,
    Activations,
    label_tokens,
    token_targets,
)
from rnnviz.tasks.example import Example
from tests.sampling import each_row


def activations(*lengths):
    """Sequences of these lengths, whose states count through the tokens."""
    count = sum(lengths)
    owners = np.repeat(np.arange(len(lengths)), lengths)
    steps = np.concatenate([np.arange(length) for length in lengths])
    return Activations(("a",) * count, np.arange(3.0 * count).reshape(count, 3), owners, steps)


def example(length, *targets, source=None):
    return Example("", np.zeros(length, int), np.array(targets), source)


@each_row(
    ("lengths", "examples", "targets"),
    [
        ([2, 3], [example(2, 1), example(3, 0)], [1, 1, 0, 0, 0]),
        ([3], [example(3, 0, 1, 0)], [0, 1, 0]),
        ([4], [example(2, 1, 0, source=np.zeros(2, int))], [1, 1, 1, 0]),
        ([2], [example(2, 1), example(5, 0)], [1, 1]),
    ],
    ids=["at the end", "every token", "encoder", "not read"],
)
def test_every_token_has_a_target(lengths, examples, targets):
    assert token_targets(activations(*lengths), examples) == targets


def test_few_classes_or_values_are_labels():
    found = label_tokens([0, 1], ("no", "yes"))
    assert found.labels == found.classes == ("no", "yes")
    assert label_tokens([1, 0, 1], ("no", "yes")).numbers.tolist() == [1, 0, 1]
    found = label_tokens([np.array([0.5]), np.array([-1.0])], ("out",))
    assert (found.labels, found.ordered) == (("0.5", "−1"), False)


def test_many_values_are_bands_of_the_first_channel():
    values = np.linspace(-1, 1, 21)[::-1]
    found = label_tokens([np.array([v, 7.0]) for v in values], ("x", "y"))
    bands = "−1 … −0.6", "−0.6 … −0.2", "−0.2 … 0.2", "0.2 … 0.6", "0.6 … 1"
    assert (found.classes, found.ordered, len(bands)) == (bands, True, BANDS)
    for value, label in zip(values, found.labels, strict=True):
        low, high = (float(end.replace("−", "-")) for end in label.split(" … "))
        assert low - 1e-9 <= value <= high + 1e-9


def test_of_many_classes_the_most_frequent_are_labels():
    names = [f"class {number:02}" for number in range(MOST_CLASSES + 3)]
    targets = [*reversed(range(MOST_CLASSES))] * 2 + [*range(MOST_CLASSES, len(names))]
    found = label_tokens(targets, names)
    assert found.classes == (*names[:MOST_CLASSES], OTHERS)
    assert found.labels[-3:] == (OTHERS,) * 3
