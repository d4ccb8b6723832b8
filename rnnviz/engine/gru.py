"""GRU: the gated recurrent unit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from rnnviz.engine.cell import BackwardOptions, BackwardPlan, GateBlock, Kernel
from rnnviz.engine.layer_buffers import Array, Layer


class GRU:
    """h_t = (1 - z_t) n_t + z_t h_{t-1}, n_t = tanh(W_xn x_t + b_xn + r_t (W_hn h_{t-1} + b_hn)).

    The reset gate r and the update gate z are sigmoids of their pre-activations (Cho et al. 2014;
    as in PyTorch, r is applied after the recurrent product). Arrays: r, z, n,
    ``memory`` = W_hn h_{t-1} + b_hn, ``word`` = W_xn x_t + b_xn, and the errors
    ``d_rz`` (2, T, B, H), ``d_memory``, ``d_word``.
    """

    blocks: tuple[GateBlock, ...] = (
        GateBlock(("r", "z")),
        GateBlock(("hn",), inputs=False),
        GateBlock(("xn",), state=False),
    )
    states: tuple[str, ...] = ("h",)
    gates: tuple[str, ...] = ("r", "z", "n")

    def allocate(self, layer: Layer) -> None:
        """Add the gates and the two parts of the candidate."""
        rz = layer.gates(2)
        for t, n in enumerate(layer.counts):
            rz[1, t, n:] = 1  # a sequence that has ended keeps its state and has no error
        layer.arrays |= {"r": rz[0], "z": rz[1], "rz": rz}
        layer.arrays |= {name: layer.empty() for name in ("n", "memory", "word")}

    def _allocate_back(self, layer: Layer) -> None:
        layer.arrays |= {name: layer.empty() for name in ("d_memory", "d_word")}
        layer.arrays["d_rz"] = layer.gates(2)

    def errors(self, layer: Layer) -> tuple[Array, ...]:
        """The errors of r and z, and of the candidate's two parts."""
        candidate = (layer.arrays[name][None] for name in ("d_memory", "d_word"))
        return (layer.arrays["d_rz"], *candidate)

    def bind_forward(self, weights: Sequence[Array], layer: Layer) -> Kernel:
        """Three products per token; sigmoid(a) = (1 + tanh(a / 2)) / 2."""
        gates_weight, (memory_weight,), (word_weight,) = weights
        hidden, half = layer.extent.hidden, layer.number(0.5)
        inputs_dot = layer.z[:-1].reshape(-1, layer.z.shape[-1])[:, hidden:].dot
        words = layer.arrays["word"].reshape(-1, hidden)
        steps = [self._forward_step(t, n, layer) for t, n in enumerate(layer.counts)]
        tanh, multiply, add, subtract = np.tanh, np.multiply, np.add, np.subtract
        matmul = np.matmul

        def forward() -> None:
            inputs_dot(word_weight, words)
            for row, rz, state_dot, memory, r, z, n, word, h_before, h in steps:
                matmul(row, gates_weight, rz)
                state_dot(memory_weight, memory)
                multiply(rz, half, rz)
                tanh(rz, rz)
                multiply(rz, half, rz)
                add(rz, half, rz)
                multiply(r, memory, n)
                add(n, word, n)
                tanh(n, n)
                subtract(h_before, n, h)
                multiply(z, h, h)
                add(n, h, h)

        return forward

    def _forward_step(self, t: int, n: int, layer: Layer) -> tuple[Any, ...]:
        row, state = layer.z[t, :n], layer.z[t, :n, : layer.extent.hidden + 1]
        rz, arrays = layer.arrays["rz"][:, t, :n], layer.arrays
        parts = (arrays[name][t, :n] for name in ("r", "z", "n", "word"))
        states = layer.h_before[t, :n], layer.h[t, :n]
        return (row, rz, state.dot, arrays["memory"][t, :n], *parts, *states)

    def bind_backward(
        self, weights: Sequence[Array], layer: Layer, options: BackwardOptions
    ) -> Kernel:
        """dh_{t-1} = z_t dh_t + W_hr^T dr_t + W_hz^T dz_t + W_hn^T (r_t dn_t)."""
        if "d_rz" not in layer.arrays:
            self._allocate_back(layer)
        hidden = layer.extent.hidden
        plan = BackwardPlan(layer, options, gates=2)
        gates_back, (memory_back,) = (plan.transposed(w[:, :hidden]) for w in weights[:2])
        chunks, recurrent = plan.chunks(10), (gates_back, memory_back)
        kernels = [self._bind_chunk(chunk, recurrent, layer, plan) for chunk in chunks]
        return plan.chain(chunks, kernels, self.errors(layer))

    def _bind_chunk(
        self, chunk: slice, recurrent: tuple[Array, Array], layer: Layer, plan: BackwardPlan
    ) -> Kernel:
        factors, (gates_back, memory_back) = self._bind_factors(chunk, layer), recurrent
        steps = [self._backward_step(t, n, layer, plan) for t, n in plan.tokens(chunk)]
        matmul, multiply, add, total = np.matmul, np.multiply, np.add, np.add.reduce

        def backward() -> None:
            factors()
            for dh, d_r, d_z, d_word, d_m, r, z, d_rz, m_dot, two, u, dh_before, then in steps:
                multiply(d_word, dh, d_word)
                multiply(d_z, dh, d_z)
                multiply(d_r, d_word, d_r)
                multiply(d_word, r, d_m)
                matmul(d_rz, gates_back, two)
                total(two, 0, None, dh_before)
                m_dot(memory_back, u)
                add(dh_before, u, dh_before)
                multiply(dh, z, u)
                add(dh_before, u, dh_before)
                if then:
                    then()

        return backward

    def _backward_step(self, t: int, n: int, layer: Layer, plan: BackwardPlan) -> tuple[Any, ...]:
        arrays = layer.arrays
        d_rz, d_memory = arrays["d_rz"][:, t, :n], arrays["d_memory"][t, :n]
        errors = d_rz[0], d_rz[1], arrays["d_word"][t, :n], d_memory
        gates = arrays["r"][t, :n], arrays["z"][t, :n]
        products = d_rz, d_memory.dot, plan.products[:, :n]
        return (layer.dh[t, :n], *errors, *gates, *products, plan.spare[:n], *plan.destination(t))

    def _bind_factors(self, chunk: slice, layer: Layer) -> Kernel:
        """The factors of dh: (h_{t-1} - n) z (1 - z), (1 - z) (1 - n^2), memory r (1 - r)."""
        names = ("z", "n", "memory", "d_word")
        z, n, memory, d_word = (layer.arrays[name][chunk] for name in names)
        rz, d_rz = (layer.arrays[name][:, chunk] for name in ("rz", "d_rz"))
        (d_r, d_z), h_before = d_rz, layer.h_before[chunk]
        rest, one = np.empty_like(z), layer.number(1)
        multiply, subtract = np.multiply, np.subtract

        def factors() -> None:
            multiply(rz, rz, d_rz)
            subtract(rz, d_rz, d_rz)
            multiply(d_r, memory, d_r)
            subtract(h_before, n, rest)
            multiply(d_z, rest, d_z)
            multiply(n, n, d_word)
            subtract(one, d_word, d_word)
            subtract(one, z, rest)
            multiply(d_word, rest, d_word)

        return factors
