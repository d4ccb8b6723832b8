"""ClassLesson: a lesson that is being taught to a class, its phase and its answers."""

from __future__ import annotations

import math
import re
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from rnnviz.classroom.board import PLACES, AnswerError, Board, ClassGuess
from rnnviz.classroom.truth import truth_of
from rnnviz.lessons.body import Step, filled
from rnnviz.lessons.head import are_numbers
from rnnviz.lessons.lesson import Lesson

#: The most students of a class, and the most numbers of an answer.
MOST_STUDENTS, MOST_NUMBERS = 500, 200
_MOST_HANDS = 999
#: A student is a random text that a browser tab keeps.
_TOKEN = re.compile(r"[A-Za-z0-9_-]{16,40}", re.ASCII)
_NEIGHBOURS = "These are your guesses. Turn to your neighbour: who is right, and why?"
#: Seconds without a question from its page after which a student who has not answered is away.
AWAY = 30.0
_TRAINING = "The runs are being trained …"


class ClassPhase(StrEnum):
    """A class guesses, compares its guesses, sees the run, and says what it saw."""

    COLLECT = "collect"
    GUESSES = "guesses"
    RUN = "run"
    SEEN = "seen"


_PHASES = [*ClassPhase]


@dataclass(eq=False)
class Student:
    """The last answers of a browser tab: a guess, and the choice of *See* by index."""

    guess: ClassGuess | None = None
    seen: int | None = None
    #: When it was last heard of, in seconds.
    heard: float = 0.0


class ClassLesson:
    """A lesson that is being taught; ``number`` tells it from those before it."""

    def __init__(self, name: str, lesson: Lesson, number: int) -> None:
        self.name, self.lesson, self.number = name, lesson, number
        self.board = Board.of(lesson)
        self.phase = ClassPhase.COLLECT
        self._see = lesson.steps["See"]
        self._truth = truth_of(lesson)
        self._students: dict[str, Student] = {}
        #: The votes by hand: for the guess (False), and for what was seen (True).
        self._hands = {
            False: [0] * len(self.board.options),
            True: [0] * len(self._see.choices),
        }

    @property
    def _ran(self) -> bool:
        """Whether the guessed measures are known."""
        prediction = self.lesson.prediction
        return self._truth.knows([*prediction.compare, *filter(None, [prediction.voted])])

    @property
    def _seen(self) -> bool:
        """Whether the measures that *See* asks about are known."""
        named = [name for choice in self._see.choices for name in choice.condition.names]
        return self._truth.knows([*named, *(name for name, _ in self._see.numbers)])

    # What the teacher does

    def turn(self, by: int) -> None:
        """Go on to the next phase (1), or back to the one before (-1)."""
        at = _PHASES.index(self.phase) + by
        self.phase = _PHASES[max(0, min(at, len(_PHASES) - 1))]

    def count_hand(self, option: int, by: int) -> None:
        """Count one hand more or less for an option or, in the last phase, for a choice."""
        hands = self._hands[self.phase is ClassPhase.SEEN]
        if 0 <= option < len(hands):
            hands[option] = max(0, min(hands[option] + by, _MOST_HANDS))

    # What students do

    def hear(self, message: Mapping[str, Any]) -> dict[str, Any]:
        """Keep what a student's tab sends, and tell it what to show; raises AnswerError.

        A guess counts while guesses are collected, a choice in the last phase. What comes at
        another time changes nothing.
        """
        token = message.get("student")
        if not isinstance(token, str) or not _TOKEN.fullmatch(token):
            raise AnswerError("A student is a random text of 16 to 40 letters, digits, - and _.")
        if token not in self._students and len(self._students) >= MOST_STUDENTS:
            raise AnswerError(f"The class is full: it has {MOST_STUDENTS} students.")
        mine = message.get("lesson") == self.number
        guess = _numbers(message, "guess") if mine else None
        seen = _numbers(message, "seen") if mine else None
        if seen and seen[0] not in range(len(self._see.choices)):
            raise AnswerError("There is no such choice.")
        given = self.board.guess(guess) if guess is not None else None
        student = self._students.setdefault(token, Student())
        student.heard = time.monotonic()
        if given and self.phase is ClassPhase.COLLECT:
            student.guess = given
        if seen and self.phase is ClassPhase.SEEN:
            student.seen = int(seen[0])
        return self._shown_to(student)

    def page(self) -> dict[str, Any]:
        """What the page of a student begins with."""
        return {
            "lesson": self.number, "title": self.lesson.title, "how": self.lesson.prediction.how,
            "ask": self.lesson.steps["Ask"].text, "text": self._text(self.lesson.steps["Predict"]),
            "board": self._board(),
        }  # fmt: skip

    def _shown_to(self, student: Student) -> dict[str, Any]:
        shown: dict[str, Any] = {"lesson": self.number, "phase": self.phase}
        shown["guessed"] = student.guess is not None
        if self.phase is ClassPhase.COLLECT:
            shown["text"] = self._text(self.lesson.steps["Predict"])
        elif self.phase is ClassPhase.SEEN and self._seen:
            choices = [choice.text for choice in self._see.choices]
            shown |= {"text": self._text(self._see), "choices": choices, "seen": student.seen}
        return shown

    # What the projector shows

    def state(self) -> dict[str, Any]:
        """Everything that the projector shows in this phase, and nothing of the phases after it."""
        students = [*self._students.values()]
        guesses = [student.guess for student in students if student.guess]
        since = time.monotonic() - AWAY
        here = [student for student in students if student.guess or student.heard > since]
        state = self.page() | {
            "name": self.name, "phase": self.phase, "text": self._said(),
            "here": len(here), "locked": len(guesses),
            "hands": self._hands[self.phase is ClassPhase.SEEN],
        }  # fmt: skip
        if self.phase is not ClassPhase.COLLECT:
            votes = Counter(vote for guess in guesses for vote in guess.votes)
            state["votes"] = [votes[k] for k in range(len(self.board.options))]
            state["guesses"] = [guess.values for guess in guesses]
            state["told"] = [_finite(guess.told) for guess in guesses]
        if self.phase in (ClassPhase.RUN, ClassPhase.SEEN) and self._ran:
            state["truth"] = self._told_truth()
        if self.phase is ClassPhase.SEEN:
            seen = Counter(student.seen for student in students)
            state["choices"] = [choice.text for choice in self._see.choices]
            state["seen"] = [seen[k] for k in range(len(self._see.choices))]
        return state

    def _board(self) -> dict[str, Any]:
        board = self.board
        return {
            "axes": [axis._asdict() for axis in board.axes], "told": board.told._asdict(),
            "options": [option._asdict() for option in board.options],
            "given": board.given, "places": PLACES,
        }  # fmt: skip

    def _told_truth(self) -> dict[str, Any]:
        values, curve, told = self._truth.values, self._truth.curve, self.board.told.name
        return {
            "values": [_finite(values[name]) for name in self.lesson.prediction.compare],
            "told": _finite(values[told]), "written": self._written(told),
            "curve": None if curve is None else [curve.places.tolist(), curve.values.tolist()],
            "right": self.board.right(self._truth),
            "right_choices": self._see.right(values) if self._seen else None,
        }  # fmt: skip

    def _written(self, name: str) -> str:
        """A measured number, "…" until it is known."""
        value = self._truth.values.get(name)
        return "…" if value is None else self.lesson.measures[name].written(value)

    def _said(self) -> str:
        match self.phase:
            case ClassPhase.COLLECT:
                return self._text(self.lesson.steps["Predict"])
            case ClassPhase.GUESSES:
                return _NEIGHBOURS
            case ClassPhase.RUN:
                return self._told()
        return self._text(self._see)

    def _told(self) -> str:
        """What the run did and, where a lesson knows them, what ten networks do."""
        if not self._ran:
            return self._truth.problem or _TRAINING
        measures, prediction = self.lesson.measures, self.lesson.prediction
        values = self._truth.values

        def written(name: str, _: bool) -> str:
            if prediction.how != "pick" or name != "wrong":
                return f"**{self._written(name)}**"
            return f"**{', '.join(n for n in prediction.compare if values[n] > prediction.wrong)}**"

        spread = [
            axis.label.replace("…", ten) if "…" in axis.label else f"{axis.label} {ten}"
            for axis in (self.board.axes if prediction.how != "draw" else [self.board.told])
            if measures[axis.name].ten and (ten := measures[axis.name].written_ten)
        ]
        others = f" Ten networks: {', '.join(spread)}." if spread else ""
        return f"The run: {filled(prediction.said, written)}.{others}"

    def _text(self, step: Step) -> str:
        """The text of a step with the numbers that are known."""

        def written(name: str, ten: bool) -> str:
            return f"**{self.lesson.measures[name].written_ten if ten else self._written(name)}**"

        return filled(step.text, written)


def _numbers(message: Mapping[str, Any], name: str) -> list[float] | None:
    """The finite numbers of an answer, None without one; raises AnswerError."""
    values = message.get(name)
    if values is None:
        return None
    if not isinstance(values, list) or not 0 < len(values) <= MOST_NUMBERS:
        raise AnswerError(f"An answer has at most {MOST_NUMBERS} numbers.")
    if not are_numbers(values, len(values)):
        raise AnswerError("An answer has finite numbers.")
    return values


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
