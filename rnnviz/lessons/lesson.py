"""Lesson: what is asked, guessed, seen and explained about one run, or a few; read from a file."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from importlib.resources import files
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np

from rnnviz.config import SETTINGS, RunConfig, SettingError, brief
from rnnviz.engine.cell_text import CellError
from rnnviz.engine.derived_cell import cell_of
from rnnviz.lessons.body import Step, filled, read_steps
from rnnviz.lessons.curve import Curve
from rnnviz.lessons.head import HeadTable, LessonError, are_numbers
from rnnviz.lessons.measures import CURVES, LessonMeasure, Subject, epoch_of
from rnnviz.probe.questions import PAGES
from rnnviz.tasks.data.csv_table import read_bytes

#: How a learner guesses, and on what: a curve, handles, names, or a line across the picture.
HOW: dict[str, Collection[str]] = {
    "draw": CURVES,
    "drag": ("verdict", "gradient", "kept"),
    "pick": ("parameters",),
    "mark": ("memory", "number"),
}
#: The pages, and their questions; of a lesson with a picture of its own "lesson".
PLACES = (
    *PAGES,
    *(f"{page}/{one.name.lower()}" for page, kinds in PAGES.items() for one in kinds),
    "lesson",
)
LETTERS = "ABCDEFGH"
#: The end of the names of lessons' files.
SUFFIX = ".lesson.md"
_FRONT = re.compile(r"\+\+\+[ \t]*\n(.*?)^\+\+\+[ \t]*\n", re.DOTALL | re.MULTILINE)


class Shape(NamedTuple):
    """A curve to vote for: its name, and the points (place, value) of a line."""

    name: str
    points: tuple[tuple[float, ...], ...]


class Near(NamedTuple):
    """When a guess is near enough: within a share of the truth, by a difference, or by a factor.

    Below the ``floor`` all values count as it.
    """

    share: float = 0.0
    by: float = 0.0
    factor: float = 1.0
    floor: float = 0.0

    def holds(self, truth: float, guess: float) -> bool:
        """Whether a guess is near enough."""
        one, other = sorted((max(truth, self.floor), max(guess, self.floor)))
        if one == other:
            return True
        if math.isinf(other):
            return False
        return other - one <= max(self.by, self.share * truth) or other <= self.factor * one


@dataclass(frozen=True, eq=False)
class Prediction:
    """What is guessed, and on which picture: ``how`` is one of ``HOW``.

    A drawn curve is measured like the run's curve ``on``; handles and lines set the measures
    ``compare`` themselves. The names to pick are those whose measure is above
    ``wrong``. ``said`` is a text for a guess and for the run. A class votes for ``shapes``, or for
    the ranges of the measure ``voted`` with the upper ends ``ranges``. The picture is that of
    ``epoch``, None at the end.
    """

    how: str
    on: str
    compare: tuple[str, ...]
    said: str
    near: Near
    epoch: int | None
    wrong: float
    shapes: tuple[Shape, ...]
    voted: str
    ranges: tuple[float, ...]

    def letter(self, values: Mapping[str, float], truth: Curve | None) -> str:
        """What a class should have voted for; empty without a vote.

        It is the shape that is nearest to the run's curve, or the range of the measure.
        """
        if self.shapes and truth:
            drawn = (Curve.through(shape.points, truth.places) for shape in self.shapes)
            return LETTERS[int(np.argmin([truth.distance(curve) for curve in drawn]))]
        return LETTERS[sum(values[self.voted] >= end for end in self.ranges)] if self.voted else ""


class Experiment(NamedTuple):
    """What a button of *Why* shows: the curve of another ``run``, a phrase, or an epoch."""

    label: str
    run: str = ""
    phrase: str = ""
    epoch: int | None = None


@dataclass(frozen=True, eq=False)
class Lesson:
    """A lesson: its runs, measures and steps by name; the first run is "main".

    ``page`` is one of ``PLACES``, ``phrase`` what is read there.
    """

    title: str
    minutes: int
    page: str
    phrase: str
    runs: Mapping[str, RunConfig]
    prediction: Prediction
    experiment: Experiment | None
    measures: Mapping[str, LessonMeasure]
    steps: Mapping[str, Step]

    def in_sight(self, title: str) -> int:
        """The words in sight at a step, those of the question included."""
        return self.steps[title].words + (self.steps["Ask"].words if title != "Ask" else 0)

    def filled(self, text: str, values: Mapping[str, float], form: str = "{}") -> str:
        """A text with the measured values, each in this form; "…" where one is missing."""

        def written(name: str, ten: bool) -> str:
            measure = self.measures[name]
            value = measure.written(values[name]) if name in values else "…"
            return form.format(measure.written_ten if ten else value)

        return filled(text, written)

    def guessed(self, curve: Curve) -> dict[str, float]:
        """What is compared of a curve that a learner has drawn."""
        return {name: self.measures[name].of_curve(curve) for name in self.prediction.compare}

    def met(self, values: Mapping[str, float], guess: Mapping[str, float]) -> dict[str, bool]:
        """Which of the compared measures a guess has met, of names that are picked exactly."""
        wrong, near = self.prediction.wrong, self.prediction.near
        if self.prediction.how == "pick":
            return {n: (values[n] > wrong) == (guess[n] > wrong) for n in self.prediction.compare}
        return {n: near.holds(values[n], guess[n]) for n in self.prediction.compare}


def shipped() -> dict[str, Path]:
    """The lessons of rnnviz by name, in their order."""
    found = sorted(Path(str(files(__package__))).glob(f"*{SUFFIX}"))
    return {path.name.removesuffix(SUFFIX).partition("-")[2]: path for path in found}


#: Lessons from elsewhere that this server's page offers, too, by name.
opened: dict[str, Path] = {}


def offered() -> dict[str, Path]:
    """The lessons of the page by name, in their order; of two with one name that from elsewhere."""
    return opened | shipped() | opened


def lesson_path(given: str) -> Path:
    """The file of a lesson of rnnviz by its name, or else the file ``given``."""
    return shipped().get(given, Path(given))


def offer(given: str) -> str:
    """Offer a lesson, given as to ``lesson_path``, on the page; return its name there.

    Raises LessonError, or TaskError if it can't be opened.
    """
    if given in shipped():
        return given
    path = Path(given)
    open_lesson(path)
    name = path.name.removesuffix(SUFFIX)
    opened[name] = path
    return name


def example() -> str:
    """A small lesson to begin with."""
    return (files(__package__) / "example.md").read_text(encoding="utf-8")


def open_lesson(path: Path) -> Lesson:
    """Read the file of a lesson; raises LessonError, or TaskError if it can't be opened."""
    try:
        return read_lesson(read_bytes(path).decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise LessonError("it is not text in UTF-8.") from None


def read_lesson(text: str) -> Lesson:
    """Read settings (TOML) between two lines of +++, then Markdown; raises LessonError."""
    text = text.replace("\r\n", "\n") + "\n"
    if not (front := _FRONT.match(text)):
        raise LessonError("line 1: a lesson begins with settings between two lines of +++.")
    head = HeadTable.read(front[1], 2)
    title, minutes = head.take("title", str), head.take("minutes", int)
    page, phrase = head.one_of("page", PLACES), head.take("phrase", str, "")
    every = head.table("run")
    runs = {name: _config(every.table(name)) for name in every.names()}
    if "main" not in runs:
        raise every.error("[run.main] is missing.")
    table = head.table("measure")
    measures = {name: LessonMeasure.parse(name, table.table(name), runs) for name in table.names()}
    prediction = _prediction(head.table("predict"), measures, runs)
    experiment = None
    if "experiment" in head.names():
        experiment = _experiment(head.table("experiment"), runs, prediction)
    head.end()
    steps = read_steps(text[front.end() :], text[: front.end()].count("\n") + 1, measures)
    return Lesson(title, minutes, page, phrase, runs, prediction, experiment, measures, steps)


def _config(table: HeadTable) -> RunConfig:
    settings = {}
    for name in table.names():
        if name not in SETTINGS:
            raise table.error(f"there is no setting {name[:40]!r}.")
        settings[name] = table.take(name, object)
    try:
        config = RunConfig(**settings)
        cell_of(config.cell, config.activation, config.equations, config.constants)
    except (SettingError, CellError) as problem:
        raise table.error(f"{problem}".rstrip(".") + ".") from None
    for sentence in config.idle(settings):
        raise table.error(f"{sentence} Leave it out.")
    return config


def _prediction(
    table: HeadTable, measures: Mapping[str, LessonMeasure], runs: Mapping[str, RunConfig]
) -> Prediction:
    how = table.one_of("how", HOW)
    on = table.one_of("on", HOW[how])
    compare = table.take("compare", list)
    if not measures:
        raise table.error("there is no measure to name: add one, as in [measure.falls].", "compare")
    known = [name for name in compare if isinstance(name, str) and name in measures]
    if not compare or known != compare:
        unknown = [brief(name) for name in compare if name not in known]
        missing = f"there is no measure {unknown[0]!r}; " if unknown else ""
        raise table.error(f"{missing}write names of measures: {', '.join(measures)}.", "compare")
    if how == "draw":
        for name in compare:
            one = measures[name]
            if one.kind.subject is not Subject.CURVE or (one.of, one.run) != (on, "main"):
                raise table.error(f"{name} is no measure of main's curve {on[:40]!r}.", "compare")
    shapes = tuple(_shape(one) for one in table.tables("shape"))
    if how == "draw" and not 2 <= len(shapes) <= len(LETTERS):
        raise table.error(f"a curve needs 2 to {len(LETTERS)} [[predict.shape]] to vote for.")
    if how != "draw" and shapes:
        raise table.error(f"shapes are for how = 'draw', not for {how!r}.")
    near = Near() if how == "pick" else _near(table.table("near"))
    wrong = table.take("wrong", float) if how == "pick" else 0.0
    voted, ranges = "", tuple[float, ...]()
    if "hands" in table.names():
        hands = table.table("hands")
        voted, ranges = hands.one_of("of", [*measures]), hands.numbers("below")
        if len(ranges) >= len(LETTERS):
            raise hands.error(f"there are at most {len(LETTERS)} ranges.", "below")
        hands.end()
    epoch, said = epoch_of(table, "main", runs), table.take("said", str)
    told = {*measures, *(["wrong"] if how == "pick" else [])}
    for name, _ in Step(said, (), 0).numbers:
        if name not in told:
            raise table.error(f"{name[:40]!r} is not measured.", "said")
    table.end()
    return Prediction(
        how, on, tuple(compare), said, near, epoch, wrong, shapes, voted, ranges
    )  # fmt: skip


def _experiment(
    table: HeadTable, runs: Mapping[str, RunConfig], prediction: Prediction
) -> Experiment:
    label = table.take("label", str)
    run = table.one_of("run", runs) if "run" in table.names() else ""
    phrase = table.take("phrase", str, "")
    epoch = epoch_of(table, "main", runs)
    table.end()
    if bool(run) + bool(phrase) + (epoch is not None) != 1:
        raise table.error("write one of run, phrase and epoch.")
    if run and prediction.how != "draw":
        raise table.error("only a curve that is drawn can be compared with another run's.", "run")
    return Experiment(label, run, phrase, epoch)


def _near(table: HeadTable) -> Near:
    near = Near(**{name: table.take(name, float) for name in table.names() if name in Near._fields})
    table.end()
    return near


def _shape(table: HeadTable) -> Shape:
    name, points = table.take("name", str), table.take("points", list)
    if not points or not all(are_numbers(point, 2) for point in points):
        raise table.error("write a list of points, such as [[0, 1], [600, 0.1]].", "points")
    if any(after[0] <= before[0] for before, after in pairwise(points)):
        raise table.error("each point must be to the right of the one before.", "points")
    table.end()
    return Shape(name, tuple(map(tuple, points)))
