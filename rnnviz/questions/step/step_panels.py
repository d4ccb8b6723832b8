"""Panels: the weights or gradients that one moment of a step shows, and what it adds to them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from rnnviz.charts.axis_limits import typical
from rnnviz.engine.derive import Adjoint
from rnnviz.engine.graph import Node
from rnnviz.engine.layer_buffers import Array
from rnnviz.engine.parameters import Parameters
from rnnviz.engine.timeline import Moment, Phase
from rnnviz.probe.training_step import StepRecord, clipping
from rnnviz.questions.step.step_cell import StepCell, step_cell


def share(step: StepRecord, moment: Moment) -> tuple[Parameters, Parameters]:
    """What this moment adds to the gradient dL/dW, and the sum of all moments so far.

    The loss at t adds dlogits_t [h_t, 1] to the readout. The backward moment at t adds to every
    matrix the error times what it has read. Other moments add nothing. Only the first example of a
    batch is counted.
    """
    here, total = (Parameters(step.before.architecture) for _ in range(2))
    if moment.phase is Phase.FORWARD:
        return here, total
    loss = moment.phase is Phase.LOSS
    rows = [row for t, row in step.outputs.items() if not loss or t <= moment.t]
    _add_outputs(step, rows, total)
    if loss:
        _add_outputs(step, [step.outputs[moment.t]], here)
        return here, total
    _add_tokens(step, range(moment.t, len(step.words)), total)
    if moment.phase is Phase.BACKWARD:
        _add_tokens(step, range(moment.t, moment.t + 1), here)
    return here, total


def _add_outputs(step: StepRecord, rows: list[int], out: Parameters) -> None:
    out.readout[...] = step.trace.top[rows].T @ step.trace.dlogits[rows]


def _add_tokens(step: StepRecord, tokens: range, out: Parameters) -> None:
    for layer in range(step.before.architecture.layers):
        cell = step_cell(step, layer)
        for product, adjoint in cell.parts.back.multiplied:
            _add_product(cell, product, adjoint, tokens, out)
        for name in cell.parts.vectors:
            errors = cell.gradients(cell.parts.vector_gradient(name))
            for t in tokens:
                out[cell.unrolled.name(t, name)][...] += errors[t]


def _add_product(
    cell: StepCell, product: Node, adjoint: Adjoint, tokens: range, out: Parameters
) -> None:
    """Add the outer products of errors and of what the matrix has read."""
    errors, (read,) = cell.recorded(adjoint), product.args
    for t in tokens:
        matrix = out[cell.unrolled.name(t, product.name)]
        columns = cell.step.trace.columns[cell.unrolled.index(t)]
        if read.kind != "input":
            matrix += np.outer(errors[t], cell.values(read)[t])
        else:
            used: Array | slice = slice(None) if columns is None else columns
            matrix[:, used] += np.outer(errors[t], cell.unrolled.x(t))


class Panel(NamedTuple):
    """Parameters, or values of their shape, with a title.

    Colors span ``limit``, and are comparable between panels of equal limit.
    """

    title: str
    values: Parameters
    limit: float


def panels(step: StepRecord, moment: Moment) -> tuple[Panel, ...]:
    """The weights or gradients at this moment; limits are equal at all moments of one phase."""
    gradient, clipped, update = step.descent
    if moment.phase is Phase.FORWARD:
        return (Panel("weights", step.before, typical(step.before.theta)),)
    if moment.phase is Phase.CLIP:
        signs, limit = clipping(step).signs, typical(gradient.theta)
        cut = Panel("cut entries (±1)", signs, 1.0)
        return Panel("gradient", gradient, limit), Panel("clipped", clipped, limit), cut
    if moment.phase is Phase.UPDATE:
        change, limit = update.like(-update.theta), typical(step.before.theta)
        return (
            Panel("before", step.before, limit),
            Panel("change", change, typical(change.theta)),
            Panel("after", step.after, limit),
        )
    here, total = share(step, moment)
    limit = typical(gradient.theta)
    return Panel("added at this moment", here, limit), Panel("gradient so far", total, limit)
