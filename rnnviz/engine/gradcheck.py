"""Gradient check: backpropagation compared with complex steps; cells of one's own pass it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from rnnviz.cells import OWN
from rnnviz.config import Gradient, Loss
from rnnviz.engine.batch import Batch, Sequences
from rnnviz.engine.bptt import bind_forward
from rnnviz.engine.cell_check import TOLERANCE, TRIALS, best, compiled, confirm
from rnnviz.engine.cell_text import CACHED, CellError
from rnnviz.engine.derived_cell import DerivedCell
from rnnviz.engine.layer_buffers import Array
from rnnviz.engine.parameters import Architecture, Parameters
from rnnviz.engine.trace import Trace
from rnnviz.engine.training import record

#: So small that its square underflows, which makes the method's error zero.
_TINY = 1e-30
#: A gradient smaller than this fraction of the whole one is rounding error.
_ROUNDING = 1e-15
#: An error is relative to at least this share of the whole gradient.
_SHARE = 1e-7
#: Tokens x weights x entries that can be checked in about half a second.
_WORK = 800_000_000
#: Trials in which the programs of a cell are compared with its script; the difference that is an
#: error and no rounding.
_ALIKE, _APART = 3, 1e-3
#: Parameters of at most this many entries are checked in full; the minimum entries of each.
_FEWEST, _LEAST = 200, 25
#: Above this limit, one entry of each parameter is enough.
_MOST_WORK = 10 * _WORK


def complex_step_gradient(
    parameters: Parameters, batch: Batch, entries: Array | None = None
) -> Parameters:
    """dL/dtheta by the complex step: Im L(theta + i e) / e, one entry at a time.

    L is the mean over the outputs; exact to rounding (Squire and Trapp 1998). With ``entries``,
    indices into theta, only these are computed; all others are NaN.
    """
    shifted = parameters.like(parameters.theta.astype(complex))
    trace = Trace(parameters.architecture, batch, complex)
    forward = bind_forward(shifted, trace)
    gradient = parameters.like(np.full(parameters.theta.shape, np.nan))
    with np.errstate(all="ignore"):
        for i in range(len(gradient.theta)) if entries is None else entries:
            shifted.theta[i] += 1j * _TINY
            forward()
            gradient.theta[i] = trace.loss.mean().imag / _TINY
            shifted.theta[i] = parameters.theta[i]
    return gradient


def relative_errors(
    gradient: Parameters, truth: Parameters, entries: Array | None = None, least: float = 0.0
) -> dict[str, float]:
    """||gradient - truth|| / ||truth|| (L2) of every parameter; 0 if both are zero.

    With ``entries``, indices into theta, only these are compared. A number among them that is not
    finite makes the error of its parameter NaN or infinite. If the truth is at most the rounding
    error of the whole gradient, the error is relative to the whole gradient. It is always relative
    to at ``least`` this share of the whole gradient.
    """
    if entries is not None:
        gradient, truth = _only(entries, gradient), _only(entries, truth)
    whole = float(np.linalg.norm(truth.theta[np.isfinite(truth.theta)]))
    pairs = zip(gradient.named().items(), truth.named().values(), strict=True)
    return {name: _relative_error(ours, true, whole, least) for (name, ours), true in pairs}


def _only(entries: Array, gradient: Parameters) -> Parameters:
    kept = gradient.like(np.zeros_like(gradient.theta))
    kept.theta[entries] = gradient.theta[entries]
    return kept


def _relative_error(gradient: Array, truth: Array, whole: float, least: float) -> float:
    with np.errstate(over="ignore", invalid="ignore"):
        difference, size = map(float, map(np.linalg.norm, (gradient - truth, truth)))
    of = max(size if size > _ROUNDING * whole else whole or size, least * whole)
    return difference / of if difference and of else difference


@dataclass(frozen=True)
class GradientCheck:
    """Relative error (L2) of each parameter's gradient; ``entries`` of ``total`` were checked.

    If the losses or the complex steps are not ``finite``, the errors are meaningless.
    """

    errors: dict[str, float]
    entries: int
    total: int
    finite: bool = True

    @property
    def worst(self) -> float:
        """The largest relative error; NaN if one is."""
        return float(np.max([*self.errors.values()]))

    @property
    def wrong(self) -> dict[str, float]:
        """The parameters with an error above ``TOLERANCE``, with their errors."""
        return {name: error for name, error in self.errors.items() if not error <= TOLERANCE}


def check_gradient(parameters: Parameters, batch: Batch, gradient: Gradient) -> GradientCheck:
    """Compare untruncated backpropagation through time with the complex step, both in float64.

    If checking all entries would take much longer than a second, only some are checked, spread
    evenly over every parameter: at least one of each.
    """
    double = parameters.like(parameters.theta.astype(float))
    tokens = sum(sum(read.counts) for read in batch.reads)
    # All entries of a small parameter, every n-th of a large one.
    indices = double.like(np.arange(double.theta.size)).named().values()
    cost = tokens * double.theta.size
    for few, least in ((_FEWEST, _LEAST), (0, 1)):
        limit = max(_WORK // cost, len(indices) * least)
        every = max(1, math.ceil(double.theta.size / limit))
        entries = np.concatenate([a.ravel()[:: every if a.size > few else 1] for a in indices])
        if len(entries) * cost <= _MOST_WORK:
            break
    truth = complex_step_gradient(double, batch, entries)
    trace = record(double, batch, gradient)
    # Rounding scales with the whole gradient, and with the answers: if the network is sure of
    # them, its gradient is only rounding.
    sure = float(np.linalg.norm(trace.dlogits))
    share = _SHARE * max(1.0, TOLERANCE / sure) if sure else 0.0
    errors = relative_errors(trace.gradient, truth, entries, share)
    finite = bool(np.isfinite([*trace.loss, np.linalg.norm(truth.theta[entries])]).all())
    return GradientCheck(errors, len(entries), parameters.theta.size, finite)


@lru_cache(CACHED)
@np.errstate(all="ignore")
def own_cell(equations: str) -> DerivedCell:
    """The cell of these equations; raises CellError.

    ``define`` has checked its script; this checks the programs that train it.
    """
    # Softmax would saturate, and its gradient be rounding, where states grow.
    of = Architecture(2, 2, 2, OWN, loss=Loss.SQUARED_ERROR, equations=equations)
    tokens, targets = np.array([[0], [1], [0]]), np.array([[0.3, -0.7]])
    batch = Batch(Sequences(tokens, (1, 1, 1)), targets, np.array([2]), np.zeros(1, int))

    def error(seed: int, scale: float) -> float:
        theta = scale * np.random.default_rng(seed).standard_normal(Parameters(of).theta.shape)
        check = check_gradient(Parameters(of, theta), batch, Gradient.EXACT)
        return check.worst if check.finite else math.nan

    confirm(of.cell.text, "gradient", best(error))
    for seed, scale in TRIALS[:_ALIKE]:
        theta = scale * np.random.default_rng(seed).standard_normal(Parameters(of).theta.shape)
        if _apart_from_script(Parameters(of, theta), batch) > _APART:
            why = "its programs compute something else than its equations, so it can't be used"
            raise CellError(1, 1, f"{why}: please report this text")
    return of.cell


def _apart_from_script(parameters: Parameters, batch: Batch) -> float:
    """The largest relative difference of outputs and gradients from those of the cell's script.

    The script is the equations, line by line. It is 0 if a number is not finite, or if the script
    differs nearly as much from itself with each weight moved to the next larger float: rounding
    has grown.
    """
    cell, trace = parameters.architecture.cell, record(parameters, batch)
    script = compiled(cell.text)
    weights = {name: parameters[name] for name in script["SHAPES"]}
    x = np.eye(parameters.architecture.inputs)[batch.read.inputs[:, 0]]
    d_out = np.zeros((len(x) + 1, parameters.architecture.hidden))
    d_out[-2] = trace.dlogits[0] @ parameters.W_hy

    def results(weights: Mapping[str, Array]) -> list[Array]:
        lines = script["forward"](x, np.zeros((len(script["STATES"]), d_out.shape[1])), **weights)
        out = lines[script["LINES"].index(script["OUT"])][:-1]
        # The backward pass adds to its first argument.
        return [out[-1:], *script["backward"](d_out.copy(), x, *lines, **weights)[0]]

    exact = results(weights)
    sizes = np.array([np.abs(part).max() for part in exact])

    def apart(found: list[Array]) -> float:
        errors = [np.abs(a - b).max() for a, b in zip(found, exact, strict=True)]
        return float(np.max(errors / np.maximum(sizes, 1e-6 * sizes.max() + 1e-300)))

    worst = apart([trace.top[:, :-1], *(trace.gradient[name] for name in weights)])
    rounding = apart(results({name: np.nextafter(w, np.inf) for name, w in weights.items()}))
    return worst if math.isfinite(worst) and not worst < 1000 * rounding else 0.0
