"""Elman: the plain recurrent cell."""

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

    Arrays: ``a`` (the sum), ``slope`` (f' from the state), ``da``.
    """

    blocks = (GateBlock(("h",)),)
    states: tuple[str, ...] = ("h",)
    gates: tuple[str, ...] = ()

    def __init__(self, activation: Activation = Activation.TANH) -> None:
        self.activation = activation

    def allocate(self, layer: Layer) -> None:
        """Add a."""
        layer.arrays["a"] = layer.empty()

    def _allocate_back(self, layer: Layer) -> None:
        """Add slope and da; of few units the slopes lie like the rows of z.

        Whole rows without gaps are squared in half the time, if there isn't much else in them.
        """
        steps, batch, hidden, inputs = layer.extent
        width = hidden + 1 + inputs if inputs <= hidden and batch * hidden < 512 else hidden
        squares = np.empty((steps, batch, width), layer.dtype)
        slope = squares[:, :, :hidden]
        layer.arrays |= {"squares": squares, "slope": slope, "da": layer.empty()}

    def errors(self, layer: Layer) -> tuple[Array, ...]:
        """Da."""
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
        self, weights: Sequence[Array], layer: Layer, back: BackwardOptions
    ) -> Kernel:
        """dL/dh_{t-1} = W_hh^T [f'(a_t) * dL/dh_t]; the notebook's rule lacks the transpose."""
        if "da" not in layer.arrays:
            self._allocate_back(layer)
        recurrent, ways = weights[0][:, : layer.extent.hidden], BackwardPlan(layer, back)
        (W_back,) = ways.turned(recurrent) if back.gradient is Gradient.EXACT else recurrent
        parts = ways.parts(3)
        stretches = [self._bind_stretch(part, W_back, layer, ways) for part in parts]
        return ways.chain(parts, stretches, self.errors(layer))

    def _bind_stretch(self, part: slice, W_back: Array, layer: Layer, ways: BackwardPlan) -> Kernel:
        slopes = self._bind_slopes(part, layer)
        dh, slope, da = layer.dh, layer.arrays["slope"], layer.arrays["da"]
        steps = [
            (dh[t, :n], slope[t, :n], da[t, :n], da[t, :n].dot, *ways.on(t))
            for t, n in ways.tokens(part)
        ]
        # Nothing lies before the first token, so that there is one product less to take.
        last = None if ways.back.first or part.start else steps.pop()[:3]
        acts = [slopes]
        for group, then in grouped(steps):
            acts += [_bind_steps(group, W_back), *([then] if then else [])]
        return in_order([*acts, *([partial(np.multiply, *last)] if last else [])])

    def _bind_slopes(self, part: slice, layer: Layer) -> Kernel:
        """The slopes of a stretch; where sequences have ended, token by token of the others."""
        squares = layer.arrays["squares"][part]
        h = layer.z[1:, :, : squares.shape[-1]][part]
        pairs = [(h, squares)]
        if layer.ragged:
            pairs = [(h[k, :n], squares[k, :n]) for k, n in enumerate(layer.counts[part])]
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

    def walk() -> None:
        for dh_t, slope_t, da_t, da_dot, before in steps:
            multiply(dh_t, slope_t, da_t)
            da_dot(W_back, before)

    return walk


def _relu(a: Array, out: Array) -> None:
    """max(a, 0), with slope 0 at 0; where a is complex, for a check, its real part decides."""
    np.multiply(a, a.real > 0, out=out)
