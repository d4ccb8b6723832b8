"""Measures: what a lesson can ask of a run, each a function in a table."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any, NamedTuple

import numpy as np

from rnnviz.config import RunConfig
from rnnviz.engine.layer_buffers import Array
from rnnviz.lessons.curve import Curve, between, first, grows, mean, value
from rnnviz.lessons.head import HeadTable, LessonError
from rnnviz.lessons.network import Network
from rnnviz.probe.activations import mean_change, read_activations
from rnnviz.probe.formatting import number
from rnnviz.probe.gradient_flow import compare, token_shares
from rnnviz.probe.lengths import by_length, length_profile
from rnnviz.probe.memory_gauge import answer_flow, eigenvalues, recurrent, spectrum
from rnnviz.probe.probe import names_of
from rnnviz.probe.retention import memory_shares, other_inputs
from rnnviz.probe.work import completed
from rnnviz.run.run import Run, TrainingRun
from rnnviz.run.schedule import Position, Schedule
from rnnviz.tasks.data_source import DataSource

#: The share of right answers from which on a run has learned.
LEARNED = 0.95
#: The longest sequences that are drawn.
MOST_TOKENS = 1000
#: A unit is needed for a word alone if, without it, at most the first share of the phrases with
#: the word is right, and at least the second share of the others.
_WRONG, _RIGHT = 0.6, 0.97


class MeasureUnit(Enum):
    """What a measure counts, and so how it is written."""

    EPOCH, COUNT, SHARE, NUMBER = range(4)


def written(value: float, notation: MeasureUnit) -> str:
    """A measured value in a text: 361, 85%, 6·10⁻⁷, 31 times; an epoch may be never."""
    if notation is MeasureUnit.EPOCH and math.isinf(value):
        return "never"
    if notation in (MeasureUnit.EPOCH, MeasureUnit.COUNT):
        return number(round(value) if math.isfinite(value) else value, 6)
    if notation is MeasureUnit.NUMBER or not math.isfinite(value):
        return number(value, 2)
    if 0 < value < 1e-4:
        return number(value, 1)
    if value >= 1.5:
        return f"{value:.0f} times"
    return f"{value:.0%}" if value == 0 or value >= 0.01 else f"{number(100 * value, 1)}%"


# Curves: a run's, or one that a learner has drawn


def training(config: RunConfig) -> Generator[None, None, TrainingRun]:
    """Train a run of these settings to its end or until its loss is no longer finite."""
    run = TrainingRun(DataSource().dataset_for(config), Schedule(config))
    while not run.finished and run.train(run.stride):
        yield
    return run


def train(config: RunConfig) -> TrainingRun:
    """A run of these settings, trained as by ``training``."""
    return completed(training(config))


#: A place on a curve, an epoch or a lag, and the value there.
Point = tuple[float, float]


def _of_history(name: str) -> Callable[[Run], Iterator[Point]]:
    return lambda run: zip(run.history.epochs, run.history.column(name), strict=True)


def _loss(run: Run) -> Iterator[Point]:
    """The training loss as a share of that of guessing by frequency."""
    losses = run.history.column("train_loss") / run.dataset.guess.loss
    return zip(run.history.epochs, losses, strict=True)


def _radius(run: Run) -> Iterator[Point]:
    for epoch in run.history.epochs.tolist():
        yield epoch, spectrum(recurrent(run.replay(Position(epoch), "lesson").parameters)).radius


def _right_by_lag(run: Run) -> Iterator[Point]:
    """The share of new sequences that are right, at every lag up to twice the learned one."""
    new, network = run.dataset.extrapolation, Network(run, run.state)
    lags = range(new.shortest, 2 * new.trained + 1) if new else [1]
    return ((lag, right_at(network, lag)) for lag in lags)


def tracing(run: Run, name: str) -> Generator[None, None, Curve]:
    """Measure one of ``CURVES`` of a run, place by place."""
    points = []
    for point in CURVES[name][0](run):
        points.append(point)
        yield
    return Curve(*np.array(points).T)


#: The curves by name: how they are measured, and what their values are.
CURVES: dict[str, tuple[Callable[[Run], Iterator[Point]], MeasureUnit]] = {
    "loss": (_loss, MeasureUnit.SHARE),
    "right": (_of_history("train_metric"), MeasureUnit.SHARE),
    "test right": (_of_history("test_metric"), MeasureUnit.SHARE),
    "radius": (_radius, MeasureUnit.NUMBER),
    "right by lag": (_right_by_lag, MeasureUnit.SHARE),
}
#: The curves over the epochs of a run.
OVER_EPOCHS = frozenset(CURVES) - {"right by lag"}


# Networks: a run at one of its epochs


def reach(network: Network, phrase: str, *, word: int) -> float:
    """The share of the last answer's gradient that reaches word number ``word``."""
    return float(answer_flow(network.read(phrase, word)[1]).norms[word - 1])


def fed(network: Network, phrase: str, *, word: int) -> float:
    """The share of the recurrent gradient that comes from word number ``word``."""
    return float(token_shares(network.read(phrase, word)[1]).W_hh[word - 1])


def error(network: Network, parameter: str, *, phrase: str) -> float:
    """The relative error of the notebook's gradient of a parameter on a phrase."""
    network.named(parameter)
    probe, _ = network.read(phrase)
    return compare(network.parameters, probe.trace.batch).errors[parameter]


def verdict(network: Network, phrase: str, *, word: int = 0) -> float:
    """The probability of the second class after word number ``word``; 0: after the last one."""
    probe, _ = network.read(phrase, word or 1)
    if not probe.dataset.answers_classes:
        raise LessonError("this task is answered with values, not with classes.")
    return float(probe.running_probs[word - 1][1])


def kept_along(network: Network, phrase: str, *, word: int = 1) -> Array:
    """What is left of word number ``word`` in the memory after it and after each later one."""
    probe, _ = network.read(phrase, word)
    others = other_inputs(probe.dataset, probe.example, word - 1)
    return memory_shares(network.parameters, probe.example, word - 1, others)[word - 1 :]


def kept(network: Network, phrase: str, *, word: int = 1) -> float:
    """What is left of word number ``word`` in the memory after the last one, as a share."""
    return float(kept_along(network, phrase, word=word)[-1])


def gate(network: Network, name: str, *, phrase: str, words: str) -> float:
    """The mean of a gate over all units, at the first word of a phrase or at the others."""
    unrolled = network.read(phrase)[0].unrolled()
    shown = network.parameters.architecture.cell.shown
    if name not in shown:
        raise LessonError(f"this cell has no {name[:20]!r}; it has {', '.join(shown)}.")
    values = unrolled.of(name)
    return float((values[:1] if words == "first" else values[1:]).mean())


def harmless(network: Network, _: str) -> float:
    """How many units can be silenced, each alone, with all training answers still right."""
    return float(len(network.harmless))


def together(network: Network, _: str) -> float:
    """The share of training answers that are right without all harmless units at once."""
    return network.run.examine(network.without(network.harmless))[0].metric


def without(network: Network, word: str, *, phrases: str = "all") -> float:
    """The share of training phrases that are right without the unit that a word changes most.

    It is that of all phrases, of those with the word, or of those without it.
    """
    with_word, others = network.having(word)
    data = network.run.dataset
    changes, _ = mean_change(read_activations(network.parameters, data.train, names_of(data)), word)
    some = {"all": data.train, "with": with_word, "without": others}[phrases]
    return network.right(some, network.without([int(np.abs(changes).argmax())]))


def selective(network: Network, word: str) -> float:
    """How many units are needed for a word alone.

    Without one at most 60% of the training phrases with the word are right, and 97% of the others.
    """
    with_word, others = network.having(word)
    every = (network.without([u]) for u in range(network.parameters.architecture.hidden))
    shares = [(network.right(with_word, one), network.right(others, one)) for one in every]
    return float(sum(one <= _WRONG and rest >= _RIGHT for one, rest in shares))


def edited(network: Network, weights: Mapping[str, float]) -> float:
    """The share of the test that is right after parameters are set, as { W_hg = 0, b_f = 3 }."""
    changed = network.parameters.copy()
    for name, weight in weights.items():
        network.named(name)
        changed[name][...] = weight
    return network.run.examine(changed)[1].metric


def right_at(network: Network, lag: int) -> float:
    """The share of new sequences that are right at a lag, or at a length; raises LessonError."""
    data = network.run.dataset
    if data.extrapolation is None:
        raise LessonError("this task draws no sequences of other lengths.")
    if not (least := data.extrapolation.shortest) <= lag <= MOST_TOKENS:
        raise LessonError(f"{lag} is no length of a sequence: write {least} to {MOST_TOKENS:,}.")
    lengths = by_length(data, network.parameters.architecture, [lag])
    return float(length_profile(network.parameters, data, lengths).scores[0])


def ring(network: Network, margin: float) -> float:
    """How many eigenvalues of the recurrent weights lie within a margin of the unit circle."""
    values = eigenvalues(recurrent(network.parameters))
    return float((np.abs(np.abs(values) - 1) < margin).sum())


# Settings: what takes runs of its own


def least(config: RunConfig, name: str, *, values: Sequence[float]) -> Generator[None, None, float]:
    """The smallest of the ``values`` of a constant in the equations with which the run learns.

    It has learned if 95% of the test is right at its end. Infinite if it learns with none.
    """
    line = re.compile(rf"^{re.escape(name)} = .*$", re.MULTILINE)
    if not line.search(config.equations):
        raise LessonError(f"the equations have no line {name[:20]} = ….")
    for constant in values:
        changed = line.sub(f"{name} = {constant}", config.equations)
        run = yield from training(replace(config, equations=changed))
        if run.history.column("test_metric")[-1] >= LEARNED:
            return constant
    return math.inf


# The table


class Subject(Enum):
    """What a measure is taken of: a curve, a network at an epoch, or the settings of a run."""

    CURVE, NETWORK, SETTINGS = range(3)


class MeasureKind(NamedTuple):
    """A measure of the table: its function, and how a lesson writes it.

    A function that trains runs of its own yields where it can stop. ``value`` is the type of its
    value in a lesson, or the texts to choose from; ``options`` has the same for its other fields,
    of which the ``needed`` are required. Without a ``notation`` it has the curve's.
    """

    subject: Subject
    measure: Callable[..., Any]
    value: type | tuple[str, ...]
    options: Mapping[str, type | tuple[str, ...]] = {}
    needed: tuple[str, ...] = ()
    notation: MeasureUnit | None = MeasureUnit.SHARE


_WORD: Mapping[str, type] = {"word": int}
_ALONG, _ON = Subject.CURVE, Subject.NETWORK
_CURVE = tuple(CURVES)
#: The measures by their names in a lesson.
KINDS: dict[str, MeasureKind] = {
    "first": MeasureKind(
        _ALONG, first, _CURVE, {"below": float, "above": float}, notation=MeasureUnit.EPOCH
    ),
    "grows": MeasureKind(_ALONG, grows, _CURVE, {"times": float}, ("times",), MeasureUnit.EPOCH),
    "between": MeasureKind(
        _ALONG, between, _CURVE, {"levels": list}, ("levels",), MeasureUnit.EPOCH
    ),
    "value": MeasureKind(_ALONG, value, _CURVE, {"at": float}, notation=None),
    "mean": MeasureKind(_ALONG, mean, _CURVE, {"but": float}, notation=None),
    "reach": MeasureKind(_ON, reach, str, _WORD, ("word",)),
    "fed": MeasureKind(_ON, fed, str, _WORD, ("word",)),
    "error": MeasureKind(_ON, error, str, {"phrase": str}, ("phrase",)),
    "verdict": MeasureKind(_ON, verdict, str, _WORD),
    "kept": MeasureKind(_ON, kept, str, _WORD),
    "gate": MeasureKind(
        _ON, gate, str, {"phrase": str, "words": ("first", "later")}, ("phrase", "words"),
        MeasureUnit.NUMBER,
    ),
    "harmless": MeasureKind(_ON, harmless, ("alone",), notation=MeasureUnit.COUNT),
    "together": MeasureKind(_ON, together, ("harmless",)),
    "without": MeasureKind(_ON, without, str, {"phrases": ("all", "with", "without")}),
    "selective": MeasureKind(_ON, selective, str, notation=MeasureUnit.COUNT),
    "edited": MeasureKind(_ON, edited, dict),
    "lag": MeasureKind(_ON, right_at, int),
    "ring": MeasureKind(_ON, ring, float, notation=MeasureUnit.COUNT),
    "least": MeasureKind(
        Subject.SETTINGS, least, str, {"values": list}, ("values",), MeasureUnit.NUMBER
    ),
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class LessonMeasure:
    """A measure of a lesson: one of ``KINDS``, what it is asked of, and its bounds.

    ``of`` is what the kind's name has in the lesson, ``epoch`` None at the end of the run. ``ten``
    are the least and the most of ten networks, if a text names them.
    """

    name: str
    kind: MeasureKind
    of: Any
    run: str
    epoch: int | None
    options: Mapping[str, Any]
    within: tuple[float, ...]
    ten: tuple[float, ...]

    @classmethod
    def parse(cls, name: str, table: HeadTable, runs: Mapping[str, RunConfig]) -> LessonMeasure:
        """Parse { first = "loss", below = 0.75, within = [320, 390] }; raises LessonError."""
        word = next(iter(table.names()), "")
        if word not in KINDS:
            raise table.error(f"there is no measure {word!r}; there are {', '.join(KINDS)}.")
        kind = KINDS[word]
        of = _taken(table, word, kind.value)
        run = table.one_of("run", [*runs], "main")
        given = [n for n in kind.options if n in table.names() or n in kind.needed]
        options = {n: _taken(table, n, kind.options[n]) for n in given}
        if kind.measure is first and len(options) != 1:
            raise table.error("write one of below and above.")
        if kind.measure is between and len(options["levels"]) != 2:
            raise table.error("write two numbers.", "levels")
        epoch = epoch_of(table, run, runs) if kind.subject is Subject.NETWORK else None
        within = table.numbers("within", 2)
        ten = table.numbers("ten", 2) if "ten" in table.names() else ()
        table.end()
        return cls(name, kind, of, run, epoch, options, within, ten)

    def of_curve(self, curve: Curve) -> float:
        """The measure of a curve, a run's or one that is drawn."""
        value: float = self.kind.measure(curve, **self.options)
        return value

    @property
    def notation(self) -> MeasureUnit:
        """What it counts, and so how it is written."""
        return self.kind.notation or CURVES[self.of][1]

    def written(self, value: float) -> str:
        """A value in a text."""
        return written(value, self.notation)

    @property
    def written_ten(self) -> str:
        """The spread of ten networks in a text: 341 to 369."""
        return " to ".join(map(self.written, self.ten))


def epoch_of(table: HeadTable, run: str, runs: Mapping[str, RunConfig]) -> int | None:
    """Take an epoch of a run, None if none is given; raises LessonError."""
    if "epoch" not in table.names():
        return None
    epoch: int = table.take("epoch", int)
    last = runs[run].epochs
    if not 0 <= epoch <= last:
        raise table.error(f"the run {run} has the epochs 0 to {last}.", "epoch")
    return epoch


def _taken(table: HeadTable, name: str, kind: type | tuple[str, ...]) -> Any:
    if isinstance(kind, tuple):
        return table.one_of(name, kind)
    if kind is list:
        return table.numbers(name)
    if kind is dict:
        inner = table.table(name)
        return {one: inner.take(one, float) for one in inner.names()}
    return table.take(name, kind)
