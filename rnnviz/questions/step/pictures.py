"""One moment of a training step: the network over the sequence, opened where the moment is.

The page draws this picture itself, in static/step.js, from the series by name and ``meta``.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from rnnviz.charts.axis_limits import nice_limit, typical
from rnnviz.charts.picture import Picture, Series, compact, heatmap, scatter
from rnnviz.charts.sequence_network import (
    BROKEN,
    TITLE,
    Targets,
    Words,
    palette,
    pass_series,
)
from rnnviz.charts.theme import LIGHT, Theme, picture, shown_token
from rnnviz.engine.derive import Adjoint
from rnnviz.engine.graph import INPUTS, Node
from rnnviz.engine.layer_buffers import Array
from rnnviz.engine.parameters import Parameters, plain
from rnnviz.probe.formatting import Names, number
from rnnviz.probe.training_step import Focus, Moment, Phase, StepRecord, clipping, largest_changes
from rnnviz.questions.step.breakdown import Term, terms
from rnnviz.questions.step.formula import formula
from rnnviz.questions.step.step_cell import StepCell, part_of, step_cell
from rnnviz.questions.step.vectors import VectorRow, marked, operation, step_pass


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


class WeightPanel(NamedTuple):
    """Parameters, or values of their shape, with a title.

    Colors span ``limit``, and are comparable between panels of equal limit.
    """

    title: str
    values: Parameters
    limit: float


def panels(step: StepRecord, moment: Moment) -> tuple[WeightPanel, ...]:
    """The weights or gradients at this moment; limits are equal at all moments of one phase."""
    gradient, clipped, update = step.descent
    if moment.phase is Phase.FORWARD:
        return (WeightPanel("weights", step.before, typical(step.before.theta)),)
    if moment.phase is Phase.CLIP:
        signs, limit = clipping(step).signs, typical(gradient.theta)
        cut = WeightPanel("cut entries (±1)", signs, 1.0)
        return WeightPanel("gradient", gradient, limit), WeightPanel("clipped", clipped, limit), cut
    if moment.phase is Phase.UPDATE:
        change, limit = update.like(-update.theta), typical(step.before.theta)
        return (
            WeightPanel("before", step.before, limit),
            WeightPanel("change", change, typical(change.theta)),
            WeightPanel("after", step.after, limit),
        )
    here, total = share(step, moment)
    limit = typical(gradient.theta)
    return WeightPanel("added at this moment", here, limit), WeightPanel(
        "gradient so far", total, limit
    )


# The parameters of one pre-activation of the cell, as blocks


#: With more inputs than this, only the columns that the sequence reads are shown.
_MOST_COLUMNS = 64


class WeightBlocks(NamedTuple):
    """The names of a pre-activation's weights: matrices that read the input first, biases last.

    ``columns`` are the indexes of the inputs that are shown, ``names`` has their names.
    """

    weights: tuple[str, ...]
    inputs: frozenset[str]
    columns: tuple[int, ...]
    names: Names

    def of(self, values: Parameters) -> list[Array]:
        """The matrices (H, columns), and a bias (H, 1), from such parameters."""
        return [self._block(name, values[name]) for name in self.weights]

    def _block(self, name: str, array: Array) -> Array:
        if name in self.inputs:
            return array[:, list(self.columns)]
        return array if array.ndim == 2 else array[:, None]


def blocks(step: StepRecord, focus: Focus) -> WeightBlocks:
    """The parameters of the selected part, in its layer and at its token."""
    moving = focus.moment.phase in (Phase.FORWARD, Phase.BACKWARD)
    t = focus.moment.t if moving else len(step.words) - 1
    cell = step_cell(step, focus.layer)
    shapes, part = cell.parts.equations.shapes, part_of(step, focus)
    own = sorted(
        cell.weights(part), key=lambda name: (-len(shapes[name]), INPUTS not in shapes[name])
    )
    names = {name: cell.unrolled.name(t, name) for name in own}
    inputs = frozenset(full for name, full in names.items() if INPUTS in shapes[name])
    return WeightBlocks((*names.values(),), inputs, _columns(step, focus, t, inputs), step.names)


def label(name: str) -> str:
    """A short name: b for every bias, without stack and layer."""
    return "b" if plain(name).startswith("b_") else plain(name)


def _columns(step: StepRecord, focus: Focus, t: int, inputs: frozenset[str]) -> tuple[int, ...]:
    counts = {step.before[name].shape[1] for name in inputs}
    count, (span, _) = max(counts, default=0), step.unrolled(0).at(t)
    batch = step.trace.batch
    if focus.layer or count <= _MOST_COLUMNS:
        return tuple(range(count))
    read = batch.read if batch.source is None or span.stack else batch.source
    return tuple(np.unique(read.inputs[: span.steps, span.column]).tolist())


# One moment of a training step: the network over the sequence, opened where the moment is


#: Maximum numbers of classes and of terms whose numbers are shown.
MOST_CLASSES, MOST_TERMS = 8, 20


def step_network(
    step: StepRecord,
    focus: Focus,
    typed: Words | None = None,
    at_end: bool = True,
    theme: Theme = LIGHT,
) -> Picture:
    """The first example of a step at a moment; a sentence in its place if a number is not finite.

    ``typed`` has the words of the whole sequence if the reader may type them. ``at_end`` says
    whether one class is predicted for the whole sequence: with one token that can't be seen.
    """
    if not np.isfinite(step.trace.loss).all() or not np.isfinite(step.descent.gradient.theta).all():
        meta = {"theme": palette(theme), "sentence": BROKEN}
        return picture([], TITLE, 600, theme, meta=meta)
    shown, tokens, targets = step_pass(step, focus)
    words = Words([step.words[t] for t in tokens], step.names.noun)
    if typed and len(tokens) == len(step.words):
        words = typed
    outputs = Targets(step.names.classes, targets, at_end)
    series, meta = pass_series(shown, words, outputs, theme)
    rows = _vectors(step, focus)
    matrices, said = _panels(step, focus)
    opened = {**_opened(step, focus, tokens), "vectors": list(map(_said, rows)), "panels": said}
    more: dict[str, Any] = {
        "first": tokens.start,
        "length": len(step.words),
        "row": shown.units.tolist().index(marked(step, focus)),
        "opened": opened,
        "terms": _terms(step, focus),
        "score": None if at_end else _score(step, focus),
    }
    meta |= more
    vectors = [_numbers(k, row, shown.units) for k, row in enumerate(rows)]
    return picture([*series, *vectors, *matrices], TITLE, 600, theme, meta=meta)


def _opened(step: StepRecord, focus: Focus, tokens: range) -> dict[str, Any]:
    """The phase, the token that is opened (None at clipping and update), and the formula."""
    phase, t = focus.moment
    lines = formula(step, focus)
    at_token = phase not in (Phase.CLIP, Phase.UPDATE)
    return {
        "phase": phase.value,
        "unit": focus.unit,
        "token": t - tokens.start if at_token else None,
        "symbols": lines.symbols,
        "shapes": lines.shapes,
    }


def _score(step: StepRecord, focus: Focus) -> list[int] | None:
    """How many predictions are right, and of how many; None for values."""
    if not step.classes:
        return None
    rows = step.unrolled(focus.layer).rows
    right = step.trace.probs[rows].argmax(axis=1) == step.trace.targets[rows]
    return [int(right.sum()), len(right)]


def _terms(step: StepRecord, focus: Focus) -> dict[str, Any]:
    """The arithmetic of the unit: largest terms, the rest, their sum, and what follows from it."""
    if focus.moment.phase is Phase.UPDATE:
        rows = [(row.name, row.change) for row in largest_changes(step)]
        return {"title": "Largest changes", "rows": rows, "rest": None, "total": None, "then": ""}
    found = terms(step, focus)
    largest, rest = found.largest(MOST_TERMS)
    return {
        "title": f"{found.symbol}, term by term",
        "rows": [(_short(row), row.value) for row in largest],
        "rest": rest and [len(found.rows) - len(largest), rest[1]],
        "total": [found.symbol, found.recorded],
        "then": found.then,
    }


def _short(term: Term) -> str:
    """What is weighted, and by how much: "h_2[33] × −0.28"."""
    *_, last = term.label.split(" · ")
    if len(term.factors) < 2:
        return last
    if "[" not in last:  # the same for all terms
        first, *_ = term.label.split(" · ")
        return f"{first} × {number(term.factors[-1], 2)}"
    return f"{last} × {number(float(np.prod(term.factors[:-1])), 2)}"


def _vectors(step: StepRecord, focus: Focus) -> list[VectorRow]:
    """The vectors of the moment; of many classes the likeliest and the target."""
    rows = list(operation(step, focus))
    if focus.moment.phase is not Phase.LOSS or len(step.names.classes) <= MOST_CLASSES:
        return rows
    row = step.row(focus.moment)
    values = step.trace.probs[row] if step.classes else np.abs(step.trace.logits[row])
    order = np.argsort(-values, kind="stable")[:MOST_CLASSES]
    if step.classes and int(step.trace.targets[row]) not in order:
        order[-1] = int(step.trace.targets[row])
    chosen = np.sort(order)
    return [_chosen(vector, chosen) for vector in rows]


def _chosen(row: VectorRow, indexes: Array) -> VectorRow:
    if len(row.cells) == 1:
        return row
    cells = tuple(row.cells[k] for k in indexes)
    return VectorRow(row.label, row.values[indexes], cells, row.limit, row.sign, row.signed)


def _said(row: VectorRow) -> dict[str, Any]:
    """A vector's label, sign and scale; the names of its cells unless they are units."""
    units = row.cells[0].startswith("unit ")
    return {
        "label": row.label,
        "sign": row.sign,
        "signed": row.signed,
        "limit": nice_limit(row.limit),
        "cells": [] if units else [shown_token(cell) for cell in row.cells],
    }


def _numbers(k: int, row: VectorRow, units: Array) -> Series:
    values = row.values[units] if row.cells[0].startswith("unit ") else row.values
    return scatter(name=f"vector {k}", y=compact(values), visible=False)


def _panels(step: StepRecord, focus: Focus) -> tuple[list[Series], list[dict[str, Any]]]:
    """The parameters, or their gradients, as matrices with a row a unit."""
    if focus.moment.phase is Phase.FORWARD:
        return [], []
    shown = blocks(step, focus)
    # The stack and the layer are those of the moment.
    names = [*map(label, shown.weights), "W_hyᵀ"]
    series: list[Series] = []
    said: list[dict[str, Any]] = []
    for panel in panels(step, focus.moment):
        keys = [f"panel {len(series) + k}" for k in range(len(names))]
        matrices = *shown.of(panel.values), panel.values.W_hy.T
        series += [
            heatmap(name=key, z=compact(matrix), visible=False)
            for key, matrix in zip(keys, matrices, strict=True)
        ]
        pairs = [{"name": name, "key": key} for name, key in zip(names, keys, strict=True)]
        said.append({"title": panel.title, "limit": nice_limit(panel.limit), "blocks": pairs})
    return series, said
