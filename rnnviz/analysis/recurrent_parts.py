"""Recurrent parts: what one unit gets from every unit of the state before."""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from rnnviz.analysis.cell_parts import CellParts, cell_parts
from rnnviz.analysis.cell_values import CellValues
from rnnviz.analysis.unrolled import Unrolled
from rnnviz.engine.derived_cell import DerivedCell
from rnnviz.engine.graph import Node, remembers, topological
from rnnviz.engine.layer_buffers import Array
from rnnviz.engine.parameters import Parameters
from rnnviz.engine.trace import Trace


class Entry(NamedTuple):
    """A matrix times a state, as it enters a sum: with a sign, and times ``factors``."""

    sign: int
    factors: tuple[Node, ...]
    product: Node


class Readers:
    """The lines of a cell that read the state before through a matrix, in their order.

    ``entries`` are the terms that enter the sum of each. In r * (W_hn @ h), the GRU's r counts, so
    the line is n. A line that holds several sums has their names in its place: a_1, a_2.
    """

    def __init__(self, parts: CellParts) -> None:
        self._affines, self._matrix = parts.affines, parts.recurrent_matrix
        nodes = parts.equations.nodes
        kept = topological([nodes[state] for state in parts.equations.states])
        sums = [node for node in reversed(self._affines) if node in kept]
        entries = {node: found for node in sums if (found := [*self._entering(node)])}
        # What a larger sum takes up is not shown twice.
        sums = [
            node for node in entries if not any(_within(node, other, entries) for other in sums)
        ]
        lines = [_line(node, parts) for node in sums]
        self.entries = {
            line if lines.count(line) == 1 else parts.named[node]: entries[node]
            for node, line in zip(sums, lines, strict=True)
        }

    def _entering(
        self, node: Node, sign: int = 1, factors: tuple[Node, ...] = ()
    ) -> Iterator[Entry]:
        if node in self._affines:
            affine = self._affines[node]
            read = (product for product in affine.products if remembers(product.args[0]))
            yield from (Entry(sign, factors, product) for product in read)
            for other_sign, other in affine.others:
                yield from self._entering(other, sign * other_sign, factors)
        elif node.kind == "mul":
            left, right = node.args
            first = [*self._entering(right, sign, (*factors, left))]
            yield from first or self._entering(left, sign, (*factors, right))

    @property
    def candidate(self) -> str:
        """The line that writes into the state: n of a GRU, g of an LSTM; empty if none reads it."""
        named = (
            line
            for line, entries in self.entries.items()
            if any(entry.product.name == self._matrix for entry in entries)
        )
        return next(named, "")


def _within(node: Node, other: Node, entries: dict[Node, list[Entry]]) -> bool:
    """Whether all that enters a sum is a part of what enters another one."""
    if node is other or node not in topological([other]):
        return False
    inner, outer = ({entry.product for entry in entries.get(at, ())} for at in (node, other))
    return inner <= outer


def _line(node: Node, parts: CellParts) -> str:
    """The first line that a sum stands in."""
    return next(line.name for line in parts.equations.lines if node in topological([line.node]))


@lru_cache(64)
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
    for sign, factors, product in readers(cell).entries[line]:
        each = (unrolled.weight(parameters, t, product.name) for t in range(len(unrolled)))
        weights = np.array([W[ends].reshape(-1) for W in each])
        factor = math.prod((_of(values(node), to) for node in factors), start=sign)
        total += weights * _of(values(product.args[0]), source) * factor
    return total


def _of(values: Array, units: slice) -> Array:
    """The values of some units at every token, or a number."""
    return values[:, units] if values.ndim else values
