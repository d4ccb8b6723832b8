"""LinearProbeLab: what is asked of the states, and the answers at the epochs that were measured."""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from rnnviz.config import OutputAt
from rnnviz.probe.activations import Activations
from rnnviz.probe.cache import Memo, digest
from rnnviz.probe.units import StateSource
from rnnviz.questions.linear_probe.linear_probe import Fitting, Readability, beginnings
from rnnviz.questions.linear_probe.probe_labels import (
    Asked,
    Question,
    askable,
    encoded,
    labels,
    places,
)
from rnnviz.tasks.dataset import GAP, Dataset

#: The number of cached measurements; the oldest are dropped.
_KEPT = 60


@dataclass(frozen=True, eq=False)
class Measurement:
    """The answer at one epoch; ``key`` tells data, layer, part and question apart.

    ``weights`` is a digest of the network's weights, which may be large.
    """

    key: tuple[object, ...]
    weights: bytes
    epoch: int
    found: Readability


class Running(NamedTuple):
    """A measurement that goes on; see ``Measurement``."""

    key: tuple[object, ...]
    weights: bytes
    epoch: int
    fitting: Fitting


class LinearProbeLab:
    """The question, and the measurements."""

    def __init__(self) -> None:
        self.question = Question(Asked.WORD, from_end=True)
        self._data: Dataset | None = None
        self._memo = Memo()
        self._running: Running | None = None
        self._measured: deque[Measurement] = deque(maxlen=_KEPT)

    def fit(self, activations: Activations, data: Dataset) -> None:
        """Adapt the question to the data: of new ones the target, if it is known at every token."""
        question, allowed = self.question, askable(data)
        if data is not self._data:
            everywhere = bool(data.rule) or data.reads is OutputAt.EVERY
            target = everywhere and Asked.TARGET in allowed
            question = question._replace(asked=Asked.TARGET if target else allowed[0])
            self._data = data
        if question.word not in activations.vocabulary:
            question = question._replace(word=activations.telling_word)
        channels = 1 if data.answers_classes else len(data.classes)
        self.question = question._replace(channel=min(question.channel, channels - 1))

    def begin(self, source: StateSource, activations: Activations) -> None:
        """Begin to fit the probes to the states of the source, unless that was done before.

        Does nothing if they are not finite.
        """
        if self.shown(source) or not np.isfinite(activations.states).all():
            return
        read = encoded(activations, source.dataset)
        wanted = labels(self.question, read, source.dataset)
        known = np.isfinite(wanted) if wanted.dtype.kind == "f" else wanted != GAP
        tokens = (
            read.states, wanted, beginnings(read.words, read.steps),
            places(read, self.question.from_end),
        )  # fmt: skip
        fitting = Fitting(*(array[known] for array in tokens))
        self._running = Running(
            self._key(source), self._weights(source), source.state.epoch, fitting
        )

    def work(self, budget: float) -> bool:
        """Measure for about ``budget`` seconds; return whether some is left to do."""
        until, running = time.perf_counter() + budget, self._running
        if running is None:
            return False
        while running.fitting.step():
            if time.perf_counter() > until:
                return True
        if self._running is running:
            self._measured.append(Measurement(*running[:3], running.fitting.found))
            self._running = None
        return False

    def cancel(self) -> None:
        """Forget what is being measured."""
        self._running = None

    @property
    def measuring(self) -> tuple[int, float] | None:
        """The epoch of which is being measured, and the share that is done, 0..1; or None."""
        running = self._running
        return running and (running.epoch, running.fitting.progress)

    def shown(self, source: StateSource) -> Measurement | None:
        """The measurement of these very states, if there is one."""
        weights = self._weights(source)
        return next((m for m in self.every(source) if m.weights == weights), None)

    def every(self, source: StateSource) -> list[Measurement]:
        """The measurements of the same question, at all epochs, in their order."""
        key = self._key(source)
        return sorted((m for m in self._measured if m.key == key), key=lambda m: m.epoch)

    def _key(self, source: StateSource) -> tuple[object, ...]:
        architecture, question = source.state.parameters.architecture, self.question
        if question.asked is not Asked.WORD:
            question = question._replace(word="")
        return source.dataset, architecture, source.layer, source.part, question

    def _weights(self, source: StateSource) -> bytes:
        state = source.state
        return self._memo.ask("weights", state, lambda: digest(state.parameters))
