"""Checking the analytic gradient against an independent one."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from rnnviz.config import Gradient
from rnnviz.engine.losses import cross_entropy
from rnnviz.engine.model import bind
from rnnviz.engine.parameters import Array, Parameters
from rnnviz.engine.trace import Trace

#: Far below the square root of the smallest float64, so the error of the method is nil.
_TINY = 1e-30
#: Largest relative error at which a gradient counts as exact.
TOLERANCE = 1e-8
#: Tokens times weights times entries that are checked in about half a second.
_WORK = 800_000_000
#: A parameter with no more entries than this is always checked whole.
_FEWEST = 200


def complex_step_gradient(
    parameters: Parameters, tokens: Array, targets: Array, entries: Array | None = None
) -> Parameters:
    """dL/dtheta by the complex step: Im L(theta + i e) / e, one parameter at a time.

    ``tokens`` (T, B), ``targets`` (B,); exact to rounding (Squire and Trapp 1998). With
    ``entries``, numbers of places in theta, only these are found; all others are NaN.
    """
    shifted = Parameters(parameters.sizes, parameters.theta.astype(complex))
    trace = Trace(parameters.sizes, tokens, targets, dtype=complex)
    forward = bind(shifted, trace).forward
    found = Parameters(parameters.sizes, np.full_like(parameters.theta, np.nan))
    for i in range(len(found.theta)) if entries is None else entries:
        shifted.theta[i] += 1j * _TINY
        forward()
        found.theta[i] = cross_entropy(trace.probs, targets).sum().imag / _TINY
        shifted.theta[i] = parameters.theta[i]
    return found


def analytic_gradient(
    parameters: Parameters, tokens: Array, targets: Array, gradient: Gradient
) -> Parameters:
    """dL/dtheta by backpropagation through time."""
    trace = Trace(parameters.sizes, tokens, targets)
    there = bind(parameters, trace, gradient)
    there.forward()
    there.backward(1.0)
    return trace.gradient


def relative_errors(found: Parameters, truth: Parameters) -> dict[str, float]:
    """||found - truth|| / ||truth|| (L2) for every parameter; 0 where both are zero.

    Entries where the truth is NaN don't count.
    """
    pairs = zip(found.named().items(), truth.named().values(), strict=True)
    return {name: _relative_error(mine, true) for (name, mine), true in pairs}


def _relative_error(found: Array, truth: Array) -> float:
    known = ~np.isnan(truth)
    difference = float(np.linalg.norm((found - truth)[known]))
    return difference / float(np.linalg.norm(truth[known])) if difference else 0.0


@dataclass(frozen=True)
class GradientCheck:
    """Relative error (L2) of every parameter's gradient, over ``entries`` of ``total`` entries."""

    errors: dict[str, float]
    entries: int
    total: int

    @property
    def worst(self) -> float:
        """The largest relative error."""
        return max(self.errors.values())

    @property
    def wrong(self) -> dict[str, float]:
        """The parameters whose gradient is off by more than ``TOLERANCE``, with their errors."""
        return {name: error for name, error in self.errors.items() if not error <= TOLERANCE}


def check_gradient(
    parameters: Parameters, tokens: Array, targets: Array, gradient: Gradient
) -> GradientCheck:
    """Compare backpropagation through time with the complex step on one phrase, (T, 1) and (1,).

    A network or a phrase so large that all entries would take much longer than a second is
    checked at entries spread evenly over every parameter.
    """
    affordable = _WORK // (tokens.size * parameters.cell.size)
    entries = _spread(parameters, max(affordable, 5 * _FEWEST))
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        truth = complex_step_gradient(parameters, tokens, targets, entries)
        found = analytic_gradient(parameters, tokens, targets, gradient)
    return GradientCheck(relative_errors(found, truth), len(entries), parameters.theta.size)


def _spread(parameters: Parameters, limit: int) -> Array:
    """At most about ``limit`` places in theta: of a large parameter every n-th, of a small all."""
    numbers = Parameters(parameters.sizes, np.arange(parameters.theta.size))
    every = max(1, math.ceil(parameters.theta.size / limit))
    places = [
        array.ravel()[:: every if array.size > _FEWEST else 1] for array in numbers.named().values()
    ]
    return np.concatenate(places)
