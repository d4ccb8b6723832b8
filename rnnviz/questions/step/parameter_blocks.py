"""The parameters of one pre-activation of the cell, as blocks."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from rnnviz.engine.graph import INPUTS
from rnnviz.engine.layer_buffers import Array
from rnnviz.engine.parameters import Parameters, plain
from rnnviz.engine.timeline import Phase
from rnnviz.probe.formatting import Names
from rnnviz.probe.training_step import Focus, StepRecord
from rnnviz.questions.step.step_cell import part_of, step_cell

#: With more inputs than this, only the columns that the sequence reads are shown.
_MOST_COLUMNS = 64


class Blocks(NamedTuple):
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


def blocks(step: StepRecord, focus: Focus) -> Blocks:
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
    return Blocks((*names.values(),), inputs, _columns(step, focus, t, inputs), step.names)


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
