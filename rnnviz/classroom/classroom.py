"""Classroom: the lesson that a class sees now, and how students join."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from rnnviz.classroom.class_lesson import ClassLesson
from rnnviz.lessons.lesson import Lesson, offered, open_lesson


class Join(NamedTuple):
    """How students join: an address without http://, and its QR code as SVG, "" without one."""

    address: str
    qr: str


class Classroom:
    """A class; ``now`` is its lesson, None while it is closed.

    Without ``join`` hands are counted. The page and the students call from different threads.
    """

    def __init__(self, join: Join | None = None) -> None:
        self.join = join
        self.now: ClassLesson | None = None
        self._count = 0
        self._lock = threading.Lock()

    def begin(self, name: str) -> bool:
        """Begin a lesson, unless it goes on already; False if there is none of this name."""
        lesson = _offered_lesson(name)
        with self._lock:
            if lesson and not (self.now and self.now.name == name):
                self._count += 1
                self.now = ClassLesson(name, lesson, self._count)
        return lesson is not None

    def close(self) -> None:
        """Forget the lesson and its answers."""
        with self._lock:
            self.now = None

    def do(self, action: Mapping[str, Any]) -> None:
        """Do what the teacher asks for: turn the phase, or count a hand. The rest is ignored."""
        # 1.0 and True equal 1.
        if any(type(action.get(name, 1)) is not int for name in ("by", "option")):
            return
        with self._lock:
            match action:
                case {"do": "turn", "by": (1 | -1) as by} if self.now:
                    self.now.turn(by)
                case {"do": "hand", "option": int() as option, "by": (1 | -1) as by} if self.now:
                    self.now.count_hand(option, by)

    def hear(self, message: Mapping[str, Any]) -> dict[str, Any] | None:
        """See ``ClassLesson.hear``; None while the class is closed."""
        with self._lock:
            return self.now.hear(message) if self.now else None

    def state(self) -> dict[str, Any] | None:
        """What the projector shows; None while the class is closed."""
        with self._lock:
            if not self.now:
                return None
            names = [*offered()]
            after = names.index(self.now.name) + 1 if self.now.name in names else len(names)
            join = self.join._asdict() if self.join else None
            return self.now.state() | {"join": join, "next": ([*names, None])[after]}


@lru_cache
def _offered_lesson(name: str) -> Lesson | None:
    """A lesson of the page. It is kept, and with it what it has measured."""
    path = offered().get(name)
    return open_lesson(path) if path else None
