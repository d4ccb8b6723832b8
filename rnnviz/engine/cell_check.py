"""Cell check: the derived gradient of a new text against complex steps, before it is used."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from contextvars import ContextVar
from functools import lru_cache
from typing import Any

import numpy as np

from rnnviz.cells import CellText
from rnnviz.engine.cell_source import source
from rnnviz.engine.cell_text import CACHED, CellError
from rnnviz.engine.equations import equations_of

#: Largest relative error at which a gradient counts as exact.
TOLERANCE = 1e-8
#: Seeds and scales of random weights, tried until one confirms the gradient. A trial is
#: inconclusive if values are not finite or a function is saturated.
TRIALS = tuple((seed, scale) for scale in (0.5, 0.1, 0.02) for seed in range(3))
_SIZES = {"T": 3, "D": 2, "H": 2}
#: Called before every trial; it raises CellError to give up.
before_trial: ContextVar[Callable[[], object]] = ContextVar("before_trial", default=lambda: None)


def define(text: str, name: str = "own") -> CellText:
    """Check a cell of one's own; raises CellError, also if its gradient can't be confirmed."""
    cell = CellText(name, text)
    if equations_of(cell).idle:
        raise CellError(1, 1, f"{equations_of(cell).idle[0]} has no effect: leave it out")
    confirm(cell, "derived gradient", gradient_error(cell))
    return cell


def confirm(cell: CellText, gradient: str, error: float) -> None:
    """Raise CellError unless the relative error of a cell's gradient is small."""
    if error <= TOLERANCE:
        return
    found = [_first_not_finite(compiled(cell), *trial) for trial in TRIALS]
    if math.isfinite(error) and None in found:
        wrong = f"its {gradient} differs from the complex step by {error:.0e}"
        raise CellError(1, 1, f"{wrong}, so it can't be used. Please report this text")
    finite = "with small random weights its values are not finite numbers: log, sqrt and / need"
    finite += " arguments that stay above 0"
    if first := next(filter(None, found), None):
        t, name = first
        number = next(line.number for line in equations_of(cell).lines if line.name == name)
        raise CellError(number, 1, f"{finite}; {name} is not, at token {t + 1}")
    raise CellError(1, 1, finite)


def gradient_error(cell: CellText) -> float:
    """The largest relative error of a gradient at tiny sizes; NaN if numbers are not finite."""
    check = compiled(cell)["check"]
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        return best(lambda seed, scale: float(check(**_SIZES, seed=seed, scale=scale)))


def _first_not_finite(script: dict[str, Any], seed: int, scale: float) -> tuple[int, str] | None:
    """The first token and line with values that are not finite, from states of zero."""
    rng, size = np.random.default_rng(seed), _SIZES["H"]
    shapes = {name: [size] * len(shape) for name, shape in script["SHAPES"].items()}
    weights = {name: scale * rng.standard_normal(shape) for name, shape in shapes.items()}
    x = rng.standard_normal((_SIZES["T"], size))
    with np.errstate(all="ignore"):
        lines = script["forward"](x, np.zeros((len(script["STATES"]), size)), **weights)
    values = dict(zip(script["LINES"], lines, strict=True))
    for t in range(len(x)):
        for name, value in values.items():
            if not np.isfinite(value[t]).all():
                return t, name
    return None


def best(error_of: Callable[[int, float], float]) -> float:
    """The first error that is small enough, else the smallest; NaN if there is none."""
    least = math.nan
    for trial in TRIALS:
        before_trial.get()()
        error = error_of(*trial)
        least = error if math.isnan(least) else min(least, error)
        if least <= TOLERANCE:
            break
    return least


@lru_cache(CACHED)
def compiled(cell: CellText) -> dict[str, Any]:
    """The functions of the cell's script, which is generated from the checked graph."""
    space: dict[str, Any] = {"__name__": "cell"}
    exec(compile(source(cell), f"<{cell.name}>", "exec"), space)
    return space
