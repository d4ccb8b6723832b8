"""Breakdown: the arithmetic of one unit at one moment, term by term."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from rnnviz.config import ClipBy, OptimizerKind
from rnnviz.engine.parameters import plain
from rnnviz.engine.timeline import Phase
from rnnviz.probe.cell_parts import Part, applied, at_token
from rnnviz.probe.formatting import number
from rnnviz.probe.training_step import Focus, StepRecord
from rnnviz.questions.step.cell_terms import UnitTerms
from rnnviz.questions.step.step_cell import StepCell, output_name, part_of, step_cell
from rnnviz.questions.step.sum_terms import Term, Terms, products, term


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


class Entry(NamedTuple):
    """The entry of a parameter that is followed through clipping and update."""

    name: str
    indexes: tuple[int, ...]


def followed(step: StepRecord, focus: Focus) -> Entry:
    """The first of a part's weights with a gradient: of its row that with the largest one."""
    cell, unit, last = step_cell(step, focus.layer), focus.unit, len(step.words) - 1
    names = [cell.unrolled.name(last, name) for name in cell.weights(part_of(step, focus))]
    rows = {name: np.abs(step.descent.gradient[name][unit]) for name in names}
    name = next((name for name, row in rows.items() if row.any()), names[0])
    row = rows[name]
    return Entry(name, (unit, int(row.argmax())) if row.ndim else (unit,))


def _clip(step: StepRecord, focus: Focus) -> Terms:
    name, index = followed(step, focus)
    gradient, clipped, _ = (float(p[name][index]) for p in step.descent)
    label = "d" + step.names.entry(name, index)
    rows = _over_time(step, focus, Entry(name, index))
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


def _over_time(step: StepRecord, focus: Focus, entry: Entry) -> list[Term]:
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
