"""SilencingLab: units silenced one after the other, and the sequences whose answer then turns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from rnnviz.engine.evaluation import Evaluator
from rnnviz.engine.layer_buffers import Array
from rnnviz.engine.parameters import Parameters
from rnnviz.probe.cache import Memo
from rnnviz.probe.passes import sample
from rnnviz.probe.units import KEPT, StateSource
from rnnviz.run.epoch_cache import coarse_first
from rnnviz.run.weight_edits import apply_edits, silence
from rnnviz.tasks.example import Example


@dataclass(eq=False)
class Removal:
    """The metric with n = 0..H units silenced, (H + 1,) each; NaN if it is not measured yet.

    The ``units`` (H,) are in the order of the loss without them. It is measured on ``sequences`` of
    the training set.
    """

    units: Array
    strongest: Array
    weakest: Array
    sequences: int

    @property
    def missing(self) -> list[int]:
        """The numbers that are not measured yet, in a coarse-to-fine order."""
        ends = {0, 1, len(self.units)}
        unknown = np.flatnonzero(np.isnan(self.weakest)).tolist()
        return sorted(coarse_first(unknown), key=lambda n: n not in ends)


class Turned(NamedTuple):
    """A sequence of which ``changed`` answers of ``answers`` turned, and its last answer now."""

    text: str
    answer: str
    probability: float
    side: int
    changed: int
    answers: int


class Turns(NamedTuple):
    """The sequences that turned, those with the most answers first, out of ``sequences``."""

    turned: Sequence[Turned]
    sequences: int


class SilencingLab:
    """The order of the units, and the last result of each measurement."""

    def __init__(self) -> None:
        self._memo, self._removals = Memo(), Memo(KEPT)

    def order(self, source: StateSource, rises: Array) -> Array:
        """The units by the rise of the loss without them, (H,), as they were last known of all."""
        key = source.dataset, len(rises), source.layer
        if not np.isnan(rises).any():
            self._memo.forget("order")
        return self._memo.ask("order", key, lambda: np.argsort(-rises, kind="stable"))

    def removal(self, source: StateSource, rises: Array) -> Removal | None:
        """The measurement so far; None while some units are not measured."""
        if np.isnan(rises).any() or not np.isfinite(source.state.parameters.theta).all():
            return None
        unknown, count = np.full(len(rises) + 1, np.nan), len(sample(source.dataset.train))
        return self._removals.ask(
            "removal", (self._memo.network(source.state), source.dataset, source.layer),
            lambda: Removal(self.order(source, rises), unknown, unknown.copy(), count),
        )  # fmt: skip

    def remove(self, source: StateSource, rises: Array) -> Iterator[None]:
        """Measure what is missing; yields before each number of units."""
        removal = self.removal(source, rises)
        if removal is None:
            return
        for count in removal.missing:
            yield
            removal.strongest[count] = self._without(source, removal.units[:count])
            removal.weakest[count] = self._without(source, removal.units[::-1][:count])

    def _without(self, source: StateSource, units: Array) -> float:
        """The metric with these units silenced."""
        edits = [silence(source.layer + 1, unit) for unit in units.tolist()]
        edited = apply_edits(source.state.parameters, edits)
        evaluator, _ = self._evaluator("train", source, source.dataset.train)
        return evaluator.score(edited, source.dataset.metric.score).metric

    def _evaluator(
        self, name: str, source: StateSource, examples: Sequence[Example]
    ) -> tuple[Evaluator, list[Example]]:
        """An evaluator of the examples, or of a fixed sample if there are many; and which."""
        parameters = source.state.parameters
        key = source.dataset, parameters.architecture, parameters.theta.dtype

        def make() -> tuple[Evaluator, list[Example]]:
            some = [examples[k] for k in sample(examples).tolist()]
            return Evaluator(some, parameters.copy()), some

        return self._memo.ask(name, key, make)

    def turns(self, source: StateSource, edited: Parameters) -> Turns:
        """The sequences of training and test in which the class of an answer is another one now."""
        data = source.dataset
        evaluator, examples = self._evaluator("all", source, [*data.train, *data.test])
        before = self._memo.ask(
            "before", source.state, lambda: evaluator.outputs(source.state.parameters)
        )
        key = source.state, edited
        return self._memo.ask(
            "turns", key, lambda: _turns(before, evaluator, edited, (examples, data.classes))
        )


def _turns(
    before: Array,
    evaluator: Evaluator,
    edited: Parameters,
    names: tuple[Sequence[Example], Sequence[str]],
) -> Turns:
    examples, classes = names
    after, owners = evaluator.outputs(edited), evaluator.owners
    differ = before.argmax(axis=1) != after.argmax(axis=1)
    counts = np.bincount(owners, differ, len(examples)).astype(int)
    answers = np.bincount(owners, minlength=len(examples))
    # Of several answers the last one stays.
    last = np.zeros(len(examples), int)
    last[owners] = np.arange(len(owners))
    turned = []
    for k in sorted(np.flatnonzero(counts).tolist(), key=lambda k: -counts[k]):
        outputs = after[last[k]]
        side = int(outputs.argmax())
        probability = float(outputs[side])
        numbers = int(counts[k]), int(answers[k])
        turned.append(Turned(examples[k].text, classes[side], probability, side, *numbers))
    return Turns(turned, len(examples))
