"""LessonPlay: a lesson on its way through its steps, on the run of a pair of sessions."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from itertools import chain

import numpy as np

from rnnviz.lessons.curve import Curve
from rnnviz.lessons.head import LessonError
from rnnviz.lessons.lesson import Lesson
from rnnviz.lessons.lesson_runs import LessonRuns
from rnnviz.lessons.measures import (
    CURVES,
    OVER_EPOCHS,
    LessonMeasure,
    MeasureUnit,
    Subject,
    kept,
    kept_along,
)
from rnnviz.probe.pair import USUAL, KeptRun, Pair, called
from rnnviz.probe.work import completed
from rnnviz.run.player import SPEEDS, Player
from rnnviz.run.schedule import ENDS, Position

#: Guesses that are compared with the network at the epoch at which they were made.
IN_NETWORK = ("verdict", "gradient")
#: About how many seconds the run of a lesson is watched.
_SECONDS = 8


class LessonStep(StrEnum):
    """The steps of a lesson; the question stays in sight in all of them."""

    PREDICT = "Predict"
    RUN = "Run"
    SEE = "See"
    WHY = "Why"
    TRANSFER = "Transfer"


class LessonPlay:
    """A lesson on its way: its ``step``, what was guessed and answered, and what was measured.

    ``guess`` has a value for each compared measure; of a drawn curve they are measured on
    ``drawn``, as on the run's, which is its ``truth``. It is empty if the reader just watched.
    ``answers`` has the number of the answer chosen at a step. A lesson that is ``away`` can be
    resumed. ``trying`` is whether its experiment is shown, and ``problem`` why the run can't be
    measured.
    """

    def __init__(
        self, name: str, lesson: Lesson, pair: Pair, last: LessonPlay | None = None
    ) -> None:  # fmt: skip
        self.name, self.lesson, self.pair = name, lesson, pair
        self.step = LessonStep.PREDICT
        self.guess: dict[str, float] = {}
        self.drawn: Curve | None = None
        self.answers: dict[LessonStep, int] = {}
        self.away = self.trying = False
        self.problem = ""
        self.truth: Curve | None = None
        self._runs = LessonRuns(lesson)
        self._others, self._own = self._measuring_others(), self._measuring_own()
        self._kept: dict[tuple[str, bool], list[float]] = {}
        self._ended = self._others_done = False
        self._judged: list[str] | None = None
        #: Where the reader was before the experiment.
        self._before = Position(0)
        before = pair.before if last and pair.before is last.before else ()
        pair.open_run(lesson.runs["main"], lesson.phrase)
        #: The reader's run that it replaced, or that the ``last`` lesson replaced.
        self.before: tuple[KeptRun, ...] = before or pair.before
        pair.before = self.before
        #: What is read.
        self.phrase = pair.first.phrase_input.phrase
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

    @property
    def judged(self) -> list[str]:
        """Those names when the run was measured; until then, those of now."""
        return self.changed if self._judged is None else self._judged

    def advance(self) -> bool:
        """Go on to *See* when what was guessed is measured; return whether it does."""
        self._ended = self._ended or (self.player.over and not self.player.running)
        judged = set(self.lesson.prediction.compare) <= self.values.keys()
        if self.step is not LessonStep.RUN or not (judged or self.problem):
            return False
        self.step, self._judged = LessonStep.SEE, self.changed
        prediction = self.lesson.prediction
        if prediction.on in IN_NETWORK and prediction.epoch is not None:
            self.pair.go_to(Position(prediction.epoch))
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
        """Do the remaining training and measuring; on the reader's run once it has ended."""
        try:
            # A chain does not close the generators that go on later.
            yield from chain(self._others, self._own if self._ended else ())
        except LessonError as problem:
            self.problem = str(problem)

    def _measuring_others(self) -> Iterator[None]:
        if (experiment := self.lesson.experiment) and experiment.run:
            yield from self._runs.curve(self.lesson.prediction.on, experiment.run)
        yield from self._runs.measuring(self._names(own=False))
        self._others_done = True

    def _measuring_own(self) -> Iterator[None]:
        self._runs.runs["main"] = self.pair.first.run
        if self.lesson.prediction.on in CURVES:
            self.truth = yield from self._runs.curve(self.lesson.prediction.on)
        yield from self._runs.measuring(self._names(own=True))

    def _names(self, *, own: bool) -> list[str]:
        """The measures of the reader's ``own`` run, or the others; first those needed first."""
        said = (name for name, _ in self.lesson.steps[LessonStep.PREDICT].numbers)
        names = dict.fromkeys((*said, *self.lesson.prediction.compare, *self.lesson.measures))
        measures = [self.lesson.measures[name] for name in names]
        return [
            one.name for one in measures
            if own == (one.run == "main" and one.kind.subject is not Subject.SETTINGS)
        ]  # fmt: skip

    @property
    def values(self) -> Mapping[str, float]:
        """The values that are measured by now, by name."""
        return self._runs.values

    def settle(self) -> None:
        """Train and measure until the reader has to do something."""
        while self.advance() or self.pair.running or self.at_work:
            if self.pair.running:
                self.pair.tick(math.inf, self.player.last)
            elif self.at_work:
                deque(self.rest(), maxlen=0)

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
        if prediction.on in IN_NETWORK:
            self.hurry()
        elif not self.player.over:
            self.pair.play()

    def skip(self) -> None:
        """Go to what there is to see, without a guess."""
        self.player.train_to(self.player.last)
        self.step = LessonStep.RUN

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
    def choices(self) -> list[tuple[str, bool | None]]:
        """The answers at this step, and whether they are right; None if that isn't measured yet."""
        step = self.lesson.steps.get(self.step)
        if step is None or self.problem:
            return []
        return [(choice.text, choice.right(self.values)) for choice in step.choices]

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
            self.pair.ask(experiment.phrase if self.trying else self.phrase)
        if experiment.epoch is not None:
            if self.trying:
                self._before = self.player.position
            self.pair.go_to(Position(experiment.epoch) if self.trying else self._before)

    @property
    def _asked(self) -> list[LessonMeasure]:
        """The measures that the answers of this step compare, once it is answered."""
        if self.step not in self.answers or self.unmeasured:
            return []
        choices = self.lesson.steps[self.step].choices
        names = dict.fromkeys(name for choice in choices for name in choice.condition.names)
        return [self.lesson.measures[name] for name in names]

    @property
    def lines(self) -> list[tuple[str, Curve]]:
        """The curves of other runs, tried or asked about, with their names."""
        experiment, on = self.lesson.experiment, self.lesson.prediction.on
        found = []
        if self.trying and experiment and experiment.run:
            found.append(experiment.run)
        found += [one.run for one in self._asked if one.run != "main" and one.of == on]
        main = self.lesson.runs["main"]
        return [
            (called(self.lesson.runs[run], main)[0], completed(self._runs.curve(on, run)))
            for run in dict.fromkeys(found)
        ]

    def kept(self, name: str, *, trained: bool) -> list[float]:
        """The share of a letter left along the phrase, for the measure of this name.

        It is that in the ``trained`` network, or in the one at the epoch of the measure.
        Empty until it is measured.
        """
        measure = self.lesson.measures[name]
        if measure.kind.measure is not kept or name not in self.values:
            return []
        if (name, trained) not in self._kept:
            network = self._runs.network(measure.run, None if trained else measure.epoch)
            self._kept[name, trained] = kept_along(network, measure.of, **measure.options).tolist()
        return self._kept[name, trained]

    @property
    def events(self) -> list[LessonMeasure]:
        """The epochs of the run that the answers were about."""
        return [
            measure for measure in self._asked
            if measure.run == "main" and measure.kind.notation is MeasureUnit.EPOCH
            and math.isfinite(self.values[measure.name])
        ]  # fmt: skip


def _speed(epochs: int) -> int:
    """The speed at which ``epochs`` take about ``_SECONDS``; the usual one for none."""
    return min(SPEEDS[1:], key=lambda speed: abs(speed - epochs / _SECONDS)) if epochs else USUAL
