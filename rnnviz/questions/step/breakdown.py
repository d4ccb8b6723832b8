"""Breakdown: the arithmetic of one unit at one moment, term by term."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from rnnviz.config import ClipBy, OptimizerKind
from rnnviz.engine.derive import Adjoint
from rnnviz.engine.graph import Node
from rnnviz.engine.layer_buffers import Array
from rnnviz.engine.parameters import plain
from rnnviz.probe.cell_parts import Part, Summand, applied, at_token
from rnnviz.probe.formatting import number, quoted
from rnnviz.probe.unrolled import Phase
from rnnviz.questions.step.measure import (
    Focus,
    StepCell,
    StepRecord,
    output_name,
    part_of,
    step_cell,
)


class Term(NamedTuple):
    """One term of a sum: how it is written, its factors, and their product."""

    label: str
    factors: tuple[float, ...]
    value: float

    def times(self, factor: Term) -> Term:
        """The product with another term, which is written first."""
        if not factor.label:
            return self
        label = f"{factor.label} · {self.label}"
        return term(label, (*factor.factors, *self.factors))


#: The factor 1, which is not written.
ONCE = Term("", (), 1.0)


def term(label: str, factors: Sequence[float]) -> Term:
    """The product of some factors."""
    numbers = tuple(map(float, factors))
    return Term(label, numbers, float(np.prod(numbers)))


def products(labels: Sequence[tuple[str, str]], left: Array, right: Array) -> list[Term]:
    """The terms left * right, element by element."""
    pairs = zip(labels, map(float, left), map(float, right), strict=True)
    return [term(" · ".join(label), (x, y)) for label, x, y in pairs]


@dataclass(frozen=True, eq=False)
class Terms:
    """A sum of terms, and the recorded number that it must equal.

    ``then`` says what is computed from it next. ``chosen`` is the label of the selected unit's
    term, if there is exactly one.
    """

    symbol: str
    rows: tuple[Term, ...]
    recorded: float
    then: str
    chosen: str = ""

    @property
    def values(self) -> Array:
        """The terms' values, (n,)."""
        return np.array([row.value for row in self.rows])

    def largest(self, n: int = 20) -> tuple[tuple[Term, ...], tuple[str, float] | None]:
        """The ``n`` largest terms by absolute value, descending, and the name and sum of the rest.

        The chosen term is always included. With at most n + 1 terms: all of them, and None.
        """
        ranked = sorted(self.rows, key=lambda row: -abs(row.value))
        if len(ranked) <= n + 1:
            return tuple(ranked), None
        own = [row for row in ranked[n:] if row.label == self.chosen]
        shown = n - len(own)
        rest = [row.value for row in ranked[shown:] if row not in own]
        return (*ranked[:shown], *own), (f"the other {len(rest)}", float(sum(rest)))


# Cell terms: what a unit's value, and its gradient, is the sum of at a token


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
        named = self._cell.parts.named
        opened = [
            node for node in summand.factors
            if node.kind == "product" and (node is part.total or node not in named)
        ]  # fmt: skip
        others = [node for node in summand.factors if node not in opened]
        factor = self._product(others, summand.sign)
        if not opened:
            yield factor
        for node in opened:
            sign = term("−1", (-1,)) if summand.sign < 0 and not others else factor
            yield from (row.times(sign) for row in self._matrix(node))

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
            # One term replaces H products with zero.
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


# The arithmetic of one unit at one moment, term by term


def terms(step: StepRecord, focus: Focus) -> Terms:
    """The sum of the unit at this moment: its input, its gradient, or its weight's update."""
    return _KINDS[focus.moment.phase](step, focus)


# The cell


def _forward(step: StepRecord, focus: Focus) -> Terms:
    cell, part, (_, t), unit = step_cell(step, focus.layer), part_of(step, focus), *focus[:2]
    own = f"{cell.total_name(part, t)}[{unit}]"
    value = number(cell.value_at(part.node, t, unit))
    then = "it goes on to the next token" if part.name in cell.parts.equations.states else ""
    if part.functions:
        then = f"{at_token(part.name, t)}[{unit}] = {applied(part.functions, own)} = {value}"
    rows = UnitTerms(cell, t, unit).forward(part)
    return Terms(own, tuple(rows), cell.value_at(part.total, t, unit), then)


def _backward(step: StepRecord, focus: Focus) -> Terms:
    cell, part, (_, t), unit = step_cell(step, focus.layer), part_of(step, focus), *focus[:2]
    adjoint = cell.parts.gradient(part)
    rows = UnitTerms(cell, t, unit).backward(adjoint)
    nothing = Term("nothing comes back here", (0.0,), 0.0)
    own = f"{cell.notation.gradient(adjoint, t)}[{unit}]"
    recorded = float(cell.recorded(adjoint)[t, unit])
    return Terms(own, tuple(rows) or (nothing,), recorded, _onwards(cell, part, t, unit))


def _onwards(cell: StepCell, part: Part, t: int, unit: int) -> str:
    """What follows from the gradient of a part."""
    error = cell.parts.back.of_affine.get(part.total)
    if error is None:
        return "the others take their part of it"
    if error is cell.parts.gradient(part):
        return cell.outer(part, t)
    value = number(float(cell.gradients.at(error, t)[unit]))
    made = " + ".join(row.label for row in UnitTerms(cell, t, unit).backward(error))
    return f"{cell.notation.gradient(error, t)}[{unit}] = {made} = {value}"


# The loss


def _loss(step: StepRecord, focus: Focus) -> Terms:
    row, out = step.row(focus.moment), output_name(step, focus.moment.t)
    trace, entry = step.trace, step.names.entry
    c = int(trace.targets[row]) if step.classes else 0
    labels = [(entry("W_hy", (c, j)), f"{out}[{j}]") for j in range(step.hidden)]
    rows = products(labels, step.before.W_hy[c], trace.top[row, :-1])
    index = entry("b_y", (c,)).removeprefix("b_y")
    loss = number(float(trace.loss[row]))
    then = f"p{index} = softmax(logits){index} = {number(float(trace.probs[row, c]))}, "
    then += f"L = −ln p = {loss} nats"
    if not step.classes:
        target = number(float(trace.targets[row, c]))
        then = f"it is compared with the target {target}, L = {loss}"
    return Terms(
        f"logits{index}" if step.classes else f"y{index}",
        (*rows, term(entry("b_y", (c,)), (step.before.b_y[c],))),
        float(trace.logits[row, c]),
        then,
        chosen=rows[focus.unit].label,
    )


# Clipping and the update


class FollowedWeight(NamedTuple):
    """The entry of a parameter that is followed through clipping and update."""

    name: str
    indexes: tuple[int, ...]


def followed(step: StepRecord, focus: Focus) -> FollowedWeight:
    """The first of a part's weights with a gradient: of its row that with the largest one."""
    cell, unit, last = step_cell(step, focus.layer), focus.unit, len(step.words) - 1
    names = [cell.unrolled.name(last, name) for name in cell.weights(part_of(step, focus))]
    rows = {name: np.abs(step.descent.gradient[name][unit]) for name in names}
    name = next((name for name, row in rows.items() if row.any()), names[0])
    row = rows[name]
    return FollowedWeight(name, (unit, int(row.argmax())) if row.ndim else (unit,))


def _clip(step: StepRecord, focus: Focus) -> Terms:
    name, index = followed(step, focus)
    gradient, clipped, _ = (float(p[name][index]) for p in step.descent)
    label = "d" + step.names.entry(name, index)
    rows = _over_time(step, focus, FollowedWeight(name, index))
    others = gradient - float(sum(row.value for row in rows))
    if step.trace.batch.read.shape[1] > 1:
        rows.append(Term("the other sequences of the batch", (others,), others))
    limit = number(step.config.clip)
    rules = {
        ClipBy.VALUE: f"clip(g, ±{limit})",
        ClipBy.NORM: f"g · min(1, {limit} / ||g||)",
        ClipBy.OFF: "g",
    }
    then = f"g′ = {rules[step.config.clip_by]} = {number(clipped)}"
    return Terms(label, tuple(rows), gradient, then)


def _over_time(step: StepRecord, focus: Focus, entry: FollowedWeight) -> list[Term]:
    """The part of the followed entry's gradient from each token of the last stack."""
    cell, unit = step_cell(step, focus.layer), focus.unit
    product, adjoint = cell.multiplied(plain(entry.name), part_of(step, focus))
    errors, tokens = cell.recorded(adjoint), range(cell.unrolled.bridge, len(cell.unrolled))
    rows = [
        term(f"{cell.notation.gradient(adjoint, t)}[{unit}]", (errors[t, unit],)) for t in tokens
    ]
    if product is None:
        return rows
    reads = [UnitTerms(cell, t, unit).read(product, entry.indexes[1]) for t in tokens]
    return [read.times(row) for row, read in zip(rows, reads, strict=True)]


def _update(step: StepRecord, focus: Focus) -> Terms:
    name, index = followed(step, focus)
    before, after, update, clipped = (
        float(p[name][index])
        for p in (step.before, step.after, step.descent.update, step.descent.clipped)
    )
    entry, lr = step.names.entry(name, index), step.config.lr
    change = term(f"the step of {step.config.optimizer}", (-update,))
    if step.config.optimizer is OptimizerKind.SGD:
        change = term(f"−{number(lr)} · g′", (-lr, clipped))
    rows = term(f"{entry} before", (before,)), change
    return Terms(f"{entry} after", rows, after, f"the next {step.names.sequence} meets this weight")


_KINDS = {
    Phase.FORWARD: _forward,
    Phase.LOSS: _loss,
    Phase.BACKWARD: _backward,
    Phase.CLIP: _clip,
    Phase.UPDATE: _update,
}
