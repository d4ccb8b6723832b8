"""SilencingLab: units silenced one after the other, and the sequences whose answer changes."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from rnnviz.charts.side_by_side import percent
from rnnviz.engine.evaluation import Evaluator
from rnnviz.engine.layer_buffers import Array
from rnnviz.engine.parameters import Parameters
from rnnviz.probe.cache import Memo
from rnnviz.probe.passes import sample
from rnnviz.probe.units import KEPT, StateSource
from rnnviz.run.history import coarse_first
from rnnviz.run.weight_edits import apply_edits, silence
from rnnviz.tasks.dataset import Example


@dataclass(eq=False)
class Removal:
    """The metric with n = 0..H units silenced, (H + 1,) each; NaN if it is not measured yet.

    The ``units`` (H,) are sorted by the loss without each, the largest first. ``sequences`` is the
    number of training sequences that are evaluated.
    """

    units: Array
    strongest: Array
    weakest: Array
    sequences: int

    @property
    def missing(self) -> list[int]:
        """The numbers that are not measured yet, in a coarse-to-fine order."""
        unknown = np.flatnonzero(np.isnan(self.weakest)).tolist()
        return sorted(coarse_first(unknown), key=lambda n: n not in {0, 1, len(self.units)})


class Turned(NamedTuple):
    """A sequence with ``changed`` of its ``answers`` changed, and its last answer now.

    Of a window of a series ``text`` is its name and its first time.

    ``side`` is the class of that answer.
    """

    text: str
    answer: str
    probability: float
    side: int
    changed: int
    answers: int

    @property
    def text_now(self) -> str:
        """The answer now and its probability; of several answers, how many changed."""
        if self.answers > 1:
            return f"{self.changed} of {self.answers} answers"
        share = percent(self.probability) if math.isfinite(self.probability) else "not finite"
        return f"{self.answer} {share}"


class SilencingLab:
    """The order of the units, and a cache of the last measurements."""

    def __init__(self) -> None:
        self._memo, self._removals = Memo(), Memo(KEPT)

    def order(self, source: StateSource, rises: Array) -> Array:
        """The units by the rise of the loss without each, (H,), when all were last measured."""
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
        return evaluator.score(edited, source.dataset.metric).metric

    def _evaluator(
        self, name: str, source: StateSource, examples: Sequence[Example]
    ) -> tuple[Evaluator, list[Example]]:
        """An evaluator of the examples, or of a fixed sample of many, and the examples it has."""
        parameters = source.state.parameters
        key = source.dataset, parameters.architecture, parameters.theta.dtype

        def make() -> tuple[Evaluator, list[Example]]:
            some = [examples[k] for k in sample(examples).tolist()]
            return Evaluator(some, parameters.copy()), some

        return self._memo.ask(name, key, make)

    def turns(self, source: StateSource, edited: Parameters) -> tuple[list[Turned], int]:
        """The sequences with a changed class, most changes first; and the number of all.

        These are training and test sequences.
        """
        return self._memo.ask("turns", (source.state, edited), lambda: self._turns(source, edited))

    def _turns(self, source: StateSource, edited: Parameters) -> tuple[list[Turned], int]:
        data, state = source.dataset, source.state
        evaluator, examples = self._evaluator("all", source, [*data.train, *data.test])
        before = self._memo.ask("before", state, lambda: evaluator.outputs(state.parameters))
        after, owners = evaluator.outputs(edited), evaluator.owners
        was, broken = (~np.isfinite(found).all(axis=1) for found in (before, after))
        moved = before.argmax(axis=1) != after.argmax(axis=1)
        differ = np.where(was | broken, was != broken, moved)
        counts = np.bincount(owners, differ, len(examples)).astype(int).tolist()
        answers = np.bincount(owners, minlength=len(examples)).tolist()
        # Of several answers the last one stays.
        last = dict(zip(owners.tolist(), after, strict=True))
        turned = []
        for k in sorted(np.flatnonzero(counts).tolist(), key=lambda k: -counts[k]):
            side = int(last[k].argmax())
            answer = data.classes[side], float(last[k][side]), side
            if not np.isfinite(last[k]).all():
                answer = "not finite", math.nan, -1
            name = examples[k].key if data.series else examples[k].text
            turned.append(Turned(name, *answer, counts[k], answers[k]))
        return turned, len(examples)
