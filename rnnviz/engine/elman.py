"""Elman: the simple recurrent cell."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from rnnviz.config import Activation, Gradient
from rnnviz.engine.cell import BackwardOptions, BackwardPlan, GateBlock, Kernel, grouped, in_order
from rnnviz.engine.layer_buffers import Array, Layer


class Elman:
    """h_t = f(W_xh x_t + W_hh h_{t-1} + b_h), f = tanh or ReLU (Elman 1990).

    Arrays: ``a`` (the pre-activation), ``slope`` (f', computed from h), ``da``.
    """

    blocks: tuple[GateBlock, ...] = (GateBlock(("h",)),)
    states: tuple[str, ...] = ("h",)
    gates: tuple[str, ...] = ()

    def __init__(self, activation: Activation = Activation.TANH) -> None:
        self.activation = activation

    def allocate(self, layer: Layer) -> None:
        """Add a."""
        layer.arrays["a"] = layer.empty()

    def _allocate_back(self, layer: Layer) -> None:
        # In a small layer the slopes have the layout of z: squaring whole rows is twice as fast.
        steps, batch, hidden, inputs = layer.extent
        width = hidden + 1 + inputs if inputs <= hidden and batch * hidden < 512 else hidden
        squares = np.empty((steps, batch, width), layer.dtype)
        slope = squares[:, :, :hidden]
        layer.arrays |= {"squares": squares, "slope": slope, "da": layer.empty()}

    def errors(self, layer: Layer) -> tuple[Array, ...]:
        """The one error, da."""
        return (layer.arrays["da"][None],)

    def bind_forward(self, weights: Sequence[Array], layer: Layer) -> Kernel:
        """h_t = f(a_t), a_t = [h_{t-1}, 1, x_t] @ fused."""
        ((fused,),) = weights
        z, a, h = layer.z, layer.arrays["a"], layer.h
        steps = [(z[t, :n].dot, a[t, :n], h[t, :n]) for t, n in enumerate(layer.counts)]
        tanh = self.activation is Activation.TANH
        activation: Any = np.tanh if tanh else _relu

        def forward() -> None:
            for z_dot, a_t, h_t in steps:
                z_dot(fused, a_t)
                activation(a_t, h_t)

        return forward

    def bind_backward(
        self, weights: Sequence[Array], layer: Layer, options: BackwardOptions
    ) -> Kernel:
        """dL/dh_{t-1} = W_hh^T [f'(a_t) * dL/dh_t]; the notebook's rule lacks the transpose."""
        if "da" not in layer.arrays:
            self._allocate_back(layer)
        recurrent, plan = weights[0][:, : layer.extent.hidden], BackwardPlan(layer, options)
        (W_back,) = plan.transposed(recurrent) if options.gradient is Gradient.EXACT else recurrent
        chunks = plan.chunks(3)
        kernels = [self._bind_chunk(chunk, W_back, layer, plan) for chunk in chunks]
        return plan.chain(chunks, kernels, self.errors(layer))

    def _bind_chunk(self, chunk: slice, W_back: Array, layer: Layer, plan: BackwardPlan) -> Kernel:
        dh, slope, da = layer.dh, layer.arrays["slope"], layer.arrays["da"]
        steps = [
            (dh[t, :n], slope[t, :n], da[t, :n], da[t, :n].dot, *plan.destination(t))
            for t, n in plan.tokens(chunk)
        ]
        # The first token needs no product if the gradient of the state before it isn't needed.
        last = None if plan.options.first or chunk.start else steps.pop()[:3]
        kernels = [self._bind_slopes(chunk, layer)]
        for group, then in grouped(steps):
            kernels += [_bind_steps(group, W_back), *([then] if then else [])]
        return in_order([*kernels, *([partial(np.multiply, *last)] if last else [])])

    def _bind_slopes(self, chunk: slice, layer: Layer) -> Kernel:
        squares = layer.arrays["squares"][chunk]
        h = layer.z[1:, :, : squares.shape[-1]][chunk]
        pairs = [(h, squares)]
        if layer.ragged:
            pairs = [(h[k, :n], squares[k, :n]) for k, n in enumerate(layer.counts[chunk])]
        if self.activation is Activation.RELU:
            zero, greater = layer.number(0), np.greater
            return in_order([partial(greater, h, zero, squares) for h, squares in pairs])
        one = layer.number(1)
        return in_order([_bind_slope(one, h, squares) for h, squares in pairs])


def _bind_slope(one: Array, h: Array, out: Array) -> Kernel:
    square, subtract = np.square, np.subtract

    def slope() -> None:
        square(h, out)
        subtract(one, out, out)

    return slope


def _bind_steps(steps: Sequence[tuple[Any, ...]], W_back: Array) -> Kernel:
    multiply = np.multiply

    def run() -> None:
        for dh_t, slope_t, da_t, da_dot, dh_before in steps:
            multiply(dh_t, slope_t, da_t)
            da_dot(W_back, dh_before)

    return run


def _relu(a: Array, out: Array) -> None:
    """max(a, 0), with slope 0 at 0; of a complex a (gradient check) the real part decides."""
    np.multiply(a, a.real > 0, out=out)
