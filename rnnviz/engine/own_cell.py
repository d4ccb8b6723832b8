"""A cell of one's own: its gradient in the engine, compared with complex steps."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from rnnviz.config import CellKind, Gradient, Loss
from rnnviz.engine.batch import Batch, Sequences
from rnnviz.engine.cell_text import CellError
from rnnviz.engine.derived_cell import DerivedCell
from rnnviz.engine.gradcheck import TOLERANCE, check_gradient
from rnnviz.engine.parameters import Architecture, Parameters

#: Random weights that are tried, until all values are finite numbers.
_SEEDS = 5


@lru_cache(64)
def own_cell(equations: str) -> DerivedCell:
    """The cell of these equations; raises CellError.

    Its script has been checked when it was defined; here the programs are that train it.
    """
    # The gradient of an error that is squared doesn't vanish where values are large.
    of = Architecture(2, 2, 2, CellKind.OWN, loss=Loss.SQUARED_ERROR, equations=equations)
    read = Sequences(np.array([[0], [1], [0]]), (1, 1, 1))
    batch = Batch(read, np.array([[0.3, -0.2]]), np.array([2]), np.zeros(1, int))
    for seed in range(_SEEDS):
        theta = 0.5 * np.random.default_rng(seed).standard_normal(Parameters(of).theta.shape)
        error = check_gradient(Parameters(of, theta), batch, Gradient.EXACT).worst
        if np.isfinite(error):
            break
    if error > TOLERANCE:
        wrong = f"its gradient differs from the complex step by {error:.0e}"
        raise CellError(1, 1, f"{wrong}, so it can't be used. Please report this text")
    return of.cell
