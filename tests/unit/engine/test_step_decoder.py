"""A network that reads token by token answers as one that reads the whole."""

import numpy as np

from rnnviz.engine.batch import collate
from rnnviz.engine.evaluation import StepDecoder
from rnnviz.engine.training import record
from tests.sampling import pairwise
from tests.unit.engine.networks import CELLS, architecture, examples, network


@pairwise(
    encoder={"alone": False, "after an encoder": True},
    values={"tokens": False, "values": True},
    layers=[1, 3],
    cell=CELLS,
)
def test_it_answers_as_the_whole_pass_does(cell, layers, values, encoder):
    of = architecture(cell, layers, encoder, squared=values)
    parameters, (example,) = network(of), examples(of, [7], every=True, values=values)
    whole = record(parameters, collate([example]))
    reader = StepDecoder(parameters, whole if encoder else None)
    answers = [reader.read(one) for one in example.inputs]
    np.testing.assert_allclose(answers, whole.probs, rtol=0, atol=1e-14)
