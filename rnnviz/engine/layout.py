"""Layout: the products in a cell's pre-activations, and the fused weights that compute them."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import NamedTuple

import numpy as np

from rnnviz.engine.derive import Adjoint, Affine, Backward, users_of
from rnnviz.engine.equations import Equations
from rnnviz.engine.graph import Node
from rnnviz.engine.layer_buffers import Array


class Reads(NamedTuple):
    """The operand of products: neighbouring parts of a row [states, 1, x], or one value."""

    states: tuple[str, ...] = ()
    bias: bool = False
    inputs: bool = False
    inner: Node | None = None


class Block(NamedTuple):
    """Products with the same operand; their fused weights are one array (gates, rows, H).

    ``first`` is the slot of its first gate. Each gate has the names of its ``matrices`` in the
    order of the rows, and of its bias.
    """

    reads: Reads
    first: int
    matrices: tuple[tuple[str, ...], ...]
    biases: tuple[str, ...]
    before: int  # states in the row before those that are read
    states_in_row: int

    @property
    def slots(self) -> slice:
        """Its gates among all gates."""
        return slice(self.first, self.first + len(self.matrices))

    @property
    def inputs(self) -> bool:
        """Whether it reads x."""
        return self.reads.inputs

    def columns(self, hidden: int) -> slice:
        """The columns of a row [states, 1, x] that are read."""
        one = self.states_in_row * hidden
        start = self.before * hidden if self.reads.states else one + (not self.reads.bias)
        if self.reads.inputs:
            return slice(start, None)
        return slice(start, one + 1 if self.reads.bias else start + self.fixed(hidden))

    def rows(self, hidden: int, columns: Array) -> Array:
        """The rows of the fused weights for these columns of x only."""
        fixed = self.fixed(hidden)
        return np.concatenate([np.arange(fixed), fixed + columns])

    def shape(self, inputs: int, hidden: int) -> tuple[int, int, int]:
        """The shape of the fused weights."""
        return len(self.matrices), self.fixed(hidden) + inputs * self.reads.inputs, hidden

    def named(self, weights: Array, hidden: int) -> Iterator[tuple[str, Array]]:
        """The weights by name, as views: matrices (H, columns), biases (H,)."""
        for gate, names in enumerate(self.matrices):
            for k, name in enumerate(names):
                start, last = k * hidden, self.reads.inputs and k + 1 == len(names)
                stop = None if last else start + hidden
                start += last and self.reads.bias
                yield name, weights[gate, start:stop].T
            if self.reads.bias:
                yield self.biases[gate], weights[gate, self._states * hidden]

    @property
    def _states(self) -> int:
        return 1 if self.reads.inner is not None else len(self.reads.states)

    def fixed(self, hidden: int) -> int:
        """The number of rows of the fused weights before those of x."""
        return self._states * hidden + self.reads.bias


class Layout:
    """The rows, the gates in their order, and the blocks of a cell.

    ``rows`` are the states in a row before 1 and x, the output last. ``slots`` are the gates of
    the pre-activations, ``vectors`` the weights outside of blocks.
    """

    def __init__(self, equations: Equations) -> None:
        # What is handed on has a gradient of its own.
        handed_on = [equations.nodes[name] for name in equations.states]
        self.equations, self.back = equations, Backward(equations, handed_on)
        products = [node for node in self.back.order if node.kind == "product"]
        read = {p.args[0].name for p in products if p.args[0].kind == "state"}
        out = equations.out
        self.rows = (*(s for s in equations.states if s in read and s != out), out)
        self._users = users_of(self.back.order)
        self._biases: dict[Node, str] = {}
        for affine in self.back.affines.values():
            # A vector with one user is the bias of a product with the row.
            row = any(p.args[0].kind in ("state", "input") for p in affine.products)
            alone = [v.name for v in affine.vectors if len(self._users[v]) == 1]
            self._biases[affine.node] = alone[0] if row and alone else ""
        groups: dict[tuple[Reads, ...], list[Affine]] = {}
        for affine in reversed(self.back.affines.values()):
            groups.setdefault(self._reads(affine), []).append(affine)
        self.slots: dict[Node, int] = {}
        self.blocks: list[Block] = []
        for reads, members in groups.items():
            first = len(self.slots)
            members.sort(key=self._turn)
            self.slots |= {affine.node: first + k for k, affine in enumerate(members)}
            for part in reads:
                matrices = tuple(self._matrices(affine, part) for affine in members)
                biases = tuple(self._biases[a.node] for a in members) if part.bias else ()
                before = self.rows.index(part.states[0]) if part.states else 0
                self.blocks.append(Block(part, first, matrices, biases, before, len(self.rows)))
        fused = {name for block in self.blocks for name in block.biases}
        self.vectors = tuple(
            name for name, s in equations.shapes.items() if len(s) == 1 and name not in fused
        )

    @property
    def recurs(self) -> bool:
        """Whether the output's gradient is written from the next token, which reads it."""
        out = self.equations.out
        return any(node.kind == "state" and node.name == out for node in self.adjoints)

    def bias_of(self, affine: Affine) -> str:
        """The name of the bias in a block, or an empty string."""
        return self._biases[affine.node]

    @cached_property
    def adjoints(self) -> dict[Node, Adjoint]:
        """The gradients by node."""
        return {adjoint.node: adjoint for adjoint in self.back.adjoints if adjoint.node}

    def _reads(self, affine: Affine) -> tuple[Reads, ...]:
        """The operands of its products: runs of neighbours in the row first, then values."""
        sources = [product.args[0] for product in affine.products]
        names = {source.name for source in sources if source.kind == "state"}
        inputs = any(source.kind == "input" for source in sources)
        wanted = [*(name in names for name in self.rows), bool(self._biases[affine.node]), inputs]
        edges = np.flatnonzero(np.diff([0, *map(int, wanted), 0])).tolist()
        runs = zip(edges[::2], edges[1::2], strict=True)
        inner = [source for source in sources if source.kind not in ("state", "input")]
        count = len(self.rows)
        parts = [
            Reads(self.rows[a : min(b, count)], a <= count < b, b == count + 2) for a, b in runs
        ]
        return (*parts, *(Reads(inner=source) for source in inner))

    def _turn(self, affine: Affine) -> tuple[int, bool]:
        # Gates with the same gradient and function are adjacent: one call computes them.
        adjoint = self.adjoints.get(affine.node)
        source = adjoint.parts[0][0] if adjoint and adjoint.parts else None
        order = [*self.back.arriving.values(), *self.back.adjoints]
        users = [node.kind for node in self._users.get(affine.node, ())]
        return order.index(source) if source else len(order), users != ["sigmoid"]

    def _matrices(self, affine: Affine, part: Reads) -> tuple[str, ...]:
        """The names of the matrices of a gate, in the order of the rows."""
        names = {product.args[0]: product.name for product in affine.products}
        if part.inner is not None:
            return (names[part.inner],)
        by_name = {source.name: name for source, name in names.items()}
        return tuple(by_name[source] for source in (*part.states, *["x"] * part.inputs))
