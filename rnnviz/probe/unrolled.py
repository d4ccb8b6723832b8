"""Unrolled: one sequence in one layer, with every value of its cell and the moments of a step."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from enum import StrEnum
from typing import Any, NamedTuple

import numpy as np

from rnnviz.engine.derive import Adjoint
from rnnviz.engine.graph import Node, topological
from rnnviz.engine.layer_buffers import Array, Layer
from rnnviz.engine.parameters import Parameters
from rnnviz.engine.plan import ERRORS
from rnnviz.engine.trace import Trace
from rnnviz.probe.cell_parts import CellParts
from rnnviz.probe.formatting import Names


class Span(NamedTuple):
    """The tokens of a sequence in one stack: layer, column in the batch, their number, stack."""

    layer: Layer
    column: int
    steps: int
    stack: int

    def of(self, array: Array) -> Array:
        """The tokens of the sequence in an array (T, B, ...), (steps, ...)."""
        return array[: self.steps, self.column]


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
        return self._joined(lambda layer: layer.arrays[name])

    @property
    def h(self) -> Array:
        """The states that the next layer and the readout read, (T, H)."""
        return self.of(self.trace.architecture.cell.equations.out)

    @property
    def dh(self) -> Array:
        """dL/dh_t, (T, H)."""
        return self._joined(lambda layer: layer.dh)

    @property
    def ds(self) -> Array:
        """dL/ds_t of the whole state that is handed on, (T, S): of an LSTM h and c."""
        return self._joined(self.trace.architecture.cell.state_gradient)

    @property
    def norms(self) -> Array:
        """||dL/ds_t|| (L2) of the whole state, (T,)."""
        with np.errstate(over="ignore"):
            # In double precision, as squares of float32 overflow.
            return np.asarray(np.linalg.norm(self.ds.astype(float), axis=-1))

    def x(self, t: int) -> Array:
        """The input at token ``t``: one-hot, values, or the states of the layer below, (D,)."""
        span, step = self.at(t)
        return np.asarray(span.layer.x[step, span.column])

    def error(self, slot: int) -> Array:
        """The gradient of a pre-activation by its slot in the cell's layout, (T, H)."""
        return self._joined(lambda layer: layer.arrays[ERRORS][slot])

    def _joined(self, array: Callable[[Layer], Array]) -> Array:
        parts = [span.of(array(span.layer)) for span in self.spans]
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
        """The tokens as they are written, those of an encoder first; values in their own units."""
        reads = [read for read in (self.trace.batch.source, self.trace.batch.read) if read]
        words: list[str] = []
        for span, read in zip(self.spans, reads, strict=True):
            vocabulary = names.source if span is not self.spans[-1] else names.vocabulary
            inputs = span.of(read.inputs)
            tokens = inputs.ndim == 1
            words += [vocabulary[i] for i in inputs] if tokens else map(names.written, inputs)
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


# Every value of a cell's equations, and its gradient, on one sequence in one layer


_COMPARED: dict[str, Callable[[Array, Array], Array]] = {
    ">": np.greater, ">=": np.greater_equal, "<": np.less, "<=": np.less_equal,
}  # fmt: skip
#: The functions of a cell's text.
FORMULAS: dict[str, Callable[..., Any]] = {
    "add": np.add, "sub": np.subtract, "mul": np.multiply, "div": np.divide, "neg": np.negative,
    "sigmoid": lambda a: 0.5 + 0.5 * np.tanh(0.5 * a), "tanh": np.tanh,
    "relu": lambda a: np.maximum(a, 0), "softplus": lambda a: np.logaddexp(0, a), "exp": np.exp,
    "log": np.log, "sqrt": np.sqrt, "cos": np.cos, "sin": np.sin, "max": np.maximum,
}  # fmt: skip


class CellValues:
    """The values of one sequence in one layer, (T, H): recorded ones, others computed from these.

    A number is an array without axes.
    """

    def __init__(self, parts: CellParts, unrolled: Unrolled, parameters: Parameters) -> None:
        self.parts, self.unrolled, self.parameters = parts, unrolled, parameters
        self._memo: dict[Node, Array] = {}

    def __call__(self, node: Node) -> Array:
        """The value of ``node`` at every token."""

        def known(below: Node) -> bool:
            return below in self._memo or self.unrolled.has(self._recorded(below))

        with np.errstate(all="ignore"):
            for below in topological([node], ends=known):
                if below not in self._memo and below.kind != "input":
                    self._memo[below] = self._value(below)
        return self._memo[node]

    def _recorded(self, node: Node) -> str:
        """The name of its array in the trace, if the engine records it."""
        names = self.parts.cell.layout.back.named
        return f"{node.name}_before" if node.kind == "state" else names.get(node, "")

    def _value(self, node: Node) -> Array:
        name = self._recorded(node)
        if self.unrolled.has(name):
            return self.unrolled.of(name)
        match node.kind:
            case "number":
                return np.array(node.value)
            case "vector":
                return self._of_spans(lambda span, _, W: np.tile(W, (span.steps, 1)), node.name)
            case "product":
                return self._product(node)
        return self.computed(node, [self._memo[arg] for arg in node.args])

    @staticmethod
    def function(name: str, values: Array) -> Array:
        """A function of one argument by its name."""
        return np.asarray(FORMULAS[name](values))

    @staticmethod
    def computed(node: Node, args: list[Array]) -> Array:
        """A function of its arguments."""
        if node.kind == "mask":
            return np.asarray(_COMPARED[node.name](*args) * 1.0)
        if node.kind == "power":
            return np.asarray(args[0] ** node.value)
        if node.kind == "where":
            left, right, yes, no = args
            return np.where(_COMPARED[node.name](left, right), yes, no)
        return np.asarray(FORMULAS[node.kind](*args))

    def _product(self, node: Node) -> Array:
        (read,) = node.args

        def product(span: Span, tokens: slice, W: Array) -> Array:
            if read.kind != "input":
                return np.asarray(self._memo[read][tokens] @ W.T)
            columns = self.unrolled.trace.columns[self.unrolled.index(tokens.start)]
            x = span.of(span.layer.x)
            return np.asarray(x @ (W if columns is None else W[:, columns]).T)

        return self._of_spans(product, node.name)

    def _of_spans(self, value: Callable[[Span, slice, Array], Array], name: str) -> Array:
        """The values of every span from its tokens and its weights ``name``, (T, H)."""
        parts, start = [], 0
        for span in self.unrolled.spans:
            W = self.unrolled.weight(self.parameters, start, name)
            parts.append(value(span, slice(start, start + span.steps), W))
            start += span.steps
        return np.concatenate(parts)


class CellGradients:
    """The gradient of every value at every token, (T, H), from the output's, ``above`` (T, H).

    ``continues(t)`` is true if token t has a gradient from the next one. Without ``exact``,
    matrices that read states are not transposed, as in the notebook.
    """

    def __init__(
        self, values: CellValues, above: Array, continues: Callable[[int], bool], exact: bool = True
    ) -> None:
        self._values, self._exact = values, exact
        self.back, self.above = values.parts.back, above
        self._rows: defaultdict[Adjoint, dict[int, Array]] = defaultdict(dict)
        following: dict[str, Array] = {}
        for t in reversed(range(len(above))):
            following = self._token(t, following if continues(t) else {})

    def __call__(self, adjoint: Adjoint) -> Array:
        """A gradient at every token."""
        rows = self._rows[adjoint]
        return np.array([rows[t] for t in sorted(rows)])

    def at(self, adjoint: Adjoint, t: int) -> Array:
        """A gradient at token ``t``, (H,)."""
        return self._rows[adjoint][t]

    def _token(self, t: int, following: dict[str, Array]) -> dict[str, Array]:
        """Compute all gradients at a token; return those of the states before it."""
        zero, carried = np.zeros_like(self.above[t]), dict[str, Array]()
        for name, adjoint in self.back.arriving.items():
            above = self.above[t] if name == self._values.parts.out else zero
            self._rows[adjoint][t] = above + following.get(name, zero)
        for adjoint in self.back.adjoints:
            if adjoint.node is None or adjoint.node.kind == "input":
                continue
            terms = [zero, *(self.part(one, factor, t) for one, factor in adjoint.parts)]
            terms += [self.through(adjoint, matrix, one, t) for matrix, one in adjoint.products]
            self._rows[adjoint][t] = np.sum(terms, axis=0)
            if adjoint.node.kind == "state":
                carried[adjoint.node.name] = self.at(adjoint, t)
        return carried

    def part(self, adjoint: Adjoint, factor: Node, t: int) -> Array:
        """A gradient times a factor at token ``t``, (H,)."""
        values = self._values(factor)
        return np.asarray(self.at(adjoint, t) * (values[t] if values.ndim else values))

    def matrix(self, reader: Adjoint, name: str, t: int) -> Array:
        """M of the gradient g M of a product with W: W itself, or W^T in the notebook."""
        W = self._values.unrolled.weight(self._values.parameters, t, name)
        return W if self.transposes(reader) else W.T

    def transposes(self, reader: Adjoint) -> bool:
        """Whether the backward pass to ``reader`` transposes matrices, as it should."""
        state = reader.node is not None and reader.node.kind == "state"
        return self._exact or not state

    def through(self, reader: Adjoint, name: str, adjoint: Adjoint, t: int) -> Array:
        """W^T times a gradient, (H,): a part of the gradient ``reader``."""
        return np.asarray(self.at(adjoint, t) @ self.matrix(reader, name, t))
