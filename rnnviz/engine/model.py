"""The network unrolled: forward, and backpropagation through time.

A pass is bound to its parameters and its trace once, when all views into them are cut; run as
often as wanted it then costs little but its arithmetic. Training, traces and tests share it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from rnnviz.config import Gradient
from rnnviz.engine.activations import bind_readout
from rnnviz.engine.parameters import Array, Parameters
from rnnviz.engine.trace import Trace

_ONE = np.array(1.0)
#: The way back is cut into strides of so many steps, between which it may stop.
_STRIDE = 16


class Pass(NamedTuple):
    """The network bound to one trace.

    ``forward()`` reads the phrases into states, logits and probabilities. ``backward(scale)``
    carries ``scale`` times the loss back: dlogits, dh_t, da_t. ``carry()`` is its second half: it
    carries back whatever stands in dlogits.
    """

    forward: Callable[[], None]
    backward: Callable[[float], None]
    carry: Callable[[], None]


def bind(parameters: Parameters, trace: Trace, gradient: Gradient = Gradient.EXACT) -> Pass:
    """The pass of ``trace`` through the network with these parameters, which may change.

    h_t = tanh(W_xh x_t + W_hh h_{t-1} + b_h), logits = W_hy h_T + b_y, probs = softmax(logits).
    """
    cell, readout, tanh = parameters.cell, parameters.readout, np.tanh
    steps = [(z.dot, a, h) for z, a, h in zip(trace.z[:-1], trace.a, trace.h, strict=True)]
    top_dot, logits = trace.top.dot, trace.logits
    probabilities, error = bind_readout(trace)
    carry = _bind_carry(parameters, trace, gradient)

    def forward() -> None:
        for z_dot, a, h in steps:
            z_dot(cell, a)
            tanh(a, h)
        top_dot(readout, logits)
        probabilities()

    def backward(scale: float) -> None:
        error(scale)
        carry()

    return Pass(forward, backward, carry)


def _bind_carry(parameters: Parameters, trace: Trace, gradient: Gradient) -> Callable[[], None]:
    """dL/dh_{t-1} = W_hh^T [(1 - h_t^2) * dL/dh_t]; the notebook's version lacks the transpose."""
    W_hy = parameters.W_hy
    W_back = parameters.W_hh if gradient is Gradient.EXACT else parameters.W_hh.T
    z, squares, dh, da, slope = trace.z, trace.squares, trace.dh, trace.da, trace.slope
    dlogits_dot, last = trace.dlogits.dot, dh[-1]
    first = dh[0], slope[0], da[0]
    strides = _strides(trace)
    square, subtract, multiply = np.square, np.subtract, np.multiply

    def carry() -> None:
        square(z, squares)
        subtract(_ONE, squares, squares)
        dlogits_dot(W_hy, last)
        for steps, rest in strides:
            for dh_t, slope_t, da_t, da_dot, dh_before in steps:
                multiply(dh_t, slope_t, da_t)
                da_dot(W_back, dh_before)
            if rest and _negligible(dh_before):
                dh[:rest] = da[: rest + 1] = 0
                return
        multiply(*first)

    return carry


def _strides(trace: Trace) -> list[tuple[list[tuple[Any, ...]], int]]:
    """The steps back, last token first, in strides, each with how many tokens remain after it."""
    dh, slope, da = trace.dh, trace.slope, trace.da
    steps = [(dh[t], slope[t], da[t], da[t].dot, dh[t - 1]) for t in range(len(dh) - 1, 0, -1)]
    starts = range(0, len(steps), _STRIDE)
    return [(steps[i : i + _STRIDE], max(0, len(steps) - i - _STRIDE)) for i in starts]


def _negligible(dh: Array) -> bool:
    """Whether the next stride would meet denormal numbers, which are slow."""
    return bool(np.abs(dh).max() < np.finfo(dh.dtype).tiny ** 0.5)
