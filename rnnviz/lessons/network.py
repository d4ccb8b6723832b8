"""Network: a run in one of its states, which reads phrases and can lose units."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from rnnviz.engine.evaluation import Evaluator
from rnnviz.engine.parameters import Parameters
from rnnviz.engine.training import TrainState
from rnnviz.lessons.head import LessonError
from rnnviz.probe.gradient_flow import GradientQuery
from rnnviz.probe.probe import Probe, inspect
from rnnviz.run.run import Run
from rnnviz.run.weight_edits import apply_edits, silence
from rnnviz.tasks.data.csv_table import TaskError
from rnnviz.tasks.dataset import Example


class Network(NamedTuple):
    """A run in one of its states."""

    run: Run
    state: TrainState

    @property
    def parameters(self) -> Parameters:
        """The weights."""
        return self.state.parameters

    def read(self, phrase: str, word: int = 1) -> tuple[Probe, GradientQuery]:
        """Read a phrase; raises LessonError if it can't be read, or has no such word (from 1)."""
        config = self.run.schedule.start
        try:
            probe = inspect(self.run.dataset, self.parameters, phrase, config)
        except TaskError as problem:
            raise LessonError(str(problem)) from None
        if probe.reading.unknown:
            raise LessonError(f"{probe.reading.unknown[0]!r} is not in the vocabulary.")
        if not 1 <= word <= len(probe.example.read):
            raise LessonError(f"{phrase[:40]!r} has no token number {word}.")
        return probe, GradientQuery(self.state, config, probe.trace, self.run.dataset.train)

    def named(self, name: str) -> None:
        """Raise LessonError unless a parameter has this name."""
        if name not in (names := self.parameters.named()):
            raise LessonError(f"there is no parameter {name[:20]!r}; there are {', '.join(names)}.")

    def right(self, examples: Sequence[Example], edited: Parameters) -> float:
        """The share of examples that are right with edited weights."""
        evaluator = Evaluator(examples, edited.copy())
        return evaluator.score(edited, self.run.dataset.metric).metric

    def without(self, units: Iterable[int]) -> Parameters:
        """The weights with units of the topmost layer silenced."""
        layer = self.parameters.architecture.layers
        return apply_edits(self.parameters, [silence(layer, unit) for unit in units])

    @property
    def harmless(self) -> list[int]:
        """The units without each of which all training answers are right."""
        units = range(self.parameters.architecture.hidden)
        return [u for u in units if self.run.examine(self.without([u]))[0].metric == 1]

    def having(self, word: str) -> tuple[list[Example], list[Example]]:
        """The training examples with a word, and the others; raises LessonError if one is empty."""
        data = self.run.dataset
        groups: tuple[list[Example], list[Example]] = [], []
        for example in data.train:
            groups[word not in data.vocabulary.split(example.text)].append(example)
        if not all(groups):
            raise LessonError(f"the training phrases don't differ by having {word[:20]!r}.")
        return groups
