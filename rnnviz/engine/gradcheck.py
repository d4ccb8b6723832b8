"""Gradient check: the analytic gradient against complex-step differences."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from rnnviz.config import Gradient
from rnnviz.engine.batch import Batch
from rnnviz.engine.bptt import bind_forward
from rnnviz.engine.layer_buffers import Array
from rnnviz.engine.parameters import Parameters
from rnnviz.engine.trace import Trace
from rnnviz.engine.training import record

#: Far below the square root of the smallest float64, so the error of the method is nil.
_TINY = 1e-30
#: Largest relative error at which a gradient counts as exact.
TOLERANCE = 1e-8
#: Tokens times weights times entries that are checked in about half a second.
_WORK = 800_000_000
#: A parameter with no more entries than this is always checked whole.
_FEWEST = 200


def complex_step_gradient(
    parameters: Parameters, batch: Batch, entries: Array | None = None
) -> Parameters:
    """dL/dtheta by the complex step: Im L(theta + i e) / e, one entry at a time.

    L is the mean over the outputs; exact to rounding (Squire and Trapp 1998). With ``entries``,
    numbers of places in theta, only these are found; all others are NaN.
    """
    shifted = parameters.like(parameters.theta.astype(complex))
    trace = Trace(parameters.architecture, batch, complex)
    forward = bind_forward(shifted, trace)
    found = parameters.like(np.full(parameters.theta.shape, np.nan))
    for i in range(len(found.theta)) if entries is None else entries:
        shifted.theta[i] += 1j * _TINY
        forward()
        found.theta[i] = trace.loss.mean().imag / _TINY
        shifted.theta[i] = parameters.theta[i]
    return found


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


def check_gradient(parameters: Parameters, batch: Batch, gradient: Gradient) -> GradientCheck:
    """Compare backpropagation through time, all the way, with the complex step on some examples.

    Both in float64, whatever the run's precision. A network or a sequence so large that all
    entries would take much longer than a second is checked at entries spread evenly over every
    parameter.
    """
    exactly = parameters.like(parameters.theta.astype(float))
    tokens = sum(batch.read.counts) + (sum(batch.source.counts) if batch.source else 0)
    entries = _spread(exactly, _WORK // (tokens * exactly.theta.size))
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        truth = complex_step_gradient(exactly, batch, entries)
        found = record(exactly, batch, gradient).gradient
    return GradientCheck(relative_errors(found, truth), len(entries), parameters.theta.size)


def _spread(parameters: Parameters, affordable: int) -> Array:
    """About ``affordable`` places in theta: of a large parameter every n-th, of a small all."""
    numbers = parameters.like(np.arange(parameters.theta.size)).named().values()
    limit = max(affordable, len(numbers) * _FEWEST)
    every = max(1, math.ceil(parameters.theta.size / limit))
    places = [array.ravel()[:: every if array.size > _FEWEST else 1] for array in numbers]
    return np.concatenate(places)
