"""The network unrolled: forward, and backpropagation through time."""

from __future__ import annotations

import numpy as np

from rnnviz.config import Gradient
from rnnviz.engine.activations import softmax, tanh_slope
from rnnviz.engine.losses import cross_entropy_gradient
from rnnviz.engine.parameters import Array, Parameters
from rnnviz.engine.trace import Trace


def forward(parameters: Parameters, trace: Trace) -> None:
    """Read the phrases of ``trace`` and write states, logits and probabilities into it."""
    cell, tanh = parameters.cell, np.tanh
    for z_dot, a, h in trace.forward_steps:
        z_dot(cell, a)
        tanh(a, h)
    trace.top.dot(parameters.readout, trace.logits)
    softmax(trace.logits, trace.probs)


def backward(
    parameters: Parameters, trace: Trace, gradient: Gradient, scale: float | Array = 1.0
) -> None:
    """Carry the loss, times ``scale``, back through time into dlogits, dh and da of ``trace``."""
    cross_entropy_gradient(trace.probs, trace.onehot, trace.dlogits)
    np.multiply(trace.dlogits, scale, trace.dlogits)
    backward_from(parameters, trace, gradient)


def backward_from(parameters: Parameters, trace: Trace, gradient: Gradient) -> None:
    """Carry ``trace.dlogits`` back: dL/dh_{t-1} = W_hh^T [(1 - h_t^2) * dL/dh_t].

    With ``gradient`` = notebook the transpose is missing, as in the notebook.
    """
    carry = parameters.W_hh if gradient is Gradient.EXACT else parameters.W_hh.T
    multiply = np.multiply
    tanh_slope(trace.z, trace.squares)
    trace.dlogits.dot(parameters.W_hy, trace.dh[-1])
    for stride in trace.backward_strides:
        for dh, slope, da, dh_before in stride.steps:
            multiply(dh, slope, da)
            da.dot(carry, dh_before)
        if stride.rest and _negligible(dh_before):
            trace.dh[: stride.rest] = trace.da[: stride.rest] = 0
            return
    multiply(*trace.first_step)


def _negligible(dh: Array) -> bool:
    """Whether the next stride would meet denormal numbers, which are slow."""
    return bool(np.abs(dh).max() < np.finfo(dh.dtype).tiny ** 0.5)


def gradient_of(trace: Trace, out: Parameters) -> Parameters:
    """Write dL/dW summed over time, for every parameter: one product for each fused block."""
    trace.z_columns.dot(trace.da_rows, out.cell)
    trace.top.T.dot(trace.dlogits, out.readout)
    return out
