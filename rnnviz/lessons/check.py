"""Check: whether the claims of a lesson hold, with its own seed and with others."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from rnnviz.lessons.lesson import Lesson
from rnnviz.lessons.lesson_runs import LessonRuns, MeasuredLesson
from rnnviz.probe.work import completed

#: The seeds whose spread a text may tell: {falls:ten}.
TEN = 10
#: The share of a spread by which its ends may differ on another kind of processor.
ELSEWHERE = 0.1


def rehearse(lesson: Lesson) -> None:
    """Take every measure and read every phrase, untrained; raises LessonError if one can't be."""
    runs = LessonRuns(lesson, untrained=True)
    runs.measured()
    for phrase in filter(None, (lesson.phrase, lesson.experiment and lesson.experiment.phrase)):
        completed(runs.run("main"))
        runs.network("main", None).read(phrase)


def problems(
    lesson: Lesson, own: MeasuredLesson, others: Sequence[MeasuredLesson]
) -> Iterator[str]:
    """What doesn't hold, in a sentence each; ``others`` are those of seeds, in any order."""
    for name, measure in lesson.measures.items():
        low, high = measure.within
        outside = [m for m in (own, *others) if not low <= m.values[name] <= high]
        if outside:
            found = ", ".join(f"{one.values[name]:.4g} {_with(one)}" for one in outside)
            yield f"{name} should be between {low:g} and {high:g}; it is {found}."
    for title, step in lesson.steps.items():
        for one in (own, *others) if step.choices else ():
            if (count := sum(step.right(one.values))) != 1:
                yield f"{title}: {count} answers are right {_with(one)}, not 1."
    asked = {name for step in lesson.steps.values() for name, ten in step.numbers if ten}
    # A class is told every spread that there is.
    asked |= {name for name, measure in lesson.measures.items() if measure.ten}
    yield from (said for name in sorted(asked) if (said := _spread(lesson, name, others)))


def _with(one: MeasuredLesson) -> str:
    return "with the lesson's own seed" if one.seed is None else f"with seed {one.seed}"


def _spread(lesson: Lesson, name: str, others: Sequence[MeasuredLesson]) -> str:
    """What to write if the lesson tells another spread of ten networks; else empty."""
    measure, values = lesson.measures[name], [one.values[name] for one in others]
    if len(others) != TEN:
        return "" if measure.ten else f"{{{name}:ten}} is not known: check with {TEN} seeds."
    ends = min(values), max(values)
    if [*map(measure.written, measure.ten)] == [*map(measure.written, ends)]:
        return ""
    if measure.ten and np.ptp(measure.ten) > 0:
        off = np.abs(np.subtract(measure.ten, ends)).max() / np.ptp(measure.ten)
        if off <= ELSEWHERE:
            return ""
    return f"{{{name}:ten}} is to be told: write ten = [{ends[0]:.4g}, {ends[1]:.4g}] at {name}."


def report(lesson: Lesson, own: MeasuredLesson, others: Sequence[MeasuredLesson]) -> Iterator[str]:
    """A line for every measure, answer and vote, and one for the words in sight."""
    for name, measure in lesson.measures.items():
        values = np.array([one.values[name] for one in others])
        spread = f"{values.min():.4g} to {values.max():.4g}"
        low, high = measure.within
        yield f"  {name:16}{own.values[name]:<11.4g} {spread:24} within {low:g} to {high:g}"
    for title, step in lesson.steps.items():
        right = np.array([step.right(one.values) for one in others])
        for k, choice in enumerate(step.choices):
            mark = "x" if step.right(own.values)[k] else " "
            count = f"right with {right[:, k].sum()} of {len(right)} seeds"
            yield f"  {title}: ({mark}) {choice.text}, {count}"
    if own.letter:
        letters = "".join(one.letter for one in others)
        yield f"  A class should vote for {own.letter}; with the seeds for {letters}."
    words = ", ".join(f"{title} {lesson.in_sight(title)}" for title in lesson.steps)
    yield f"  Words in sight: {words}."
