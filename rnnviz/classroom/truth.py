"""Truth: what a lesson measures, found in the background while a class guesses."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Collection, Iterator
from functools import lru_cache

import numpy as np

from rnnviz.lessons.curve import Curve
from rnnviz.lessons.head import LessonError
from rnnviz.lessons.lesson import Lesson
from rnnviz.lessons.lesson_runs import LessonRuns
from rnnviz.probe.work import completed

#: Classes share the processors of this machine: one trains at a time.
_TURN = threading.Lock()


class Truth:
    """The measures of a lesson that a class is told, each in ``values`` once it is known.

    ``curve`` is that of the run if one is drawn, which comes first. ``problem`` says why the rest
    can't be measured.
    """

    def __init__(self, lesson: Lesson) -> None:
        self.values: dict[str, float] = {}
        self.curve: Curve | None = None
        self.problem = ""
        self._lesson = lesson
        # A daemon: Ctrl-C doesn't wait for it.
        threading.Thread(target=self._measure, daemon=True, name="truth of a lesson").start()

    def knows(self, names: Collection[str]) -> bool:
        """Whether these measures are known."""
        return self.values.keys() >= {*names}

    @property
    def letter(self) -> str:
        """What the class should vote for, once that is known; "" without a vote."""
        return self._lesson.prediction.letter(self.values, self.curve)

    def _measure(self) -> None:
        runs, prediction = LessonRuns(self._lesson), self._lesson.prediction
        self.values = runs.values
        try:
            with _TURN, np.errstate(all="ignore"):
                if prediction.how == "draw":
                    self.curve = completed(runs.curve(prediction.on))
                deque(runs.measuring(dict.fromkeys(_in_order(self._lesson))), maxlen=0)
        except LessonError as problem:
            self.problem = str(problem)


def _in_order(lesson: Lesson) -> Iterator[str]:
    """The measures in the order in which a class is told them."""
    see = lesson.steps["See"]
    yield from (name for name, _ in lesson.steps["Predict"].numbers)
    yield from lesson.prediction.compare
    yield from filter(None, [lesson.prediction.voted])
    yield from (name for name, _ in see.numbers)
    yield from (name for choice in see.choices for name in choice.condition.names)


@lru_cache(16)
def truth_of(lesson: Lesson) -> Truth:
    """The truth of a lesson, which is measured once."""
    return Truth(lesson)
