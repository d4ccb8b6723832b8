"""What one unit gets from every unit of the state before."""

import numpy as np
import pytest

from rnnviz.analysis.recurrent_parts import recurrent_parts
from rnnviz.analysis.unrolled import Unrolled
from rnnviz.engine.batch import collate
from rnnviz.engine.training import record
from tests.unit.engine.networks import CELLS, architecture, examples, network


def read(cell, layers):
    of = architecture(cell, layers)
    weights = network(of)
    return weights, record(weights, collate(examples(of, [5])))


@pytest.mark.parametrize("layer", [0, 1])
def test_the_parts_and_the_input_make_the_state(layer):
    weights, trace = read(CELLS[0], 2)
    unrolled = Unrolled(trace, layer)
    for unit in range(trace.architecture.hidden):
        parts = recurrent_parts(weights, trace, layer, unit)
        assert parts.shape == unrolled.h.shape
        for t in range(5):
            W, b = (unrolled.weight(weights, t, name)[unit] for name in ("W_xh", "b_h"))
            total = parts[t].sum() + W @ unrolled.x(t) + b
            assert np.tanh(total) == pytest.approx(unrolled.h[t, unit], rel=1e-12)


def test_where_a_gate_decides_there_are_none():
    assert recurrent_parts(*read(CELLS[3], 1), 0, 0) is None
