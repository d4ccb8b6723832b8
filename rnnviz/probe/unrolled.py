"""Unrolled: one sequence in one layer, token by token, and the moments of its training step."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

import numpy as np

from rnnviz.engine.forward_plan import ERRORS
from rnnviz.engine.layer_buffers import Array, Layer
from rnnviz.engine.parameters import Parameters
from rnnviz.engine.trace import Trace
from rnnviz.probe.formatting import Names, written_step


class Span(NamedTuple):
    """The tokens of a sequence in one stack: layer, column in the batch, their number, stack."""

    layer: Layer
    column: int
    steps: int
    stack: int


class Unrolled:
    """One sequence of a trace in one layer (from 0; -1 is the topmost).

    The ``bridge`` tokens of an encoder come first, then those of the decoder. ``len`` counts all.
    """

    def __init__(self, trace: Trace, layer: int = -1, sequence: int = 0) -> None:
        self.trace = trace
        self.layer = layer % trace.architecture.layers
        batch = trace.batch
        self.rows = np.flatnonzero(batch.owners == sequence)
        column = int(batch.outputs[self.rows[0]] % batch.read.shape[1])
        columns = [column] if batch.bridge is None else [int(batch.bridge[column]), column]
        self.spans = [
            Span(own := stack.layers[self.layer], b, sum(n > b for n in own.counts), k)
            for k, (stack, b) in enumerate(zip(trace.stacks, columns, strict=True))
        ]
        self.bridge = self.spans[0].steps if len(self.spans) > 1 else 0

    def __len__(self) -> int:
        return sum(span.steps for span in self.spans)

    def at(self, t: int) -> tuple[Span, int]:
        """The span of token ``t``, and its index there."""
        decoded = t >= self.bridge
        return self.spans[-1 if decoded else 0], t - self.bridge * decoded

    @property
    def outputs(self) -> dict[int, int]:
        """The row of the answer after each token that has one."""
        steps = self.trace.batch.outputs[self.rows] // self.trace.batch.read.shape[1]
        return dict(zip((steps + self.bridge).tolist(), self.rows.tolist(), strict=True))

    def has(self, name: str) -> bool:
        """Whether the engine has recorded an array of this name."""
        return all(name in span.layer.arrays for span in self.spans)

    def of(self, name: str) -> Array:
        """One of the cell's arrays by name, (T, H)."""
        return self._joined([span.layer.arrays[name] for span in self.spans])

    @property
    def h(self) -> Array:
        """The states that the next layer and the readout read, (T, H)."""
        return self.of(self.trace.architecture.cell.equations.out)

    @property
    def dh(self) -> Array:
        """dL/dh_t, (T, H)."""
        return self._joined([span.layer.dh for span in self.spans])

    @property
    def norms(self) -> Array:
        """||dL/dh_t|| (L2), (T,)."""
        with np.errstate(over="ignore"):
            return np.asarray(np.linalg.norm(self.dh, axis=-1))

    def x(self, t: int) -> Array:
        """The input at token ``t``: one-hot, values, or the states of the layer below, (D,)."""
        span, step = self.at(t)
        return np.asarray(span.layer.x[step, span.column])

    def error(self, slot: int) -> Array:
        """The gradient of a pre-activation by its slot in the cell's layout, (T, H)."""
        return self._joined([span.layer.arrays[ERRORS][slot] for span in self.spans])

    def _joined(self, arrays: list[Array]) -> Array:
        parts = [a[: s.steps, s.column] for a, s in zip(arrays, self.spans, strict=True)]
        return parts[0] if len(parts) == 1 else np.concatenate(parts)

    def index(self, t: int) -> int:
        """The index of the layer of token ``t``, counted over all stacks."""
        return self.at(t)[0].stack * self.trace.architecture.layers + self.layer

    def name(self, t: int, name: str) -> str:
        """The full name of a parameter at token ``t``, e.g. enc.W_xh.2."""
        prefix, suffix = self.trace.architecture.affixes[self.index(t)]
        return f"{prefix}{name}{suffix}"

    def weight(self, parameters: Parameters, t: int, name: str) -> Array:
        """The parameter that is used at token ``t``."""
        return parameters[self.name(t, name)]

    def words(self, names: Names) -> tuple[str, ...]:
        """The tokens as they are written, those of an encoder first."""
        reads = [read for read in (self.trace.batch.source, self.trace.batch.read) if read]
        words: list[str] = []
        for span, read in zip(self.spans, reads, strict=True):
            vocabulary = names.source if span is not self.spans[-1] else names.vocabulary
            inputs = read.inputs[: span.steps, span.column]
            tokens = inputs.ndim == 1
            words += [vocabulary[i] for i in inputs] if tokens else map(written_step, inputs)
        return tuple(words)

    def logits(self, parameters: Parameters) -> Array:
        """The logits after every token, as if the sequence ended there, (T, C).

        The layer must be the topmost.
        """
        return self.h @ parameters.W_hy.T + parameters.b_y


class Phase(StrEnum):
    """A phase of a training step."""

    FORWARD = "forward"
    LOSS = "loss"
    BACKWARD = "backward"
    CLIP = "clip"
    UPDATE = "update"


class Moment(NamedTuple):
    """A phase and its token index t, from 0.

    A loss belongs to the token that is read out; clipping and the update belong to token 0, where
    the backward pass ends.
    """

    phase: Phase
    t: int

    @property
    def number(self) -> int:
        """The subscript in formulas, from 1: h_1 is the state after the first token."""
        return self.t + 1
