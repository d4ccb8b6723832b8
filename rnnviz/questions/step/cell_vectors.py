"""Cell vectors: what all units of a layer combine at a token, forward and backward."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from rnnviz.engine.derive import Adjoint
from rnnviz.engine.graph import Node
from rnnviz.engine.layer_buffers import Array
from rnnviz.probe.cell_parts import Part, applied, at_token, bounded, nonnegative, typeset
from rnnviz.probe.cell_values import CellValues
from rnnviz.questions.step.step_cell import StepCell


class CellRow(NamedTuple):
    """A vector at every token, (T, H): its label, the sign before it, whether it may be negative.

    Vectors that are ``added`` are comparable in size; others may be ``bounded`` by 1.
    """

    label: str
    values: Array
    sign: str = ""
    signed: bool = True
    added: bool = True
    bounded: bool = False


class CellVectors:
    """The vectors of a layer's cell at a token, from 0."""

    def __init__(self, cell: StepCell, t: int) -> None:
        self._cell, self._t = cell, t

    def forward(self, part: Part) -> list[CellRow]:
        """The terms of a part's total, the total, and its functions."""
        rows, name = self._sum(part), self._cell.total_name(part, self._t)
        if len(rows) > 1:
            whole = self._whole(part.total)
            opaque = rows[1].sign == ","
            sign = typeset(part.total.kind) if opaque else "="
            rows.append(CellRow(name, whole, sign, not nonnegative(part.total), rows[0].added))
        return [*rows, *self._functions(part, name)]

    def _sum(self, part: Part) -> list[CellRow]:
        summands = self._cell.parts.summands(part)
        if len(summands) == 1:
            return self._factors(summands[0].factors, part, summands[0].sign)
        rows = []
        for k, (sign, factors) in enumerate(summands):
            values = np.prod([self._whole(node) for node in factors], axis=0)
            label = " · ".join(self._cell.notation.factor(node, self._t) for node in factors)
            minus = "−" if sign < 0 and not k else ""
            shown = "+" if sign > 0 else "−"
            rows.append(CellRow(minus + label, -values if minus else values, shown if k else ""))
        return rows

    def _factors(self, factors: tuple[Node, ...], part: Part, sign: int) -> list[CellRow]:
        """The factors of the only term; of a function of several values these."""
        if len(factors) == 1 and factors[0] is part.total and part.total.args:
            args = [node for node in part.total.args if node.kind not in ("number", "input")]
            shown, between = args if part.total.kind != "product" else [], ","
        else:
            shown, between = [*factors], "·"
        if not shown:
            return [self._row(part.total, "", written=self._cell.total_name(part, self._t))]
        rows = [self._row(node, between if k else "") for k, node in enumerate(shown)]
        minus = CellRow("−1", -np.ones_like(rows[0].values), added=False)
        return [minus, rows[0]._replace(sign="·"), *rows[1:]] if sign < 0 else rows

    def _row(self, node: Node, sign: str, written: str = "") -> CellRow:
        label = written or self._cell.notation.factor(node, self._t)
        signed = not nonnegative(node)
        return CellRow(label, self._whole(node), sign, signed, added=False, bounded=bounded(node))

    def _functions(self, part: Part, name: str) -> Iterator[CellRow]:
        values = self._whole(part.total)
        for k, function in enumerate(reversed(part.functions), 1):
            values = CellValues.function(function, values)
            last = k == len(part.functions)
            label = applied(part.functions[-k:], name)
            shown = at_token(part.name, self._t) if last else label
            signed = function in ("tanh", "sin", "cos", "log")
            limited = function in ("tanh", "sin", "cos", "sigmoid")
            yield CellRow(shown, values, typeset(function), signed, False, limited)

    def _whole(self, node: Node) -> Array:
        values = self._cell.values(node)
        shape = len(self._cell.unrolled), self._cell.step.hidden
        return values if values.ndim else np.full(shape, values)

    # Backward

    def backward(self, part: Part) -> list[CellRow]:
        """The terms of a part's gradient, their sum, and what follows of a function."""
        adjoint = self._cell.parts.gradient(part)
        rows = self._gradient(adjoint)
        error = self._cell.parts.back.of_affine.get(part.total)
        if error is None or error is adjoint:
            return rows
        return [*rows, *self._gradient(error)[1:]]

    def _gradient(self, adjoint: Adjoint) -> list[CellRow]:
        rows = [*self._arriving(adjoint)]
        single = not rows and len(adjoint.parts) == 1 and not adjoint.products
        rows = self._single(*adjoint.parts[0]) if single else [*rows, *self._here(adjoint)]
        name = self._cell.notation.gradient(adjoint, self._t)
        return [*rows, CellRow(name, self._cell.recorded(adjoint), "=" if rows else "")]

    def _arriving(self, adjoint: Adjoint) -> Iterator[CellRow]:
        """What comes from above, and from the next token."""
        arriving = adjoint if adjoint.node is None else adjoint.arrives
        if arriving is None:
            return
        state, cell = arriving.name.removeprefix("d_"), self._cell
        if state == cell.parts.out:
            yield CellRow("from above" if cell.upper else "from loss", cell.above)
        if reader := cell.parts.state_gradient(state):
            later = np.zeros_like(cell.above)
            known = [t for t in range(len(later) - 1) if cell.step.continues(t)]
            later[known] = cell.gradients(reader)[[t + 1 for t in known]]
            sign = "+" if state == cell.parts.out else ""
            yield CellRow(f"from {at_token(f'd{state}', self._t + 1)}", later, sign)

    def _here(self, adjoint: Adjoint) -> Iterator[CellRow]:
        """The terms from gradients at this token."""
        cell, first = self._cell, not [*self._arriving(adjoint)]
        tokens = range(len(cell.unrolled))
        for one, factor in adjoint.parts:
            if one is not adjoint.arrives:
                values = np.array([cell.gradients.part(one, factor, t) for t in tokens])
                label = cell.notation.gradient(one, self._t)
                if not factor.is_number(1):
                    label = f"{label} · {cell.notation.factor(factor, self._t)}"
                yield CellRow(label, values, "" if first else "+")
                first = False
        for matrix, one in adjoint.products:
            values = np.array([cell.gradients.through(adjoint, matrix, one, t) for t in tokens])
            turned = "ᵀ" * cell.gradients.transposes(adjoint)
            name = cell.unrolled.name(self._t, matrix)
            label = f"{name}{turned} {cell.notation.gradient(one, self._t)}"
            yield CellRow(label, values, "" if first else "+")
            first = False

    def _single(self, adjoint: Adjoint, factor: Node) -> list[CellRow]:
        """A gradient, and the factors that multiply it."""
        own = CellRow(self._cell.notation.gradient(adjoint, self._t), self._cell.recorded(adjoint))
        nodes = [node for node in self._cell.parts.factors(factor) if not node.is_number(1)]
        return [own, *(self._row(node, "·") for node in nodes)]
