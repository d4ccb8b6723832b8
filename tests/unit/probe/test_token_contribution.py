"""The shares of tokens in the gradient of the weights."""

import numpy as np
import pytest

from rnnviz.config import RunConfig
from rnnviz.engine.batch import collate
from rnnviz.engine.training import record
from rnnviz.probe.gradients import part_norms, token_contribution
from rnnviz.probe.unrolled import Moment, Phase, Unrolled
from rnnviz.questions.step.measure import step_record
from rnnviz.questions.step.pictures import share
from tests.sampling import each_row, pairwise
from tests.unit.engine.networks import CELLS, OTHERS, architecture, examples, network, phrase
from tests.unit.probe.known import CASES, LETTERS, linear

#: Cells with matrices of both kinds.
EVERY = pytest.mark.parametrize("cell", CELLS + OTHERS, ids="-".join)
CONFIG = RunConfig()
BACK = [Moment(Phase.BACKWARD, t) for t in range(5)]


@pairwise(EVERY, layer=[0, 1], every=[False, True], inputs=[False, True])
def test_norms_are_those_of_the_parts_of_the_gradient(cell, layer, every, inputs):
    of = architecture(cell, layers=2)
    weights, batch = network(of), collate(examples(of, [5], every))
    trace = record(weights, batch)
    shapes, squares = of.cell.equations.shapes, np.zeros(5)
    own = [name for name, shape in shapes.items() if len(shape) > 1 and ("D" in shape) == inputs]
    for t in range(5):
        here = share(step_record(weights, examples(of, [5], every), CONFIG, LETTERS), BACK[t])[0]
        squares[t] = sum((here[f"{name}.{layer + 1}"] ** 2).sum() for name in own)
    found = part_norms(Unrolled(trace, layer), weights, inputs)
    np.testing.assert_allclose(found, np.sqrt(squares), rtol=1e-9)


@pairwise(CASES, encoder=[False, True])
def test_shares_sum_to_one(cell, encoder):
    of = architecture(cell, encoder=encoder)
    weights = network(of)
    unrolled = Unrolled(record(weights, collate(examples(of, [4], every=encoder))))
    found = token_contribution(unrolled, weights)
    for shares in (found.W_hh, found.W_xh):
        assert (len(shares), shares.sum()) == (len(unrolled), pytest.approx(1))


@each_row(
    ("c", "tokens", "W_hh", "W_xh"),
    [
        (0.5, [0, 1, 1], None, [1 / 7, 2 / 7, 4 / 7]),
        (2.0, [0, 1, 1], None, [4 / 7, 2 / 7, 1 / 7]),
        (0.5, [0], [0], [1]),
    ],
)
def test_in_a_linear_network_shares_are_powers_of_the_weight(c, tokens, W_hh, W_xh):
    weights = linear(c)
    trace = record(weights, collate([phrase(tokens, 1)]))
    found = token_contribution(Unrolled(trace), weights)
    np.testing.assert_allclose(found.W_xh, W_xh)
    assert found.W_hh[0] == 0
    assert W_hh is None or found.W_hh.tolist() == W_hh
