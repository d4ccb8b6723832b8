"""Cells of one's own, and numbers in equations."""

import pytest

from rnnviz.config import Activation, CellKind, SettingError
from rnnviz.engine import operations
from rnnviz.engine.cell_kinds import cell_of
from rnnviz.engine.cell_text import CellError
from rnnviz.engine.cells import CELLS, standalone
from rnnviz.engine.own_cell import own_cell
from tests.sampling import each_row


@each_row("cell", CELLS.values(), ids=list(CELLS))
def test_the_text_of_every_cell_is_confirmed_by_the_engine(cell):
    found = own_cell(standalone(cell))
    assert found.equations.states == cell.equations.states


@each_row("a", [2, 4, 5, 10])
@each_row("function", ["relu", "tanh"])
def test_a_cell_whose_state_grows_is_no_wrong_one(a, function):
    text = standalone(CELLS["leaky"]).replace("a = 0.2", f"a = {a}").replace("relu", function)
    assert own_cell(text).equations.constants == {"a": a}


def test_a_text_that_the_engine_computes_wrongly_is_refused(monkeypatch):
    monkeypatch.setitem(operations.CALLS, "tanh", "sin")
    with pytest.raises(CellError, match="differs from the complex step"):
        own_cell("h = tanh(W_xh @ x + U @ h + b_wrong)")


def test_numbers_in_equations_can_be_set():
    cell = cell_of(CellKind.CORNN, Activation.TANH, "", "dt=0.5, eps = 2")
    assert cell.equations.constants == {"dt": 0.5, "gamma": 1.3, "eps": 2.0}
    assert cell_of(CellKind.CORNN, Activation.TANH).equations.constants["dt"] == 0.1


@each_row(
    ("kind", "constants", "said"),
    [
        ("leaky", "b=1", "'b' is unknown; leaky has a"),
        ("gru", "a=1", "'a' is unknown; gru has none"),
        ("leaky", "a=x", "write a=0.2, not a=x"),
        ("leaky", "a=nan", "write a=0.2"),
        ("leaky", "a=1e9", "write a=0.2"),
        ("leaky", "a", "write a=0.2"),
    ],
)
def test_other_numbers_are_refused(kind, constants, said):
    with pytest.raises(SettingError, match=said):
        cell_of(CellKind(kind), Activation.TANH, "", constants)


def test_every_cell_can_be_chosen_by_its_name():
    assert {*CellKind} == {*CELLS} - {"elman-relu"} | {"own"}
