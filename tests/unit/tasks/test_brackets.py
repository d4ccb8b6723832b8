"""How many brackets are open."""

import numpy as np

from rnnviz.config import OutputAt
from rnnviz.tasks.brackets import brackets, depths
from rnnviz.tasks.dataset import GAP


def test_the_class_of_a_token_is_the_number_of_brackets_open_after_it():
    data = brackets(0)
    every = [*data.train, *data.test]
    assert (len(data.train), len(data.test)) == (200, 100)
    assert (data.vocabulary.words, data.reads) == (("(", ")", "x"), OutputAt.EVERY)
    for example in every:
        heads = [example.text[: t + 1] for t in range(24)]
        expected = [head.count("(") - head.count(")") for head in heads]
        assert [int(data.classes[target]) for target in example.targets] == expected
    counts = np.bincount(np.concatenate([example.targets for example in every]))
    assert len(counts) == 5
    assert counts.min() > 0.08 * counts.sum()


def test_typed_brackets_have_gaps_where_no_class_is_that_deep():
    tokens = brackets(0).vocabulary.read(")(((((x)").tokens
    assert tokens.tolist() == [1, 0, 0, 0, 0, 0, 2, 1]
    assert depths(tokens).tolist() == [GAP, 0, 1, 2, 3, 4, 4, 3]
    assert depths(tokens[1:]).tolist() == [1, 2, 3, 4, GAP, GAP, 4]
