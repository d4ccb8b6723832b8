"""StepRecord: one training step, from the weights before it to those after it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from rnnviz.config import Loss, RunConfig
from rnnviz.engine.batch import ExampleLike, collate
from rnnviz.engine.optimizers import Slots
from rnnviz.engine.parameters import Parameters
from rnnviz.engine.trace import Trace
from rnnviz.engine.training import Descent, descent, record
from rnnviz.probe.cell_parts import Part, cell_parts
from rnnviz.probe.formatting import Names, written_step
from rnnviz.probe.unrolled import Unrolled


class Phase(StrEnum):
    """A phase of a training step."""

    FORWARD = "forward"
    LOSS = "loss"
    BACKWARD = "backward"
    CLIP = "clip"
    UPDATE = "update"


class Moment(NamedTuple):
    """A phase and its token index t, from 0.

    A loss belongs to the token that is read out; clipping and the update belong to token 0, where
    the backward pass ends.
    """

    phase: Phase
    t: int

    @property
    def number(self) -> int:
        """The subscript in formulas, from 1: h_1 is the state after the first token."""
        return self.t + 1


def timeline(steps: int, answers: Sequence[int] = ()) -> tuple[Moment, ...]:
    """The moments of ``steps`` tokens: forward, losses, backward, clip, update.

    ``answers`` are the tokens that are read out, by default the last.
    """
    forward = [Moment(Phase.FORWARD, t) for t in range(steps)]
    losses = [Moment(Phase.LOSS, t) for t in answers or (steps - 1,)]
    backward = [Moment(Phase.BACKWARD, t) for t in reversed(range(steps))]
    return (*forward, *losses, *backward, Moment(Phase.CLIP, 0), Moment(Phase.UPDATE, 0))


class Focus(NamedTuple):
    """The selection: a moment, a unit, a layer (from 0), and a part of the cell by name."""

    moment: Moment
    unit: int = 0
    layer: int = 0
    part: str = "h"


@dataclass(frozen=True, eq=False)
class StepRecord:
    """Everything that one step computes: weights before, trace, gradient, update.

    The step is that of a whole batch; its moments are those of the first example. ``names`` are the
    names of the parameters' rows and columns. ``limits`` caches color limits by layer and part,
    ``cells`` the values of the equations, by layer.
    """

    before: Parameters
    trace: Trace
    descent: Descent
    config: RunConfig
    names: Names
    limits: dict[tuple[int, str], float] = field(default_factory=dict)
    cells: dict[int, Any] = field(default_factory=dict)
    _layers: dict[int, Unrolled] = field(default_factory=dict)

    @cached_property
    def after(self) -> Parameters:
        """The weights after the step."""
        return self.before.like(self.before.theta - self.descent.update.theta)

    def unrolled(self, layer: int) -> Unrolled:
        """The first example in one layer."""
        if layer not in self._layers:
            self._layers[layer] = Unrolled(self.trace, layer)
        return self._layers[layer]

    @property
    def hidden(self) -> int:
        """The number of units in a layer."""
        return self.before.architecture.hidden

    @property
    def parts(self) -> dict[str, Part]:
        """What of the cell can be opened, by name."""
        return cell_parts(self.before.architecture.cell).by_name

    @property
    def out(self) -> str:
        """The name of what the next layer and the readout read."""
        return self.before.architecture.cell.equations.out

    @property
    def classes(self) -> bool:
        """Whether the answers are classes, not values."""
        return self.before.architecture.loss is Loss.CROSS_ENTROPY

    @property
    def tokens(self) -> bool:
        """Whether the inputs are tokens, not values."""
        return self.trace.batch.read.inputs.ndim == 2

    @cached_property
    def words(self) -> tuple[str, ...]:
        """The T tokens as they are written, those of an encoder first."""
        return words_of(self.trace, self.names)

    @cached_property
    def outputs(self) -> dict[int, int]:
        """The row of the answer after each token that has one."""
        return self.unrolled(0).outputs

    @cached_property
    def moments(self) -> tuple[Moment, ...]:
        """The moments of the step, in order."""
        return timeline(len(self.words), tuple(self.outputs))

    def row(self, moment: Moment) -> int:
        """The row of the answer at a moment: if it has none, of the next answer, or the last."""
        later = [row for t, row in self.outputs.items() if t >= moment.t]
        return later[0] if later else list(self.outputs.values())[-1]

    def continues(self, t: int) -> bool:
        """Whether token ``t`` has a gradient from the next token: there is one, and no cut."""
        k, (span, index) = self.config.truncate, self.unrolled(0).at(t)
        cut = bool(k) and (index + 1) % k == 0 and index + 1 < span.steps
        return t + 1 < len(self.words) and not cut


def words_of(trace: Trace, names: Names, sequence: int = 0) -> tuple[str, ...]:
    """The tokens of one sequence of a trace as they are written, those of an encoder first."""
    spans = Unrolled(trace, 0, sequence).spans
    reads = [read for read in (trace.batch.source, trace.batch.read) if read is not None]
    words: list[str] = []
    for span, read in zip(spans, reads, strict=True):
        vocabulary = names.source if span is not spans[-1] else names.vocabulary
        inputs = read.inputs[: span.steps, span.column]
        tokens = inputs.ndim == 1
        words += [vocabulary[i] for i in inputs] if tokens else map(written_step, inputs)
    return tuple(words)


def step_record(
    parameters: Parameters,
    examples: Sequence[ExampleLike],
    config: RunConfig,
    names: Names,
    slots: Slots | None = None,
) -> StepRecord:
    """The step that training with ``config`` would take from ``parameters`` on a batch."""
    before, batch = parameters.copy(), collate(examples)
    trace = record(before, batch, config.gradient, config.truncate)
    return StepRecord(before, trace, descent(trace, config, slots), config, names)


@dataclass(frozen=True, eq=False)
class Clipping:
    """How clipping changes a gradient.

    ``signs`` are the signs of the changed entries, 0 for the others; ``count`` is the number of
    changed entries; ``lost`` is the share of the L2 norm that is cut off, 0..1.
    """

    signs: Parameters
    count: int
    lost: float


def clipping(step: StepRecord) -> Clipping:
    """The entries that clipping changes, and how much shorter the gradient becomes."""
    gradient, clipped = step.descent.gradient.theta, step.descent.clipped.theta
    changed = gradient != clipped
    before, after = (float(np.linalg.norm(theta)) for theta in (gradient, clipped))
    signs = step.before.like(np.where(changed, np.sign(gradient), 0.0))
    return Clipping(signs, int(changed.sum()), 1 - after / before if before else 0.0)


class EntryChange(NamedTuple):
    """One weight: its name, its value before and after the step, and the change."""

    name: str
    before: float
    change: float
    after: float


def largest_changes(step: StepRecord, n: int = 10) -> tuple[EntryChange, ...]:
    """The ``n`` weights that change most, the largest |change| first."""
    rows: list[EntryChange] = []
    before, after = step.before.named(), step.after.named()
    for name, update in step.descent.update.named().items():
        order = np.argsort(-np.abs(update), axis=None, kind="stable")[:n]
        for index in zip(*np.unravel_index(order, update.shape), strict=True):
            values = before[name][index], -update[index], after[name][index]
            rows.append(EntryChange(step.names.entry(name, index), *map(float, values)))
    return tuple(sorted(rows, key=lambda row: -abs(row.change))[:n])
