"""UnitLab: what the hidden units do, and edits of the weights that are tried."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import NamedTuple

import numpy as np

from rnnviz.analysis.activations import Activations, read_activations
from rnnviz.analysis.logit_margin import running_margin
from rnnviz.analysis.perturbation import Alter, Pairs, Perturbation, joined
from rnnviz.analysis.projection import Plane, Projection, boundary, fit, plane_of
from rnnviz.analysis.saliency import Saliency, logit_margin, saliency
from rnnviz.analysis.selectivity import Response, response, selectivity
from rnnviz.engine.evaluation import Score
from rnnviz.engine.layer_buffers import Array
from rnnviz.engine.losses import margin
from rnnviz.engine.parameters import Architecture, Parameters
from rnnviz.engine.training import TrainState
from rnnviz.lab.memo import Memo
from rnnviz.lab.probe import Probe, names_of
from rnnviz.tasks.dataset import Dataset
from rnnviz.training.run import Run
from rnnviz.training.weight_edits import Edit, EditKind, apply_edits, problem, silence

#: How many phrases are on one leaf of the data set.
LEAF = 20
#: Seconds that units may be weighed for, when the strongest are asked for.
PATIENCE = 5.0
#: The most edits that can be tried together.
MOST_EDITS = 40


class UnitTab(StrEnum):
    """What is looked at."""

    UNITS = "Units"
    TRAJECTORIES = "Trajectories"
    WHAT_IF = "What if"
    BREAK = "Break it"


class Sort(StrEnum):
    """In which order units come."""

    INDEX = "index"
    SELECTIVITY = "selectivity"
    SIMILARITY = "similarity"


class StateSource(NamedTuple):
    """Where states are taken from: a network in a moment, its data, a layer, a state or gate."""

    state: TrainState
    dataset: Dataset
    layer: int = 0
    part: str = "h"

    @property
    def readable(self) -> bool:
        """Whether these are the states that are read out, for two classes."""
        of = self.state.parameters.architecture
        two = self.dataset.answers_classes and of.outputs == 2
        return two and self.part == "h" and self.layer == of.layers - 1


@dataclass(frozen=True, eq=False)
class EditPreview:
    """A copy of the network with edited weights: scores of training and test before and after."""

    parameters: Parameters
    before: tuple[Score, Score]
    after: tuple[Score, Score]


class UnitLab:
    """The choices of the page, the basis of its projection, edits that are tried, and caches.

    Of each kind only what was asked for last is kept.
    """

    def __init__(self) -> None:
        self.tab = UnitTab.UNITS
        self.unit, self.leaf = 0, 0
        self.sort = Sort.INDEX
        self.word: str | None = None
        self.cell: tuple[int, str] | None = None
        self.axes = (0, 1)
        self.perturbation = Perturbation(Alter.DROP, 0)
        self.edits: tuple[Edit, ...] = ()
        self.left_out: dict[Edit, str] = {}
        self._memo = Memo()

    # Units

    def activations(self, source: StateSource) -> Activations:
        """The activations of the training sequences; a fixed random sample if there are many."""
        return self._memo.ask("activations", source, lambda: self._read(source))

    def _read(self, source: StateSource) -> Activations:
        parameters, data = source.state.parameters, source.dataset
        return read_activations(parameters, data.train, names_of(data), source.layer, source.part)

    def order(self, source: StateSource) -> Array:
        """The units in the order that is chosen, (H,)."""
        activations = self.activations(source)
        if self.sort is Sort.SELECTIVITY:
            found: Array = np.argsort(-selectivity(activations, self.word), kind="stable")
            return found
        if self.sort is Sort.SIMILARITY:
            return self._alike(source).units
        return np.arange(activations.states.shape[1])

    def _alike(self, source: StateSource) -> Response:
        """What words did to units when they were last arranged, alike ones together."""
        activations = self.activations(source)
        return self._memo.ask("alike", _space(source), lambda: response(activations))

    def response(self, source: StateSource) -> Response:
        """What words do to units: alike words together, the units as when last arranged."""
        key = _space(source), self.sort, self.word
        rows = self._memo.ask("rows", key, lambda: self.order(source))
        return replace(response(self.activations(source), like=self._alike(source)), units=rows)

    def arrange(self, source: StateSource) -> None:
        """Put the units anew in the order that is chosen, and alike words together."""
        self._memo.forget("alike", "rows")

    def first(self, source: StateSource) -> None:
        """Go to the unit that comes first in the order that is chosen."""
        self.unit = int(self.order(source)[0])

    def step(self, source: StateSource, by: int) -> None:
        """Go on to the unit that comes next in the order, or back; from the last to the first."""
        order = self.order(source).tolist()
        here = order.index(self.unit) if self.unit in order else 0
        self.unit = order[(here + by) % len(order)]

    def look_at(self, source: StateSource) -> None:
        """Let go of what this source doesn't have."""
        hidden = source.state.parameters.architecture.hidden
        self.unit = min(self.unit, hidden - 1)
        known = self.activations(source).vocabulary
        self.word = self.word if self.word in known else None
        if self.cell and (self.cell[0] >= hidden or self.cell[1] not in known):
            self.cell = None
        self.leaf = min(self.leaf, self.last_leaf(source))

    def last_leaf(self, source: StateSource) -> int:
        """The number of the last leaf of the data set, from 0."""
        return (self.activations(source).count - 1) // LEAF

    # Trajectories

    def basis(self, source: StateSource, run: Run) -> Projection:
        """The principal components of the source's states, as they were when first asked for.

        They are kept until the run begins anew with other settings, or until ``refit``.
        """
        return self._memo.ask("basis", _ground(source, run), lambda: self._fit(source))

    def _fit(self, source: StateSource) -> Projection:
        return fit(self.activations(source).states.astype(float), source.state.epoch)

    def refit(self) -> None:
        """Fit the basis to the states that are looked at next."""
        self._memo.forget("basis")

    def plane(self, source: StateSource, run: Run) -> Plane | None:
        """The plane of the two axes that are chosen; None where the states have but one."""
        basis = self.basis(source, run)
        if len(basis.axes) <= max(self.axes):
            return None
        line = boundary(source.state.parameters, basis, self.axes) if source.readable else None
        return plane_of(basis, self.axes, self.activations(source).states, line)

    # What if

    def varied(self, words: Sequence[str]) -> tuple[str, ...]:
        """The words of the probe with the change that is chosen; at a place that they have."""
        place = min(self.perturbation.place, len(words) - 1)
        self.perturbation = self.perturbation._replace(place=place)
        return self.perturbation.applied(words)

    def saliency(self, probe: Probe, other: Probe | None = None) -> tuple[Saliency, str]:
        """How much each token of a probe has to do with its answer, and what that is called.

        Of values it is the channel in which the answer differs most from that of ``other``.
        """
        channel = 0 if other is None or probe.dataset.answers_classes else _apart(probe, other)
        key = probe, channel
        return self._memo.ask("saliency", key, lambda: _explained(*key))

    # Break it

    def toggle(self, layer: int, unit: int) -> None:
        """Silence a unit of a layer (from 0), or let it be heard again."""
        edit = silence(layer + 1, unit)
        if edit in self.edits:
            self.edits = tuple(known for known in self.edits if known != edit)
        else:
            self.add(edit)

    def add(self, *edits: Edit) -> None:
        """Try these edits as well; one that is there already, or too many, are left out."""
        self.left_out = {}
        new = [
            edit for edit in edits if edit.kind is not EditKind.SILENCE or edit not in self.edits
        ]
        self.edits = (*self.edits, *new)[:MOST_EDITS]

    def fit(self, architecture: Architecture) -> None:
        """Leave out the edits that such a network hasn't the weights for; ``left_out`` says why."""
        wrong = {edit: why for edit in self.edits if (why := problem(edit, architecture))}
        if wrong:
            self.left_out = wrong
            self.edits = tuple(edit for edit in self.edits if edit not in wrong)

    def undo(self) -> None:
        """Take the last edit back."""
        self.edits = self.edits[:-1]

    def clear(self) -> None:
        """Take all edits back."""
        self.edits, self.left_out = (), {}

    def silenced(self, layer: int) -> frozenset[int]:
        """The units of a layer (from 0) that are silenced."""
        mine = (e for e in self.edits if (e.kind, e.row) == (EditKind.SILENCE, layer + 1))
        return frozenset(edit.column for edit in mine)

    def preview(self, state: TrainState, run: Run) -> EditPreview:
        """The network with the edits, and its scores before and after.

        Edits that it hasn't the weights for are left out.
        """
        self.fit(state.parameters.architecture)
        return self._memo.ask("preview", (state, self.edits), lambda: self._try(state, run))

    def _try(self, state: TrainState, run: Run) -> EditPreview:
        edited = apply_edits(state.parameters, self.edits)
        return EditPreview(edited, run.examine(state.parameters), run.examine(edited))

    def ablation_loss(self, state: TrainState, layer: int) -> Array:
        """By how much the training loss rises when a unit alone is silenced, (H,).

        Not a number where no unit was ablated yet.
        """
        hidden = state.parameters.architecture.hidden
        return self._memo.ask("ablation", (state, layer), lambda: np.full(hidden, np.nan))

    def ablate_next(self, state: TrainState, layer: int, run: Run) -> bool:
        """Ablate the next unit; return whether some are left.

        Where the loss is not finite as it is, none is ablated.
        """
        found = self.ablation_loss(state, layer)
        missing = np.flatnonzero(np.isnan(found))
        whole = self._memo.ask("whole", state, lambda: run.examine(state.parameters)[0])
        if not missing.size or not np.isfinite(whole.loss):
            return False
        without = apply_edits(state.parameters, [silence(layer + 1, int(missing[0]))])
        rise = run.examine(without)[0].loss - whole.loss
        found[missing[0]] = rise if np.isfinite(rise) else np.inf
        return missing.size > 1

    def ablate(self, state: TrainState, layer: int, run: Run, budget: float) -> bool:
        """Ablate units for about ``budget`` seconds; return whether some are left."""
        until = time.perf_counter() + budget
        while self.ablate_next(state, layer, run):
            if time.perf_counter() > until:
                return True
        return False

    def strongest(self, state: TrainState, layer: int, run: Run, count: int) -> tuple[Edit, ...]:
        """What silences the ``count`` units that are worth most of those still heard.

        Of very large networks only some units may be weighed in the time that there is.
        """
        self.ablate(state, layer, run, PATIENCE)
        rises, silent = self.ablation_loss(state, layer), self.silenced(layer)
        order = [unit for unit in np.argsort(-rises, kind="stable").tolist() if unit not in silent]
        return tuple(silence(layer + 1, unit) for unit in order[:count])


def spelled(dataset: Dataset, words: Sequence[str]) -> str:
    """The text of some words as it is typed."""
    vocabulary = dataset.source or dataset.vocabulary
    return vocabulary.join(words) if dataset.tokens else " ".join(words)


def _explained(probe: Probe, channel: int) -> tuple[Saliency, str]:
    data = probe.dataset
    answer = logit_margin(probe.trace, data.classes, data.source is not None, channel)
    return saliency(probe.parameters, probe.example, answer), answer.name


class Signal(NamedTuple):
    """A number after every token of two sequences, (T,) and (T',): what it is, and its unit."""

    first: Array
    second: Array
    label: str
    unit: str = "logits"


def signal(first: Probe, second: Probe) -> Signal:
    """What the answers of two probes are compared by, token by token.

    The lead of one class where there is a verdict, that of what is wanted where there is an answer
    after every token; of values the channel in which both differ most.
    """
    data = first.dataset
    if data.verdicts:
        target = first.margin.target
        one, two = (running_margin(p.parameters, p.trace, target) for p in (first, second))
        return Signal(one.values, two.values, f"Lead of “{data.classes[target]}”")
    if data.answers_classes:
        return Signal(_wanted(first), _wanted(second), "Lead of what is wanted")
    channel = _apart(first, second)
    values, others = (probe.running[:, channel] for probe in (first, second))
    return Signal(values, others, f"Answer, {data.classes[channel]}", "value")


def _apart(first: Probe, second: Probe) -> int:
    """The channel in which the answers of two probes differ most."""
    common = min(len(first.running), len(second.running))
    return int(np.abs(first.running[:common] - second.running[:common]).sum(axis=0).argmax())


def _wanted(probe: Probe) -> Array:
    """The lead of the target's logit at every token that is answered, (T,)."""
    found, targets = np.full(len(probe.words), np.nan), probe.example.targets
    found[-len(targets) :] = margin(probe.running[-len(targets) :], targets)
    return found


def beside(first: Probe, second: Probe, perturbation: Perturbation) -> Pairs:
    """Which tokens of a probe and of its variant belong together."""
    read = len(first.reading.words)
    return joined(perturbation.pairs(read), len(first.words), len(second.words))


def _space(source: StateSource) -> tuple[object, ...]:
    """What decides which units and words there are."""
    hidden = source.state.parameters.architecture.hidden
    return source.dataset, hidden, source.layer, source.part


def _ground(source: StateSource, run: Run) -> tuple[object, ...]:
    """What decides whether states lie in the same space: data, first settings, layer and part."""
    return source.dataset, run.schedule.origin, source.layer, source.part
