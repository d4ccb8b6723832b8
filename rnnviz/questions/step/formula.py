"""Formula: one moment in symbols, and in shapes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from rnnviz.config import ClipBy
from rnnviz.engine.cell_source import Writer
from rnnviz.engine.derive import Adjoint
from rnnviz.engine.graph import Node, topological
from rnnviz.engine.optimizers import OPTIMIZERS
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


class Formula(NamedTuple):
    """Two lines of plain text: the symbols, and their shapes."""

    symbols: str
    shapes: str


def formula(step: StepRecord, focus: Focus) -> Formula:
    """What this moment computes. Symbols count t from 1; h_0 is the initial state."""
    return _KINDS[focus.moment.phase](step, focus)


# The cell


def _forward(step: StepRecord, focus: Focus) -> Formula:
    cell, part, t = step_cell(step, focus.layer), part_of(step, focus), focus.moment.t
    written = [_summand(cell, term, part, t) for term in cell.parts.summands(part)]
    (first, whole, _), *others = written
    whole = "−" * (first < 0) + whole
    for sign, text, _ in others:
        whole += f" {'+' if sign > 0 else '−'} {text}"
    shapes = " + ".join(shape for *_, shape in written)
    if part.total.kind in ("max", "where"):
        whole, shapes = written[0][1], f"({step.hidden},)"
    name = cell.total_name(part, t)
    symbols = f"{at_token(part.name, t)} = {applied(part.functions, whole)}"
    if part.functions and not name.startswith("("):
        of = f"{at_token(part.name, t)} = {applied(part.functions, name)}"
        symbols = f"{name} = {whole},  {of}"
    return Formula(symbols, f"({step.hidden},) = {shapes}")


#: A term: its sign, its symbols, its shapes.
_Written = tuple[int, str, str]


def _summand(cell: StepCell, term: Summand, part: Part, t: int) -> _Written:
    """One term of a part's total."""
    pairs = [_factor(cell, node, part, t) for node in term.factors]
    shapes = [shape for _, shape in pairs if shape]
    return term.sign, " · ".join(text for text, _ in pairs), " · ".join(shapes)


def _factor(cell: StepCell, node: Node, part: Part, t: int) -> tuple[str, str]:
    hidden = cell.step.hidden
    if node.kind == "number":
        return cell.notation.factor(node, t), ""
    own = node is part.total or node not in cell.parts.named
    if node.kind != "product" or not own:
        whole = node is part.total
        text = cell.notation.value(node, t, whole) if whole else cell.notation.factor(node, t)
        return text, f"({hidden},)"
    (read,), name = node.args, cell.unrolled.name(t, node.name)
    if read.kind != "input":
        return f"{name} {cell.notation.inner(read, t)}", f"({hidden}, {hidden})({hidden},)"
    if cell.layer:
        return f"{name} {at_token(cell.parts.out, t)} below", f"({hidden}, {hidden})({hidden},)"
    if cell.step.tokens:
        return f"{name}[:, {quoted(cell.step.words[t])}]", f"({hidden},)"
    return f"{name} x_{t + 1}", f"({hidden}, {len(cell.unrolled.x(t))})(·,)"


def _backward(step: StepRecord, focus: Focus) -> Formula:
    cell, part, t = step_cell(step, focus.layer), part_of(step, focus), focus.moment.t
    adjoint = cell.parts.gradient(part)
    pairs = [*_arriving(cell, adjoint, t), *_here(cell, adjoint, t)]
    symbols = f"{cell.notation.gradient(adjoint, t)} = {_sum(text for text, _ in pairs)}"
    shapes = f"({step.hidden},) = {_sum(shape for _, shape in pairs)}"
    error = cell.parts.back.of_affine.get(part.total)
    if error is not None and error is not adjoint:
        own = _sum(text for text, _ in _here(cell, error, t))
        symbols += f",  {cell.notation.gradient(error, t)} = {own}"
        shapes += f",  ({step.hidden},) = ({step.hidden},) · ({step.hidden},)"
    if error is not None and (outer := cell.outer(part, t)):
        symbols += f",  {outer}"
        shapes += f",  ({step.hidden}, ·) += ({step.hidden}, 1)(1, ·)"
    return Formula(symbols, shapes)


def _sum(texts: Iterable[str]) -> str:
    return " + ".join(texts).replace("+ −", "− ") or "0"


def _arriving(cell: StepCell, adjoint: Adjoint, t: int) -> Iterator[tuple[str, str]]:
    """What comes from above and from the next token, in symbols and in shapes."""
    arriving = adjoint if adjoint.node is None else adjoint.arrives
    if arriving is None:
        return
    state, hidden = arriving.name.removeprefix("d_"), cell.step.hidden
    if state == cell.parts.out and cell.upper is not None:
        yield from _here(cell.upper, cell.upper.input_gradient, t)
    elif state == cell.parts.out and t in cell.step.outputs:
        classes = cell.step.before.architecture.outputs
        yield "W_hyᵀ dlogits", f"({hidden}, {classes})({classes},)"
    reader = cell.parts.state_gradient(state)
    if reader is not None and cell.step.continues(t):
        yield from _here(cell, reader, t + 1)


def _here(cell: StepCell, adjoint: Adjoint, t: int) -> Iterator[tuple[str, str]]:
    """The terms from gradients at a token, in symbols and in shapes."""
    vector, hidden = f"({cell.step.hidden},)", cell.step.hidden
    for one, factor in adjoint.parts:
        if one is not adjoint.arrives:
            plain = factor.is_number(1)
            times = "" if plain else f" · {cell.notation.factor(factor, t)}"
            yield (
                cell.notation.gradient(one, t) + times,
                vector if plain else f"{vector} · {vector}",
            )
    for matrix, one in adjoint.products:
        turned = "ᵀ" * cell.gradients.transposes(adjoint)
        name = cell.unrolled.name(t, matrix)
        yield f"{name}{turned} {cell.notation.gradient(one, t)}", f"({hidden}, {hidden}){vector}"


# The loss


def _loss(step: StepRecord, focus: Focus) -> Formula:
    hidden, classes = step.hidden, step.before.architecture.outputs
    read = f"W_hy {output_name(step, focus.moment.t)} + b_y"
    symbols = f"y = {read},  L = mean (y − target)²"
    if step.classes:
        target = quoted(step.names.classes[int(step.trace.targets[step.row(focus.moment)])])
        symbols = f"logits = {read},  p = softmax(logits),  L = −ln p[{target}]"
    return Formula(symbols, f"({classes},) = ({classes}, {hidden})({hidden},) + ({classes},)")


# Clipping and the update


def _clip(step: StepRecord, focus: Focus) -> Formula:
    limit = number(step.config.clip)
    symbols = {
        ClipBy.VALUE: f"g′ = clip(g, ±{limit})",
        ClipBy.NORM: f"g′ = g · min(1, {limit} / ||g||)",
        ClipBy.OFF: "g′ = g",
    }
    return Formula(symbols[step.config.clip_by], _all_entries(step))


def _update(step: StepRecord, focus: Focus) -> Formula:
    lr = number(step.config.lr)
    return Formula(OPTIMIZERS[step.config.optimizer].written.format(lr=lr), _all_entries(step))


def _all_entries(step: StepRecord) -> str:
    names = list(step.before.named())
    listed = f"{', '.join(names[:-1])} and {names[-1]}" if len(names) < 12 else "all parameters"
    return f"({step.before.theta.size:,},) = all the entries of {listed}"


_KINDS = {
    Phase.FORWARD: _forward,
    Phase.LOSS: _loss,
    Phase.BACKWARD: _backward,
    Phase.CLIP: _clip,
    Phase.UPDATE: _update,
}


# How a value of a cell is made, in symbols and in the numbers of one unit


#: Nodes written as numbers.
_NUMBERS = {"state", "product", "vector"}


class UnitFormula(NamedTuple):
    """A value's name (empty if it has none), its formula, the formula in numbers, and its value."""

    name: str
    symbols: str
    numbers: str
    value: str


def unit_formula(cell: StepCell, node: Node, t: int, unit: int) -> UnitFormula:
    """How one unit of a value is made at token ``t``."""
    named = {n: name for name, n in reversed(cell.parts.equations.nodes.items())}
    notation = Notation(named, cell.unrolled.name)
    name = at_token(named[node], t) if node in named else ""
    numbers = {
        below: _bracketed(cell.value_at(below, t, unit))
        for below in topological([node])
        if below is not node and (below in named or below.kind in _NUMBERS)
    }
    writer = Writer(numbers, str, str, str, str)
    written = _plain(typeset(writer.value(node))) if node.args else ""
    symbols = notation.value(node, t, whole=True)
    written, symbols = (text.replace("sqrt", "√") for text in (written, symbols))
    return UnitFormula(name, symbols, written, short_number(cell.value_at(node, t, unit)))


def _bracketed(value: float) -> str:
    """A number; a negative one in brackets."""
    return f"({short_number(value)})" if value < 0 else short_number(value)


def short_number(value: float) -> str:
    """A number with three digits."""
    return number(value, 3)


def _plain(text: str) -> str:
    """A formula without the brackets that nobody needs."""
    text = re.sub(r"\((\(−[^()]*\))\)", r"\1", text)
    text = re.sub(r"\+ \(−([^()]*)\)", r"− \1", text.replace("+ −", "− "))
    return re.sub(r"(^|\()\((−[^()]*)\)(?= [+−·]|$)", r"\1\2", text)
