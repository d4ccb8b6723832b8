"""The kinds of cells, by name."""

from __future__ import annotations

from rnnviz.config import Activation, CellKind
from rnnviz.engine.cell import Cell
from rnnviz.engine.elman import Elman
from rnnviz.engine.gru import GRU
from rnnviz.engine.lstm import LSTM

CELLS: dict[CellKind, Cell] = {
    CellKind.ELMAN: Elman(),
    CellKind.GRU: GRU(),
    CellKind.LSTM: LSTM(),
}
_RELU = Elman(Activation.RELU)


def cell_of(kind: CellKind, activation: Activation = Activation.TANH) -> Cell:
    """The cell of that kind; only an Elman cell's activation can be chosen."""
    relu = kind is CellKind.ELMAN and activation is Activation.RELU
    return _RELU if relu else CELLS[kind]
