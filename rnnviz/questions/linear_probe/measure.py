"""What a linear map reads from the states, fitted with cross-validation."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import NamedTuple

import numpy as np

from rnnviz.config import OutputAt
from rnnviz.engine.layer_buffers import Array
from rnnviz.probe.activations import Activations
from rnnviz.probe.cache import Memo
from rnnviz.probe.results import wilson
from rnnviz.probe.units import StateSource
from rnnviz.tasks.dataset import GAP, Dataset
from rnnviz.tasks.example import Example

#: The number of folds of the cross-validation, and of shuffled controls.
FOLDS, SHUFFLES = 5, 20
#: At a place with fewer different beginnings, nothing is measured.
FEWEST = 2 * FOLDS
#: The ridge, as a share of the mean variance of the states along their principal components.
RIDGE = 0.01
#: The fixed seed of folds and shuffles, so that they are the same every time.
_SEED = 7


@dataclass(frozen=True, eq=False)
class ProbeScores:
    """The score of the linear probe at each of P ``places``, (P,); NaN where it isn't measured.

    The score is the accuracy, or R² of values. ``guess`` is that of the most frequent class, or of
    the mean, 0; ``shuffled`` (P, SHUFFLES) are those of probes fitted to shuffled labels.
    ``counts`` (P,) are the numbers of different beginnings.
    """

    places: Array
    scores: Array
    guess: Array
    shuffled: Array
    counts: Array
    values: bool = False

    @property
    def intervals(self) -> Array:
        """The 95% intervals of an accuracy (Wilson), (P, 2); NaN for R², and where none is known.

        Each beginning counts as a trial of its own, though the folds share what they are fitted to.
        """
        if self.values:
            return np.full((len(self.scores), 2), np.nan)
        return wilson(self.scores, np.maximum(self.counts, 1))

    @property
    def measured(self) -> bool:
        """Whether there is a score at any place."""
        return bool(np.isfinite(self.scores).any())


def beginnings(words: Sequence[str], steps: Array) -> Array:
    """A number for each of N tokens, (N,): equal where the same words were read up to there.

    ``steps`` (N,) is the index of each token in its sequence. Equal beginnings have equal states.
    """
    known: dict[tuple[int, str], int] = {}
    numbers, before = [], 0
    for word, step in zip(words, steps.tolist(), strict=True):
        before = known.setdefault((before if step else 0, word), len(known) + 1)
        numbers.append(before)
    return np.array(numbers, np.intp)


class Fitting:
    """The cross-validated score of one linear probe for each place, over N tokens, step by step.

    From ``states`` (N, H) it predicts ``labels`` (N,), classes if they are integers, else values.
    Tokens of one group (N,) count once for each label and are never in two folds. Classes of fewer
    than FOLDS of them are left out at that place.
    """

    def __init__(self, states: Array, labels: Array, groups: Array, places: Array) -> None:
        self._tokens, self._of_token = (states, labels, groups), places
        self._places = np.unique(places)
        self._rows: list[_Place] = []

    def step(self) -> bool:
        """Measure one more place; return whether any are left."""
        if len(self._rows) < len(self._places):
            here = self._of_token == self._places[len(self._rows)]
            self._rows.append(_at_place(*(array[here] for array in self._tokens)))
        return len(self._rows) < len(self._places)

    @property
    def progress(self) -> float:
        """The share of the places that is measured, 0..1."""
        return len(self._rows) / max(1, len(self._places))

    @property
    def found(self) -> ProbeScores:
        """The scores at the places measured so far."""
        rows, (_, labels, _) = self._rows, self._tokens
        scores = np.array([row.scores for row in rows]).reshape(len(rows), 1 + SHUFFLES)
        return ProbeScores(
            self._places[: len(rows)],
            scores[:, 0],
            np.array([row.guess for row in rows]),
            scores[:, 1:],
            np.array([row.rows for row in rows], int),
            values=labels.dtype.kind == "f",
        )


class _Place(NamedTuple):
    """The score with the labels and with each of their shuffles, the guess, the number of rows."""

    scores: Array
    guess: float
    rows: int


def _at_place(states: Array, labels: Array, groups: Array) -> _Place:
    _, kept = np.unique(np.column_stack([groups, labels]), axis=0, return_index=True)
    if labels.dtype.kind == "f":
        targets, guess = labels[kept, None], 0.0
    else:
        classes, sizes = np.unique(labels[kept], return_counts=True)
        classes = classes[sizes >= FOLDS]
        kept = kept[np.isin(labels[kept], classes)]
        targets = np.equal.outer(labels[kept], classes).astype(float)
        guess = float(targets.mean(axis=0).max(initial=0)) if len(kept) else 0.0
    if len(kept) < FEWEST or not np.ptp(targets, axis=0).any():
        return _Place(np.full(1 + SHUFFLES, np.nan), np.nan, len(kept))
    rng = np.random.default_rng(_SEED)
    folds = _folds(targets.argmax(axis=1), groups[kept], rng)
    orders = [np.arange(len(kept)), *(_shuffled(folds, rng) for _ in range(SHUFFLES))]
    scores = _scores(states[kept].astype(float), targets[np.array(orders)], folds)
    return _Place(scores, guess, len(kept))


def _folds(classes: Array, groups: Array, rng: np.random.Generator) -> Array:
    """The fold of each row, (N,), each with about the same share of every class.

    Rows of one group are in the same fold.
    """
    _, first, numbers = np.unique(groups, return_index=True, return_inverse=True)
    ranks = np.empty(len(first), np.intp)
    ranks[np.lexsort((rng.random(len(first)), classes[first]))] = np.arange(len(first))
    folds: Array = ranks[numbers] % FOLDS
    return folds


def _shuffled(folds: Array, rng: np.random.Generator) -> Array:
    """A random order of the rows within each fold, which keeps its share of every class."""
    order = np.empty(len(folds), np.intp)
    order[np.argsort(folds, kind="stable")] = np.lexsort((rng.random(len(folds)), folds))
    return order


def _scores(states: Array, targets: Array, folds: Array) -> Array:
    """Accuracy, or R² if there is one column, of K targets (K, N, C), one-hot or values, (K,)."""
    count, rows, columns = targets.shape
    flat = targets.swapaxes(0, 1).reshape(rows, -1)
    predicted = np.empty_like(flat)
    for fold in range(FOLDS):
        test = folds == fold
        predicted[test] = ridge(states[~test], flat[~test], states[test])
    found = predicted.reshape(rows, count, columns).swapaxes(0, 1)
    if columns > 1:
        right: Array = (found.argmax(axis=2) == targets.argmax(axis=2)).mean(axis=1)
        return right
    errors = ((found - targets) ** 2).sum(axis=(1, 2))
    explained: Array = 1 - errors / ((targets - targets.mean(axis=1, keepdims=True)) ** 2).sum(
        (1, 2)
    )
    return explained


def ridge(x: Array, y: Array, asked: Array, strength: float = RIDGE) -> Array:
    """The prediction (M, K) at ``asked`` (M, H) of the ridge regression of y (N, K) on x (N, H).

    W = (X^T X + k I)^-1 X^T Y with both centred, where k is ``strength`` times the mean of the
    diagonal of X^T X: it is the same however large the states are.
    """
    mean, offset = x.mean(axis=0), y.mean(axis=0)
    size = np.abs(x - mean).max()
    if not size:
        return np.broadcast_to(offset, (len(asked), len(offset)))
    # Squares of huge or tiny states would overflow or vanish.
    x, y, asked = (x - mean) / size, y - offset, (asked - mean) / size
    penalty = strength * (x**2).sum() / x.shape[1]
    if len(x) < x.shape[1]:
        weights = x.T @ np.linalg.solve(x @ x.T + penalty * np.eye(len(x)), y)
    else:
        weights = np.linalg.solve(x.T @ x + penalty * np.eye(x.shape[1]), x.T @ y)
    prediction: Array = asked @ weights + offset
    return prediction


# Probe labels: what a linear probe is asked for, at every token of many sequences


class ProbeTarget(StrEnum):
    """A kind of question to the state after a token."""

    WORD = "word so far"
    FIRST = "first"
    BEFORE = "before"
    TARGET = "target"


class Question(NamedTuple):
    """What is asked: whether ``word`` was read, or the target, of values in one ``channel``.

    The places are counted from the first token on, or back ``from_end``.
    """

    asked: ProbeTarget
    word: str = ""
    channel: int = 0
    from_end: bool = False


def askable(data: Dataset) -> tuple[ProbeTarget, ...]:
    """The questions that data allow: there are no words among values, nor targets in an encoder."""
    if not data.tokens:
        return (ProbeTarget.TARGET,)
    return tuple(
        asked for asked in ProbeTarget if asked is not ProbeTarget.TARGET or data.source is None
    )


def encoded(activations: Activations, data: Dataset) -> Activations:
    """The activations of an encoder alone, if there is one."""
    if data.source is None:
        return activations
    lengths = np.array([len(e.source) if e.source is not None else 0 for e in data.train])
    mask = activations.steps < lengths[activations.owners]
    return replace(
        activations,
        words=tuple(np.array(activations.words, object)[mask].tolist()),
        states=activations.states[mask],
        owners=activations.owners[mask],
        steps=activations.steps[mask],
    )


def places(activations: Activations, from_end: bool) -> Array:
    """The number of tokens read, from 1 on, or of those still to come, from 0 on, (N,)."""
    lengths = np.diff(activations.starts)
    steps = activations.steps
    return np.repeat(lengths, lengths) - 1 - steps if from_end else steps + 1


def labels(question: Question, activations: Activations, data: Dataset) -> Array:
    """The label of every token, (N,): classes (GAP is unknown), or values (NaN is unknown)."""
    if question.asked is ProbeTarget.TARGET:
        parts = [
            _targets(data, data.train[owner])[:, question.channel] for owner in activations.examples
        ]
    else:
        numbers = activations.numbers
        if question.asked is ProbeTarget.WORD:
            numbers = np.array([word == question.word for word in activations.words], int)
        parts = [
            _LABELS[question.asked](numbers[activations.part(k)]) for k in range(activations.count)
        ]
    return np.concatenate(parts)


#: From the numbers (T,) of a sequence's words to its labels, (T,).
_LABELS: dict[ProbeTarget, Callable[[Array], Array]] = {
    ProbeTarget.WORD: np.maximum.accumulate,
    ProbeTarget.FIRST: lambda numbers: np.full_like(numbers, numbers[0]),
    ProbeTarget.BEFORE: lambda numbers: np.append(GAP, numbers[:-1]),
}


def _targets(data: Dataset, example: Example) -> Array:
    """The target after every token, (T, C); by the task's rule that if the sequence ended there.

    Without a rule a single target is that of all tokens.
    """
    count = len(example.inputs)
    targets = example.targets
    if data.reads is OutputAt.LAST:
        targets = (
            np.concatenate([*_at_ends(data, example)])
            if data.rule
            else targets.repeat(count, axis=0)
        )
    return targets.reshape(count, -1)


def _at_ends(data: Dataset, example: Example) -> Iterator[Array]:
    assert data.rule is not None
    for end in range(1, len(example.inputs) + 1):
        yield data.rule(example.inputs[:end])


# What is asked of the states, and the answers at the epochs that were measured


#: The number of cached measurements; the oldest are dropped.
_KEPT = 60


@dataclass(frozen=True, eq=False)
class Measurement:
    """The answer at one epoch; ``key`` tells data, layer, part and question apart.

    ``weights`` is a digest of the network's weights, which may be large.
    """

    key: tuple[object, ...]
    weights: object
    epoch: int
    found: ProbeScores


class Running(NamedTuple):
    """A measurement that goes on; see ``Measurement``."""

    key: tuple[object, ...]
    weights: object
    epoch: int
    fitting: Fitting


class LinearProbeLab:
    """The question, and the measurements."""

    def __init__(self) -> None:
        self.question = Question(ProbeTarget.WORD, from_end=True)
        self._data: Dataset | None = None
        self._memo = Memo()
        self._running: Running | None = None
        self._measured: deque[Measurement] = deque(maxlen=_KEPT)

    def fit(self, activations: Activations, data: Dataset) -> None:
        """Adapt the question to the data: of new ones the target, if it is known at every token."""
        question, allowed = self.question, askable(data)
        if data is not self._data:
            everywhere = bool(data.rule) or data.reads is OutputAt.EVERY
            target = everywhere and ProbeTarget.TARGET in allowed
            question = question._replace(asked=ProbeTarget.TARGET if target else allowed[0])
            self._data = data
        if question.word not in activations.vocabulary:
            question = question._replace(word=activations.most_informative_word)
        channels = 1 if data.answers_classes else len(data.classes)
        self.question = question._replace(channel=min(question.channel, channels - 1))

    def begin(self, source: StateSource, activations: Activations) -> None:
        """Begin to fit the probes to the states of the source, unless that was done before.

        Does nothing if they are not finite.
        """
        if self.shown(source) or not np.isfinite(activations.states).all():
            return
        read = encoded(activations, source.dataset)
        wanted = labels(self.question, read, source.dataset)
        known = np.isfinite(wanted) if wanted.dtype.kind == "f" else wanted != GAP
        tokens = (
            read.states, wanted, beginnings(read.words, read.steps),
            places(read, self.question.from_end),
        )  # fmt: skip
        fitting = Fitting(*(array[known] for array in tokens))
        self._running = Running(
            self._key(source), self._memo.network(source.state), source.state.epoch, fitting
        )

    def work(self) -> Iterator[None]:
        """Measure to the end; yields after each step."""
        running = self._running
        while running and running.fitting.step():
            yield
        if running and self._running is running:
            self._measured.append(Measurement(*running[:3], running.fitting.found))
            self._running = None

    def cancel(self) -> None:
        """Forget what is being measured."""
        self._running = None

    @property
    def measuring(self) -> tuple[int, float] | None:
        """The epoch of which is being measured, and the share that is done, 0..1; or None."""
        running = self._running
        return running and (running.epoch, running.fitting.progress)

    def shown(self, source: StateSource) -> Measurement | None:
        """The measurement of these very states, if there is one."""
        weights = self._memo.network(source.state)
        return next((m for m in self.every(source) if m.weights == weights), None)

    def every(self, source: StateSource) -> list[Measurement]:
        """The measurements of the same question, at all epochs, in their order."""
        key = self._key(source)
        return sorted((m for m in self._measured if m.key == key), key=lambda m: m.epoch)

    def _key(self, source: StateSource) -> tuple[object, ...]:
        architecture, question = source.state.parameters.architecture, self.question
        if question.asked is not ProbeTarget.WORD:
            question = question._replace(word="")
        return source.dataset, architecture, source.layer, source.part, question
