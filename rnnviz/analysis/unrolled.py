"""Unrolled: one sequence in one layer, token by token."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from rnnviz.engine.layer_buffers import Array, Layer
from rnnviz.engine.parameters import Parameters
from rnnviz.engine.trace import Trace


class Span(NamedTuple):
    """The tokens of one stack: its layer, the sequence's column in it, how many, which stack."""

    layer: Layer
    column: int
    steps: int
    stack: int


class TokenIndex(NamedTuple):
    """Where a token's numbers are: in which span, and at which of its tokens."""

    span: Span
    t: int


class Unrolled:
    """One sequence of a trace through the layer with this number (from 0; -1 is the topmost).

    Tokens are counted through: those of an encoder come first, ``bridge`` of them, and then the
    decoder's; ``len`` is how many there are.
    """

    def __init__(self, trace: Trace, layer: int = -1, sequence: int = 0) -> None:
        self.trace = trace
        self.layer = layer % trace.architecture.layers
        self.spans = self._spans(sequence)
        self.bridge = self.spans[0].steps if len(self.spans) > 1 else 0

    def _spans(self, sequence: int) -> list[Span]:
        batch = self.trace.batch
        self.rows = np.flatnonzero(batch.owners == sequence)
        column = int(batch.outputs[self.rows[0]] % batch.read.shape[1])
        columns = [column] if batch.bridge is None else [int(batch.bridge[column]), column]
        return [
            Span(layer := stack.layers[self.layer], b, sum(n > b for n in layer.counts), number)
            for number, (stack, b) in enumerate(zip(self.trace.stacks, columns, strict=True))
        ]

    def __len__(self) -> int:
        return sum(span.steps for span in self.spans)

    def at(self, t: int) -> TokenIndex:
        """Where token ``t`` is."""
        return (
            TokenIndex(self.spans[-1], t - self.bridge)
            if t >= self.bridge
            else TokenIndex(self.spans[0], t)
        )

    @property
    def outputs(self) -> dict[int, int]:
        """The tokens after which there is an answer, each with the answer's row."""
        steps = self.trace.batch.outputs[self.rows] // self.trace.batch.read.shape[1]
        return dict(zip((steps + self.bridge).tolist(), self.rows.tolist(), strict=True))

    def of(self, name: str) -> Array:
        """One of the cell's arrays by its name, (T, H)."""
        return self._joined([span.layer.arrays[name] for span in self.spans])

    @property
    def h(self) -> Array:
        """The states, (T, H)."""
        return self.of("h")

    @property
    def dh(self) -> Array:
        """dL/dh_t, (T, H)."""
        return self._joined([span.layer.dh for span in self.spans])

    @property
    def norms(self) -> Array:
        """||dL/dh_t|| (L2), (T,)."""
        norms: Array = np.linalg.norm(self.dh, axis=-1)
        return norms

    def x(self, t: int) -> Array:
        """What token ``t`` brings in: one-hot, values, or the states of the layer below, (D,)."""
        span, step = self.at(t)
        x: Array = span.layer.x[step, span.column]
        return x

    def errors(self) -> dict[str, Array]:
        """dL/d(sum) of every gate, by the name in the cell's blocks, (T, H)."""
        cell = self.trace.architecture.cell
        errors = [cell.errors(span.layer) for span in self.spans]
        return {
            gate: self._joined([blocks[k][i] for blocks in errors])
            for k, block in enumerate(cell.blocks)
            for i, gate in enumerate(block.gates)
        }

    def _joined(self, arrays: list[Array]) -> Array:
        parts = [a[: s.steps, s.column] for a, s in zip(arrays, self.spans, strict=True)]
        return parts[0] if len(parts) == 1 else np.concatenate(parts)

    def name(self, t: int, name: str, above: int = 0) -> str:
        """The full name of a parameter at token ``t``, e.g. enc.W_xh.2; ``above`` counts layers."""
        number = self.at(t).span.stack * self.trace.architecture.layers + self.layer + above
        before, after = self.trace.architecture.affixes[number]
        return f"{before}{name}{after}"

    def weight(self, parameters: Parameters, t: int, name: str, above: int = 0) -> Array:
        """The parameter that is at work at token ``t``."""
        return parameters[self.name(t, name, above)]
