"""One moment of a training step: the network over the sequence, opened at the moment's token.

The page draws this picture itself, in static/step.js, from the series by name and ``meta``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from rnnviz.charts.axis_limits import nice_limit, typical
from rnnviz.charts.picture import Picture, Series, compact, heatmap, scatter
from rnnviz.charts.sequence_network import BROKEN, TITLE, Targets, Words, palette, pass_series
from rnnviz.charts.theme import LIGHT, Theme, picture, shown_token
from rnnviz.config import OptimizerKind
from rnnviz.engine.derive import Adjoint
from rnnviz.engine.graph import INPUTS, UNITS, Node
from rnnviz.engine.layer_buffers import Array
from rnnviz.engine.parameters import Parameters, plain
from rnnviz.probe.cell_parts import Part, applied, at_token, bounded, nonnegative, typeset
from rnnviz.probe.formatting import number
from rnnviz.probe.sequence_pass import SequencePass, sequence_pass
from rnnviz.probe.unrolled import CellValues, Moment, Phase
from rnnviz.questions.step.arithmetic import Term, followed, formula, terms
from rnnviz.questions.step.measure import (
    Focus,
    StepCell,
    StepRecord,
    largest_changes,
    part_of,
    step_cell,
)


class CellRow(NamedTuple):
    """A vector at every token, (T, H): its label, the sign before it, whether it may be negative.

    Vectors that are ``added`` share a color limit; others may be ``bounded`` by 1.
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
            sign = typeset(part.total.kind) if rows[1].sign == "," else "="
            signed, whole = not nonnegative(part.total), self._whole(part.total)
            rows.append(CellRow(name, whole, sign, signed, rows[0].added))
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
        """The factors of the only term, or the arguments of a function of several values."""
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
        """The terms of a part's gradient, their sum, and the gradient of its pre-activation."""
        adjoint = self._cell.parts.gradient(part)
        rows, error = self._gradient(adjoint), self._cell.parts.back.of_affine.get(part.total)
        return rows if error in (None, adjoint) else [*rows, *self._gradient(error)[1:]]

    def _gradient(self, adjoint: Adjoint) -> list[CellRow]:
        cell, rows = self._cell, [*self._arriving(adjoint)]
        if not rows and len(adjoint.parts) == 1 and not adjoint.products:
            # One gradient, and the factors that multiply it.
            ((one, factor),) = adjoint.parts
            nodes = [node for node in cell.parts.factors(factor) if not node.is_number(1)]
            rows = [CellRow(cell.notation.gradient(one, self._t), cell.recorded(one))]
            rows += [self._row(node, "·") for node in nodes]
        else:
            for label, _, value in cell.gradient_terms(adjoint, self._t):
                values = np.array([value(t) for t in range(len(cell.unrolled))])
                rows.append(CellRow(label, values, "+" if rows else ""))
        name = self._cell.notation.gradient(adjoint, self._t)
        return [*rows, CellRow(name, cell.recorded(adjoint), "=" if rows else "")]

    def _arriving(self, adjoint: Adjoint) -> Iterator[CellRow]:
        """The gradients from above and from the next token."""
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


# The vectors that one moment combines, for all units at once


@dataclass(frozen=True, eq=False)
class VectorRow:
    """One vector of a moment: its label, its values (n,), and the names of its cells.

    Colors span ``limit``. ``signed`` is false for values that are never negative. ``sign`` is
    between the row before and this one; "=" marks the sum of the rows before.
    """

    label: str
    values: Array
    cells: tuple[str, ...]
    limit: float
    sign: str = ""
    signed: bool = True


def operation(step: StepRecord, focus: Focus) -> tuple[VectorRow, ...]:
    """The vectors that are combined at this moment; of weights the unit's row alone."""
    phase = focus.moment.phase
    if phase in (Phase.FORWARD, Phase.BACKWARD):
        return _cell(step, focus)
    if phase is Phase.LOSS:
        return _loss(step, focus) if step.classes else _values(step, focus)
    return _weights(step, focus)


def marked(step: StepRecord, focus: Focus) -> int:
    """The index of the unit to mark: the selected one, or that whose weight is followed."""
    if focus.moment.phase not in (Phase.CLIP, Phase.UPDATE):
        return focus.unit
    _, indexes = followed(step, focus)
    return indexes[1] if indexes[1:] and _reads_units(step, focus) else focus.unit


def _matrix(step: StepRecord, focus: Focus) -> str:
    """The matrix whose weight is followed, or the part's first one if it is a bias."""
    cell, (name, indexes) = step_cell(step, focus.layer), followed(step, focus)
    first = cell.unrolled.name(len(step.words) - 1, cell.matrix(part_of(step, focus)))
    return name if indexes[1:] else first


def _reads_units(step: StepRecord, focus: Focus) -> bool:
    """Whether the matrix that is shown reads units, not the input."""
    shapes = step_cell(step, focus.layer).parts.equations.shapes
    return focus.layer > 0 or shapes[plain(_matrix(step, focus))] == (UNITS, UNITS)


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
            row.label, row.values[t], names,
            added if row.added else 1.0 if row.bounded else typical(row.values),
            row.sign, row.signed,
        )
        for row in rows
    )  # fmt: skip


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


def _weights(step: StepRecord, focus: Focus) -> tuple[VectorRow, ...]:
    """The unit's row of the matrix in clipping, or in the update."""
    name = _matrix(step, focus)
    cells = _units(step) if _reads_units(step, focus) else step.names.vocabulary
    gradient, clipped, change, before, after = (
        of[name][focus.unit] for of in (*step.descent, step.before, step.after)
    )
    label = f"{name}[{focus.unit}, :]"
    if focus.moment.phase is Phase.CLIP:
        limit = typical(gradient)
        return (
            VectorRow(f"d{label}", gradient, cells, limit),
            VectorRow("cut off", gradient - clipped, cells, limit, "−"),
            VectorRow("clipped", clipped, cells, limit, "="),
        )
    limit = typical(before, after)
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


# The forward and backward pass up to a moment, token by token


#: Maximum number of tokens that are shown.
MOST_TOKENS = 12


def step_pass(step: StepRecord, focus: Focus) -> tuple[SequencePass, range, Array]:
    """The first example of a step, in the layer and with the unit of ``focus``.

    Returns the pass, with NaN for what is not computed yet, the tokens that are shown, and the
    targets of the last ones, (N,) or (N, C).
    """
    unrolled, tokens = step.unrolled(focus.layer), window(len(step.words), focus.moment.t)
    whole = sequence_pass(step.weights, step.trace, focus.layer, kept=marked(step, focus))
    (phase, t), length = focus.moment, len(whole.share)
    read = t + 1 if phase is Phase.FORWARD else length
    reached = {Phase.FORWARD: length, Phase.LOSS: length, Phase.BACKWARD: t}.get(phase, 0)
    forward = ("states", "memory", "added", "share", "strength", "cells")
    shown = slice(tokens.start, tokens.stop)
    arrays: dict[str, Any] = {
        name: _blank(getattr(whole, name), read, length)[shown] for name in forward
    }
    arrays["gradients"] = _blank(whole.gradients, 0, reached)[shown]
    answers = _blank(whole.answers, read - (length - len(whole.answers)), length)
    arrays["answers"] = _last(answers, length, tokens)
    targets = _last(step.trace.targets[unrolled.rows], length, tokens)
    return replace(whole, **arrays, bridge=max(0, whole.bridge - tokens.start)), tokens, targets


def window(length: int, t: int) -> range:
    """The tokens that are shown at token t: all, or 12 that include both neighbors of t.

    It moves like a page, every ten tokens.
    """
    stride = MOST_TOKENS - 2
    start = max(0, min((t - 1) // stride * stride, length - MOST_TOKENS))
    return range(start, min(length, start + MOST_TOKENS))


def _blank(array: Array, start: int, stop: int) -> Array:
    """A copy with NaN in these rows."""
    copy = np.array(array, float)
    copy[max(start, 0) : stop] = np.nan
    return copy


def _last(rows: Array, length: int, tokens: range) -> Array:
    """The rows of the tokens shown, from the rows of the last tokens."""
    before = length - len(rows)
    return rows[max(0, tokens.start - before) : max(0, tokens.stop - before)]


# The weights and their gradients at a moment


def share(step: StepRecord, moment: Moment) -> tuple[Parameters, Parameters]:
    """The share of this moment in the gradient dL/dW, and the sum of all moments so far.

    The loss at t adds dlogits_t [h_t, 1] to the readout. The backward moment at t adds to every
    matrix the outer product of its error and its input. Other moments add nothing. Only the first
    example of a batch is counted.
    """
    here, total = (Parameters(step.before.architecture) for _ in range(2))
    if moment.phase is Phase.FORWARD:
        return here, total
    loss, trace = moment.phase is Phase.LOSS, step.trace
    rows = [row for t, row in step.outputs.items() if not loss or t <= moment.t]
    total.readout[...] = trace.top[rows].T @ trace.dlogits[rows]
    if loss:
        own = [step.outputs[moment.t]]
        here.readout[...] = trace.top[own].T @ trace.dlogits[own]
        return here, total
    _add_tokens(step, range(moment.t, len(step.words)), total)
    if moment.phase is Phase.BACKWARD:
        _add_tokens(step, range(moment.t, moment.t + 1), here)
    return here, total


def _add_tokens(step: StepRecord, tokens: range, out: Parameters) -> None:
    for layer in range(step.before.architecture.layers):
        cell = step_cell(step, layer)
        for product, adjoint in cell.parts.back.multiplied:
            _add_product(cell, product, adjoint, tokens, out)
        for name in cell.parts.vectors:
            errors = cell.gradients(cell.parts.vector_gradient(name))
            for t in tokens:
                out[cell.unrolled.name(t, name)][...] += errors[t]
    if step.factors is not None:
        out.theta[...] *= step.factors


def _add_product(
    cell: StepCell, product: Node, adjoint: Adjoint, tokens: range, out: Parameters
) -> None:
    """Add the outer products of a matrix's errors and inputs."""
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
    """Parameters, or values of their shape, with a title; colors span ``limit``."""

    title: str
    values: Parameters
    limit: float


def panels(step: StepRecord, moment: Moment) -> tuple[WeightPanel, ...]:
    """The weights or gradients at this moment; limits are equal at all moments of one phase."""
    gradient, clipped, update = step.descent
    if moment.phase is Phase.FORWARD:
        return (WeightPanel("weights", step.weights, typical(step.weights.theta)),)
    if moment.phase is Phase.CLIP:
        signs, limit = step.clipped_signs, typical(gradient.theta)
        cut = WeightPanel("cut entries (±1)", signs, 1.0)
        return WeightPanel("gradient", gradient, limit), WeightPanel("clipped", clipped, limit), cut
    if moment.phase is Phase.UPDATE:
        change, limit = update.like(-update.theta), typical(step.before.theta)
        return (
            WeightPanel("before", step.before, limit),
            WeightPanel("change", change, typical(change.theta)),
            WeightPanel("after", step.after, limit),
        )
    (here, total), limit = share(step, moment), typical(gradient.theta)
    added = WeightPanel("added here", here, limit)
    return added, WeightPanel("gradient so far", total, limit)


#: With more inputs than this, only the columns that the sequence reads are shown.
_MOST_COLUMNS = 64


class WeightBlocks(NamedTuple):
    """The names of a pre-activation's weights: matrices that read the input first, biases last.

    ``inputs`` are those that read the input; ``columns`` the indexes of the inputs shown.
    """

    weights: tuple[str, ...]
    inputs: frozenset[str]
    columns: tuple[int, ...]

    def of(self, values: Parameters) -> list[Array]:
        """The matrices (H, columns), and a bias (H, 1), from such parameters."""
        arrays = ((name in self.inputs, values[name]) for name in self.weights)
        return [
            array[:, list(self.columns)] if reads else array.reshape(len(array), -1)
            for reads, array in arrays
        ]


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
    return WeightBlocks((*names.values(),), inputs, _columns(step, focus, t, inputs))


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


# The picture


#: Maximum numbers of classes and of terms whose numbers are shown.
MOST_CLASSES, MOST_TERMS = 8, 20


def step_network(
    step: StepRecord, focus: Focus, typed: Words | None = None, at_end: bool = True,
    theme: Theme = LIGHT,
) -> Picture:  # fmt: skip
    """The first example of a step at a moment; a sentence if a number is not finite.

    ``typed`` has the words of the whole sequence if the reader may type them. ``at_end`` is true
    if one class is predicted for the whole sequence; a sequence of one token doesn't show it.
    """
    if not step.finite:
        meta = {"theme": palette(theme), "sentence": BROKEN}
        return picture([], TITLE, 600, theme, meta=meta)
    shown, tokens, targets = step_pass(step, focus)
    words = Words([step.words[t] for t in tokens], step.names.noun)
    if typed and len(tokens) == len(step.words):
        words = typed
    outputs = Targets(step.names.classes, targets, at_end)
    series, meta = pass_series(shown, words, outputs, theme)
    rows = _vectors(step, focus)
    matrices, panels_meta = _panels(step, focus)
    phase, t = focus.moment
    opened = {
        "phase": phase.value,
        "unit": focus.unit,
        "token": None if phase in (Phase.CLIP, Phase.UPDATE) else t - tokens.start,
        **formula(step, focus)._asdict(),
        "vectors": list(map(_vector_meta, rows)),
        "panels": panels_meta,
    }
    more: dict[str, Any] = {
        "first": tokens.start,
        "length": len(step.words),
        "row": shown.units.tolist().index(marked(step, focus)),
        "opened": opened,
        "terms": _terms(step, focus),
        "score": None if at_end else _score(step, focus),
    }
    meta |= more
    vectors = [
        scatter(name=f"vector {k}", visible=False, y=compact(
            row.values[shown.units] if row.cells[0].startswith("unit ") else row.values))
        for k, row in enumerate(rows)
    ]  # fmt: skip
    return picture([*series, *vectors, *matrices], TITLE, 600, theme, meta=meta)


def _score(step: StepRecord, focus: Focus) -> list[int] | None:
    """The numbers of right and of all predictions; None for values."""
    if not step.classes:
        return None
    rows = step.unrolled(focus.layer).rows
    right = step.trace.probs[rows].argmax(axis=1) == step.trace.targets[rows]
    return [int(right.sum()), len(right)]


def _terms(step: StepRecord, focus: Focus) -> dict[str, Any]:
    """The arithmetic of the unit: the largest terms, the rest, their sum, and the next step."""
    if focus.moment.phase is Phase.UPDATE:
        rows = largest_changes(step)
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
    """The weighted value and its weight: "h_2[33] × −0.28"."""
    *_, last = term.label.split(" · ")
    if len(term.factors) < 2:
        return last
    if "[" not in last:  # the same for all terms
        first, *_ = term.label.split(" · ")
        return f"{first} × {number(term.factors[-1], 2)}"
    return f"{last} × {number(float(np.prod(term.factors[:-1])), 2)}"


def _vectors(step: StepRecord, focus: Focus) -> list[VectorRow]:
    """The vectors of the moment; of many classes the most likely ones and the target."""
    rows = list(operation(step, focus))
    if focus.moment.phase is not Phase.LOSS or len(step.names.classes) <= MOST_CLASSES:
        return rows
    row = step.row(focus.moment)
    values = step.trace.probs[row] if step.classes else np.abs(step.trace.logits[row])
    order = np.argsort(-values, kind="stable")[:MOST_CLASSES]
    if step.classes and int(step.trace.targets[row]) not in order:
        order[-1] = int(step.trace.targets[row])
    chosen = np.sort(order)
    return [
        replace(vector, values=vector.values[chosen], cells=tuple(vector.cells[k] for k in chosen))
        if len(vector.cells) > 1 else vector
        for vector in rows
    ]  # fmt: skip


def _vector_meta(row: VectorRow) -> dict[str, Any]:
    """A vector's label, sign and scale; the names of its cells unless they are units."""
    units = row.cells[0].startswith("unit ")
    return {
        "label": row.label,
        "sign": row.sign,
        "signed": row.signed,
        "limit": nice_limit(row.limit),
        "cells": [] if units else [shown_token(cell) for cell in row.cells],
    }


def _panels(step: StepRecord, focus: Focus) -> tuple[list[Series], list[dict[str, Any]]]:
    """The parameters, or their gradients, as matrices with a row per unit."""
    if focus.moment.phase is Phase.FORWARD:
        return [], []
    shown = blocks(step, focus)
    # The stack and the layer are those of the moment.
    names = [*map(label, shown.weights), "W_hyᵀ"]
    series, meta = list[Series](), list[dict[str, Any]]()
    for panel in panels(step, focus.moment):
        keys = [f"panel {len(series) + k}" for k in range(len(names))]
        matrices = *shown.of(panel.values), panel.values.W_hy.T
        series += [
            heatmap(name=key, z=compact(matrix), visible=False)
            for key, matrix in zip(keys, matrices, strict=True)
        ]
        pairs = [{"name": name, "key": key} for name, key in zip(names, keys, strict=True)]
        meta.append({"title": panel.title, "limit": nice_limit(panel.limit), "blocks": pairs})
    return series, meta
