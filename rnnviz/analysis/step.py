"""StepRecord: one training step on one phrase, from the weights before to the weights after."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from rnnviz.analysis.scales import typical
from rnnviz.analysis.symbols import Names
from rnnviz.config import RunConfig
from rnnviz.engine.parameters import Array, Parameters
from rnnviz.engine.timeline import Moment, Phase
from rnnviz.engine.trace import Trace
from rnnviz.engine.training import Descent, descent, record


@dataclass(frozen=True, eq=False)
class StepRecord:
    """All that one step computes: weights before, trace of the phrase, gradient, update.

    ``names`` says what the rows and columns of the parameters stand for.
    """

    before: Parameters
    trace: Trace
    descent: Descent
    config: RunConfig
    names: Names

    @cached_property
    def after(self) -> Parameters:
        """The weights that the step leaves behind: before less update."""
        return Parameters(self.before.sizes, self.before.theta - self.descent.update.theta)

    @cached_property
    def words(self) -> tuple[str, ...]:
        """The words of the phrase, one for each of the T tokens."""
        return tuple(self.names.vocabulary[token] for token in self.trace.tokens[:, 0])

    @property
    def target(self) -> int:
        """The number of the class that is wanted."""
        return int(self.trace.targets[0])


def step_record(
    parameters: Parameters, tokens: Array, target: int, config: RunConfig, names: Names
) -> StepRecord:
    """The step that training with ``config`` would take from ``parameters`` on tokens (T,)."""
    before = parameters.copy()
    trace = record(before, tokens, target, config.gradient)
    return StepRecord(before, trace, descent(trace, config), config, names)


def share(step: StepRecord, moment: Moment) -> tuple[Parameters, Parameters]:
    """What this moment adds to the gradient dL/dW, and the sum of all that was added so far.

    The loss adds the readout's part, dlogits [1, h_T]; the way back at t adds the cell's,
    da_t [1, h_{t-1}, x_t]. Nothing is added before the loss or after the way back.
    """
    trace = step.trace
    here, total = Parameters(trace.sizes), Parameters(trace.sizes)
    if moment.phase is Phase.FORWARD:
        return here, total
    np.outer(trace.top[0], trace.dlogits[0], out=total.readout)
    if moment.phase is Phase.LOSS:
        return total.copy(), total
    z, da = trace.z[moment.t : -1, 0], trace.da[moment.t :, 0]
    np.dot(z.T, da, out=total.cell)
    if moment.phase is Phase.BACKWARD:
        np.outer(z[0], da[0], out=here.cell)
    return here, total


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
    signs = Parameters(step.before.sizes, np.where(mask, np.sign(gradient), 0.0))
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
        change = Parameters(update.sizes, -update.theta)
        limit = typical(step.before.theta)
        before, after = (
            Panel(n, w, limit) for n, w in (("before", step.before), ("after", step.after))
        )
        return before, Panel("change", change, typical(change.theta)), after
    here, total = share(step, moment)
    limit = typical(gradient.theta)
    return Panel("added at this moment", here, limit), Panel("gradient so far", total, limit)
