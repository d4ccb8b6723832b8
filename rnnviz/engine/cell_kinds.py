"""The kinds of cells, by name, and cells of one's own."""

from __future__ import annotations

from functools import lru_cache

from rnnviz.config import Activation, CellKind
from rnnviz.engine.cell_check import define
from rnnviz.engine.cells import CELLS, ELMAN
from rnnviz.engine.derived_cell import DerivedCell


def cell_of(kind: CellKind, activation: Activation, equations: str = "") -> DerivedCell:
    """The cell of that kind; raises CellError if ``equations`` of one's own make no cell.

    Only an Elman cell has a choice of activation. One of one's own begins as an Elman cell.
    """
    relu = kind is CellKind.ELMAN and activation is Activation.RELU
    return _derived("elman-relu" if relu else kind.value, equations)


@lru_cache(64)
def _derived(name: str, equations: str) -> DerivedCell:
    return DerivedCell(CELLS[name] if name in CELLS else define(equations or ELMAN.text))
