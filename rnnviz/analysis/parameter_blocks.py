"""The parameters of one gate of the cell, as three blocks."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from rnnviz.analysis.breakdown import gate_of
from rnnviz.analysis.formatting import Names
from rnnviz.analysis.training_step import Focus, StepRecord
from rnnviz.engine.layer_buffers import Array
from rnnviz.engine.parameters import Parameters
from rnnviz.engine.timeline import Phase

#: With more inputs than this, only the columns that the sequence reads are shown.
_MOST_COLUMNS = 64


class Blocks(NamedTuple):
    """The names of a gate's input weights, recurrent weights and biases.

    ``columns`` are the indexes of the inputs that are shown, ``names`` has their names.
    """

    token: str
    state: str
    biases: tuple[str, ...]
    columns: tuple[int, ...]
    names: Names

    def of(self, values: Parameters) -> tuple[Array, Array, Array]:
        """W_x (H, columns), W_h (H, H) and the biases (H, n) from such parameters."""
        biases = np.stack([values[name] for name in self.biases], axis=1)
        return values[self.token][:, list(self.columns)], values[self.state], biases


def blocks(step: StepRecord, focus: Focus) -> Blocks:
    """The parameters of the selected part, in its layer and at its token."""
    moving = focus.moment.phase in (Phase.FORWARD, Phase.BACKWARD)
    t = focus.moment.t if moving else len(step.words) - 1
    gate, unrolled = gate_of(step, focus), step.unrolled(focus.layer)
    token, state = (unrolled.name(t, f"W_{kind}{gate[-1]}") for kind in "xh")
    gates = ("xn", "hn") if gate == "hn" else (gate,)
    biases = tuple(unrolled.name(t, f"b_{g}") for g in gates)
    return Blocks(token, state, biases, _columns(step, focus, t, token), step.names)


def _columns(step: StepRecord, focus: Focus, t: int, token: str) -> tuple[int, ...]:
    count, (span, _) = step.before[token].shape[1], step.unrolled(0).at(t)
    batch = step.trace.batch
    if focus.layer or count <= _MOST_COLUMNS:
        return tuple(range(count))
    read = batch.read if batch.source is None or span.stack else batch.source
    return tuple(np.unique(read.inputs[: span.steps, span.column]).tolist())
