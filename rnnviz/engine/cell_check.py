"""Cell check: the derived gradient of a new text against complex steps, before it is used."""

from __future__ import annotations

import warnings
from functools import lru_cache
from typing import Any

import numpy as np

from rnnviz.engine.cell_source import source
from rnnviz.engine.cell_text import CellError
from rnnviz.engine.cells import CellText

#: The largest relative error of a gradient.
TOLERANCE = 1e-8
#: Random weights that are tried, until all values are finite numbers.
_SEEDS = 5
_SIZES = {"T": 3, "D": 2, "H": 2}


def define(text: str, name: str = "own") -> CellText:
    """A cell of one's own; raises CellError, also if its gradient can't be confirmed."""
    cell = CellText(name, text)
    if cell.equations.idle:
        raise CellError(1, 1, f"{cell.equations.idle[0]} has no effect: leave it out")
    error = gradient_error(cell)
    if np.isnan(error):
        finite = "with small random weights its values are no finite numbers: log, sqrt and / need"
        raise CellError(1, 1, f"{finite} arguments that stay above 0")
    if error > TOLERANCE:
        wrong = f"its derived gradient differs from the complex step by {error:.0e}"
        raise CellError(1, 1, f"{wrong}, so it can't be used. Please report this text")
    return cell


def gradient_error(cell: CellText) -> float:
    """The largest relative error of a gradient at tiny sizes; NaN if numbers are not finite."""
    check = compiled(cell)["check"]
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        errors = (float(check(**_SIZES, seed=seed)) for seed in range(_SEEDS))
        return next((error for error in errors if np.isfinite(error)), float("nan"))


@lru_cache(64)
def compiled(cell: CellText) -> dict[str, Any]:
    """The functions of the cell's script, which is made from the checked graph."""
    space: dict[str, Any] = {"__name__": "cell"}
    exec(compile(source(cell), f"<{cell.name}>", "exec"), space)
    return space
