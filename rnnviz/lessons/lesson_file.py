"""A lesson as one HTML file, for a course's own site: its run as a recording, and every strip."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import Any

from rnnviz.files.replay import replay
from rnnviz.lessons.head import LessonError
from rnnviz.lessons.lesson import Lesson
from rnnviz.lessons.lesson_strip import lesson_texts
from rnnviz.lessons.play import LessonPlay, LessonStep
from rnnviz.probe.pair import Pair
from rnnviz.probe.session import Session


def lesson_html(name: str, lesson: Lesson) -> str:
    """A lesson as a self-contained HTML file; raises LessonError if its run can't be measured.

    A guess is drawn beside what happened. It is not measured, as that takes Python.
    """
    play = LessonPlay(name, lesson, Pair(Session()))
    views = dict(_views(play))
    phrases = [play.phrase]
    if lesson.experiment and lesson.experiment.phrase:
        phrases.append(lesson.experiment.phrase)
    play.pair.ask(play.phrase)
    # An end tag within the JSON would end the script that holds it.
    text = json.dumps(views).replace("</", "<\\/")
    return replay(
        play.pair, phrases, lesson=text, besides={view["epoch"] for view in views.values()}
    )


def _views(play: LessonPlay) -> Iterator[tuple[str, dict[str, Any]]]:
    """What is in sight at every step, after every answer, and in the experiment."""
    play.settle()
    yield "Predict", _view(play)
    play.watch()
    play.guess = dict.fromkeys(play.lesson.prediction.compare, math.nan)
    yield "Run", _view(play)
    play.guess = {}
    play.settle()
    if play.problem:
        raise LessonError(play.problem)
    for step in (LessonStep.SEE, LessonStep.WHY, LessonStep.TRANSFER):
        yield step, _view(play)
        if step is LessonStep.WHY:
            play.attempt()
            yield f"{step} try", _view(play)
            play.attempt()
        for k in range(len(play.choices)):
            play.answers[step] = k
            yield f"{step} {k}", _view(play)
        play.go_on()


def _view(play: LessonPlay) -> dict[str, Any]:
    """The strip and the pictures as they are now, the epoch, and the number of the phrase."""
    texts = lesson_texts(play)
    return {
        "strip": texts["story"],
        "pictures": json.loads(texts["lesson"]),
        "epoch": play.player.position.epoch,
        "phrase": int(play.pair.first.phrase_input.phrase != play.phrase),
    }
