"""Cell check: the derived gradient of a new text against complex steps, before it is used."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from functools import lru_cache
from types import CodeType
from typing import Any

import numpy as np

from rnnviz.cells import CellText
from rnnviz.engine.cell_source import factors, source, value_at_token
from rnnviz.engine.cell_text import CACHED, CellError, place_of
from rnnviz.engine.equations import Line, equations_of
from rnnviz.engine.graph import Node, topological
from rnnviz.engine.layer_buffers import Array

#: Largest relative error at which a gradient counts as exact.
TOLERANCE = 1e-8
#: Seeds and scales of random weights, tried until one confirms the gradient. A trial is
#: inconclusive if values are not finite or a function is saturated.
TRIALS = tuple((seed, scale) for scale in (0.5, 0.1, 0.02) for seed in range(3))
_SIZES = {"T": 3, "D": 2, "H": 2}
#: Functions whose arguments must stay above 0, by the kind of their nodes.
_ABOVE_ZERO = {"log": "log", "sqrt": "sqrt", "div": "/", "power": "**"}
#: Called before every trial; it raises CellError to give up.
before_trial: ContextVar[Callable[[], object]] = ContextVar("before_trial", default=lambda: None)


def define(text: str, name: str = "own") -> CellText:
    """Check a custom cell; raises CellError, also if its gradient can't be confirmed."""
    cell = CellText(name, text)
    if equations_of(cell).idle:
        idle = equations_of(cell).idle[0]
        raise CellError(*place_of(idle, cell.text), f"{idle} has no effect: leave it out")
    confirm(cell, "derived gradient", gradient_error(cell))
    return cell


def confirm(cell: CellText, gradient: str, error: float) -> None:
    """Raise CellError unless the relative error of a cell's gradient is small."""
    if error <= TOLERANCE:
        return
    found = [_first_not_finite(cell, *trial) for trial in TRIALS]
    if math.isfinite(error) and None in found:
        wrong = f"its {gradient} differs from the complex step by {error:.0e}, so it can't be used"
        cause = (
            "large numbers that cancel out, or a function at its ends, such as "
            "tanh(12 + W_xh @ x), leave rounding errors. Leave out what cancels, or write smaller "
            "numbers"
        )
        raise CellError(1, 1, f"{wrong}: {cause}; if neither applies, please report this text")
    anywhere = _not_finite(cell, equations_of(cell).lines, "values", lambda node: np.zeros(1))
    raise next(filter(None, found), CellError(1, 1, anywhere))


def _not_finite(
    cell: CellText, lines: Sequence[Line], what: str, value: Callable[[Node], Array]
) -> str:
    """Why the values or gradients of some lines may not be finite, given those of their nodes."""
    own, others = [line.node for line in lines], {*equations_of(cell).nodes.values()}
    below = topological((a for node in own for a in node.args), ends=others.__contains__)
    nodes = [*own, *(node for node in below if node not in others)]
    kinds = {n.kind for n in nodes if n.kind in _ABOVE_ZERO and _is_outside(n, value(n.args[-1]))}
    needing = [sign for kind, sign in _ABOVE_ZERO.items() if kind in kinds]
    why = "they become too large"
    if needing:
        signs = " and ".join(filter(None, (", ".join(needing[:-1]), needing[-1])))
        why = f"{signs} need{'s' * (len(needing) == 1)} arguments that stay above 0"
    return f"with small random weights its {what} are not finite numbers: {why}"


def _is_outside(node: Node, argument: Array) -> bool:
    """Whether an operation or its slope is not finite at an argument."""
    if node.kind == "power" and node.value % 1 == 0 and node.value > 0:
        return False
    at_0_alone = node.kind == "div" or (node.kind == "power" and node.value % 1 == 0)
    return bool(((argument == 0) if at_0_alone else (argument <= 0)).any())


def gradient_error(cell: CellText) -> float:
    """The largest relative error of a gradient at tiny sizes; NaN if numbers are not finite."""
    check = compiled(cell)["check"]
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        return best(lambda seed, scale: float(check(**_SIZES, seed=seed, scale=scale)))


def _first_not_finite(cell: CellText, seed: int, scale: float) -> CellError | None:
    """The first token and line with values or gradients that are not finite, from zero states."""
    script, equations = compiled(cell), equations_of(cell)
    rng, size = np.random.default_rng(seed), _SIZES["H"]
    shapes = {name: [size] * len(shape) for name, shape in script["SHAPES"].items()}
    weights = {name: scale * rng.standard_normal(shape) for name, shape in shapes.items()}
    x = rng.standard_normal((_SIZES["T"], size))

    def refused(line: Line, what: str, which: str, t: int) -> CellError:
        def value(node: Node) -> Array:
            return np.asarray(eval(value_at_token(cell, node), script, {**known, "t": t}))

        said = f"{_not_finite(cell, [line], what, value)}; {which} is not, at token {t + 1}"
        return CellError(line.number, 1, said)

    with np.errstate(all="ignore"):
        lines = script["forward"](x, np.zeros((len(script["STATES"]), size)), **weights)
        values = dict(zip(script["LINES"], lines, strict=True))
        known = {**equations.constants, **weights, **values, "x": x}
        for t in range(len(x)):
            for line in equations.lines:
                if not np.isfinite(values[line.name][t]).all():
                    return refused(line, "values", line.name, t)
        for t in range(len(x)):
            for line, factor in _factors(cell):
                if not np.isfinite(eval(factor, script, {**known, "t": t})).all():
                    return refused(line, "gradients", f"that through {line.name}", t)
    return None


@lru_cache(CACHED)
def _factors(cell: CellText) -> list[tuple[Line, CodeType]]:
    return [(line, compile(text, line.name, "eval")) for line, text in factors(cell)]


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
