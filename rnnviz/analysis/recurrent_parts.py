"""Recurrent parts: what one unit gets from every unit of the state before."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from rnnviz.analysis.cell_parts import CellParts, cell_parts
from rnnviz.analysis.cell_values import CellValues
from rnnviz.analysis.unrolled import Unrolled
from rnnviz.engine.cell_text import CACHED
from rnnviz.engine.derived_cell import DerivedCell
from rnnviz.engine.graph import Node, topological
from rnnviz.engine.layer_buffers import Array
from rnnviz.engine.parameters import Parameters
from rnnviz.engine.trace import Trace


class Entry(NamedTuple):
    """A matrix times a state, as it enters a sum: times ``factor``."""

    factor: Node
    product: Node


class Readers:
    """The lines of a cell that read the state before through a matrix, in their order.

    ``entries`` are the terms that enter the sum of each. In r * (W_hn @ h), the GRU's r counts, so
    the line is n. A line that holds several sums has their names in its place: a_1, a_2.
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
        read = {node: {entry.product for entry in found} for node, found in entries.items()}
        # What a larger sum takes up is not shown twice.
        sums = [
            node
            for node in entries
            if not any(node in below[other] and read[node] <= read[other] for other in entries)
        ]
        lines = [_line(node, parts) for node in sums]
        self.entries = {
            line if lines.count(line) == 1 else parts.named[node]: entries[node]
            for node, line in zip(sums, lines, strict=True)
        }

    def _entering(self, total: Node) -> Iterator[Entry]:
        """The products in a sum, and in the products that it adds, each once."""
        factors = {total: self._graph.number(1)}
        for node in reversed(topological([total])):
            if node not in factors:
                continue
            factor = factors[node]
            if node in self._affines:
                read = (product for product in self._affines[node].products if product.remembers)
                yield from (Entry(factor, product) for product in read)
            for term, multiplied in self._terms(node):
                times = self._graph.mul(factor, multiplied)
                factors[term] = self._graph.add(factors[term], times) if term in factors else times

    def _terms(self, node: Node) -> Iterator[tuple[Node, Node]]:
        """What to look for products in, and what it is multiplied by."""
        if node in self._affines:
            for sign, other in self._affines[node].others:
                yield other, self._graph.number(sign)
        elif node.kind == "mul":
            left, right = node.args
            yield (right, left) if right in self._reading else (left, right)

    def _reads(self, node: Node) -> bool:
        """Whether a matrix times a state enters it; known of all that is below it."""
        if node in self._affines:
            affine = self._affines[node]
            read = any(product.remembers for product in affine.products)
            return read or any(other in self._reading for _, other in affine.others)
        return node.kind == "mul" and not self._reading.isdisjoint(node.args)

    @property
    def candidate(self) -> str:
        """The line that writes into the state: n of a GRU, g of an LSTM; empty if none reads it."""
        named = (
            line
            for line, entries in self.entries.items()
            if any(entry.product.name == self._matrix for entry in entries)
        )
        return next(named, "")


def _line(node: Node, parts: CellParts) -> str:
    """The first line that a sum stands in."""
    return next(line.name for line in parts.equations.lines if node in topological([line.node]))


@lru_cache(CACHED)
def readers(cell: DerivedCell) -> Readers:
    """The lines of a cell that read the state; those of the same cell are found once."""
    return Readers(cell_parts(cell))


def recurrent_parts(
    parameters: Parameters, trace: Trace, layer: int, unit: int, line: str
) -> Array:
    """What a ``line`` of a unit gets from every unit before it, at every token, (T, H).

    In an Elman cell it is W_hh[unit, j] h_{t-1}[j], 0 at the first token. It is measured on a
    trace's first sequence.
    """
    return _products(parameters, Unrolled(trace, layer), line, (slice(unit, unit + 1), slice(None)))


def given_parts(parameters: Parameters, trace: Trace, layer: int, unit: int, line: str) -> Array:
    """What a unit gives to the ``line`` of every unit at the next token, (T, H).

    In an Elman cell it is W_hh[i, unit] h_{t-1}[unit], in the row of token t.
    """
    return _products(parameters, Unrolled(trace, layer), line, (slice(None), slice(unit, unit + 1)))


def _products(
    parameters: Parameters, unrolled: Unrolled, line: str, ends: tuple[slice, slice]
) -> Array:
    """What goes to the first of the ``ends`` from the second; one of them is one unit."""
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
