"""LessonPlay: a lesson on its way through its steps, on the run of a pair of sessions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from itertools import chain

import numpy as np

from rnnviz.lessons.curve import Curve
from rnnviz.lessons.head import LessonError
from rnnviz.lessons.lesson import Lesson
from rnnviz.lessons.lesson_runs import LessonRuns
from rnnviz.lessons.measures import CURVES, OVER_EPOCHS, Subject
from rnnviz.probe.pair import Pair
from rnnviz.run.player import SPEEDS, Player
from rnnviz.run.schedule import ENDS, Position

#: About how many seconds the run of a lesson is watched.
_SECONDS = 8


class LessonStep(StrEnum):
    """The steps of a lesson; what is asked stays in sight in all of them."""

    PREDICT = "Predict"
    RUN = "Run"
    SEE = "See"
    WHY = "Why"
    TRANSFER = "Transfer"


class LessonPlay:
    """A lesson on its way: its ``step``, what was guessed and answered, and what was measured.

    ``truth`` is the curve of the run that a drawn one is compared with. ``guess`` has a value for each compared measure; of a drawn curve they are measured on
    ``drawn``, as on the run's. It is empty if the reader just watched. ``answers`` has the number
    of the answer chosen at a step. A lesson that is ``away`` can be resumed. ``trying`` is whether
    its experiment is shown, and ``problem`` why the run can't be measured.
    """

    def __init__(self, name: str, lesson: Lesson, pair: Pair) -> None:
        self.name, self.lesson, self.pair = name, lesson, pair
        self.step = LessonStep.PREDICT
        self.guess: dict[str, float] = {}
        self.drawn: Curve | None = None
        self.answers: dict[LessonStep, int] = {}
        self.away = self.trying = False
        self.problem = ""
        self.truth: Curve | None = None
        self._tried: Curve | None = None
        self._runs = LessonRuns(lesson)
        self._others, self._own = self._measuring_others(), self._measuring_own()
        self._ended = self._others_done = False
        pair.open_run(lesson.runs["main"], lesson.phrase)
        self._prepare()

    # The run

    @property
    def player(self) -> Player:
        """The player of the reader's run."""
        assert isinstance(self.pair.first.player, Player)
        return self.pair.first.player

    def _prepare(self) -> None:
        """Train up to the epoch at which the reader guesses; a curve over epochs is yet to come."""
        prediction = self.lesson.prediction
        if prediction.on in OVER_EPOCHS:
            self.pair.set_speed(_speed(self.player.last))
            return
        epoch = self.player.last if prediction.epoch is None else prediction.epoch
        self.pair.set_speed(_speed(self.player.last - epoch))
        self.player.train_to(epoch)

    @property
    def preparing(self) -> bool:
        """Whether the run is on its way to where the reader guesses."""
        return self.step is LessonStep.PREDICT and self.player.stepping

    @property
    def changed(self) -> list[str]:
        """The names of the settings that differ from the lesson's."""
        rows = self.lesson.runs["main"].changes(self.pair.first.config)
        return [row.label for row in rows if row.name not in ENDS]

    def advance(self) -> bool:
        """Go on to *See* when the run has ended and is measured; return whether it does."""
        self._ended = self._ended or (self.player.over and not self.player.running)
        if self.step is not LessonStep.RUN or self.unmeasured:
            return False
        self.step = LessonStep.SEE
        return True

    # Measuring

    @property
    def unmeasured(self) -> int:
        """How many measures are missing."""
        return 0 if self.problem else len(self.lesson.measures) - len(self.values)

    @property
    def at_work(self) -> bool:
        """Whether there is something to train or to measure now."""
        return bool(self.unmeasured) and (self._ended or not self._others_done)

    def rest(self) -> Iterator[object]:
        """Train and measure what is left; on the reader's run once it has ended."""
        try:
            # A plain loop: ``yield from`` would end the work that goes on later.
            for step in chain(self._others, self._own if self._ended else ()):
                yield step
        except LessonError as problem:
            self.problem = str(problem)

    def _measuring_others(self) -> Iterator[None]:
        experiment = self.lesson.experiment
        if experiment and experiment.run:
            self._tried = yield from self._runs.curve(self.lesson.prediction.on, experiment.run)
        yield from self._runs.measuring(self._names(own=False))
        self._others_done = True

    def _measuring_own(self) -> Iterator[None]:
        self._runs.runs["main"] = self.pair.first.run
        if self.lesson.prediction.on in CURVES:
            self.truth = yield from self._runs.curve(self.lesson.prediction.on)
        yield from self._runs.measuring(self._names(own=True))

    def _names(self, *, own: bool) -> list[str]:
        """The measures of the reader's ``own`` run, or the others."""
        return [
            name for name, measure in self.lesson.measures.items()
            if own == (measure.run == "main" and measure.kind.subject is not Subject.SETTINGS)
        ]  # fmt: skip

    @property
    def values(self) -> Mapping[str, float]:
        """The values that are measured by now, by name."""
        return self._runs.values

    # What the reader does

    def lock(self, values: Sequence[float]) -> None:
        """Take a guess: a curve's values at even places, or one value for each compared measure.

        Without values the reader just watches. Raises LessonError.
        """
        if self.step is not LessonStep.PREDICT or self.preparing:
            return
        prediction = self.lesson.prediction
        if values and prediction.how == "draw":
            if len(values) < 2:
                raise LessonError("a curve has at least two values.")
            self.drawn = Curve(np.linspace(*self.places, len(values)), np.array(values))
            self.guess = self.lesson.guessed(self.drawn)
        elif values:
            if len(values) != len(prediction.compare):
                raise LessonError(f"a guess has {len(prediction.compare)} values.")
            self.guess = dict(zip(prediction.compare, values, strict=True))
        self.step = LessonStep.RUN
        if not self.player.over:
            self.pair.play()

    def watch(self) -> None:
        """Go on without a guess."""
        self.lock([])

    @property
    def places(self) -> tuple[float, float]:
        """The first and the last place of the curve that is drawn."""
        if self.lesson.prediction.on in OVER_EPOCHS:
            return 0, self.player.last
        return 1, max(point[0] for shape in self.lesson.prediction.shapes for point in shape.points)

    def hurry(self) -> None:
        """Train to the end as fast as it can."""
        if self.step is LessonStep.RUN:
            self.player.train_to(self.player.last)

    def choose(self, k: int) -> None:
        """Give an answer; the first one counts."""
        choices = self.choices
        if 0 <= k < len(choices):
            self.answers.setdefault(self.step, k)

    @property
    def choices(self) -> list[tuple[str, bool]]:
        """The answers at this step, and which are right."""
        step = self.lesson.steps.get(self.step)
        if step is None or not step.choices or self.unmeasured or self.problem:
            return []
        texts = (choice.text for choice in step.choices)
        return [*zip(texts, step.right(self.values), strict=True)]

    def go_on(self) -> None:
        """Go to the next step, if this one is answered; from the last one the lesson ends."""
        if self.choices and self.step not in self.answers:
            return
        if self.step is LessonStep.TRANSFER:
            self.away = True
        elif self.step in (LessonStep.SEE, LessonStep.WHY):
            self.trying = False
            self.step = [*LessonStep][[*LessonStep].index(self.step) + 1]

    def leave(self) -> None:
        """Leave it, where it is."""
        self.pair.pause()
        self.away = True

    def resume(self) -> None:
        """Come back to it."""
        self.away = False

    @property
    def done(self) -> bool:
        """Whether the last question is answered, and the reader has left."""
        return self.away and LessonStep.TRANSFER in self.answers

    def attempt(self) -> None:
        """Begin the experiment of *Why*, or end it."""
        experiment = self.lesson.experiment
        if self.step is not LessonStep.WHY or experiment is None:
            return
        self.trying = not self.trying
        if experiment.phrase:
            self.pair.ask(experiment.phrase if self.trying else self.lesson.phrase)
        if experiment.epoch is not None:
            self.pair.go_to(Position(experiment.epoch if self.trying else self.player.last))

    @property
    def tried(self) -> Curve | None:
        """The curve of the run that the experiment shows."""
        return self._tried if self.trying else None


def _speed(epochs: int) -> int:
    """The speed at which so many epochs are watched."""
    return min(SPEEDS[1:], key=lambda speed: abs(speed - epochs / _SECONDS))
