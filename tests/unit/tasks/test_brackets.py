"""How many brackets are open."""

import numpy as np

from rnnviz.config import OutputAt
from rnnviz.tasks.brackets import brackets


def every():
    data = brackets(0)
    return [*data.train, *data.test]


def test_the_class_of_a_token_is_the_number_of_brackets_open_after_it():
    for example in every():
        depths = [
            example.text[: place + 1].count("(") - example.text[: place + 1].count(")")
            for place in range(len(example.text))
        ]
        assert [int(brackets(0).classes[target]) for target in example.targets] == depths


def test_every_depth_is_frequent():
    counts = np.bincount(np.concatenate([example.targets for example in every()]))
    assert len(counts) == 5
    assert counts.min() > 0.08 * counts.sum()


def test_no_example_is_learned_and_tested():
    assert len({example.text for example in every()}) == len(every()) == 300


def test_brackets_can_be_typed():
    assert brackets(0).vocabulary.read("(()x)").tokens.tolist() == [0, 0, 1, 2, 1]


def test_the_contract():
    data = brackets(0)
    assert (len(data.train), len(data.test)) == (200, 100)
    assert {example.inputs.shape for example in every()} == {(24,)}
    assert data.vocabulary.words == ("(", ")", "x")
    assert data.reads is OutputAt.EVERY
