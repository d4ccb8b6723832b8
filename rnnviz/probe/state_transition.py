"""StateTransition: one step of the network as a map of its whole state."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import NamedTuple

import numpy as np

from rnnviz.engine.batch import Batch, ExampleLike, Sequences
from rnnviz.engine.bptt import bind_forward
from rnnviz.engine.layer_buffers import Array, BackwardOptions, Kernel
from rnnviz.engine.parameters import Architecture, Parameters
from rnnviz.engine.trace import WIDE, Trace
from rnnviz.probe.cell_parts import bounded_states
from rnnviz.probe.passes import answers_of, input_gradient, read_all, sample
from rnnviz.probe.unrolled import Unrolled

#: The memory limit of one pass, in bytes; more states are read in parts.
_BYTES = 32_000_000


class StateTransition:
    """s_t = F(s_{t-1}, x_t) of the last stack: the decoder, or the only stack.

    A state s has S = layers x states of the cell x H numbers: layer by layer, first h, then c for
    an LSTM. The engine computes everything, in double precision or higher.
    """

    def __init__(self, parameters: Parameters) -> None:
        # The weights of the decoder, or of the only stack, are the last ones in theta.
        of = parameters.architecture._replace(source=0)
        theta = parameters.theta[-Parameters(of).theta.size :]
        self.parameters = Parameters(of, theta.astype(np.result_type(theta, float)))
        self.architecture = self.parameters.architecture
        self.size = state_size(self.architecture)
        self._narrow: tuple[bytes, Parameters] = b"", self.parameters

    @property
    def bound(self) -> Array:
        """The bound of |s|, (S,): 1 for a state that stays between -1 and 1, else infinity."""
        of = self.architecture
        known = bounded_states(of.cell.equations)
        each = [1.0 if name in known else np.inf for name in of.cell.states]
        return np.tile(np.repeat(each, of.hidden), of.layers)

    def step(self, states: Array, inputs: Array) -> Array:
        """The states (N, S) after one more token x, which is (D,), or (N, D) for one each."""
        out = np.empty(states.shape, self.parameters.theta.dtype)
        for part, trace, _ in self._passes(states, inputs):
            out[part] = np.concatenate(_states(trace), axis=-1)
        return out

    def jacobian(self, states: Array, inputs: Array) -> Array:
        """J = d s_t / d s_{t-1} at states (N, S) and x (D,) or (N, D): (N, S, S).

        Row i is the backward pass of a one at entry i of s_t.
        """
        out = np.zeros((*states.shape, self.size), self.parameters.theta.dtype)
        for part, trace, read in self._passes(states, inputs):
            with np.errstate(all="ignore"):
                _Jacobian(trace, read.fused).write(out[part])
        return out

    def answers(self, states: Array, inputs: Array | None = None) -> Array:
        """The answers (N, C) at states (N, S), as if the sequence ended there.

        If the output is not a state, it is that after one more token x (D,) or (N, D), or zero.
        """
        of, parameters = self.architecture, self.parameters
        names, out = of.cell.states, of.cell.equations.out
        if out in names:
            each = states.reshape(len(states), of.layers, len(names), of.hidden)
            outputs = each[:, -1, names.index(out)]
        else:
            x = np.zeros(of.inputs) if inputs is None else inputs
            passes = self._passes(states, x)
            outputs = np.concatenate([trace.last.h[0].copy() for _, trace, _ in passes])
        return answers_of(outputs @ parameters.W_hy.T + parameters.b_y, of.loss)

    def _passes(self, states: Array, inputs: Array) -> Iterator[tuple[slice, Trace, Parameters]]:
        """The states in parts, the trace of one token from each, and the weights that it used."""
        parameters = self.parameters
        if parameters.architecture.inputs > WIDE:
            # Of a large vocabulary only the columns that are not zero.
            nonzero = inputs.reshape(-1, parameters.architecture.inputs).any(axis=0)
            used = np.flatnonzero(nonzero) if nonzero.any() else np.zeros(1, np.intp)
            if self._narrow[0] != used.tobytes():
                self._narrow = used.tobytes(), _narrowed(parameters, used)
            parameters, inputs = self._narrow[1], inputs[..., used]
        of = parameters.architecture
        each = 2 * of.inputs + of.layers * 24 * of.hidden
        count = max(1, _BYTES // (each * parameters.theta.itemsize))
        for start in range(0, len(states), count):
            part = slice(start, start + count)
            x = inputs[part] if inputs.ndim == 2 else inputs
            yield part, _pass(parameters, states[part], x), parameters


class FixedInputMap(NamedTuple):
    """The map with a fixed input x (D,): h -> F(h, x)."""

    flow: StateTransition
    inputs: Array

    @property
    def size(self) -> int:
        """S, the number of entries of a state."""
        return self.flow.size

    def step(self, states: Array) -> Array:
        """F at states (N, S), (N, S)."""
        return self.flow.step(states, self.inputs)

    def jacobian(self, states: Array) -> Array:
        """DF/dh at states (N, S), (N, S, S)."""
        return self.flow.jacobian(states, self.inputs)


class Path(NamedTuple):
    """The states of the last stack before and after every token, (T, S), and the inputs, (T, D)."""

    before: Array
    after: Array
    inputs: Array

    @property
    def whole(self) -> Array:
        """The state before the first token and after every one, (T + 1, S)."""
        return np.concatenate([self.before[:1], self.after])


def states_of(trace: Trace, sequence: int = 0) -> Path:
    """The path of one sequence of a trace, in the decoder if there is one."""
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
    """S, the number of entries of the whole state of one stack."""
    return architecture.layers * len(architecture.cell.states) * architecture.hidden


class _Jacobian:
    """The backward pass through one token, from every entry of a state to the state before."""

    def __init__(self, trace: Trace, fused: list[list[Array]]) -> None:
        self._of, self._layers, self._fused = trace.architecture, trace.layers, fused
        self._out = self._of.cell.equations.out
        others = [name for name in self._of.cell.states if name != self._out]
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
            block, unit = divmod(row, hidden)
            top, name = divmod(block, len(names))
            for layer in self._layers[: top + 1]:
                layer.dh[0] = 0
                for end in layer.ends.values():
                    end.fill(0)
            seeded = self._layers[top]
            seeds = seeded.dh[0] if names[name] == self._out else seeded.ends[names[name]]
            seeds[:, unit] = 1
            before: list[Array] = []
            for k in reversed(range(top + 1)):
                layer = self._layers[k]
                self._back[k]()
                before = [*(layer.first[state] for state in names), *before]
                if k:
                    self._layers[k - 1].dh[0] = input_gradient(self._of, layer, self._fused[k])[0]
            out[:, row, : hidden * len(before)] = np.concatenate(before, axis=-1)


def _narrowed(parameters: Parameters, used: Array) -> Parameters:
    """The input weights of the used columns of x alone, and all other weights."""
    of = parameters.architecture
    narrow = Parameters(of._replace(inputs=len(used)), dtype=parameters.theta.dtype)
    # Vectors of weights follow the blocks, and read no input.
    first = zip_longest(of.cell.blocks, parameters.fused[0], narrow.fused[0])
    for block, whole, part in first:
        reads = block is not None and block.inputs
        part[...] = whole[:, block.rows(of.hidden, used)] if reads else whole
    rest = sum(part.size for part in narrow.fused[0])
    narrow.theta[rest:] = parameters.theta[len(parameters.theta) - len(narrow.theta) + rest :]
    return narrow


def _pass(parameters: Parameters, states: Array, inputs: Array) -> Trace:
    count, rows = len(states), np.arange(len(states))
    x = np.broadcast_to(inputs, (1, count, parameters.architecture.inputs))
    batch = Batch(Sequences(x, (count,)), np.zeros(count, np.intp), rows, rows)
    trace = Trace(parameters.architecture, batch, parameters.theta.dtype)
    slots = _states(trace, "_before")
    for slot, part in zip(slots, np.split(states, len(slots), axis=-1), strict=True):
        slot[...] = part
    with np.errstate(all="ignore"):
        bind_forward(parameters, trace)()
    return trace


def _states(trace: Trace, moment: str = "") -> list[Array]:
    """The states after the only token, or with "_before" those before it, (N, H) each."""
    names = trace.architecture.cell.states
    return [layer.arrays[name + moment][0] for layer in trace.layers for name in names]


@dataclass(frozen=True, eq=False)
class VisitedStates:
    """The whole states of the last stack, on some of ``total`` sequences.

    A path (T + 1, S) has the state before the first token of a sequence and after every token;
    ``states`` (N, S) are those of all paths. ``mean_input`` (D,) is the mean of all inputs x_t.
    """

    paths: tuple[Array, ...]
    states: Array
    mean_input: Array
    total: int

    @property
    def partial(self) -> bool:
        """Whether only a sample of the sequences was read."""
        return len(self.paths) < self.total

    @property
    def centre(self) -> Array:
        """The mean state, (S,)."""
        return np.asarray(self.states.mean(axis=0))

    @property
    def radius(self) -> float:
        """The largest distance (L2) of a state from the mean."""
        return float(np.linalg.norm(self.states - self.centre, axis=1).max())


def visit_states(parameters: Parameters, examples: Sequence[ExampleLike]) -> VisitedStates:
    """The states on all examples, or on a sample of them."""
    few = [examples[index] for index in sample(examples)]
    paths = tuple(states_of(trace, k).whole.astype(float) for k, trace in read_all(parameters, few))
    read = np.concatenate([example.inputs for example in few])
    if read.ndim == 1:
        read = np.bincount(read, minlength=parameters.architecture.inputs)[None] / len(read)
    return VisitedStates(paths, np.concatenate(paths), read.mean(axis=0), len(examples))
