"""Lessons that take no time, and students who answer them."""

import itertools
import time

from rnnviz.classroom.board import PLACES
from rnnviz.classroom.class_lesson import ClassLesson
from rnnviz.classroom.classroom import Classroom
from rnnviz.classroom.truth import truth_of
from rnnviz.lessons.lesson import example, read_lesson

#: The lesson of the example, whose runs have two epochs; its axis ends at 500 as before.
QUICK = (
    example()
    .replace("epochs = 500", "hidden = 4\nepochs = 2")
    .replace("epochs = 200", "hidden = 4\nepochs = 2")
)
FLAT = [1.0] * PLACES
_numbers = itertools.count()


def quick_lesson(**replaced):
    text = QUICK
    for old, new in replaced.items():
        assert old in text
        text = text.replace(old, new)
    return read_lesson(text)


def room_of(lesson=None, join=None):
    """A class that has begun a lesson."""
    room = Classroom(join)
    room.now = ClassLesson("quick", lesson or quick_lesson(), 0)
    return room


def turned(room, times):
    for _ in range(times):
        room.do({"do": "turn", "by": 1})
    return room


def measured(room):
    """Wait until its runs are measured."""
    truth, until = truth_of(room.now.lesson), time.monotonic() + 30
    while not truth.knows(["falls", "right_moves"]) and time.monotonic() < until:
        time.sleep(0.01)
    return room


def token():
    return f"student-{next(_numbers):012}"


def said(room, student=None, **answer):
    """What a student, by default a new one, is told who says this."""
    return room.hear({"student": student or token(), "lesson": room.now.number, **answer})


def falling_at(epoch, last=500):
    """A drawn curve that falls at once, at an epoch."""
    step = last / (PLACES - 1)
    return [1.0 if k * step < epoch else 0.02 for k in range(PLACES)]
