"""DerivedCell: a cell that is derived from its equations, bound to weights and to a layer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import lru_cache, partial

import numpy as np

from rnnviz.cells import CELLS, ELMAN, ELMAN_RELU, CellText
from rnnviz.config import Activation, SettingError, parse_constants
from rnnviz.engine import memory
from rnnviz.engine.batch import token_mask
from rnnviz.engine.cell_check import define
from rnnviz.engine.cell_text import CACHED, CellError
from rnnviz.engine.equations import equations_of
from rnnviz.engine.layer_buffers import (
    Array,
    BackwardOptions,
    Kernel,
    Layer,
    LayerBackward,
    in_order,
)
from rnnviz.engine.layout import Block, Layout
from rnnviz.engine.operations import Operand
from rnnviz.engine.plan import ERRORS, GATES, LOOP, BackwardPlan, ForwardPlan
from rnnviz.engine.program import VECTORS, CellArrays, program


class DerivedCell:
    """A cell of the engine, derived from its text.

    It adds arrays to a layer: every line of the equations by its name, (T, B, H), and the errors,
    dL/d of every pre-activation, (gates, T, B, H), in the order of the layout's slots.
    """

    def __init__(self, text: CellText) -> None:
        self.text, self.equations = text, equations_of(text)
        self.layout = Layout(self.equations)
        self.forward = ForwardPlan(self.layout)
        self.back = BackwardPlan(self.layout, self.forward)
        self.blocks: tuple[Block, ...] = tuple(self.layout.blocks)
        self.states: tuple[str, ...] = self.equations.states
        self.vectors, self.recurs = self.layout.vectors, self.layout.recurs
        others = [line for line in self.equations.lines if line.name not in self.states]
        self.gates = tuple(line.name for line in others if line.node not in self.layout.slots)
        #: What a heat map may show: states first, then gates.
        self.shown = (*dict.fromkeys((*self.states, *self.gates, self.equations.out)),)
        self._others = [name for name in self.states if name != self.equations.out]
        arrays = [place.array for place in self.forward.places.values()]
        stored = [a for a in arrays if isinstance(a, memory.Stored) and a.name != GATES]
        self._once = [array.name for array in stored if isinstance(array, memory.Once)]
        self._own = [*dict.fromkeys(a.name for a in stored if not isinstance(a, memory.Once))]
        self._of_gates = {
            self.layout.back.named[node]: place.first
            for node, place in self.forward.stored.items()
            if place.array == memory.Stored(GATES) and node in self.layout.back.named
        }
        self._back_arrays = [f"d_{name}" for name in self._others] + self.back.kept
        nodes, arriving = self.equations.nodes, self.layout.back.arriving
        # A line that is an old state has only the gradient from the next token.
        own = {a.node: a for a in self.layout.back.adjoints if a.node and a.node.kind != "state"}
        self._gradients = [self.back.place(own.get(nodes[k], arriving[k])) for k in self.states]
        at_once, by_token = partial(program, by_token=False), partial(program, by_token=True)
        stages, back = self.forward.stages, self.back
        self._before = [at_once(ops) for ops in stages[:LOOP] if ops]
        self._loop = by_token(stages[LOOP])
        self._factors, self._factors_by_token = at_once(back.factors), by_token(back.factors)
        self._back, self._adding = by_token(back.loop), by_token([*back.loop, *back.then])
        self._last, self._after = by_token(back.last), at_once(back.after)
        self._vector_gradients = at_once(back.vector_ops)
        ops = (*back.factors, *back.loop)
        parts = {part for op in ops for operand in (*op.args, op.out) for part in operand.parts}
        arrays = [a for a, _ in parts if type(a) is memory.Stored and a.name not in back.kept]
        #: How many arrays (B, H) the backward pass touches at a token, and at least one.
        self._touched = max(1, len(arrays))

    def shapes(self, inputs: int, hidden: int) -> Iterator[tuple[int, ...]]:
        """The shapes of a layer's fused weights: one for each block, and one for the vectors."""
        yield from (block.shape(inputs, hidden) for block in self.blocks)
        if self.vectors:
            yield len(self.vectors), hidden

    def allocate(self, layer: Layer) -> None:
        """Add the arrays of the forward pass to the layer."""
        steps, batch, hidden, _ = layer.extent
        gates = layer.arrays[GATES] = layer.gates(len(self.layout.slots))
        if batch == 1:  # The gates of a token are adjacent.
            gates = np.empty((steps, len(gates), batch, hidden), layer.dtype).swapaxes(0, 1)
            layer.arrays[GATES] = gates
        for name in self._others:
            layer.first[name] = layer.scratch()
            if name not in layer.arrays:
                states = np.zeros((steps + 1, batch, hidden), layer.dtype)
                layer.arrays |= {name: states[1:], f"{name}_before": states[:-1]}
        for name in self._own:
            if name not in layer.arrays:
                layer.arrays[name] = layer.empty()
                if layer.ragged:  # Every function accepts 1 where sequences have ended.
                    layer.arrays[name].fill(1)
        layer.arrays |= {name: np.zeros(hidden, layer.dtype) for name in self._once}
        for name, slot in self._of_gates.items():
            layer.arrays.setdefault(name, gates[slot])
        for name, node in self.equations.nodes.items():
            # A line of weights alone is the same at every token; one may repeat another.
            if name not in layer.arrays:
                array = self._value(self.forward.places[node], layer)
                layer.arrays[name] = np.broadcast_to(array, (steps, batch, hidden))

    def again(self, layer: Layer) -> Layer:
        """The layer with the same forward pass, and a backward pass that is not yet bound."""
        backward = {ERRORS, f"d_{layer.out}", *self._back_arrays}
        return layer.again({k: array for k, array in layer.arrays.items() if k not in backward})

    def errors(self, layer: Layer) -> tuple[Array, ...]:
        """dL/da of every block's pre-activations, (gates, T, B, H)."""
        return tuple(layer.arrays[ERRORS][block.slots] for block in self.blocks)

    def state_gradient(self, layer: Layer) -> Array:
        """dL/ds_t of the whole state that is handed on, one state beside the other, (T, B, S).

        Every path counts: dL/dc_t of an LSTM has that through h_t, too.
        """
        return np.concatenate([self._value(place, layer) for place in self._gradients], axis=-1)

    def input_errors(self, layer: Layer, weights: Sequence[Array]) -> list[tuple[Array, Array]]:
        """The factors of dL/dx = sum da W_x: errors (T, B, H), and input weights (H, D)."""
        hidden = layer.extent.hidden
        return [
            (error, matrix[block.fixed(hidden) :].T)
            # Vectors of weights follow the blocks, and read no input.
            for block, fused, errors in zip(self.blocks, weights, self.errors(layer), strict=False)
            if block.inputs
            for error, matrix in zip(errors, fused, strict=True)
        ]

    def all_errors(self, layer: Layer) -> Array:
        """All errors as one flat view, in the order of memory."""
        flat: Array = layer.arrays[ERRORS].reshape(-1)
        return flat

    def bind_forward(self, weights: Sequence[Array], layer: Layer) -> Kernel:
        """A function that computes the states of all tokens from x."""
        if self.vectors:
            layer.arrays[VECTORS] = weights[-1]
        bound = self._bound(weights, layer)
        kernels = [bound.at_once(made) for made in self._before]
        if layer.ragged:  # Where sequences have ended, values of inputs may be NaN.
            ended = ~token_mask(layer.counts)
            kernels += [
                partial(bound.all(place).__setitem__, ended, 1)
                for node, place in self.forward.stored.items()
                if node.varies and not node.remembers
            ]
        return in_order([*kernels, bound.by_token(self._loop)])

    def bind_backward(
        self, weights: Sequence[Array], layer: Layer, options: BackwardOptions
    ) -> Kernel:
        """A function that backpropagates from dh; allocates its arrays if they are missing."""
        if ERRORS not in layer.arrays:
            layer.arrays[ERRORS] = layer.gates(len(self.layout.slots))
            layer.arrays[ERRORS].fill(0)
            layer.arrays |= {name: layer.empty() for name in self._back_arrays}
            layer.arrays[f"d_{layer.out}"] = layer.dh
        plan = LayerBackward(layer, options)
        bound = CellArrays(self.layout, weights, layer, plan)
        chunks = plan.chunks(self._touched)
        kernels = [self._bind_chunk(chunk, bound, plan) for chunk in chunks]
        return plan.chain(chunks, kernels, [layer.arrays[n] for n in (ERRORS, *self._back_arrays)])

    def read(self, block: Block, layer: Layer) -> Array | None:
        """The value that a block multiplies, (T, B, H); None if it reads the rows."""
        if block.reads.inner is None:
            return None
        return self._value(self.forward.places[block.reads.inner], layer)

    def _value(self, place: Operand, layer: Layer) -> Array:
        return self._bound((), layer).all(place)

    def _bound(self, weights: Sequence[Array], layer: Layer) -> CellArrays:
        return CellArrays(self.layout, weights, layer).take(range(layer.extent.steps))

    def bind_vectors(self, layer: Layer, out: Array) -> Kernel:
        """A function that writes the gradients of the vectors outside of blocks, (n, H)."""
        bound = self._bound((), layer)
        compute = bound.at_once(self._vector_gradients)
        parts = [
            (self.vectors.index(name), bound.all(gradient), bound.all(factor))
            for name, gradient, factor in self.back.vectors
        ]
        ended = ~token_mask(layer.counts) if layer.ragged else None

        def write() -> None:
            compute()
            out[...] = 0
            for k, gradient, factor in parts:
                terms = gradient * factor
                if ended is not None:  # A factor may be NaN there.
                    terms[ended] = 0
                out[k] += terms.sum(axis=(0, 1))

        return write

    def _bind_chunk(self, chunk: slice, bound: CellArrays, plan: LayerBackward) -> Kernel:
        options, kernels = plan.options, list[Kernel]()
        bound.take(range(chunk.stop - 1, chunk.start - 1, -1))
        if self.back.factors and plan.layer.ragged:  # Errors stay 0 where sequences have ended.
            kernels.append(bound.by_token(self._factors_by_token))
        elif self.back.factors:
            kernels.append(bound.at_once(self._factors))
        # The first token needs no product if the gradient of the state before it isn't needed.
        begins = chunk.start == 0 and not options.first
        if chunk.stop > begins:
            loop = self._adding if options.adds or options.cut else self._back
            kernels.append(bound.by_token(loop, slice(-1) if begins else slice(None)))
        if begins and self.back.last:
            kernels.append(bound.by_token(self._last, slice(-1, None)))
        if self.back.after:
            kernels.append(bound.at_once(self._after))
        return in_order(kernels)


def cell_of(
    kind: str, activation: Activation, equations: str = "", constants: str = ""
) -> DerivedCell:
    """The cell of this kind.

    ``activation`` is that of an Elman cell. ``equations`` are those of a cell of one's own, an
    Elman cell by default; raises CellError if they are invalid. ``constants`` such as "a=0.3"
    replace numbers in the equations; raises SettingError if the cell doesn't have them.
    """
    relu = kind == ELMAN.name and activation is Activation.RELU
    return _derived(ELMAN_RELU.name if relu else kind, equations, constants)


@lru_cache(CACHED)
def _derived(name: str, equations: str, constants: str) -> DerivedCell:
    if name not in CELLS:
        return DerivedCell(define(equations or ELMAN.text))
    cell = CELLS[name]
    made = replace(cell, constants={**cell.constants, **parse_constants(cell, constants)})
    try:
        whole = not constants or not equations_of(made).idle
    except CellError as problem:
        # Without the advice: its text is not the user's.
        why = problem.sentence.partition(":")[0]
        raise SettingError(f"Constants (constants): with {constants}, {why}.") from None
    if not whole:
        raise SettingError(f"Constants (constants): with {constants} a part of the cell vanishes.")
    return DerivedCell(made)
