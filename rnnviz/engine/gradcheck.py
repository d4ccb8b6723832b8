"""Checking the analytic gradient against an independent one."""

from __future__ import annotations

import numpy as np

from rnnviz.config import Gradient
from rnnviz.engine.losses import cross_entropy
from rnnviz.engine.model import bind
from rnnviz.engine.parameters import Array, Parameters
from rnnviz.engine.trace import Trace

#: Far below the square root of the smallest float64, so the error of the method is nil.
_TINY = 1e-30


def complex_step_gradient(parameters: Parameters, tokens: Array, targets: Array) -> Parameters:
    """dL/dtheta by the complex step: Im L(theta + i e) / e, one parameter at a time.

    ``tokens`` (T, B), ``targets`` (B,); exact to rounding (Squire and Trapp 1998).
    """
    shifted = Parameters(parameters.sizes, parameters.theta.astype(complex))
    trace = Trace(parameters.sizes, tokens, targets, dtype=complex)
    forward = bind(shifted, trace).forward
    found = Parameters(parameters.sizes)
    for i in range(len(found.theta)):
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
    """||found - truth|| / ||truth|| (L2) for every parameter; 0 where both are zero."""
    pairs = zip(found.named().items(), truth.named().values(), strict=True)
    return {name: _relative_error(mine, true) for (name, mine), true in pairs}


def _relative_error(found: Array, truth: Array) -> float:
    difference = float(np.linalg.norm(found - truth))
    return difference / float(np.linalg.norm(truth)) if difference else 0.0
