"""The arithmetic of one moment: in symbols and shapes, and term by term for one unit."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from rnnviz.config import ClipBy, OptimizerKind
from rnnviz.engine.cell_source import Writer
from rnnviz.engine.derive import Adjoint
from rnnviz.engine.graph import Node, topological
from rnnviz.engine.layer_buffers import Array
from rnnviz.engine.optimizers import OPTIMIZERS
from rnnviz.engine.parameters import plain
from rnnviz.probe.cell_parts import Notation, Part, Summand, applied, at_token, typeset
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
    """One term of a sum: its symbols, its factors, and their product."""

    label: str
    factors: tuple[float, ...]
    value: float

    def times(self, factor: Term) -> Term:
        """The product with another term, which is written first."""
        whole = term(f"{factor.label} · {self.label}", (*factor.factors, *self.factors))
        return whole if factor.label else self


#: The factor 1, which has no symbols.
ONCE = Term("", (), 1.0)


def term(label: str, factors: Sequence[float]) -> Term:
    """The product of some factors."""
    numbers = tuple(map(float, factors))
    return Term(label, numbers, float(np.prod(numbers)))


def products(labels: Sequence[tuple[str, str]], left: Array, right: Array) -> list[Term]:
    """The terms ``left * right``, elementwise."""
    pairs = zip(labels, map(float, left), map(float, right), strict=True)
    return [term(" · ".join(label), (x, y)) for label, x, y in pairs]


@dataclass(frozen=True, eq=False)
class Terms:
    """A sum of terms, and the recorded number that it must equal.

    ``then`` is the next computation as text. ``chosen`` is the label of the selected unit's term,
    if there is exactly one.
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


# The terms of a unit's value and of its gradient


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
        """One term; a term for each column of a matrix."""
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
        """The products of a row of the matrix."""
        (read,), t, unit = node.args, self._t, self._unit
        name = self._cell.unrolled.name(t, node.name)
        row = self._step.weights[name][unit]
        if read.kind == "input":
            return self._from_input(name, row)
        name = self._step.written(name)
        label = self._cell.notation.inner(read, t)
        if read.kind == "state" and t == 0:
            # One term replaces H products with zero.
            return [Term(f"{name}[{unit}, :] · {label}", (0.0,), 0.0)]
        labels = [(f"{name}[{unit}, {j}]", f"{label}[{j}]") for j in range(self._step.hidden)]
        return products(labels, row, self._cell.values(read)[t])

    def _from_input(self, name: str, row: Array) -> list[Term]:
        def entry(column: int) -> str:
            index = self._names.entry(name, (self._unit, column)).removeprefix(name)
            return self._step.written(name) + index

        if self._cell.layer:
            below = at_token(self._cell.parts.out, self._t)
            labels = [(entry(j), f"{below}[{j}] below") for j in range(self._step.hidden)]
            return products(labels, row, self._cell.unrolled.x(self._t))
        inputs = self._cell.inputs_at(self._t)
        if inputs.ndim:
            channels = self._names.vocabulary[: len(inputs)]
            labels = [(entry(d), f"x[{quoted(c)}]") for d, c in enumerate(channels)]
            return products(labels, row, inputs)
        return [term(entry(int(inputs)), (float(row[int(inputs)]),))]

    def read(self, product: Node, column: int) -> Term:
        """One number that a matrix reads at the token."""
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
        rows: list[Term] = []
        for one, factor in adjoint.parts:
            if one is not adjoint.arrives:
                label = self._cell.notation.gradient(one, self._t)
                value = self._cell.gradients.at(one, self._t)[self._unit]
                if factor.is_number(1):
                    rows.append(term(f"{label}[{self._unit}]", (value,)))
                else:
                    others = self._product([*self._cell.parts.factors(factor)])
                    rows.append(term(f"{label} · {others.label}", (value, *others.factors)))
        return rows + self._through(adjoint)

    def _through(self, adjoint: Adjoint) -> list[Term]:
        """W^T times gradients. The notebook's rule reads a row of W instead of a column."""
        t, unit, cell = self._t, self._unit, self._cell
        rows: list[Term] = []
        for matrix, one in adjoint.products:
            name = self._step.written(cell.unrolled.name(t, matrix))
            written = cell.notation.gradient(one, t)
            turned = cell.gradients.transposes(adjoint)
            labels = [
                (f"{name}[{j}, {unit}]" if turned else f"{name}[{unit}, {j}]", f"{written}[{j}]")
                for j in range(self._step.hidden)
            ]
            weights = cell.gradients.matrix(adjoint, matrix, t)[:, unit]
            rows += products(labels, weights, cell.gradients.at(one, t))
        return rows


# One unit at one moment, term by term


def terms(step: StepRecord, focus: Focus) -> Terms:
    """The sum of the unit at this moment: its input, its gradient, or its weight's update."""
    sums = {
        Phase.FORWARD: _forward_sum,
        Phase.LOSS: _loss_sum,
        Phase.BACKWARD: _backward_sum,
        Phase.CLIP: _clip_sum,
        Phase.UPDATE: _update_sum,
    }
    return sums[focus.moment.phase](step, focus)


def _forward_sum(step: StepRecord, focus: Focus) -> Terms:
    cell, part, (_, t), unit = step_cell(step, focus.layer), part_of(step, focus), *focus[:2]
    own = f"{cell.total_name(part, t)}[{unit}]"
    value = number(cell.value_at(part.node, t, unit))
    goes_on = part.name in cell.parts.equations.states and t < len(cell.unrolled) - 1
    then = f"it goes on to the next {'step' if step.steps else 'token'}" if goes_on else ""
    if part.functions:
        then = f"{at_token(part.name, t)}[{unit}] = {applied(part.functions, own)} = {value}"
    rows = UnitTerms(cell, t, unit).forward(part)
    return Terms(own, tuple(rows), cell.value_at(part.total, t, unit), then)


def _backward_sum(step: StepRecord, focus: Focus) -> Terms:
    cell, part, (_, t), unit = step_cell(step, focus.layer), part_of(step, focus), *focus[:2]
    adjoint = cell.parts.gradient(part)
    rows = UnitTerms(cell, t, unit).backward(adjoint)
    nothing = Term("nothing comes back here", (0.0,), 0.0)
    own = f"{cell.notation.gradient(adjoint, t)}[{unit}]"
    recorded = float(cell.recorded(adjoint)[t, unit])
    return Terms(own, tuple(rows) or (nothing,), recorded, _onwards(cell, part, t, unit))


def _onwards(cell: StepCell, part: Part, t: int, unit: int) -> str:
    """The next computation with the gradient of a part, as text."""
    error = cell.parts.back.of_affine.get(part.total)
    if error is None:
        return "it flows back to the values that made it"
    if error is cell.parts.gradient(part):
        return cell.outer(part, t)
    value = number(float(cell.gradients.at(error, t)[unit]))
    made = " + ".join(row.label for row in UnitTerms(cell, t, unit).backward(error))
    return f"{cell.notation.gradient(error, t)}[{unit}] = {made} = {value}"


def _loss_sum(step: StepRecord, focus: Focus) -> Terms:
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


def followed(step: StepRecord, focus: Focus) -> tuple[str, tuple[int, ...]]:
    """The weight followed through clipping and update: a parameter's name, and the indexes.

    The parameter is the first of the part's with a gradient; the entry is the largest of its row.
    """
    cell, unit, last = step_cell(step, focus.layer), focus.unit, len(step.words) - 1
    names = [cell.unrolled.name(last, name) for name in cell.weights(part_of(step, focus))]
    rows = {name: np.abs(step.descent.gradient[name][unit]) for name in names}
    name = next((name for name, row in rows.items() if row.any()), names[0])
    row = rows[name]
    return name, (unit, int(row.argmax())) if row.ndim else (unit,)


def _clip_sum(step: StepRecord, focus: Focus) -> Terms:
    name, index = followed(step, focus)
    gradient, clipped, _ = (float(p[name][index]) for p in step.descent)
    rows = _over_time(step, focus, name, index)
    others = gradient - float(sum(row.value for row in rows))
    if step.trace.batch.read.shape[1] > 1:
        rows.append(Term("the other sequences of the batch", (others,), others))
    label = "d" + step.names.entry(name, index)
    return Terms(label, tuple(rows), gradient, f"g′ = {_clipped(step)} = {number(clipped)}")


def _clipped(step: StepRecord) -> str:
    limit = number(step.config.clip)
    return {
        ClipBy.VALUE: f"clip(g, ±{limit})",
        ClipBy.NORM: f"g · min(1, {limit} / ||g||)",
        ClipBy.OFF: "g",
    }[step.config.clip_by]


def _over_time(step: StepRecord, focus: Focus, name: str, indexes: tuple[int, ...]) -> list[Term]:
    """The part of the followed entry's gradient from each token of the last stack."""
    cell, unit = step_cell(step, focus.layer), focus.unit
    product, adjoint = cell.multiplied(plain(name), part_of(step, focus))
    errors, tokens = cell.recorded(adjoint), range(cell.unrolled.bridge, len(cell.unrolled))
    rows = [
        term(f"{cell.notation.gradient(adjoint, t)}[{unit}]", (errors[t, unit],)) for t in tokens
    ]
    if product is None:
        return rows
    reads = [UnitTerms(cell, t, unit).read(product, indexes[1]) for t in tokens]
    parts = [read.times(row) for row, read in zip(rows, reads, strict=True)]
    if step.factors is None:
        return parts
    factor = float(step.before.like(step.factors)[name][indexes])
    return [part.times(term("m", (factor,))) for part in parts]


def _update_sum(step: StepRecord, focus: Focus) -> Terms:
    name, index = followed(step, focus)
    before, after, update, clipped = (
        float(p[name][index])
        for p in (step.before, step.after, step.descent.update, step.descent.clipped)
    )
    entry, lr = step.names.entry(name, index), step.config.lr
    _, shrink = OPTIMIZERS[step.config.optimizer].decays(step.config.weight_decay, lr)
    change = term(f"the step of {step.config.optimizer}", (shrink * before - update,))
    if step.config.optimizer is OptimizerKind.SGD:
        change = term(f"−{number(lr)} · g′", (-lr, clipped))
    rows = [term(f"{entry} before", (before,)), change]
    if shrink:
        rows.append(term(f"weight decay: −{number(shrink)} · {entry}", (-shrink, before)))
    return Terms(f"{entry} after", tuple(rows), after, "the next step would begin with it")


# One moment in symbols, and in shapes


class Formula(NamedTuple):
    """Two lines of plain text: the symbols, and their shapes."""

    symbols: str
    shapes: str


def formula(step: StepRecord, focus: Focus) -> Formula:
    """The computation of this moment. Symbols count t from 1; h_0 is the initial state."""
    phase = focus.moment.phase
    if phase in (Phase.FORWARD, Phase.BACKWARD):
        made = _forward_formula if phase is Phase.FORWARD else _backward_formula
        symbols, shapes = made(step, focus)
        dropout = "m ⊙" in symbols
        return Formula(symbols, shapes + ",  m = 0 or 1 / (1 − its dropout)" * dropout)
    if phase is Phase.LOSS:
        return _loss_formula(step, focus)
    names = list(step.before.named())
    listed = f"{', '.join(names[:-1])} and {names[-1]}" if len(names) < 12 else "all parameters"
    shapes = f"({step.before.theta.size:,},) = all the entries of {listed}"
    if phase is Phase.CLIP:
        return Formula(f"g′ = {_clipped(step)}", shapes)
    optimizer, lr = OPTIMIZERS[step.config.optimizer], step.config.lr
    written = optimizer.written.format(lr=number(lr))
    decay, shrink = optimizer.decays(step.config.weight_decay, lr)
    if decay:
        written = f"g″ = g′ + {number(decay)} W,  {written.replace('g′', 'g″')}"
    if shrink:
        written = written.replace("W ← W", f"W ← (1 − {number(shrink)}) W")
    return Formula(written, shapes)


def _forward_formula(step: StepRecord, focus: Focus) -> Formula:
    cell, part, t = step_cell(step, focus.layer), part_of(step, focus), focus.moment.t
    whole, shapes = "", list[str]()
    for sign, factors in cell.parts.summands(part):
        pairs = [_factor(cell, node, part, t) for node in factors]
        between = (" − " if sign < 0 else " + ") if whole else "−" * (sign < 0)
        whole += between + " · ".join(text for text, _ in pairs)
        shapes.append(" · ".join(shape for _, shape in pairs if shape))
    if part.total.kind in ("max", "where"):
        shapes = [f"({step.hidden},)"]
    name = cell.total_name(part, t)
    symbols = f"{at_token(part.name, t)} = {applied(part.functions, whole)}"
    if part.functions and not name.startswith("("):
        of = f"{at_token(part.name, t)} = {applied(part.functions, name)}"
        symbols = f"{name} = {whole},  {of}"
    return Formula(symbols, f"({step.hidden},) = {' + '.join(shapes)}")


def _factor(cell: StepCell, node: Node, part: Part, t: int) -> tuple[str, str]:
    """A factor of a part's term in symbols and in shapes."""
    hidden = cell.step.hidden
    if node.kind == "number":
        return cell.notation.factor(node, t), ""
    own = node is part.total or node not in cell.parts.named
    if node.kind != "product" or not own:
        whole = node is part.total
        text = cell.notation.value(node, t, whole) if whole else cell.notation.factor(node, t)
        return text, f"({hidden},)"
    (read,), name = node.args, cell.step.written(cell.unrolled.name(t, node.name))
    if read.kind != "input":
        return f"{name} {cell.notation.inner(read, t)}", f"({hidden}, {hidden})({hidden},)"
    if cell.layer:
        return f"{name} {at_token(cell.parts.out, t)} below", f"({hidden}, {hidden})({hidden},)"
    if cell.step.tokens:
        return f"{name}[:, {quoted(cell.step.words[t])}]", f"({hidden},)"
    return f"{name} x_{t + 1}", f"({hidden}, {len(cell.unrolled.x(t))})(·,)"


def _backward_formula(step: StepRecord, focus: Focus) -> Formula:
    cell, part, t = step_cell(step, focus.layer), part_of(step, focus), focus.moment.t
    adjoint = cell.parts.gradient(part)
    pairs = [*_arriving(cell, adjoint, t), *cell.gradient_terms(adjoint, t)]
    symbols = f"{cell.notation.gradient(adjoint, t)} = {_sum(text for text, *_ in pairs)}"
    shapes = f"({step.hidden},) = {_sum(shape for _, shape, *_ in pairs)}"
    error = cell.parts.back.of_affine.get(part.total)
    if error is not None and error is not adjoint:
        own = _sum(text for text, *_ in cell.gradient_terms(error, t))
        symbols += f",  {cell.notation.gradient(error, t)} = {own}"
        shapes += f",  ({step.hidden},) = ({step.hidden},) · ({step.hidden},)"
    if error is not None and (outer := cell.outer(part, t)):
        symbols += f",  {outer}"
        shapes += f",  ({step.hidden}, ·) += ({step.hidden}, 1)(1, ·)"
    return Formula(symbols, shapes)


def _sum(texts: Iterable[str]) -> str:
    return " + ".join(texts).replace("+ −", "− ") or "0"


def _arriving(cell: StepCell, adjoint: Adjoint, t: int) -> Iterator[tuple[Any, ...]]:
    """The terms from above and from the next token: symbols and shapes first."""
    arriving = adjoint if adjoint.node is None else adjoint.arrives
    if arriving is None:
        return
    state, hidden = arriving.name.removeprefix("d_"), cell.step.hidden
    if state == cell.parts.out and cell.upper is not None:
        yield from cell.upper.gradient_terms(cell.upper.input_gradient, t)
    elif state == cell.parts.out and t in cell.step.outputs:
        classes = cell.step.before.architecture.outputs
        yield "W_hyᵀ dlogits", f"({hidden}, {classes})({classes},)"
    reader = cell.parts.state_gradient(state)
    if reader is not None and cell.step.continues(t):
        yield from cell.gradient_terms(reader, t + 1)


def _loss_formula(step: StepRecord, focus: Focus) -> Formula:
    hidden, classes = step.hidden, step.before.architecture.outputs
    read = f"W_hy {output_name(step, focus.moment.t)} + b_y"
    symbols = f"y = {read},  L = mean (y − target)²"
    if step.classes:
        target = quoted(step.names.classes[int(step.trace.targets[step.row(focus.moment)])])
        symbols = f"logits = {read},  p = softmax(logits),  L = −ln p[{target}]"
    return Formula(symbols, f"({classes},) = ({classes}, {hidden})({hidden},) + ({classes},)")


# The formula of a value, in symbols and in the numbers of one unit


#: Nodes written as numbers.
_NUMBERS = {"state", "product", "vector"}


def unit_formula(cell: StepCell, node: Node, t: int, unit: int) -> tuple[str, str, str, str]:
    """One unit of a value at token ``t``, as text.

    Returns the value's name (empty if it has none), its formula, the same in numbers, and the
    value.
    """
    named = {n: name for name, n in reversed(cell.parts.equations.nodes.items())}
    notation = Notation(named, cell.unrolled.name)
    name = at_token(named[node], t) if node in named else ""
    numbers: dict[Node, str] = {}
    for below in topological([node]):
        if below is not node and (below in named or below.kind in _NUMBERS):
            value = cell.value_at(below, t, unit)
            numbers[below] = f"({short_number(value)})" if value < 0 else short_number(value)
    writer = Writer(numbers, str, str, str, str)
    written = _without_brackets(typeset(writer.value(node))) if node.args else ""
    symbols = notation.value(node, t, whole=True)
    written, symbols = (text.replace("sqrt", "√") for text in (written, symbols))
    return name, symbols, written, short_number(cell.value_at(node, t, unit))


def short_number(value: float) -> str:
    """A number with three digits."""
    return number(value, 3)


def _without_brackets(text: str) -> str:
    """A formula without unneeded brackets."""
    text = re.sub(r"\((\(−[^()]*\))\)", r"\1", text)
    text = re.sub(r"\+ \(−([^()]*)\)", r"− \1", text.replace("+ −", "− "))
    return re.sub(r"(^|\()\((−[^()]*)\)(?= [+−·]|$)", r"\1\2", text)
