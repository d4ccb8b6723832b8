"""Board: what a class guesses of a lesson, on which axes, and what hands vote for."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from rnnviz.classroom.truth import Truth
from rnnviz.lessons.body import filled
from rnnviz.lessons.curve import Curve
from rnnviz.lessons.lesson import LETTERS, Lesson
from rnnviz.lessons.measures import MeasureUnit

#: Numbers of a drawn curve, evenly spaced along its axis.
PLACES = 121
#: The lowest number on a logarithmic axis.
_LEAST = 1e-8
#: The height of a curve's axis, as a multiple of its highest shape.
_HEADROOM = 1.08


class AnswerError(ValueError):
    """What is wrong with a student's answer, as a sentence."""


class Axis(NamedTuple):
    """The axis of a number: its measure, its label and its ends.

    In the label … stands for the number. ``unit`` is how it is written, see ``MeasureUnit``, or
    "pick" for 0 and 1.
    """

    name: str
    label: str
    low: float
    high: float
    unit: str
    log: bool = False


class Option(NamedTuple):
    """What hands vote for: a letter, its text and, of a shape, the points (place, value)."""

    letter: str
    text: str
    points: tuple[tuple[float, ...], ...] = ()


class ClassGuess(NamedTuple):
    """A guess: its numbers, the measure that the histogram shows, and its options by index."""

    values: tuple[float, ...]
    told: float
    votes: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Board:
    """What is guessed of a lesson.

    ``axes`` are those of a drawn curve, places then values; otherwise one for each number. ``told``
    is the axis of the histogram.
    """

    lesson: Lesson
    axes: tuple[Axis, ...]
    told: Axis
    options: tuple[Option, ...]

    @classmethod
    def of(cls, lesson: Lesson) -> Board:
        """The board of a lesson."""
        prediction = lesson.prediction
        axes = [_axis(lesson, name) for name in prediction.compare]
        if prediction.how == "draw":
            axes = _curve_axes(lesson)
        voted = prediction.voted
        told = _axis(lesson, voted if voted in prediction.compare else prediction.compare[0])
        return cls(lesson, tuple(axes), told, tuple(_options(lesson)))

    @property
    def given(self) -> tuple[float, float] | None:
        """The point (place, value) of the curve that is known from the start."""
        known = {"loss": (0.0, 1.0), "right by lag": (self.lesson.runs["main"].lag, 1.0)}
        return known.get(self.lesson.prediction.on)

    def guess(self, values: Sequence[float]) -> ClassGuess:
        """The guess with these finite numbers; raises AnswerError."""
        drawn = self.lesson.prediction.how == "draw"
        axes = self.axes[1:] * PLACES if drawn else self.axes
        if len(values) != len(axes):
            count = f"{len(axes)} number{'s' * (len(axes) != 1)}"
            raise AnswerError(f"An answer has {count}, this one {len(values)}.")
        for value, axis in zip(values, axes, strict=True):
            if not axis.low <= value <= axis.high or (axis.unit == "pick" and value % 1):
                raise AnswerError(f"{value:.6g} is not on the axis {axis.label}.")
        compare = self.lesson.prediction.compare
        curve = self._curve(values) if drawn else None
        measured = self.lesson.guessed(curve) if curve else dict(zip(compare, values, strict=True))
        return ClassGuess(tuple(values), measured[self.told.name], self._votes(measured, curve))

    def right(self, truth: Truth) -> list[bool]:
        """Which options are right, once that is known."""
        prediction = self.lesson.prediction
        if prediction.how == "pick":
            return [truth.values[name] > prediction.wrong for name in prediction.compare]
        return [option.letter == truth.letter for option in self.options]

    def _curve(self, values: Sequence[float]) -> Curve:
        """A drawn curve at all the places where that of a run is measured."""
        low, high = self.axes[0].low, self.axes[0].high
        drawn = np.transpose([np.linspace(low, high, PLACES), values])
        return Curve.through(drawn.tolist(), np.arange(low, high + 1))

    def _votes(self, measured: dict[str, float], curve: Curve | None) -> tuple[int, ...]:
        prediction = self.lesson.prediction
        if prediction.how == "pick":
            return tuple(k for k, name in enumerate(prediction.compare) if measured[name])
        if prediction.voted and prediction.voted not in measured:
            return ()
        letter = prediction.letter(measured, curve)
        return (LETTERS.index(letter),) if letter else ()


def _curve_axes(lesson: Lesson) -> list[Axis]:
    """The axes of a curve end where the shapes to vote for do."""
    on = lesson.prediction.on
    points = [point for shape in lesson.prediction.shapes for point in shape.points]
    places, values = zip(*points, strict=True)
    label = "lag" if on == "right by lag" else "epoch"
    along = Axis("", label, min(places), max(places), MeasureUnit.EPOCH.name.lower())
    # Phones round as much.
    top = float(f"{_HEADROOM * max(1.0, *values):.4g}")
    return [along, Axis(on, on, 0.0, top, MeasureUnit.SHARE.name.lower())]


def _axis(lesson: Lesson, name: str) -> Axis:
    prediction = lesson.prediction
    if prediction.how == "pick":
        return Axis(name, name, 0.0, 1.0, "pick")
    measure = lesson.measures[name]
    run, notation = lesson.runs[measure.run], measure.notation
    ends = {MeasureUnit.EPOCH: run.epochs, MeasureUnit.COUNT: run.hidden}
    high = float(ends.get(notation, max(1, math.ceil(measure.within[1]))))
    log = prediction.near.factor > 1 and not prediction.near.floor
    label = _label(lesson, name)
    return Axis(name, label, _LEAST if log else 0.0, high, notation.name.lower(), log)


def _label(lesson: Lesson, name: str) -> str:
    """The label of a measure: its part of ``said``, … for the number; else its word or name."""
    parts = lesson.prediction.said.split(",")
    said = next((filled(one, lambda *_: "…").strip() for one in parts if f"{{{name}}}" in one), "…")
    measure = lesson.measures[name]
    words = lesson.phrase.split()
    if said == "…" and measure.of == lesson.phrase and "word" in measure.kind.options:
        return str(words[measure.options.get("word", 0) - 1])
    return name.replace("_", " ") if said == "…" else said


def _options(lesson: Lesson) -> list[Option]:
    prediction = lesson.prediction
    if prediction.how == "pick":
        return [*map(Option, LETTERS, prediction.compare)]
    if prediction.shapes:
        return [Option(letter, *s) for letter, s in zip(LETTERS, prediction.shapes, strict=False)]
    if not prediction.voted:
        return []
    ends = [lesson.measures[prediction.voted].written(end) for end in prediction.ranges]
    between = (f"{low} to {high}" for low, high in pairwise(ends))
    return [*map(Option, LETTERS, [f"below {ends[0]}", *between, f"{ends[-1]} or more"])]
