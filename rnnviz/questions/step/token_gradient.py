"""TokenGradient: the gradient of every value of a cell at one token, and through every wire."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from rnnviz.config import Gradient
from rnnviz.engine.graph import Node, topological
from rnnviz.engine.layer_buffers import Array
from rnnviz.questions.step.cell_diagram import Symbol, Wire
from rnnviz.questions.step.highways import Highway
from rnnviz.questions.step.step_cell import StepCell


class TokenGradient:
    """The backward pass of a cell at token ``t``, from what arrives for its states."""

    def __init__(self, cell: StepCell, t: int) -> None:
        self._cell, self._t = cell, t
        self._equations = cell.parts.equations
        self._exact = cell.step.config.gradient is Gradient.EXACT
        back, self._zero = cell.parts.back, np.zeros(cell.step.hidden)
        self.arriving = {
            name: cell.gradients.at(adjoint, t) for name, adjoint in back.arriving.items()
        }
        self._nodes: dict[Node, Array] = {}
        self._edges: dict[tuple[Node, Node], Array] = {}
        for name, gradient in self.arriving.items():
            self._add(self._equations.nodes[name], gradient)
        for node in reversed(topological(self._equations.nodes.values())):
            if node in self._nodes:
                self._pass_on(node, self._nodes[node])

    def _add(self, node: Node, gradient: Array) -> None:
        self._nodes[node] = self._nodes.get(node, self._zero) + gradient

    def _pass_on(self, node: Node, gradient: Array) -> None:
        for arg, given in self._given(node, gradient):
            self._edges[node, arg] = self._edges.get((node, arg), self._zero) + given
            self._add(arg, given)

    def _given(self, node: Node, gradient: Array) -> Iterator[tuple[Node, Array]]:
        """What each argument of a value receives."""
        if node.kind in ("state", "input", "vector", "number"):
            return
        if node.kind == "product":
            yield from self._through_matrix(node, gradient)
            return
        slopes = self._equations.graph.slopes(node)
        for arg, slope in zip(node.args, slopes, strict=True):
            if arg.kind != "number":
                yield arg, gradient * self._value(slope)

    def _through_matrix(self, node: Node, gradient: Array) -> Iterator[tuple[Node, Array]]:
        (read,) = node.args
        if read.kind == "input":
            return
        W = self._cell.unrolled.weight(self._cell.step.before, self._t, node.name)
        # The notebook forgets to transpose it.
        yield read, gradient @ (W if self._exact or read.kind != "state" else W.T)

    def _value(self, node: Node) -> Array:
        values = self._cell.values(node)
        return values[self._t] if values.ndim else values

    def at(self, node: Node) -> Array:
        """The gradient of a value, (H,); 0 if nothing depends on it."""
        return self._nodes.get(node, self._zero)

    def of(self, symbol: Symbol) -> Array:
        """The gradient of what a symbol stands for, (H,)."""
        if symbol.kind == "after":
            return self.arriving[symbol.names[0]]
        return self.at(symbol.terms[0] if symbol.terms else symbol.node)

    def through(self, symbol: Symbol, wire: Wire) -> Array | None:
        """What comes back from a symbol through one of its wires, (H,); None to the input."""
        if wire.source.kind == "input":
            return None
        if symbol.kind == "after":
            return self.of(symbol)
        if wire.reader is None:
            assert symbol.total is not None
            return self.at(symbol.total)
        return self._edges.get((wire.reader, wire.source.node), self._zero)

    def kept(self, way: Highway) -> Array:
        """What comes back to the beginning of a highway on it alone, (H,)."""
        gradient = self.at(way.ops[-1] if way.ops else way.before)
        for op in reversed(way.ops):
            slopes = dict(zip(op.args, self._equations.graph.slopes(op), strict=True))
            other = way.operand(op)
            (path,) = (arg for arg in op.args if arg is not other)
            gradient = gradient * self._value(slopes[path])
        return gradient
