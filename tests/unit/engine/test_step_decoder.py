"""A network that reads token by token answers as one that reads the whole."""

import numpy as np
import pytest

from rnnviz.engine.batch import collate
from rnnviz.engine.step_decoder import StepDecoder
from rnnviz.engine.training import record
from tests.unit.engine.networks import CELLS, architecture, examples, network


@pytest.mark.parametrize("encoder", [False, True], ids=["alone", "after an encoder"])
@pytest.mark.parametrize("values", [False, True], ids=["tokens", "values"])
@pytest.mark.parametrize("layers", [1, 3])
@pytest.mark.parametrize("cell", CELLS, ids="-".join)
def test_it_answers_as_the_whole_pass_does(cell, layers, values, encoder):
    of = architecture(cell, layers, encoder, squared=values)
    parameters, (example,) = network(of), examples(of, [7], every=True, values=values)
    whole = record(parameters, collate([example]))
    reader = StepDecoder(parameters, whole if encoder else None)
    answers = [reader.read(one) for one in example.inputs]
    np.testing.assert_allclose(answers, whole.probs, rtol=0, atol=1e-14)


def test_two_readers_remember_apart():
    parameters = network(architecture())
    first, second = StepDecoder(parameters), StepDecoder(parameters)
    first.read(0)
    assert not np.array_equal(first.read(1), second.read(1))
