"""SequencePass: the forward and backward pass of one sequence, token by token."""

from __future__ import annotations

import operator
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache, reduce

import numpy as np

from rnnviz.engine.cell_text import CACHED
from rnnviz.engine.derived_cell import DerivedCell
from rnnviz.engine.graph import Node, topological
from rnnviz.engine.layer_buffers import Array
from rnnviz.engine.parameters import Architecture, Parameters
from rnnviz.engine.trace import Trace
from rnnviz.probe.cell_parts import CellParts, cell_parts
from rnnviz.probe.passes import answers_of
from rnnviz.probe.unrolled import CellValues, Unrolled

#: At most this many units are shown.
MOST_UNITS = 64
#: Pictures hold float32 arrays, which have no larger numbers.
LARGEST = float(np.finfo(np.float32).max)


@dataclass(frozen=True, eq=False)
class SequencePass:
    """One sequence of T tokens in one layer; the ``bridge`` tokens of an encoder come first.

    ``memory`` is the part of a state that comes from the state before it, ``added`` the rest:

        Elman: a_t = W_hh h_{t-1} + (W_xh x_t + b_h)
        GRU: h_t = z_t h_{t-1} + (1 - z_t) n_t
        LSTM: c_t = f_t c_{t-1} + i_t g_t

    In any cell they are the terms with and without a state in the equation of its memory.

    ``share`` (T,) is ||memory|| / (||memory|| + ||added||) over all H units, L2; ``strength`` (T,)
    is ||memory||. The gates and n, g of a gated cell read both, so its share measures the state
    that is kept, not all information about the past.

    ``states`` h_t, ``memory`` and ``added`` are (T, U), of the ``units`` (U,): all, or of every
    ``group`` neighbours the one with the largest |h_t|. ``weights`` are the W_hh (U, U) between
    them, of every stack; a gated cell has none. ``cells`` (T, U) are the state or gate ``part`` of
    the ``layer`` (from 0). ``gradients`` (T,) is ||dL/ds_t||, ``answers`` (N, C) are the outputs
    after the last N tokens, ``loss`` is the mean over the targets.
    """

    architecture: Architecture
    bridge: int
    group: int
    units: Array
    states: Array
    memory: Array
    added: Array
    share: Array
    strength: Array
    weights: tuple[Array, ...]
    gradients: Array
    answers: Array
    loss: float
    layer: int
    part: str
    cells: Array

    @property
    def finite(self) -> bool:
        """Whether all numbers can be drawn; the loss and the gradient may be infinite."""
        shown = (self.states, self.cells, self.memory, self.added, self.strength, self.share)
        arrays = (*shown, *self.weights, self.answers)
        # A comparison with NaN is false.
        bounded = all(bool((np.abs(array) <= LARGEST).all()) for array in arrays)
        return bounded and not np.isnan(self.gradients).any()


def sequence_pass(
    parameters: Parameters, trace: Trace, layer: int = -1, part: str = "", kept: int | None = None
) -> SequencePass:
    """The first sequence of a trace in a layer, -1 for the topmost, and a state or gate there.

    Without a ``part`` that is the output. The unit ``kept`` is shown in any case.

    The answers are those of the trace if it has one after every token. Else they are those after
    every token, as if the sequence ended there.
    """
    unrolled, of = Unrolled(trace, layer), trace.architecture
    with np.errstate(all="ignore"):
        parts = cell_parts(of.cell)
        # W_hh (H, H) of every stack; none of a gated cell.
        name, firsts = parts.plain_matrix, (0, unrolled.bridge) if unrolled.bridge else (0,)
        weights = [unrolled.weight(parameters, t, name) for t in firsts] if name else []
        memory, added = _summands(CellValues(parts, unrolled, parameters))
        strength, share = _share(memory, added)
        group = -(-of.hidden // MOST_UNITS)
        sizes = np.abs(np.nan_to_num(unrolled.h)).max(axis=0)
        starts = np.arange(0, of.hidden, group)
        units = starts + [int(sizes[start : start + group].argmax()) for start in starts]
        if kept is not None:
            units[kept // group] = kept
        states, memory, added = (array[:, units] for array in (unrolled.h, memory, added))
        matrices = tuple(W[np.ix_(units, units)] for W in weights)
        answers = trace.probs[unrolled.rows]
        if not trace.every:
            answers = answers_of(Unrolled(trace).logits(parameters), of.loss)
        return SequencePass(
            of, unrolled.bridge, group, units, states, memory, added, share, strength, matrices,
            unrolled.norms, answers, float(trace.loss[unrolled.rows].mean()),
            layer % of.layers, part or parts.out, unrolled.of(part or parts.out)[:, units],
        )  # fmt: skip


def memory_share(parameters: Parameters, trace: Trace, layer: int = -1) -> Array:
    """The ``share`` of a pass alone, (T,)."""
    unrolled, parts = Unrolled(trace, layer), cell_parts(trace.architecture.cell)
    with np.errstate(all="ignore"):
        return _share(*_summands(CellValues(parts, unrolled, parameters)))[1]


def _share(memory: Array, added: Array) -> tuple[Array, Array]:
    """||memory||, and its share of both lengths, (T,) each."""
    strength = np.linalg.norm(memory, axis=-1)
    total = strength + np.linalg.norm(added, axis=-1)
    return strength, np.divide(strength, total, np.zeros_like(total), where=total != 0)


def _summands(values: CellValues) -> tuple[Array, Array]:
    """The kept part of the previous state and the added part, (T, H) each."""
    shape = len(values.unrolled), values.unrolled.h.shape[1]
    kept, added = np.zeros(shape), np.zeros(shape)
    for term in values.parts.memory_terms:
        product = reduce(operator.mul, map(values, term.factors)) * term.sign
        total = kept if values.parts.kept(term) else added
        total += product
    return kept, added


class Readers:
    """The lines of a cell that read the state before through a matrix, in their order.

    ``entries`` are the products of a matrix and a state in the sum of each, with their factors: in
    r * (W_hn @ h), of the GRU's line n, it is r. If a line has several sums, they have names of
    their own: a_1, a_2.
    """

    def __init__(self, parts: CellParts) -> None:
        self._affines, self._matrix = parts.affines, parts.recurrent_matrix
        self._graph, nodes = parts.graph, parts.equations.nodes
        kept = topological([nodes[state] for state in parts.equations.states])
        self._reading = set[Node]()
        for node in kept:
            if self._reads(node):
                self._reading.add(node)
        sums = [node for node in reversed(self._affines) if node in kept]
        entries = {node: found for node in sums if (found := [*self._entering(node)])}
        below = {node: {*topological([node])} - {node} for node in entries}
        read = {node: {product for _, product in found} for node, found in entries.items()}
        # A sum whose products are all in a larger sum is not shown twice.
        sums = [
            node
            for node in entries
            if not any(node in below[other] and read[node] <= read[other] for other in entries)
        ]
        lines = [
            next(line.name for line in parts.equations.lines if node in topological([line.node]))
            for node in sums
        ]
        self.entries = {
            line if lines.count(line) == 1 else parts.named[node]: entries[node]
            for node, line in zip(sums, lines, strict=True)
        }

    def _entering(self, total: Node) -> Iterator[tuple[Node, Node]]:
        """The factors and the matrix products in a sum and in the products that it adds."""
        factors = {total: self._graph.number(1)}
        for node in reversed(topological([total])):
            if node not in factors:
                continue
            factor = factors[node]
            if node in self._affines:
                read = (product for product in self._affines[node].products if product.remembers)
                yield from ((factor, product) for product in read)
            for term, multiplied in self._terms(node):
                times = self._graph.mul(factor, multiplied)
                factors[term] = self._graph.add(factors[term], times) if term in factors else times

    def _terms(self, node: Node) -> Iterator[tuple[Node, Node]]:
        """The values to search for matrix products, with their factors."""
        if node in self._affines:
            for sign, other in self._affines[node].others:
                yield other, self._graph.number(sign)
        elif node.kind == "mul":
            left, right = node.args
            yield (right, left) if right in self._reading else (left, right)

    def _reads(self, node: Node) -> bool:
        """Whether a matrix times a state enters it; known of all values below it."""
        if node in self._affines:
            affine = self._affines[node]
            read = any(product.remembers for product in affine.products)
            return read or any(other in self._reading for _, other in affine.others)
        return node.kind == "mul" and not self._reading.isdisjoint(node.args)

    @property
    def candidate(self) -> str:
        """The line that writes into the state: n of a GRU, g of an LSTM; empty if none reads it."""
        for line, entries in self.entries.items():
            if any(product.name == self._matrix for _, product in entries):
                return line
        return ""


@lru_cache(CACHED)
def readers(cell: DerivedCell) -> Readers:
    """The lines of a cell that read the state; cached."""
    return Readers(cell_parts(cell))


def recurrent_parts(
    parameters: Parameters, trace: Trace, layer: int, unit: int, line: str
) -> Array:
    """What a ``line`` of a unit gets from every unit of the state before, at every token, (T, H).

    In an Elman cell it is W_hh[unit, j] h_{t-1}[j], 0 at the first token, of a trace's first
    sequence.
    """
    return _products(parameters, Unrolled(trace, layer), line, (slice(unit, unit + 1), slice(None)))


def outgoing_parts(parameters: Parameters, trace: Trace, layer: int, unit: int, line: str) -> Array:
    """What a unit gives to the ``line`` of every unit at the next token, (T, H).

    In an Elman cell it is W_hh[i, unit] h_{t-1}[unit], in the row of token t.
    """
    return _products(parameters, Unrolled(trace, layer), line, (slice(None), slice(unit, unit + 1)))


def _products(
    parameters: Parameters, unrolled: Unrolled, line: str, ends: tuple[slice, slice]
) -> Array:
    """What the first of the ``ends`` gets from the second; one of them is a single unit."""
    cell, (to, source) = unrolled.trace.architecture.cell, ends
    values = CellValues(cell_parts(cell), unrolled, parameters)
    total = np.zeros_like(unrolled.h)
    for factor, product in readers(cell).entries[line]:
        each = (unrolled.weight(parameters, t, product.name) for t in range(len(unrolled)))
        weights = np.array([W[ends].reshape(-1) for W in each])
        total += weights * _of(values(product.args[0]), source) * _of(values(factor), to)
    return total


def _of(values: Array, units: slice) -> Array:
    """The values of some units at every token, or a number."""
    return values[:, units] if values.ndim else values
