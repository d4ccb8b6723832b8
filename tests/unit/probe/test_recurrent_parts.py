"""What one unit gets from every unit of the state before."""

import numpy as np
import pytest

from rnnviz.cells import CELLS
from rnnviz.config import Activation
from rnnviz.engine.batch import collate
from rnnviz.engine.derived_cell import DerivedCell
from rnnviz.engine.own_cell import own_cell
from rnnviz.engine.training import record
from rnnviz.probe.cell_parts import cell_parts, untimed
from rnnviz.probe.sequence_pass import Readers, given_parts, readers, recurrent_parts
from rnnviz.probe.unrolled import Unrolled
from tests.sampling import each_row
from tests.unit.engine.networks import architecture, examples, network

#: The lines of every cell into which threads can lead, the candidate's first.
LINES = {
    "elman": "h", "elman-relu": "h", "gru": "nrz", "lstm": "gifo", "peephole": "gifo", "mgu": "nf",
    "leaky": "s", "mingru": "", "rglru": "", "lru": "", "slstm": "gifo", "cornn": "z",
}  # fmt: skip


def sigmoid(a):
    return 1 / (1 + np.exp(-a))


def readings(cell, line, layer=0, layers=1, encoder=False):
    """Of every unit at every token: the parts, its weights, the values, the states, the input."""
    of = architecture((cell, Activation.TANH), layers, encoder)
    weights = network(of)
    unrolled = Unrolled(record(weights, collate(examples(of, [5]))), layer)
    names = cell_parts(of.cell).equations.shapes
    for unit in range(of.hidden):
        parts = recurrent_parts(weights, unrolled.trace, layer, unit, line)
        assert parts.shape == unrolled.h.shape
        for t in range(len(unrolled)):
            w = {name: unrolled.weight(weights, t, name)[unit] for name in names}
            now = {name: unrolled.of(name)[t] for name in of.cell.shown}
            before = {name: unrolled.of(f"{name}_before")[t] for name in of.cell.states}
            yield unit, parts[t], w, now, before, unrolled.x(t)


@pytest.mark.parametrize("cell", CELLS)
def test_threads_lead_into_the_lines_that_read_the_state_through_a_matrix(cell):
    found = Readers(cell_parts(DerivedCell(CELLS[cell])))
    assert {*found.entries} == {*LINES[cell]}
    assert found.candidate == LINES[cell][:1]


@pytest.mark.parametrize(("layer", "encoder"), [(0, False), (1, False), (0, True)])
def test_of_an_elman_cell_the_parts_and_the_input_make_the_state(layer, encoder):
    for unit, parts, w, now, _, x in readings("elman", "h", layer, 2, encoder):
        total = parts.sum() + w["W_xh"] @ x + w["b_h"]
        assert np.tanh(total) == pytest.approx(now["h"][unit], rel=1e-12)


@pytest.mark.parametrize("layer", [0, 1])
def test_of_a_gru_the_parts_of_the_candidate_have_passed_the_reset_gate(layer):
    for unit, parts, w, now, before, x in readings("gru", "n", layer, 2):
        r = now["r"][unit]
        assert parts == pytest.approx(r * w["W_hn"] * before["h"])
        total = parts.sum() + r * w["b_hn"] + w["W_xn"] @ x + w["b_xn"]
        assert np.tanh(total) == pytest.approx(now["n"][unit], rel=1e-12)


@each_row(("line", "function"), [("i", sigmoid), ("f", sigmoid), ("g", np.tanh), ("o", sigmoid)])
def test_every_gate_of_an_lstm_has_its_own(line, function):
    for unit, parts, w, now, _, x in readings("lstm", line):
        total = parts.sum() + w[f"W_x{line}"] @ x + w[f"b_{line}"]
        assert function(total) == pytest.approx(now[line][unit], rel=1e-12)


def test_what_is_multiplied_may_be_a_gated_state_or_several_states():
    for _, parts, w, now, before, _ in readings("mgu", "n"):
        assert parts == pytest.approx(w["W_hn"] * now["f"] * before["h"])
    for _, parts, w, _, before, _ in readings("cornn", "z"):
        assert parts == pytest.approx(w["W_yz"] * before["y"] + w["W_zz"] * before["z"])


@pytest.mark.parametrize("cell", ["gru", "mgu", "cornn"])
def test_what_a_unit_gives_is_what_the_others_get_from_it(cell):
    of = architecture((cell, Activation.TANH), 2, encoder=True)
    weights = network(of)
    traced = weights, record(weights, collate(examples(of, [5]))), 1
    line, units = LINES[cell][0], range(of.hidden)
    got = [recurrent_parts(*traced, unit, line) for unit in units]
    given = [given_parts(*traced, unit, line) for unit in units]
    assert np.array(given).transpose(2, 1, 0) == pytest.approx(np.array(got))
    assert np.abs(got).max() > 0.01


def test_two_sums_in_one_line_are_told_apart():
    text = "h = sigmoid(W_hz @ h + b_z) * h + tanh(W_xh @ x - b_r * (W_hh @ h))"
    found = readers(own_cell(text))
    terms = {
        name: [(untimed({}).value(factor, 0), product.name) for factor, product in own]
        for name, own in found.entries.items()
    }
    assert sorted(terms.values()) == [[("1", "W_hz")], [("−b_r", "W_hh")]]
    assert terms[found.candidate] == [("−b_r", "W_hh")]
