"""The inside of a cell: what the page is given to draw."""

import re

import numpy as np
import pytest

from rnnviz.charts.sequence_network import BROKEN
from rnnviz.probe.unrolled import Phase
from rnnviz.questions.step.arithmetic import unit_formula
from rnnviz.questions.step.cell_diagram import cell_diagram
from rnnviz.questions.step.inside_cell import TokenGradient, inside_cell
from rnnviz.questions.step.measure import Focus, step_cell
from tests.new_cell import add
from tests.sampling import pairwise
from tests.unit.charts.unpacked import by_name
from tests.unit.engine.networks import CELLS
from tests.unit.probe.known import KINDS
from tests.unit.questions.step.test_every_cell import EVERY, KIND, LAYERS, step_of

LSTM = CELLS[3]


@pytest.fixture(autouse=True)
def one_cell_more(monkeypatch):
    add(monkeypatch)


def drawn(step, focus):
    picture = inside_cell(step, focus)
    return by_name(picture), picture.layout["meta"]


def moment(step, phase, t):
    return next(m for m in step.moments if m.phase is phase and m.t == t)


@pairwise(EVERY, LAYERS, KIND, settings=[{}, {"gradient": "notebook"}])
def test_values_and_gradients_are_those_of_the_engine(cell, layers, kind, settings):
    step = step_of(cell, layers, kind, **settings)
    for layer in range(layers):
        found = step_cell(step, layer)
        parts, t = found.parts, 1
        back, diagram = TokenGradient(found, t), cell_diagram(parts.equations)
        for part in parts.by_name.values():
            adjoint = parts.gradient(part)
            got = back.at(adjoint.node or part.node)
            np.testing.assert_allclose(got, found.gradients(adjoint)[t], atol=1e-13)
        for symbol in diagram.symbols:
            adjoint = symbol.kind == "before" and parts.state_gradient(symbol.node.name)
            if adjoint:
                expected = found.gradients(adjoint)[t]
                np.testing.assert_allclose(back.of(symbol), expected, atol=1e-13)


@pairwise(EVERY, KIND)
def test_every_moment_of_every_cell_can_be_drawn(cell, kind):
    step = step_of(cell, 1, kind)
    for at in step.moments:
        for part in step.parts:
            series, meta = drawn(step, Focus(at, 2, 0, part))
            known = at.phase not in (Phase.FORWARD, Phase.LOSS)
            assert ("gradients" in series) == known
            flows = [route["flow"] for route in meta["routes"] if route["flow"] is not None]
            sent = [band["sent"] for band in meta["bands"] if band["sent"] is not None]
            assert known or len(flows) + len(sent) == (at.phase is Phase.LOSS)
            assert np.isfinite(np.array(series["values"].z)).all()
            assert len(series["values"].z) == len(meta["symbols"])
            assert {"there", "back"} == meta["sum"].keys()
            chosen = [symbol for symbol in meta["symbols"] if symbol["chosen"]]
            assert len(chosen) <= 1


def test_a_gate_has_a_name_its_mean_and_its_formula_with_numbers():
    step = step_of(LSTM, 1, KINDS["verdict"])
    focus = Focus(moment(step, Phase.FORWARD, 1), 3, 0, "f")
    series, meta = drawn(step, focus)
    (gate,) = [symbol for symbol in meta["symbols"] if symbol["name"] == "f"]
    values = step.unrolled(0).of("f")[1]
    assert gate["chosen"]
    assert gate["gate"]
    assert gate["below"] == "σ"
    assert gate["open"] == pytest.approx(values.mean())
    row = meta["symbols"].index(gate)
    assert np.array(series["values"].z)[row] == pytest.approx(values, abs=1e-6)
    role, symbols, numbers = gate["told"]
    assert role == "forget gate, unit 3"
    assert symbols.startswith("f_2 = σ(W_xf x_2 + W_hf h_1 + b_f)")
    assert numbers.endswith(f"= {values[3]:.3g}")


def test_the_valve_of_a_highway_lets_through_what_its_gate_says():
    step = step_of(LSTM, 1, KINDS["verdict"])
    at = moment(step, Phase.BACKWARD, 1)
    _, meta = drawn(step, Focus(at, 0, 0, "c"))
    (band,) = meta["bands"]
    valve, inflow = band["ops"]
    gate = step.unrolled(0).of("f")[1]
    assert valve["label"] == "× f"
    assert valve["share"] == pytest.approx(gate, abs=1e-6)
    assert (inflow["sign"], inflow["share"]) == ("+", None)
    cell = step_cell(step, 0)
    arrived = TokenGradient(cell, 1).at(cell.parts.equations.nodes["c"])
    assert band["sent"] == pytest.approx(np.linalg.norm(arrived))
    assert band["kept"] == pytest.approx(np.linalg.norm(arrived * gate))
    assert meta["sum"]["back"].startswith("dc_2 · ")


def test_at_the_loss_its_gradient_arrives_at_the_output_of_the_topmost_layer():
    for layers, arriving in ((1, 1), (2, 0)):
        step = step_of(LSTM, layers, KINDS["verdict"])
        at = next(m for m in step.moments if m.phase is Phase.LOSS)
        _, meta = drawn(step, Focus(at, 0, 0, "c"))
        flows = [route["flow"] for route in meta["routes"] if route["flow"] is not None]
        assert len(flows) == arriving
    (row,) = step.outputs.values()
    above = step.trace.dlogits[row] @ step.before.W_hy
    _, meta = drawn(step, Focus(at, 0, 1, "c"))
    (route,) = (route for route in meta["routes"] if route["flow"] is not None)
    assert route["flow"] == pytest.approx(np.linalg.norm(above))
    assert meta["symbols"][route["symbol"]]["name"] == "h"


@pytest.mark.parametrize(("phase", "now"), [(Phase.CLIP, "clipped"), (Phase.UPDATE, "update")])
def test_when_all_is_read_the_weights_of_the_layer_are_there_with_what_moves_them(phase, now):
    step = step_of(LSTM, 2, KINDS["verdict"], clip=1e-4)
    at = next(m for m in step.moments if m.phase is phase)
    told = drawn(step, Focus(at, 0, 1, "c"))[1]["weights"]
    assert told["columns"][told["now"]] == now
    descent = step.descent
    for name, sizes in (tuple(row.values()) for row in told["rows"]):
        of = descent.gradient, descent.clipped, descent.update, step.before
        assert sizes == pytest.approx([np.linalg.norm(each[name]) for each in of])
    assert len(told["rows"]) == 12
    assert all(row["name"].endswith(".2") for row in told["rows"])
    before = drawn(step, Focus(moment(step, Phase.BACKWARD, 0), 0, 1, "c"))[1]
    assert before["weights"] is None


def test_numbers_that_are_not_finite_are_said():
    step = step_of(LSTM, 1, KINDS["verdict"])
    step.descent.gradient.theta[0] = np.nan
    _, meta = drawn(step, Focus(step.moments[0], 0, 0, "c"))
    assert meta["sentence"] == BROKEN


def test_a_formula_has_brackets_only_where_a_sign_would_stand_beside_a_sign():
    found = step_of(LSTM, 1, KINDS["verdict"])
    cell, seen = step_cell(found, 0), set()
    for node in cell.parts.named:
        for unit in range(found.hidden):
            _, _, written, _ = unit_formula(cell, node, 1, unit)
            seen |= {*re.findall(r"\(−|· −|\+ −|\(\(", written)}
    assert "(−" in seen
    assert not seen & {"· −", "+ −", "(("}
