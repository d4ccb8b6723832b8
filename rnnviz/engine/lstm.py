"""LSTM: a cell that keeps a second state, and gates what enters, stays and leaves."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from rnnviz.engine.cell import BackwardOptions, BackwardPlan, GateBlock, Kernel
from rnnviz.engine.layer_buffers import Array, Layer


class LSTM:
    """c_t = f_t c_{t-1} + i_t g_t, h_t = o_t tanh(c_t) (Hochreiter and Schmidhuber 1997).

    Input, forget and output gate i, f, o are sigmoids of their sums, the candidate g is a tanh.
    Arrays: these, ``c``, ``c_before``, ``tanh_c``; ``da`` (4, T, B, H) in the order o, i, f, g;
    ``dc``; ``slope`` = o (1 - tanh(c)^2). Each gate lies in one piece, which is computed with twice
    as fast as columns of a wide array.
    """

    blocks = (GateBlock(("o", "i", "f", "g")),)
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
        """Add da, dc and the slopes."""
        layer.arrays |= {"da": layer.gates(4), "dc": layer.empty(), "slope": layer.empty()}

    def errors(self, layer: Layer) -> tuple[Array, ...]:
        """Da of the four gates."""
        return (layer.arrays["da"],)

    def bind_forward(self, weights: Sequence[Array], layer: Layer) -> Kernel:
        """All gates' sums at once; sigmoid(a) = (1 + tanh(a / 2)) / 2."""
        (fused,) = weights
        half, fresh = layer.number(0.5), layer.scratch()
        steps = [self._forward_step(t, n, layer, fresh) for t, n in enumerate(layer.counts)]
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

    def _forward_step(self, t: int, n: int, layer: Layer, fresh: Array) -> tuple[Any, ...]:
        names = ("o", "i", "f", "g", "c_before", "c", "tanh_c")
        rows = (layer.arrays[name][t, :n] for name in names)
        gates = layer.arrays["gates"][:, t, :n]
        return (layer.z[t, :n], gates, gates[:3], *rows, fresh[:n], layer.h[t, :n])

    def bind_backward(
        self, weights: Sequence[Array], layer: Layer, back: BackwardOptions
    ) -> Kernel:
        """dc_t = dh_t o_t (1 - tanh(c_t)^2) + f_{t+1} dc_{t+1}, of which each gate has a part."""
        if "da" not in layer.arrays:
            self._allocate_back(layer)
        ways = BackwardPlan(layer, back)
        W_back = ways.turned(weights[0][:, : layer.extent.hidden])
        parts = ways.parts(14)
        stretches = [self._bind_stretch(part, W_back, layer, ways) for part in parts]
        return ways.chain(parts, stretches, (*self.errors(layer), layer.arrays["dc"]))

    def _bind_stretch(self, part: slice, W_back: Array, layer: Layer, ways: BackwardPlan) -> Kernel:
        factors = self._bind_factors(part, layer)
        steps = [self._back_step(t, n, layer, ways) for t, n in ways.tokens(part)]
        matmul, multiply, total = np.matmul, np.multiply, np.add.reduce

        def stretch() -> None:
            factors()
            for da, da_o, slope, dh, dc, add, da_ifg, f, kept, four, before, then in steps:
                multiply(da_o, dh, da_o)
                multiply(slope, dh, dc)
                for act in add:
                    act()
                multiply(da_ifg, dc, da_ifg)
                multiply(dc, f, kept)
                matmul(da, W_back, four)
                total(four, 0, None, before)
                if then:
                    then()

        return stretch

    def _back_step(self, t: int, n: int, layer: Layer, ways: BackwardPlan) -> tuple[Any, ...]:
        arrays, kept = layer.arrays, layer.first["c"]
        da, dc = arrays["da"][:, t, :n], arrays["dc"][t, :n]
        m, ended = ways.later(t), ways.ended(t)
        add = [partial(np.add, dc[:m], kept[:m], dc[:m])] if m else []
        if "c" in layer.ends and n > ended:
            end = layer.ends["c"][ended:n]
            add.append(partial(np.add, dc[ended:], end, dc[ended:]))
        factors = da, da[0], arrays["slope"][t, :n], layer.dh[t, :n], dc
        rest = da[1:], arrays["f"][t, :n], kept[:n], ways.scratches(4)[:, :n]
        return (*factors, add, *rest, *ways.on(t))

    def _bind_factors(self, part: slice, layer: Layer) -> Kernel:
        """By what dh and dc are to be multiplied, into da and slope: tanh(c) o (1 - o), ..."""
        names = ("i", "g", "o", "c_before", "tanh_c", "slope")
        i, g, o, c_before, tanh_c, slope = (layer.arrays[name][part] for name in names)
        gates, da = (layer.arrays[name][:, part] for name in ("gates", "da"))
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
