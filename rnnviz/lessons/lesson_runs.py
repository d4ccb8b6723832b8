"""LessonRuns: the runs of a lesson with one seed, and everything that is measured on them."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from rnnviz.config import RunConfig
from rnnviz.lessons.curve import Curve
from rnnviz.lessons.head import LessonError
from rnnviz.lessons.lesson import Lesson
from rnnviz.lessons.measures import LessonMeasure, Subject, tracing, training
from rnnviz.lessons.network import Network
from rnnviz.probe.work import completed
from rnnviz.run.run import Run
from rnnviz.run.schedule import Position


@dataclass(frozen=True)
class MeasuredLesson:
    """The values of all measures with a seed, by name; None: with the seeds of the lesson itself.

    ``letter`` is what a class should have voted for; empty without a vote.
    """

    seed: int | None
    values: dict[str, float]
    letter: str


class LessonRuns:
    """The runs of a lesson, each trained when it is needed, and the ``values`` measured so far.

    With a ``seed`` all have this one instead of their own. ``untrained`` runs stay at epoch 0.
    ``runs`` are those that exist already, by name.
    """

    def __init__(
        self, lesson: Lesson, seed: int | None = None, *, untrained: bool = False,
        runs: Mapping[str, Run] | None = None,
    ) -> None:  # fmt: skip
        self.lesson, self.seed, self._untrained = lesson, seed, untrained
        self.runs: dict[str, Run] = {**(runs or {})}
        self.values: dict[str, float] = {}
        self._curves: dict[tuple[str, str], Curve] = {}

    def config(self, name: str) -> RunConfig:
        """The settings of a run."""
        config = self.lesson.runs[name]
        if self.seed is not None:
            config = replace(config, seed=self.seed)
        return replace(config, epochs=0) if self._untrained else config

    def run(self, name: str) -> Generator[None, None, Run]:
        """Train a run to its end."""
        if name not in self.runs:
            self.runs[name] = yield from training(self.config(name))
        return self.runs[name]

    def curve(self, name: str, run: str = "main") -> Generator[None, None, Curve]:
        """Measure one of ``CURVES`` of a run."""
        if (run, name) not in self._curves:
            self._curves[run, name] = yield from tracing((yield from self.run(run)), name)
        return self._curves[run, name]

    def measuring(self, names: Iterable[str]) -> Iterator[None]:
        """Take these measures; raises LessonError, which names the one that can't be taken."""
        for name in names:
            try:
                self.values[name] = yield from self._value(self.lesson.measures[name])
            except LessonError as problem:
                raise LessonError(f"measure.{name}: {problem}") from None
            yield

    def _value(self, measure: LessonMeasure) -> Generator[None, None, float]:
        kind, value = measure.kind, float
        if kind.subject is Subject.CURVE:
            return measure.of_curve((yield from self.curve(measure.of, measure.run)))
        if kind.subject is Subject.SETTINGS:
            config = self.config(measure.run)
            return value((yield from kind.measure(config, measure.of, **measure.options)))
        yield from self.run(measure.run)
        network = self.network(measure.run, measure.epoch)
        return value(kind.measure(network, measure.of, **measure.options))

    def network(self, name: str, epoch: int | None) -> Network:
        """A run that is trained, at an epoch or at its end; a reader's own may end earlier."""
        run = self.runs[name]
        return Network(run, run.state if epoch is None else run.at(Position(epoch)))

    def measured(self) -> MeasuredLesson:
        """All values; raises LessonError."""
        for _ in self.measuring(self.lesson.measures):
            pass
        prediction = self.lesson.prediction
        truth = completed(self.curve(prediction.on)) if prediction.shapes else None
        return MeasuredLesson(self.seed, self.values, prediction.letter(self.values, truth))


def measured(lesson: Lesson, seed: int | None = None) -> MeasuredLesson:
    """All values of a lesson with a seed, by default with those of its runs."""
    return LessonRuns(lesson, seed).measured()
