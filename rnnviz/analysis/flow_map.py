"""FlowMap: one step of the network as a map of its whole state."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from rnnviz.analysis.unrolled import Unrolled
from rnnviz.engine.batch import Batch, Sequences
from rnnviz.engine.bptt import bind_forward
from rnnviz.engine.cell import BackwardOptions, Kernel
from rnnviz.engine.layer_buffers import Array, Layer
from rnnviz.engine.losses import LOSSES
from rnnviz.engine.parameters import Architecture, Parameters
from rnnviz.engine.trace import WIDE, Trace

#: What the memory of one pass may take; more states are read in parts.
_BYTES = 32_000_000


class FlowMap:
    """s_t = F(s_{t-1}, x_t) of the stack that is read out: the decoder, or the only one.

    A state s has S = layers x states of the cell x H numbers: layer by layer, of each its h, and of
    an LSTM then its c. All is computed by the engine, in double precision at least.
    """

    def __init__(self, parameters: Parameters) -> None:
        self.parameters = _alone(parameters)
        self.architecture = self.parameters.architecture
        self._narrow: tuple[bytes, Parameters] = b"", self.parameters

    @property
    def size(self) -> int:
        """S, of how many numbers a state consists."""
        return state_size(self.architecture)

    def step(self, states: Array, inputs: Array) -> Array:
        """The states one token later: (N, S) and x (D,), or one for each (N, D), to (N, S)."""
        found = np.empty(states.shape, self.parameters.theta.dtype)
        for part, trace, _ in self._passes(states, inputs):
            found[part] = np.concatenate(_states(trace), axis=-1)
        return found

    def jacobian(self, states: Array, inputs: Array) -> Array:
        """J = d s_t / d s_{t-1} at states (N, S) and x (D,) or (N, D): (N, S, S).

        Row i is what the way back makes of a one at number i of s_t.
        """
        found = np.zeros((*states.shape, self.size), self.parameters.theta.dtype)
        for part, trace, read in self._passes(states, inputs):
            _Jacobian(trace, read.fused).write(found[part])
        return found

    def logits(self, states: Array) -> Array:
        """The output layer at states (N, S), as if the sequence ended there, (N, C)."""
        h = states.reshape(len(states), self.architecture.layers, -1, self.architecture.hidden)
        logits: Array = h[:, -1, 0] @ self.parameters.W_hy.T + self.parameters.b_y
        return logits

    def answers(self, states: Array) -> Array:
        """The answers there, (N, C): probabilities, or values."""
        logits = self.logits(states)
        answers = logits.copy()
        LOSSES[self.architecture.loss].answer(logits, answers)
        return answers

    def _passes(self, states: Array, inputs: Array) -> Iterator[tuple[slice, Trace, Parameters]]:
        """Each part of the states, the trace of one token from there, and the weights in it."""
        parameters, inputs = self._used(inputs)
        of = parameters.architecture
        each = 2 * of.inputs + of.layers * 24 * of.hidden
        count = max(1, _BYTES // (each * parameters.theta.itemsize))
        for start in range(0, len(states), count):
            part = slice(start, start + count)
            given = inputs[part] if inputs.ndim == 2 else inputs
            yield part, _pass(parameters, states[part], given), parameters

    def _used(self, inputs: Array) -> tuple[Parameters, Array]:
        """Of a large vocabulary only the columns that are not zero, and their weights."""
        if self.architecture.inputs <= WIDE:
            return self.parameters, inputs
        there = inputs.reshape(-1, self.architecture.inputs).any(axis=0)
        used = np.flatnonzero(there) if there.any() else np.zeros(1, np.intp)
        if self._narrow[0] != used.tobytes():
            self._narrow = used.tobytes(), _narrowed(self.parameters, used)
        return self._narrow[1], inputs[..., used]


class FixedInputMap(NamedTuple):
    """The map with its input x (D,) held: h -> F(h, x)."""

    flow: FlowMap
    inputs: Array

    @property
    def size(self) -> int:
        """S, of how many numbers a state consists."""
        return self.flow.size

    def step(self, states: Array) -> Array:
        """F at states (N, S), (N, S)."""
        return self.flow.step(states, self.inputs)

    def jacobian(self, states: Array) -> Array:
        """DF/dh at states (N, S), (N, S, S)."""
        return self.flow.jacobian(states, self.inputs)


class Path(NamedTuple):
    """What a sequence made of the stack that is read out.

    The states before and after every token, (T, S) each, and what the tokens bring in, (T, D).
    """

    before: Array
    after: Array
    inputs: Array

    @property
    def whole(self) -> Array:
        """The state before the first token and after every one, (T + 1, S)."""
        whole: Array = np.concatenate([self.before[:1], self.after])
        return whole


def states_of(trace: Trace, sequence: int = 0) -> Path:
    """The path of one sequence of a trace, of an encoder and a decoder that of the decoder."""
    of = trace.architecture
    spans = [Unrolled(trace, layer, sequence).spans[-1] for layer in range(of.layers)]
    before, after = (
        np.concatenate([
            span.layer.arrays[name + moment][: span.steps, span.column]
            for span in spans
            for name in of.cell.states
        ], axis=-1)
        for moment in ("_before", "")
    )  # fmt: skip
    x = spans[0].layer.x[: spans[0].steps, spans[0].column]
    columns = trace.stacks[-1].columns
    if columns is None:
        return Path(before, after, x)
    inputs = np.zeros((len(x), of.inputs), x.dtype)
    inputs[:, columns] = x
    return Path(before, after, inputs)


def state_size(architecture: Architecture) -> int:
    """S, of how many numbers the whole state of one stack consists."""
    return architecture.layers * len(architecture.cell.states) * architecture.hidden


class _Jacobian:
    """The way back through one token, from a state's every number to all before it.

    Only the layers at and below the number that is seeded have a part in it.
    """

    def __init__(self, trace: Trace, fused: list[list[Array]]) -> None:
        self._of, self._layers, self._fused = trace.architecture, trace.layers, fused
        others = [name for name in self._of.cell.states if name != "h"]
        for layer in self._layers:
            layer.ends |= {name: layer.scratch() for name in others}
        self._back: list[Kernel] = [
            self._of.cell.bind_backward(blocks, layer, BackwardOptions(first=True))
            for blocks, layer in zip(fused, self._layers, strict=True)
        ]

    def write(self, out: Array) -> None:
        """Write J into ``out`` (N, S, S), row by row."""
        hidden, names = self._of.hidden, self._of.cell.states
        for row in range(out.shape[1]):
            place, unit = divmod(row, hidden)
            number, name = divmod(place, len(names))
            for layer in self._layers[: number + 1]:
                self._seeds(layer, "h").fill(0)
                for other in layer.ends.values():
                    other.fill(0)
            self._seeds(self._layers[number], names[name])[:, unit] = 1
            firsts = list(self._firsts(number))[::-1]
            out[:, row, : hidden * len(firsts)] = np.concatenate(firsts, axis=-1)

    def _seeds(self, layer: Layer, name: str) -> Array:
        """Where the gradient of a state after the token is written, (N, H)."""
        seeds: Array = layer.dh[0] if name == "h" else layer.ends[name]
        return seeds

    def _firsts(self, number: int) -> Iterator[Array]:
        """The gradients of the states before the token, (N, H) each, the topmost layer's first."""
        names = self._of.cell.states
        for k in reversed(range(number + 1)):
            self._back[k]()
            yield from (self._layers[k].first[name] for name in reversed(names))
            if k:
                self._layers[k - 1].dh[0] = self._down(k)

    def _down(self, k: int) -> Array:
        """The gradient of what layer k reads, (N, H)."""
        cell, hidden = self._of.cell, self._of.hidden
        shares = [
            error[0] @ matrix[hidden * block.state + 1 :].T
            for block, fused, errors in zip(
                cell.blocks, self._fused[k], cell.errors(self._layers[k]), strict=True
            )
            if block.inputs
            for error, matrix in zip(errors, fused, strict=True)
        ]
        total: Array = np.sum(shares, axis=0)
        return total


def _alone(parameters: Parameters) -> Parameters:
    """The decoder, whose weights are the last ones in theta, or the whole network."""
    of = parameters.architecture._replace(source=0)
    theta = parameters.theta[-Parameters(of).theta.size :]
    return Parameters(of, theta.astype(np.result_type(theta, float)))


def _narrowed(parameters: Parameters, used: Array) -> Parameters:
    """The same weights, without those of the columns of x that aren't used."""
    of = parameters.architecture
    narrow = Parameters(of._replace(inputs=len(used)), dtype=parameters.theta.dtype)
    first = zip(of.cell.blocks, parameters.fused[0], narrow.fused[0], strict=True)
    for block, whole, part in first:
        part[...] = whole[:, block.rows(of.hidden, used)] if block.inputs else whole
    rest = sum(part.size for part in narrow.fused[0])
    narrow.theta[rest:] = parameters.theta[len(parameters.theta) - len(narrow.theta) + rest :]
    return narrow


def _pass(parameters: Parameters, states: Array, inputs: Array) -> Trace:
    """The trace of one token x (D,) or (N, D), read from states (N, S)."""
    count, rows = len(states), np.arange(len(states))
    x = np.broadcast_to(inputs, (1, count, parameters.architecture.inputs))
    batch = Batch(Sequences(x, (count,)), np.zeros(count, np.intp), rows, rows)
    trace = Trace(parameters.architecture, batch, parameters.theta.dtype)
    slots = _states(trace, "_before")
    for slot, part in zip(slots, np.split(states, len(slots), axis=-1), strict=True):
        slot[...] = part
    with np.errstate(over="ignore", invalid="ignore"):
        bind_forward(parameters, trace)()
    return trace


def _states(trace: Trace, moment: str = "") -> list[Array]:
    """The states after the only token, or before it, (N, H) each, in their order."""
    names = trace.architecture.cell.states
    return [layer.arrays[name + moment][0] for layer in trace.layers for name in names]
