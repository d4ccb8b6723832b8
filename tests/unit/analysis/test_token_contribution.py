"""Which tokens feed the gradient of the weights."""

import numpy as np
import pytest

from rnnviz.analysis.token_contribution import part_norms, token_contribution
from rnnviz.analysis.unrolled import Unrolled
from rnnviz.engine.batch import collate
from rnnviz.engine.training import record
from tests.sampling import each_row, pairwise, singly
from tests.unit.analysis.linear import linear
from tests.unit.engine.networks import CELLS, architecture, examples, network, phrase

CELL = pytest.mark.parametrize("cell", CELLS, ids="-".join)


def parts(unrolled, source):
    """Every token's own da_t z_t^T, by gate, (T, H, K)."""
    steps = range(len(unrolled))
    z = unrolled.of("h_before") if source == "h" else np.array([unrolled.x(t) for t in steps])
    found = unrolled.errors(source).items()
    return {gate: da[:, :, None] * z[:, None, :] for gate, da in found}


@pairwise(CELL, layer=[0, 1], every=[False, True], source=["h", "x"])
def test_the_parts_of_all_tokens_sum_to_the_gradient(cell, layer, every, source):
    of = architecture(cell, layers=2)
    trace = record(network(of), collate(examples(of, [5], every)))
    for gate, part in parts(Unrolled(trace, layer), source).items():
        whole = trace.gradient[f"W_{source}{gate[-1]}.{layer + 1}"]
        np.testing.assert_allclose(part.sum(axis=0), whole, rtol=0, atol=1e-14)


@singly(CELL, source=["h", "x"])
def test_a_parts_size_is_that_of_its_matrix(cell, source):
    of = architecture(cell)
    unrolled = Unrolled(record(network(of), collate(examples(of, [5]))))
    squares = sum((part**2).sum(axis=(1, 2)) for part in parts(unrolled, source).values())
    np.testing.assert_allclose(part_norms(unrolled, source), np.sqrt(squares), rtol=1e-12)


@singly(CELL, encoder=[False, True])
def test_shares_sum_to_one(cell, encoder):
    of = architecture(cell, encoder=encoder)
    given = examples(of, [4], every=encoder)
    unrolled = Unrolled(record(network(of), collate(given)))
    found = token_contribution(unrolled)
    assert len(found.W_hh) == len(found.W_xh) == len(unrolled)
    assert found.W_hh.sum() == pytest.approx(1)
    assert found.W_xh.sum() == pytest.approx(1)


@each_row("c", [0.5, 1.0, 2.0])
def test_a_linear_network_shares_by_the_power_of_its_weight(c):
    unrolled = Unrolled(record(linear(c), collate([phrase([0, 1, 1, 0], 1)])))
    powers = c ** np.arange(4.0)[::-1]
    np.testing.assert_allclose(token_contribution(unrolled).W_xh, powers / powers.sum())


def test_nothing_was_remembered_before_the_first_token():
    of = architecture()
    found = token_contribution(Unrolled(record(network(of), collate(examples(of, [3])))))
    assert found.W_hh[0] == 0 < found.W_xh[0]


def test_one_token_alone_feeds_only_the_input_weights():
    of = architecture()
    found = token_contribution(Unrolled(record(network(of), collate(examples(of, [1])))))
    assert (found.W_hh.tolist(), found.W_xh.tolist()) == ([0.0], [1.0])
