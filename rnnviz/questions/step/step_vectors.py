"""The vectors that one moment combines, for all units at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from rnnviz.charts.axis_limits import typical
from rnnviz.config import OptimizerKind
from rnnviz.engine.graph import UNITS
from rnnviz.engine.layer_buffers import Array
from rnnviz.engine.parameters import Parameters
from rnnviz.engine.timeline import Phase
from rnnviz.probe.formatting import number
from rnnviz.probe.training_step import Focus, StepRecord
from rnnviz.questions.step.breakdown import followed
from rnnviz.questions.step.cell_vectors import CellRow, CellVectors
from rnnviz.questions.step.step_cell import part_of, step_cell


@dataclass(frozen=True, eq=False)
class VectorRow:
    """One vector of a moment: its label, its values (n,), and the names of its cells.

    Colors span ``limit``, and are comparable between rows of equal limit. ``signed`` is false for
    values that are never negative. ``sign`` stands between the row before and this one; "=" marks
    the sum of the rows before.
    """

    label: str
    values: Array
    cells: tuple[str, ...]
    limit: float
    sign: str = ""
    signed: bool = True


def operation(step: StepRecord, focus: Focus) -> tuple[VectorRow, ...]:
    """What is added, multiplied or compared at this moment; for weights only the unit's row."""
    phase = focus.moment.phase
    if phase in (Phase.FORWARD, Phase.BACKWARD):
        return _cell(step, focus)
    if phase is Phase.LOSS:
        return _loss(step, focus) if step.classes else _values(step, focus)
    return _clip(step, focus) if phase is Phase.CLIP else _update(step, focus)


def marked(step: StepRecord, focus: Focus) -> int:
    """The index of the unit to mark: the selected one, or that whose weight is followed."""
    if focus.moment.phase not in (Phase.CLIP, Phase.UPDATE):
        return focus.unit
    entry = followed(step, focus)
    return entry.indexes[-1] if _reads_units(step, focus) else focus.unit


def _reads_units(step: StepRecord, focus: Focus) -> bool:
    """Whether the part's first matrix reads units, not the input."""
    cell = step_cell(step, focus.layer)
    shape = cell.parts.equations.shapes[cell.matrix(part_of(step, focus))]
    return focus.layer > 0 or shape == (UNITS, UNITS)


# The cell


def _cell(step: StepRecord, focus: Focus) -> tuple[VectorRow, ...]:
    """The vectors of the selected part, or of its gradient.

    Limits are those of the whole sequence, so that colors are comparable between its moments.
    """
    cell, part, (phase, t) = step_cell(step, focus.layer), part_of(step, focus), focus.moment
    vectors, names = CellVectors(cell, t), _units(step)
    forward = phase is Phase.FORWARD
    rows = vectors.forward(part) if forward else vectors.backward(part)
    added = typical(*[row.values for row in rows if row.added] or [np.zeros(1)])
    return tuple(
        VectorRow(
            row.label, row.values[t], names, added if row.added else _limit(row), row.sign,
            row.signed,
        )
        for row in rows
    )  # fmt: skip


def _limit(row: CellRow) -> float:
    return 1.0 if row.bounded else typical(row.values)


# The loss


def _loss(step: StepRecord, focus: Focus) -> tuple[VectorRow, ...]:
    trace, classes, row = step.trace, step.names.classes, step.row(focus.moment)
    target, chance = int(trace.targets[row]), float(np.log(len(classes)))
    logits, onehot, loss = trace.logits[row], np.eye(len(classes))[target], trace.loss[row]
    most, count = float(np.abs(trace.logits).max()), len(trace.logits)
    shared, highest = "=" if count == 1 else f"÷ {count} =", max(chance, float(loss))
    return (
        VectorRow("logits", logits, classes, most),
        VectorRow("p", trace.probs[row], classes, 1.0, "softmax", signed=False),
        VectorRow("target", onehot, classes, 1.0, "−", signed=False),
        VectorRow("dlogits", trace.dlogits[row], classes, 1.0 / count, shared),
        VectorRow("−ln p", np.array([loss]), (classes[target],), highest, signed=False),
    )


def _values(step: StepRecord, focus: Focus) -> tuple[VectorRow, ...]:
    trace, channels, row = step.trace, step.names.classes, step.row(focus.moment)
    limit, count = typical(trace.logits, trace.targets), trace.logits.size
    target = trace.targets[row]
    return (
        VectorRow("output", trace.logits[row], channels, limit),
        VectorRow("target", target, channels, limit, "−"),
        VectorRow("difference", trace.logits[row] - target, channels, limit, "="),
        VectorRow("dlogits", trace.dlogits[row], channels, 2 * limit / count, f"· 2/{count}"),
    )


# Clipping and the update


class _Row(NamedTuple):
    """The unit's row of the part's first matrix, and the names of its entries."""

    name: str
    unit: int
    cells: tuple[str, ...]

    def of(self, values: Parameters) -> Array:
        """The row of such parameters."""
        row: Array = values[self.name][self.unit]
        return row


def _row(step: StepRecord, focus: Focus) -> _Row:
    cell, last = step_cell(step, focus.layer), len(step.words) - 1
    name = cell.unrolled.name(last, cell.matrix(part_of(step, focus)))
    cells = _units(step) if _reads_units(step, focus) else step.names.vocabulary
    return _Row(name, focus.unit, cells)


def _clip(step: StepRecord, focus: Focus) -> tuple[VectorRow, ...]:
    row = _row(step, focus)
    gradient, clipped = map(row.of, step.descent[:2])
    cells, limit = row.cells, typical(gradient)
    return (
        VectorRow(f"d{row.name}[{row.unit}, :]", gradient, cells, limit),
        VectorRow("cut off", gradient - clipped, cells, limit, "−"),
        VectorRow("clipped", clipped, cells, limit, "="),
    )


def _update(step: StepRecord, focus: Focus) -> tuple[VectorRow, ...]:
    row = _row(step, focus)
    before, after, change = map(row.of, (step.before, step.after, step.descent.update))
    cells, limit, label = row.cells, typical(before, after), f"{row.name}[{row.unit}, :]"
    sgd = step.config.optimizer is OptimizerKind.SGD
    taken = f"−{number(step.config.lr)} g′" if sgd else f"the step of {step.config.optimizer}"
    return (
        VectorRow(label, before, cells, limit),
        VectorRow(taken, -change, cells, limit, "+"),
        VectorRow("after", after, cells, limit, "="),
        VectorRow("enlarged", -change, cells, typical(change)),
    )


def _units(step: StepRecord) -> tuple[str, ...]:
    return tuple(f"unit {unit}" for unit in range(step.hidden))
