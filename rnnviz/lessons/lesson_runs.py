"""LessonRuns: the runs of a lesson with one seed, and everything that is measured on them."""

from __future__ import annotations

from dataclasses import dataclass, replace

from rnnviz.config import RunConfig
from rnnviz.lessons.curve import Curve
from rnnviz.lessons.head import LessonError
from rnnviz.lessons.lesson import Lesson
from rnnviz.lessons.measures import CURVES, LessonMeasure, Subject, train
from rnnviz.lessons.network import Network
from rnnviz.run.run import Run
from rnnviz.run.schedule import Position


@dataclass(frozen=True)
class Measured:
    """The values of all measures with a seed, by name; None: with the seeds of the lesson itself.

    ``letter`` is what a class should have voted for; empty without a vote.
    """

    seed: int | None
    values: dict[str, float]
    letter: str


class LessonRuns:
    """The runs of a lesson, each trained when it is needed.

    With a ``seed`` all have this one instead of their own. ``untrained`` runs stay at epoch 0.
    """

    def __init__(self, lesson: Lesson, seed: int | None = None, *, untrained: bool = False) -> None:
        self.lesson, self.seed, self._untrained = lesson, seed, untrained
        self._runs: dict[str, Run] = {}
        self._curves: dict[tuple[str, str], Curve] = {}

    def config(self, name: str) -> RunConfig:
        """The settings of a run."""
        config = self.lesson.runs[name]
        if self.seed is not None:
            config = replace(config, seed=self.seed)
        return replace(config, epochs=0) if self._untrained else config

    def run(self, name: str) -> Run:
        """A run at its end."""
        if name not in self._runs:
            self._runs[name] = train(self.config(name))
        return self._runs[name]

    def curve(self, run: str, name: str) -> Curve:
        """One of ``CURVES`` of a run."""
        if (run, name) not in self._curves:
            self._curves[run, name] = CURVES[name][0](self.run(run))
        return self._curves[run, name]

    def value(self, measure: LessonMeasure) -> float:
        """The value of a measure; raises LessonError, which names it."""
        kind = measure.kind
        try:
            if kind.subject is Subject.CURVE:
                return measure.of_curve(self.curve(measure.run, measure.of))
            if kind.subject is Subject.SETTINGS:
                return kind.measure(self.config(measure.run), measure.of, **measure.options)
            run = self.run(measure.run)
            state = run.state if measure.epoch is None else run.at(Position(measure.epoch))
            return kind.measure(Network(run, state), measure.of, **measure.options)
        except LessonError as problem:
            raise LessonError(f"measure.{measure.name}: {problem}") from None

    def measured(self) -> Measured:
        """All values; raises LessonError."""
        values = {name: self.value(one) for name, one in self.lesson.measures.items()}
        prediction = self.lesson.prediction
        truth = self.curve("main", prediction.on) if prediction.shapes else None
        return Measured(self.seed, values, prediction.letter(values, truth))


def measured(lesson: Lesson, seed: int | None = None) -> Measured:
    """All values of a lesson with a seed, by default with those of its runs."""
    return LessonRuns(lesson, seed).measured()
