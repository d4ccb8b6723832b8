"""One moment of a training step: the network over the sequence, opened where the moment is.

The page draws this picture itself, in static/step.js, from the series by name and ``meta``.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from rnnviz.charts.axis_limits import nice_limit
from rnnviz.charts.picture import Picture, Series, compact, heatmap, scatter
from rnnviz.charts.sequence_network import (
    BROKEN,
    TITLE,
    Targets,
    Words,
    palette,
    pass_series,
)
from rnnviz.charts.theme import HEIGHTS, LIGHT, Theme, picture, shown_token
from rnnviz.engine.layer_buffers import Array
from rnnviz.engine.timeline import Phase
from rnnviz.probe.formatting import number
from rnnviz.probe.training_step import Focus, StepRecord, largest_changes
from rnnviz.questions.step.breakdown import terms
from rnnviz.questions.step.formula import formula
from rnnviz.questions.step.parameter_blocks import blocks, label
from rnnviz.questions.step.step_panels import panels
from rnnviz.questions.step.step_pass import step_pass
from rnnviz.questions.step.step_vectors import VectorRow, marked, operation
from rnnviz.questions.step.sum_terms import Term

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
        return picture([], TITLE, HEIGHTS["step"], theme, meta=meta)
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
    return picture([*series, *vectors, *matrices], TITLE, HEIGHTS["step"], theme, meta=meta)


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
