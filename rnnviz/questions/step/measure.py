"""StepLab: the recorded step and its selection; StepCell: one layer's cell in that step."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property, partial
from itertools import groupby
from typing import Any, NamedTuple

import numpy as np

from rnnviz.config import Gradient, Loss, RunConfig
from rnnviz.engine.batch import collate
from rnnviz.engine.derive import Adjoint
from rnnviz.engine.dropout import factors_at
from rnnviz.engine.graph import INPUTS, UNITS, Node
from rnnviz.engine.layer_buffers import Array
from rnnviz.engine.parameters import Parameters
from rnnviz.engine.trace import Trace
from rnnviz.engine.training import Descent, TrainState, descent, order, record
from rnnviz.probe.cache import Memo
from rnnviz.probe.cell_parts import Notation, Part, at_token, cell_parts
from rnnviz.probe.formatting import Names
from rnnviz.probe.marks import Mark, index_from, written_from
from rnnviz.probe.probe import Probe, names_of, names_of_steps, phrase_key
from rnnviz.probe.session import Session
from rnnviz.probe.unrolled import CellGradients, CellValues, Moment, Phase, Unrolled
from rnnviz.tasks.dataset import Dataset, Example


class StepCell:
    """The cell of a layer (from 0) on the first example of a step."""

    def __init__(self, step: StepRecord, layer: int) -> None:
        self.step, self.layer, self.unrolled = step, layer, step.unrolled(layer)
        self.parts = cell_parts(step.before.architecture.cell)
        self.values = CellValues(self.parts, self.unrolled, step.weights)
        self.notation = Notation(self.parts.named, self.unrolled.name)

    def value_at(self, node: Node, t: int, unit: int) -> float:
        """One number of a value."""
        values = self.values(node)
        return float(values[t, unit] if values.ndim else values)

    def inputs_at(self, t: int) -> Array:
        """The input of the lowest layer at a token: its index, (), or values (D,)."""
        batch, (span, k) = self.step.trace.batch, self.unrolled.at(t)
        source = batch.source if span.stack == 0 and self.unrolled.bridge else None
        inputs: Array = (source or batch.read).inputs[k, span.column]
        return inputs

    def total_name(self, part: Part, t: int) -> str:
        """The symbols of a part's total at a token; the name if the total is the line itself."""
        if not part.functions:
            return at_token(part.name, t)
        return self.notation.inner(part.total, t)

    def weights(self, part: Part) -> list[str]:
        """The plain names of a part's weights: recurrent matrices, its bias, then the others."""
        affine = self.parts.affine_of(part)
        recurrent = [p.name for p in affine.products if p.remembers]
        others = [p.name for p in affine.products if p.name not in recurrent]
        bias = [name for name in [self.parts.cell.layout.bias_of(affine)] if name]
        return [*recurrent, *bias, *others] if recurrent else [*others, *bias]

    def matrix(self, part: Part) -> str:
        """The first of a part's matrices."""
        shapes = self.parts.equations.shapes
        return next(name for name in self.weights(part) if len(shapes[name]) > 1)

    def multiplied(self, name: str, part: Part) -> tuple[Node | None, Adjoint]:
        """The product with the matrix of this name, and its gradient; None for a bias."""
        for product, adjoint in self.parts.back.multiplied:
            if product.name == name:
                return product, adjoint
        return None, self.parts.back.of_affine[self.parts.affine_of(part).node]

    def gradient_terms(
        self, adjoint: Adjoint, t: int
    ) -> Iterator[tuple[str, str, Callable[[int], Array]]]:
        """The terms of a gradient from others at token ``t``: symbols, shapes, and values.

        The values are a function of any token, to (H,).
        """
        hidden, gradients = self.step.hidden, self.gradients
        vector = f"({hidden},)"
        for one, factor in adjoint.parts:
            if one is not adjoint.arrives:
                symbols, shapes = self.notation.gradient(one, t), vector
                if not factor.is_number(1):
                    symbols += f" · {self.notation.factor(factor, t)}"
                    shapes += f" · {vector}"
                yield symbols, shapes, partial(gradients.part, one, factor)
        for matrix, one in adjoint.products:
            name = self.step.written(self.unrolled.name(t, matrix))
            name += "ᵀ" * gradients.transposes(adjoint)
            symbols = f"{name} {self.notation.gradient(one, t)}"
            values = partial(gradients.through, adjoint, matrix, one)
            yield symbols, f"({hidden}, {hidden}){vector}", values

    def outer(self, part: Part, t: int) -> str:
        """The contribution of a token to the gradient of a part's first matrix, in symbols."""
        affine = self.parts.affine_of(part)
        product, adjoint = self.multiplied(self.matrix(part), part)
        if product is None or affine.node is not part.total:
            return ""
        error, read = self.notation.gradient(adjoint, t), self.notation.inner(product.args[0], t)
        return f"d{self.unrolled.name(t, product.name)} += {error} {read}ᵀ"

    @cached_property
    def gradients(self) -> CellGradients:
        """The gradients of all values."""
        exact = self.step.config.gradient is Gradient.EXACT
        return CellGradients(self.values, self.above, self.step.continues, exact)

    @cached_property
    def above(self) -> Array:
        """The part of dL/dh_t from the output at the token, or from the layer above, (T, H)."""
        if self.upper is not None:
            rows = map(self.upper.from_input, range(len(self.unrolled)))
            return np.array([sum(terms.values()) for terms in rows])
        above = np.zeros((len(self.unrolled), self.step.hidden))
        for t, row in self.step.outputs.items():
            above[t] = self.step.trace.dlogits[row] @ self.step.before.W_hy
        return above

    @property
    def upper(self) -> StepCell | None:
        """The cell of the layer above."""
        last = self.layer + 1 == self.step.before.architecture.layers
        return None if last else step_cell(self.step, self.layer + 1)

    @property
    def input_gradient(self) -> Adjoint:
        """The gradient of the layer's input."""
        return next(a for a in self.parts.back.adjoints if a.node and a.node.kind == "input")

    def from_input(self, t: int) -> dict[tuple[str, Adjoint], Array]:
        """The parts of the gradient of the layer's input at a token, by matrix and gradient."""
        read = self.input_gradient
        through = partial(self.gradients.through, read, t=t)
        return {(name, one): through(name, one) for name, one in read.products}

    def recorded(self, adjoint: Adjoint) -> Array:
        """A gradient as the engine has recorded it, or else as computed here, (T, H)."""
        node, layout = adjoint.node, self.parts.cell.layout
        if node in layout.slots:
            return self.unrolled.error(layout.slots[node])
        arriving = self.parts.back.arriving[self.parts.out]
        own = node and layout.adjoints.get(node)
        whole = isinstance(own, Adjoint) and own.arrives is not None
        # The engine adds these up in dL/dh_t.
        added = adjoint is arriving or (whole and adjoint.arrives is arriving)
        return self.unrolled.dh if added else self.gradients(adjoint)


def step_cell(step: StepRecord, layer: int) -> StepCell:
    """The cell of a layer in a step; cached."""
    if layer not in step.cells:
        step.cells[layer] = StepCell(step, layer)
    cell: StepCell = step.cells[layer]
    return cell


def part_of(step: StepRecord, focus: Focus) -> Part:
    """The part of the cell that is selected."""
    return step_cell(step, focus.layer).parts.by_name[focus.part]


def output_name(step: StepRecord, t: int) -> str:
    """The symbol of the state that is read out at a token."""
    return at_token(step.before.architecture.cell.equations.out, t)


# The step that the page shows


class StepSubject(StrEnum):
    """The subject of the step: the run's next examples, or the reader's sequence."""

    NEXT = "next in training"
    OWN = "my own"


class StepQuery(NamedTuple):
    """The input of a step: a state, its settings, the data, and the probe."""

    state: TrainState
    config: RunConfig
    dataset: Dataset
    probe: Probe

    @property
    def next_examples(self) -> list[Example]:
        """The training examples of the run's next step."""
        config, train = self.config, self.dataset.train
        indexes = order(config.seed, self.state.epoch, len(train), config.batch)
        start = self.state.offset
        return [train[i] for i in indexes[start : start + config.batch]]


def step_query(session: Session, probe: Probe | None = None) -> StepQuery:
    """The step of what a session shows; ``probe`` must be of the network shown."""
    return StepQuery(session.state, session.settings, session.dataset, probe or session.inspect())


def step_lab(session: Session) -> StepLab:
    """The step lab of a session.

    In a recording the subject is the reader's sequence: the loop's next examples are not known.
    """
    lab = session.lab(StepLab)
    if session.player.recorded:
        lab.subject = StepSubject.OWN
    return lab


def _read_moment(text: str) -> Moment:
    phase, _, token = text.partition(" ")
    if phase not in list(Phase):
        raise ValueError(f"write {' 1, '.join(Phase)} 1")
    return Moment(Phase(phase), index_from(1)(token))


def _written_moment(moment: Moment) -> str:
    return f"{moment.phase} {moment.t + 1}" if moment != Moment(Phase.FORWARD, 0) else ""


class StepLab:
    """The step shown, the cursor over its moments, and the selected unit, layer and part.

    ``pointed`` counts the parts that were chosen in a picture.
    """

    marks = (
        Mark.option("step.on", "subject", StepSubject),
        Mark("step.moment", "moment", _read_moment, _written_moment),
        Mark("step.unit", "unit", index_from(0), written_from(0)),
        Mark("step.layer", "layer", index_from(1), written_from(1)),
        Mark("step.part", "part", str, lambda part: part * (part != "h")),
    )

    def __init__(self) -> None:
        self._memo = Memo()
        self.subject = StepSubject.NEXT
        self.moments: tuple[Moment, ...] = timeline(1)
        self.cursor = 0
        self.unit, self.layer, self.part, self.pointed = 0, 0, "h", 0

    @property
    def own(self) -> bool:
        """Whether the step is on the probe."""
        return self.subject is StepSubject.OWN

    def record(self, query: StepQuery) -> StepRecord:
        """The step shown: the next step of the run, or one on the probe."""
        state, config, dataset, probe = query
        key = state, self.own and phrase_key(probe.trace), config
        step = self._memo.ask(
            "step", key,
            lambda: step_record(
                state, [probe.example] if self.own else query.next_examples, config,
                _names(dataset),
            ),
        )  # fmt: skip
        moment = self.moment
        if step.moments != self.moments:
            self.moments = step.moments
            same_phase = [i for i, m in enumerate(self.moments) if m.phase is moment.phase]
            self.cursor = min(same_phase, key=lambda i: abs(self.moments[i].t - moment.t))
        self.unit = min(self.unit, step.hidden - 1)
        self.layer = min(self.layer, step.before.architecture.layers - 1)
        self.part = self.part if self.part in step.parts else step.out
        return step

    @property
    def focus(self) -> Focus:
        """The selected moment, unit, layer and part."""
        return Focus(self.moment, self.unit, self.layer, self.part)

    @property
    def moment(self) -> Moment:
        """The moment under the cursor."""
        return self.moments[self.cursor]

    @moment.setter
    def moment(self, moment: Moment) -> None:
        self.moments, self.cursor = (moment,), 0

    @property
    def phases(self) -> list[tuple[Phase, int]]:
        """The phases in order, with their numbers of moments."""
        return [(p, len(list(ms))) for p, ms in groupby(m.phase for m in self.moments)]

    @property
    def last(self) -> int:
        """Index of the last moment."""
        return len(self.moments) - 1

    def go_to(self, cursor: int) -> None:
        """Move to a moment by its index, clipped to the valid range."""
        self.cursor = min(max(cursor, 0), self.last)

    def step(self, by: int) -> None:
        """Move by a number of moments."""
        self.go_to(self.cursor + by)

    def step_phase(self, by: int) -> None:
        """Move forward to the start of the next phase, or back to the nearest start of a phase."""
        phases = [moment.phase for moment in self.moments]
        starts = [i for i, phase in enumerate(phases) if i == 0 or phases[i - 1] is not phase]
        if by > 0:
            self.go_to(next((i for i in starts if i > self.cursor), self.last))
        else:
            self.go_to(next((i for i in reversed(starts) if i < self.cursor), 0))

    def point_at(self, t: int, unit: int) -> None:
        """Move to token ``t``, in the backward pass if the cursor has left the forward pass."""
        forward = self.moment.phase is Phase.FORWARD
        target = Moment(Phase.FORWARD if forward else Phase.BACKWARD, t)
        if target in self.moments:
            self.cursor = self.moments.index(target)
        self.unit = max(unit, 0)

    def choose(self, part: str, unit: int) -> None:
        """Select a part of the cell, unless it is empty, and a unit."""
        if part and part != self.part:
            self.part, self.pointed = part, self.pointed + 1
        self.unit = max(unit, 0)


def _names(dataset: Dataset) -> Names:
    """The names of the parameters; of answers several steps ahead "+2 load", as little has room."""
    names, series = names_of(dataset), dataset.series
    if series is None or dataset.answers_classes or series.horizon == 1:
        return names
    values, ahead = series.columns.expected, range(1, series.horizon + 1)
    return names._replace(classes=tuple(f"+{k} {value}" for k in ahead for value in values))


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
    names of the parameters' rows and columns, ``steps`` those of a series. ``cells`` caches the
    values of the equations by layer. ``factors``, (P,), are those of dropout, None without it.
    """

    before: Parameters
    trace: Trace
    descent: Descent
    config: RunConfig
    names: Names
    factors: Array | None = None
    steps: tuple[str, ...] = ()
    cells: dict[int, Any] = field(default_factory=dict)
    _layers: dict[int, Unrolled] = field(default_factory=dict)

    @cached_property
    def weights(self) -> Parameters:
        """The weights that the passes read: those before, times the factors of dropout."""
        return self.before.times(self.factors)

    def written(self, matrix: str) -> str:
        """A matrix of the cell in symbols; with dropout, each column has its factor m."""
        return matrix if self.factors is None else f"(m ⊙ {matrix})"

    @property
    def finite(self) -> bool:
        """Whether the loss and all gradients are finite."""
        theta = self.descent.gradient.theta
        return bool(np.isfinite(self.trace.loss).all() and np.isfinite(theta).all())

    @property
    def clipped_signs(self) -> Parameters:
        """The signs of the entries of the gradient that clipping changes, 0 for the others."""
        signs = np.sign(self.descent.gradient.theta)
        return self.before.like(np.where(self.descent.changed, signs, 0.0))

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
        """The names of the T tokens, those of an encoder first."""
        return self.steps or self.unrolled(0).words(self.names)

    def called(self, t: int) -> str:
        """Token ``t`` in a sentence: “not”, or the time of a step of a series."""
        return f"{self.names.time} {self.steps[t]}".strip() if self.steps else f"“{self.words[t]}”"

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


def step_record(
    state: TrainState, examples: Sequence[Example], config: RunConfig, names: Names
) -> StepRecord:
    """The step that training with ``config`` would take from ``state`` on a batch."""
    before, batch = state.parameters.copy(), collate(examples)
    factors = factors_at(before, config, state.epoch, state.offset)
    trace = record(before.times(factors), batch, config.gradient, config.truncate)
    shapes = before.architecture.cell.equations.shapes
    inputs = frozenset(name for name, shape in shapes.items() if shape == (UNITS, INPUTS))
    names = names._replace(inputs=inputs)
    step = descent(before, trace, config, state.slots, factors)
    steps = names_of_steps(examples[0]) if names.units else ()
    if examples[0].times is None:
        names = names._replace(time=names.noun)
    return StepRecord(before, trace, step, config, names, factors, steps)


def largest_changes(step: StepRecord, n: int = 10) -> list[tuple[str, float]]:
    """The names and the changes of the ``n`` weights that change most, the largest first."""
    rows = []
    for name, update in step.descent.update.named().items():
        order = np.argsort(-np.abs(update), axis=None, kind="stable")[:n]
        for index in zip(*np.unravel_index(order, update.shape), strict=True):
            rows.append((step.names.entry(name, index), -float(update[index])))
    return sorted(rows, key=lambda row: -abs(row[1]))[:n]
