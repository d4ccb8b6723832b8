"""The kinds of cells, by name."""

from __future__ import annotations

from rnnviz.config import Activation, CellKind
from rnnviz.engine.cell import Cell
from rnnviz.engine.elman import Elman
from rnnviz.engine.gru import GRU
from rnnviz.engine.lstm import LSTM

_GATED: dict[CellKind, Cell] = {CellKind.GRU: GRU(), CellKind.LSTM: LSTM()}
_ELMAN = {activation: Elman(activation) for activation in Activation}


def cell_of(kind: CellKind, activation: Activation) -> Cell:
    """The cell of that kind; only an Elman cell has a choice of activation."""
    return _ELMAN[activation] if kind is CellKind.ELMAN else _GATED[kind]
