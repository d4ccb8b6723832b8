"""Truth: what a lesson measures, found in the background while a class guesses."""

from __future__ import annotations

import threading
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from rnnviz.lessons.curve import Curve
from rnnviz.lessons.head import LessonError
from rnnviz.lessons.lesson import Lesson
from rnnviz.lessons.lesson_runs import LessonRuns, Measured

#: Classes share the processors of this machine: one trains at a time.
_TURN = threading.Lock()


class Truth(NamedTuple):
    """All measures of a lesson, and the curve of its run if one is drawn."""

    measured: Measured
    curve: Curve | None


class AwaitedTruth:
    """The truth of a lesson once it has been measured; ``problem`` says why it can't be."""

    def __init__(self, lesson: Lesson) -> None:
        self.truth: Truth | None = None
        self.problem = ""
        self._lesson = lesson
        # A daemon: Ctrl-C doesn't wait for it.
        threading.Thread(target=self._measure, daemon=True, name="truth of a lesson").start()

    def _measure(self) -> None:
        try:
            with _TURN, np.errstate(all="ignore"):
                self.truth = _truth(self._lesson)
        except LessonError as problem:
            self.problem = str(problem)


@lru_cache(16)
def _truth(lesson: Lesson) -> Truth:
    runs, prediction = LessonRuns(lesson), lesson.prediction
    return Truth(
        runs.measured(), runs.curve("main", prediction.on) if prediction.how == "draw" else None
    )
