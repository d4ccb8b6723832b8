"""Examples side by side: nothing is lost, and everything lies where it is said to."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from rnnviz.engine.batch import collate
from tests.unit.engine.networks import architecture, examples

lengths = st.lists(st.integers(1, 6), min_size=1, max_size=6)


@given(lengths, st.booleans(), st.booleans())
def test_every_token_and_every_target_is_found_again(lengths, every, encoder):
    made = examples(architecture(encoder=encoder), lengths, every)
    batch = collate(made)
    steps, count = batch.read.shape
    assert (steps, count) == (max(lengths), len(lengths))
    assert sum(batch.read.counts) == sum(lengths)
    for target, row, owner in zip(batch.targets, batch.outputs, batch.owners, strict=True):
        t, b = divmod(row, count)
        example = made[owner]
        assert np.array_equal(batch.read.inputs[: len(example.inputs), b], example.inputs)
        assert target == example.targets[t if every else 0]
        assert every or t == len(example.inputs) - 1
    assert len(batch.targets) == (sum(lengths) if every else count)


@given(lengths)
def test_the_bridge_leads_from_each_source_to_its_sequence(lengths):
    made = examples(architecture(encoder=True), lengths, every=True)
    batch = collate(made)
    steps, count = batch.source.shape
    for row, owner in zip(batch.outputs, batch.owners, strict=True):
        source, column = made[owner].source, batch.bridge[row % count]
        assert np.array_equal(batch.source.inputs[: len(source), column], source)
        assert batch.bridged[row % count] == (len(source) - 1) * count + column
    assert steps == max(len(example.source) for example in made)


@given(lengths)
def test_the_longest_comes_first(lengths):
    counts = collate(examples(architecture(), lengths)).read.counts
    assert list(counts) == sorted(counts, reverse=True)
    assert counts[0] == len(lengths)
