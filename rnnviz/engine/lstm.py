"""LSTM: long short-term memory, a cell with a second state c."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from rnnviz.engine.cell import BackwardOptions, BackwardPlan, GateBlock, Kernel
from rnnviz.engine.layer_buffers import Array, Layer


class LSTM:
    """c_t = f_t c_{t-1} + i_t g_t, h_t = o_t tanh(c_t) (Hochreiter and Schmidhuber 1997).

    The input, forget and output gates i, f, o are sigmoids of their pre-activations, the candidate
    g is a tanh. Arrays: i, f, g, o, ``c``, ``c_before``, ``tanh_c``; ``da`` (4, T, B, H) in the
    order o, i, f, g; ``dc``; ``slope`` = o (1 - tanh(c)^2). Each gate is contiguous, which is twice
    as fast as columns of one wide array.
    """

    blocks: tuple[GateBlock, ...] = (GateBlock(("o", "i", "f", "g")),)
    states: tuple[str, ...] = ("h", "c")
    gates: tuple[str, ...] = ("i", "f", "g", "o")

    def allocate(self, layer: Layer) -> None:
        """Add the gates and the cell state."""
        steps, batch, hidden, _ = layer.extent
        gates, c = layer.gates(4), np.zeros((steps + 1, batch, hidden), layer.dtype)
        layer.arrays |= dict(zip("oifg", gates, strict=True))
        layer.arrays |= {"c": c[1:], "c_before": c[:-1], "gates": gates, "tanh_c": layer.empty()}
        layer.first["c"] = layer.scratch()

    def _allocate_back(self, layer: Layer) -> None:
        layer.arrays |= {"da": layer.gates(4), "dc": layer.empty(), "slope": layer.empty()}

    def errors(self, layer: Layer) -> tuple[Array, ...]:
        """The errors of the four gates, da."""
        return (layer.arrays["da"],)

    def bind_forward(self, weights: Sequence[Array], layer: Layer) -> Kernel:
        """One product for all gates; sigmoid(a) = (1 + tanh(a / 2)) / 2."""
        (fused,) = weights
        half, scratch = layer.number(0.5), layer.scratch()
        steps = [self._forward_step(t, n, layer, scratch) for t, n in enumerate(layer.counts)]
        matmul, tanh, multiply, add = np.matmul, np.tanh, np.multiply, np.add

        def forward() -> None:
            for z, gates, sigmoids, o, i, f, g, c_before, c, tanh_c, new, h in steps:
                matmul(z, fused, gates)
                multiply(sigmoids, half, sigmoids)
                tanh(gates, gates)
                multiply(sigmoids, half, sigmoids)
                add(sigmoids, half, sigmoids)
                multiply(f, c_before, c)
                multiply(i, g, new)
                add(c, new, c)
                tanh(c, tanh_c)
                multiply(o, tanh_c, h)

        return forward

    def _forward_step(self, t: int, n: int, layer: Layer, scratch: Array) -> tuple[Any, ...]:
        names = ("o", "i", "f", "g", "c_before", "c", "tanh_c")
        rows = (layer.arrays[name][t, :n] for name in names)
        gates = layer.arrays["gates"][:, t, :n]
        return (layer.z[t, :n], gates, gates[:3], *rows, scratch[:n], layer.h[t, :n])

    def bind_backward(
        self, weights: Sequence[Array], layer: Layer, options: BackwardOptions
    ) -> Kernel:
        """dc_t = dh_t o_t (1 - tanh(c_t)^2) + f_{t+1} dc_{t+1}; da of i, f, g follows from dc_t."""
        if "da" not in layer.arrays:
            self._allocate_back(layer)
        plan = BackwardPlan(layer, options, gates=4)
        W_back = plan.transposed(weights[0][:, : layer.extent.hidden])
        chunks = plan.chunks(14)
        kernels = [self._bind_chunk(chunk, W_back, layer, plan) for chunk in chunks]
        return plan.chain(chunks, kernels, (*self.errors(layer), layer.arrays["dc"]))

    def _bind_chunk(self, chunk: slice, W_back: Array, layer: Layer, plan: BackwardPlan) -> Kernel:
        factors = self._bind_factors(chunk, layer)
        steps = [self._backward_step(t, n, layer, plan) for t, n in plan.tokens(chunk)]
        matmul, multiply, total = np.matmul, np.multiply, np.add.reduce

        def backward() -> None:
            factors()
            for da, da_o, slope, dh, dc, add, da_ifg, f, dc_before, four, dh_before, then in steps:
                multiply(da_o, dh, da_o)
                multiply(slope, dh, dc)
                for kernel in add:
                    kernel()
                multiply(da_ifg, dc, da_ifg)
                multiply(dc, f, dc_before)
                matmul(da, W_back, four)
                total(four, 0, None, dh_before)
                if then:
                    then()

        return backward

    def _backward_step(self, t: int, n: int, layer: Layer, plan: BackwardPlan) -> tuple[Any, ...]:
        arrays, dc_before = layer.arrays, layer.first["c"]
        da, dc = arrays["da"][:, t, :n], arrays["dc"][t, :n]
        m, longer = plan.continuing(t), plan.longer(t)
        add = [partial(np.add, dc[:m], dc_before[:m], dc[:m])] if m else []
        if "c" in layer.ends and n > longer:
            end = layer.ends["c"][longer:n]
            add.append(partial(np.add, dc[longer:], end, dc[longer:]))
        factors = da, da[0], arrays["slope"][t, :n], layer.dh[t, :n], dc
        rest = da[1:], arrays["f"][t, :n], dc_before[:n], plan.products[:, :n]
        return (*factors, add, *rest, *plan.destination(t))

    def _bind_factors(self, chunk: slice, layer: Layer) -> Kernel:
        """The factors of dh and dc, into da and slope: tanh(c) o (1 - o), ..."""
        names = ("i", "g", "o", "c_before", "tanh_c", "slope")
        i, g, o, c_before, tanh_c, slope = (layer.arrays[name][chunk] for name in names)
        gates, da = (layer.arrays[name][:, chunk] for name in ("gates", "da"))
        sigmoids, (d_o, d_i, d_f, d_g) = gates[:3], da
        one, multiply, subtract = layer.number(1), np.multiply, np.subtract

        def factors() -> None:
            multiply(gates, gates, da)
            subtract(sigmoids, da[:3], da[:3])
            multiply(d_o, tanh_c, d_o)
            multiply(d_i, g, d_i)
            multiply(d_f, c_before, d_f)
            subtract(one, d_g, d_g)
            multiply(d_g, i, d_g)
            multiply(tanh_c, tanh_c, slope)
            subtract(one, slope, slope)
            multiply(slope, o, slope)

        return factors
