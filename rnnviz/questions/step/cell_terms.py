"""Cell terms: what a unit's value, and its gradient, is the sum of at a token."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rnnviz.engine.derive import Adjoint
from rnnviz.engine.graph import Node
from rnnviz.engine.layer_buffers import Array
from rnnviz.probe.cell_parts import Part, Summand, at_token
from rnnviz.probe.formatting import quoted
from rnnviz.questions.step.step_cell import StepCell
from rnnviz.questions.step.sum_terms import ONCE, Term, products, term


class UnitTerms:
    """The terms of one unit at one token (both from 0) in a layer's cell."""

    def __init__(self, cell: StepCell, t: int, unit: int) -> None:
        self._cell, self._t, self._unit = cell, t, unit
        self._step, self._names = cell.step, cell.step.names

    # Forward

    def forward(self, part: Part) -> list[Term]:
        """The terms of the part's total."""
        summands = self._cell.parts.summands(part)
        return [row for summand in summands for row in self._summand(summand, part)]

    def _summand(self, summand: Summand, part: Part) -> Iterator[Term]:
        """One term; of a product with a matrix one for each column."""
        opened = [node for node in summand.factors if self._opens(node, part)]
        others = [node for node in summand.factors if node not in opened]
        factor = self._product(others, summand.sign)
        if not opened:
            yield factor
        for node in opened:
            sign = term("−1", (-1,)) if summand.sign < 0 and not others else factor
            yield from (row.times(sign) for row in self._matrix(node))

    def _opens(self, node: Node, part: Part) -> bool:
        own = node is part.total or node not in self._cell.parts.named
        return node.kind == "product" and own

    def _product(self, nodes: Sequence[Node], sign: int = 1) -> Term:
        """The product of some values, with its sign."""
        if not nodes:
            return ONCE
        labels = [self._cell.notation.factor(node, self._t) for node in nodes]
        numbers = [self._cell.value_at(node, self._t, self._unit) for node in nodes]
        minus = "−" if sign < 0 else ""
        space = "" if len(nodes) == 1 and nodes[0].kind == "vector" else " "
        label = f"{minus}{' · '.join(labels)}{space}[{self._unit}]"
        return term(label, (sign * numbers[0], *numbers[1:]))

    def _matrix(self, node: Node) -> list[Term]:
        """A row of the matrix times what it reads."""
        (read,), t, unit = node.args, self._t, self._unit
        name = self._cell.unrolled.name(t, node.name)
        row = self._step.before[name][unit]
        if read.kind == "input":
            return self._from_input(name, row)
        label = self._cell.notation.inner(read, t)
        if read.kind == "state" and t == 0:
            # One term stands for H products with zero.
            return [Term(f"{name}[{unit}, :] · {label}", (0.0,), 0.0)]
        labels = [(f"{name}[{unit}, {j}]", f"{label}[{j}]") for j in range(self._step.hidden)]
        return products(labels, row, self._cell.values(read)[t])

    def _from_input(self, name: str, row: Array) -> list[Term]:
        unrolled, t, unit, entry = self._cell.unrolled, self._t, self._unit, self._names.entry
        if self._cell.layer:
            below = at_token(self._cell.parts.out, t)
            hidden = range(self._step.hidden)
            labels = [(f"{name}[{unit}, {j}]", f"{below}[{j}] below") for j in hidden]
            return products(labels, row, unrolled.x(t))
        inputs = self._cell.inputs_at(t)
        if inputs.ndim:
            channels = self._names.vocabulary[: len(inputs)]
            labels = [(entry(name, (unit, d)), f"x[{quoted(c)}]") for d, c in enumerate(channels)]
            return products(labels, row, inputs)
        return [term(entry(name, (unit, int(inputs))), (float(row[int(inputs)]),))]

    def read(self, product: Node, column: int) -> Term:
        """One number of what a matrix reads at the token."""
        (read,), t, cell = product.args, self._t, self._cell
        if read.kind != "input":
            label = cell.notation.inner(read, t)
            return term(f"{label}[{column}]", (cell.value_at(read, t, column),))
        if cell.layer:
            label = f"{at_token(cell.parts.out, t)}[{column}] below"
            return term(label, (cell.unrolled.x(t)[column],))
        inputs = cell.inputs_at(t)
        value = inputs[column] if inputs.ndim else inputs == column
        return term(f"x_{t + 1}[{quoted(self._names.vocabulary[column])}]", (float(value),))

    # Backward

    def backward(self, adjoint: Adjoint) -> list[Term]:
        """The terms of a gradient: from above, from the next token, and from this one."""
        arriving = adjoint if adjoint.node is None else adjoint.arrives
        rows: list[Term] = []
        if arriving:
            name = arriving.name.removeprefix("d_")
            rows += self._from_above() if name == self._cell.parts.out else []
            rows += self._from_next(name)
        return [*rows, *self._from_here(adjoint)] if adjoint.node else rows

    def _from_above(self) -> list[Term]:
        """The terms from the answer after this token, or from the layer above."""
        t, unit = self._t, self._unit
        if self._cell.upper is not None:
            upper = UnitTerms(self._cell.upper, t, unit)
            return upper._through(self._cell.upper.input_gradient)
        if t not in self._step.outputs:
            return []
        error = self._step.trace.dlogits[self._step.outputs[t]]
        labels = [(self._names.entry("W_hy", (c, unit)), "dlogits") for c in range(len(error))]
        return products(labels, self._step.before.W_hy[:, unit], error)

    def _from_next(self, state: str) -> list[Term]:
        """The terms from the next token."""
        reader = self._cell.parts.state_gradient(state)
        if reader is None or not self._step.continues(self._t):
            return []
        return UnitTerms(self._cell, self._t + 1, self._unit)._from_here(reader)

    def _from_here(self, adjoint: Adjoint) -> list[Term]:
        """The terms from gradients at this token."""
        own = [pair for pair in adjoint.parts if pair[0] is not adjoint.arrives]
        return [self._passed(*pair) for pair in own] + self._through(adjoint)

    def _passed(self, adjoint: Adjoint, factor: Node) -> Term:
        """A gradient times a factor."""
        label = self._cell.notation.gradient(adjoint, self._t)
        value = self._cell.gradients.at(adjoint, self._t)[self._unit]
        if factor.is_number(1):
            return term(f"{label}[{self._unit}]", (value,))
        others = self._product([*self._cell.parts.factors(factor)])
        return term(f"{label} · {others.label}", (value, *others.factors))

    def _through(self, adjoint: Adjoint) -> list[Term]:
        """W^T times gradients, over all units. The notebook's rule reads a row of W instead."""
        t, unit, cell = self._t, self._unit, self._cell
        rows: list[Term] = []
        for matrix, one in adjoint.products:
            name, written = cell.unrolled.name(t, matrix), cell.notation.gradient(one, t)
            turned = cell.gradients.transposes(adjoint)
            indexes = [(j, unit) if turned else (unit, j) for j in range(self._step.hidden)]
            labels = [
                (f"{name}[{row}, {column}]", f"{written}[{j}]")
                for j, (row, column) in enumerate(indexes)
            ]
            weights = cell.gradients.matrix(adjoint, matrix, t)[:, unit]
            rows += products(labels, weights, cell.gradients.at(one, t))
        return rows
