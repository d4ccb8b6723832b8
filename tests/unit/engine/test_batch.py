"""Examples combined in a batch: nothing is lost, and the longest comes first."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from rnnviz.engine.batch import collate
from tests.unit.engine.networks import architecture, examples

lengths = st.lists(st.integers(1, 6), min_size=1, max_size=6)


@given(lengths, st.booleans(), st.booleans())
def test_every_token_every_target_and_every_source_is_in_the_batch(lengths, every, encoder):
    made = examples(architecture(encoder=encoder), lengths, every)
    batch = collate(made)
    steps, count = batch.read.shape
    assert (steps, count) == (max(lengths), len(lengths))
    assert batch.read.counts == tuple(sum(n > t for n in lengths) for t in range(steps))
    assert len(batch.targets) == (sum(lengths) if every else count)
    for target, row, owner in zip(batch.targets, batch.outputs, batch.owners, strict=True):
        t, b = divmod(row, count)
        example = made[owner]
        assert np.array_equal(batch.read.inputs[: len(example.inputs), b], example.inputs)
        assert target == example.targets[t if every else 0]
        assert every or t == len(example.inputs) - 1
        if encoder:
            source, column = example.source, batch.bridge[b]
            assert np.array_equal(batch.source.inputs[: len(source), column], source)
            assert batch.bridged[b] == (len(source) - 1) * count + column
