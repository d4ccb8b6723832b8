"""The shares of tokens in the gradient of the weights."""

import numpy as np
import pytest

from rnnviz.analysis.token_contribution import part_norms, token_contribution
from rnnviz.analysis.unrolled import Unrolled
from rnnviz.engine.batch import collate
from rnnviz.engine.training import record
from tests.sampling import each_row, pairwise
from tests.unit.analysis.known import CASES, linear
from tests.unit.engine.networks import architecture, examples, network, phrase


@pairwise(CASES, layer=[0, 1], every=[False, True], source=["h", "x"])
def test_parts_sum_to_the_gradient_and_norms_are_theirs(cell, layer, every, source):
    of = architecture(cell, layers=2)
    trace = record(network(of), collate(examples(of, [5], every)))
    unrolled = Unrolled(trace, layer)
    z = np.array([unrolled.x(t) for t in range(5)]) if source == "x" else unrolled.of("h_before")
    squares = np.zeros(5)
    for gate, da in unrolled.errors(source).items():
        parts = da[:, :, None] * z[:, None, :]
        whole = trace.gradient[f"W_{source}{gate[-1]}.{layer + 1}"]
        np.testing.assert_allclose(parts.sum(axis=0), whole, rtol=0, atol=1e-14)
        squares += (parts**2).sum(axis=(1, 2))
    np.testing.assert_allclose(part_norms(unrolled, source), np.sqrt(squares), rtol=1e-12)


@pairwise(CASES, encoder=[False, True])
def test_shares_sum_to_one(cell, encoder):
    of = architecture(cell, encoder=encoder)
    unrolled = Unrolled(record(network(of), collate(examples(of, [4], every=encoder))))
    found = token_contribution(unrolled)
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
    found = token_contribution(Unrolled(record(linear(c), collate([phrase(tokens, 1)]))))
    np.testing.assert_allclose(found.W_xh, W_xh)
    assert found.W_hh[0] == 0
    assert W_hh is None or found.W_hh.tolist() == W_hh
