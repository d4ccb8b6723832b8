"""The kinds of cells, by name."""

from __future__ import annotations

from functools import cache

from rnnviz.config import Activation, CellKind
from rnnviz.engine.cells import CELLS
from rnnviz.engine.derived_cell import DerivedCell


def cell_of(kind: CellKind, activation: Activation) -> DerivedCell:
    """The cell of that kind; only an Elman cell has a choice of activation."""
    relu = kind is CellKind.ELMAN and activation is Activation.RELU
    return _derived("elman-relu" if relu else kind.value)


@cache
def _derived(name: str) -> DerivedCell:
    return DerivedCell(CELLS[name])
