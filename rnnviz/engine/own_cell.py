"""A cell of one's own: its gradient in the engine, compared with complex steps."""

from __future__ import annotations

import math
from functools import lru_cache, partial

import numpy as np

from rnnviz.cells import OWN
from rnnviz.config import Gradient, Loss
from rnnviz.engine.batch import Batch, Sequences
from rnnviz.engine.cell_check import best, confirm
from rnnviz.engine.cell_text import CACHED
from rnnviz.engine.derived_cell import DerivedCell
from rnnviz.engine.gradcheck import check_gradient
from rnnviz.engine.parameters import Architecture, Parameters


@lru_cache(CACHED)
def own_cell(equations: str) -> DerivedCell:
    """The cell of these equations; raises CellError.

    Its script has been checked when it was defined; here the programs are that train it.
    """
    # Softmax would saturate, and its gradient be rounding, where states grow.
    of = Architecture(2, 2, 2, OWN, loss=Loss.SQUARED_ERROR, equations=equations)
    tokens, targets = np.array([[0], [1], [0]]), np.array([[0.3, -0.7]])
    batch = Batch(Sequences(tokens, (1, 1, 1)), targets, np.array([2]), np.zeros(1, int))
    confirm(of.cell.text, "gradient", best(partial(_error, of, batch)))
    return of.cell


def _error(of: Architecture, batch: Batch, seed: int, scale: float) -> float:
    """The largest relative error of a gradient with random weights; NaN if not all is finite."""
    theta = scale * np.random.default_rng(seed).standard_normal(Parameters(of).theta.shape)
    check = check_gradient(Parameters(of, theta), batch, Gradient.EXACT)
    return check.worst if check.finite else math.nan
