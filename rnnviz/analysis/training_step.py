"""StepRecord: one training step, from the weights before to the weights after."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

import numpy as np

from rnnviz.analysis.cell_equations import Part, parts
from rnnviz.analysis.color_limits import typical
from rnnviz.analysis.notation import Names, written_step
from rnnviz.analysis.unrolled import Span, Unrolled
from rnnviz.config import Loss, RunConfig
from rnnviz.engine.batch import Example, collate
from rnnviz.engine.layer_buffers import Array
from rnnviz.engine.optimizers import Slots
from rnnviz.engine.parameters import Parameters
from rnnviz.engine.timeline import Moment, Phase, timeline
from rnnviz.engine.trace import Trace
from rnnviz.engine.training import Descent, descent, record


class Focus(NamedTuple):
    """What is looked at: a moment, one unit, one layer (from 0), one part of the cell by name."""

    moment: Moment
    unit: int = 0
    layer: int = 0
    part: str = "h"


@dataclass(frozen=True, eq=False)
class StepRecord:
    """All that one step computes: weights before, trace, gradient, update.

    The step is that of a whole batch; the moments are those of its first example. ``names`` says
    what the rows and columns of the parameters stand for; ``limits`` are scales found before,
    by layer and part.
    """

    before: Parameters
    trace: Trace
    descent: Descent
    config: RunConfig
    names: Names
    limits: dict[tuple[int, str], float] = field(default_factory=dict)
    _layers: dict[int, Unrolled] = field(default_factory=dict)

    @cached_property
    def after(self) -> Parameters:
        """The weights that the step leaves behind: before less update."""
        return self.before.like(self.before.theta - self.descent.update.theta)

    def unrolled(self, layer: int) -> Unrolled:
        """The first example's way through a layer."""
        if layer not in self._layers:
            self._layers[layer] = Unrolled(self.trace, layer)
        return self._layers[layer]

    @property
    def hidden(self) -> int:
        """How many units a layer has."""
        return self.before.architecture.hidden

    @property
    def parts(self) -> dict[str, Part]:
        """The parts of a cell, by name."""
        return parts(self.before.architecture)

    @property
    def classes(self) -> bool:
        """Whether the answers are classes, and not values."""
        return self.before.architecture.loss is Loss.CROSS_ENTROPY

    @property
    def tokens(self) -> bool:
        """Whether tokens are read, and not values."""
        return self.trace.batch.read.inputs.ndim == 2

    @cached_property
    def words(self) -> tuple[str, ...]:
        """What is read at each of the T tokens, an encoder's first."""
        return words_of(self.trace, self.names)

    @cached_property
    def outputs(self) -> dict[int, int]:
        """The tokens after which there is an answer, each with the answer's row."""
        return self.unrolled(0).outputs

    @cached_property
    def moments(self) -> tuple[Moment, ...]:
        """The moments of the step, in their order."""
        return timeline(len(self.words), tuple(self.outputs))

    def row(self, moment: Moment) -> int:
        """The row of the answer at a moment, or, where there is none, of the next or last one."""
        later = [row for t, row in self.outputs.items() if t >= moment.t]
        return later[0] if later else list(self.outputs.values())[-1]

    def continues(self, t: int) -> bool:
        """Whether the gradient comes back to token ``t`` from the next, and isn't cut there."""
        k, (span, place) = self.config.truncate, self.unrolled(0).at(t)
        cut = bool(k) and (place + 1) % k == 0 and place + 1 < span.steps
        return t + 1 < len(self.words) and not cut


def words_of(trace: Trace, names: Names, sequence: int = 0) -> tuple[str, ...]:
    """What a sequence of the trace reads at every token, an encoder's tokens first."""
    spans = Unrolled(trace, 0, sequence).spans
    reads = [read for read in (trace.batch.source, trace.batch.read) if read is not None]
    found: list[str] = []
    for span, read in zip(spans, reads, strict=True):
        known = names.source if span is not spans[-1] else names.vocabulary
        inputs = read.inputs[: span.steps, span.column]
        tokens = inputs.ndim == 1
        found += [known[i] for i in inputs] if tokens else map(written_step, inputs)
    return tuple(found)


def step_record(
    parameters: Parameters,
    examples: Sequence[Example],
    config: RunConfig,
    names: Names,
    slots: Slots | None = None,
) -> StepRecord:
    """The step that training with ``config`` would take from ``parameters`` on a batch."""
    before, batch = parameters.copy(), collate(examples)
    trace = record(before, batch, config.gradient, config.truncate)
    return StepRecord(before, trace, descent(trace, config, slots), config, names)


def share(step: StepRecord, moment: Moment) -> tuple[Parameters, Parameters]:
    """What this moment adds to the gradient dL/dW, and the sum of all that was added so far.

    The loss at t adds the readout's part, dlogits_t [h_t, 1]; the way back at t adds every layer's,
    its errors times [h_{t-1}, 1, x_t]. Nothing is added before the loss or after the way back. Of a
    batch only the first example's part.
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
    """Add what these tokens give to the weights of all layers."""
    for k in range(step.before.architecture.layers):
        start = 0
        for span in step.unrolled(k).spans:
            first, last = (min(max(t - start, 0), span.steps) for t in (tokens.start, tokens.stop))
            _add_span(step, span, k, slice(first, last), out)
            start += span.steps


def _add_span(step: StepRecord, span: Span, k: int, there: slice, out: Parameters) -> None:
    architecture, z = step.before.architecture, span.layer.z
    number, cell = span.stack * architecture.layers + k, architecture.cell
    columns = step.trace.columns[number]
    for block, errors, out_block in zip(
        cell.blocks, cell.errors(span.layer), out.fused[number], strict=True
    ):
        rows = z[there, span.column, block.columns(architecture.hidden)]
        product = rows.T @ errors[:, there, span.column]
        if columns is None or not block.inputs:
            out_block[...] += product
        else:
            out_block[:, block.rows(architecture.hidden, columns)] += product


@dataclass(frozen=True, eq=False)
class Clipping:
    """What clipping does to a gradient of N entries.

    ``mask`` (N,) in the layout of theta, true where an entry is changed; the L2 norms ``before``
    and ``after``; ``lost`` is the share of the norm that is cut off, 0..1.
    """

    mask: Array
    signs: Parameters
    before: float
    after: float

    @property
    def count(self) -> int:
        """How many entries are changed."""
        return int(self.mask.sum())

    @property
    def total(self) -> int:
        """How many entries there are."""
        return int(self.mask.size)

    @property
    def lost(self) -> float:
        """The share of the gradient's L2 norm that is cut off, 0..1."""
        return 1 - self.after / self.before if self.before else 0.0


def clipping(step: StepRecord) -> Clipping:
    """Which entries clipping touches, and how much shorter the gradient becomes."""
    gradient, clipped = step.descent.gradient.theta, step.descent.clipped.theta
    mask = gradient != clipped
    signs = step.before.like(np.where(mask, np.sign(gradient), 0.0))
    before, after = (float(np.linalg.norm(theta)) for theta in (gradient, clipped))
    return Clipping(mask, signs, before, after)


class EntryChange(NamedTuple):
    """One weight, as it is written, before and after the step, and the change between."""

    name: str
    before: float
    change: float
    after: float


def largest_changes(step: StepRecord, n: int = 10) -> tuple[EntryChange, ...]:
    """The ``n`` weights that the step changes most, the largest |change| first."""
    found: list[EntryChange] = []
    before, after = step.before.named(), step.after.named()
    for name, update in step.descent.update.named().items():
        order = np.argsort(-np.abs(update), axis=None, kind="stable")[:n]
        for index in zip(*np.unravel_index(order, update.shape), strict=True):
            values = before[name][index], -update[index], after[name][index]
            found.append(EntryChange(step.names.entry(name, index), *map(float, values)))
    return tuple(sorted(found, key=lambda row: -abs(row.change))[:n])


class Panel(NamedTuple):
    """Parameters, or anything of their shape, to be drawn under a title.

    Panels of one step whose ``limit`` is equal have the same colours for the same numbers.
    """

    title: str
    values: Parameters
    limit: float


def panels(step: StepRecord, moment: Moment) -> tuple[Panel, ...]:
    """What this moment does with the parameters: reads them, gathers, cuts or takes the gradient.

    A limit is the typical size of the entries, and is equal at all moments of one kind.
    """
    gradient, clipped, update = step.descent
    if moment.phase is Phase.FORWARD:
        return (Panel("weights", step.before, typical(step.before.theta)),)
    if moment.phase is Phase.CLIP:
        signs, limit = clipping(step).signs, typical(gradient.theta)
        cut = Panel("cut entries (±1)", signs, 1.0)
        return Panel("gradient", gradient, limit), Panel("clipped", clipped, limit), cut
    if moment.phase is Phase.UPDATE:
        change = update.like(-update.theta)
        limit = typical(step.before.theta)
        before, after = (
            Panel(n, w, limit) for n, w in (("before", step.before), ("after", step.after))
        )
        return before, Panel("change", change, typical(change.theta)), after
    here, total = share(step, moment)
    limit = typical(gradient.theta)
    return Panel("added at this moment", here, limit), Panel("gradient so far", total, limit)
