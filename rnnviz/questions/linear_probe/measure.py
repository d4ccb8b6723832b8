"""Linear probes of the states, fitted with cross-validation."""

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
from rnnviz.probe.marks import Mark, index_from
from rnnviz.probe.results import wilson
from rnnviz.probe.season import properties_of, rows_of, season_of
from rnnviz.probe.units import StateSource
from rnnviz.tasks.dataset import GAP, Dataset, Example

#: The number of folds of the cross-validation, and of shuffled controls.
FOLDS, SHUFFLES = 5, 20
#: Minimum number of different beginnings at a place.
FEWEST = 2 * FOLDS
#: The ridge, as a share of the mean variance of the states along their principal components.
RIDGE = 0.01
#: The fixed seed of folds and shuffles, so that results can be reproduced.
_SEED = 7
#: The number of cached measurements; the oldest are dropped.
_KEPT = 60


@dataclass(frozen=True, eq=False)
class ProbeScores:
    """The score of the linear probe at each of P ``places``, (P,); NaN where it isn't measured.

    The score is the accuracy, or R² of values. ``guess`` is the score of the most frequent class,
    or of the mean, 0; ``shuffled`` (P, SHUFFLES) are the scores with shuffled labels. ``counts``
    (P,) are the numbers of different beginnings.
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
    def chance(self) -> float:
        """The best score of any place with shuffled labels.

        By chance the best of all places is above it in 1 of SHUFFLES + 1 cases at most.
        """
        return float(np.nanmax(self.shuffled))

    @property
    def measured(self) -> bool:
        """Whether there is a score at any place."""
        return bool(np.isfinite(self.scores).any())


def beginnings(words: Sequence[str], steps: Array) -> Array:
    """A number for each of N tokens, (N,), the same for the same words up to this token.

    ``steps`` (N,) is the index of each token in its sequence. Equal beginnings have equal states.
    """
    known: dict[tuple[int, str], int] = {}
    numbers, before = [], 0
    for word, step in zip(words, steps.tolist(), strict=True):
        before = known.setdefault((before if step else 0, word), len(known) + 1)
        numbers.append(before)
    return np.array(numbers, np.intp)


class Fitting:
    """The cross-validated scores of one linear probe for each place, measured place by place.

    From ``states`` (N, H) it predicts ``labels`` (N,), classes if they are integers, else values.
    Tokens of one group (N,) count once for each label and are never in two folds. A class with
    fewer than FOLDS of them at a place is left out there.
    """

    def __init__(self, states: Array, labels: Array, groups: Array, places: Array) -> None:
        self._tokens, self._of_token = (states, labels, groups), places
        self._places = np.unique(places)
        self._rows: list[tuple[Array, float, int]] = []

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
        scores = np.array([scores for scores, _, _ in self._rows]).reshape(-1, 1 + SHUFFLES)
        return ProbeScores(
            self._places[: len(self._rows)],
            scores[:, 0],
            np.array([guess for _, guess, _ in self._rows]),
            scores[:, 1:],
            np.array([count for _, _, count in self._rows], int),
            values=self._tokens[1].dtype.kind == "f",
        )


def _at_place(states: Array, labels: Array, groups: Array) -> tuple[Array, float, int]:
    """The scores with the labels and with each of their shuffles, the guess, the number of rows."""
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
        return np.full(1 + SHUFFLES, np.nan), np.nan, len(kept)
    rng = np.random.default_rng(_SEED)
    folds = _folds(targets.argmax(axis=1), groups[kept], rng)
    orders = [np.arange(len(kept)), *(_shuffled(folds, rng) for _ in range(SHUFFLES))]
    scores = _scores(states[kept].astype(float), targets[np.array(orders)], folds)
    return scores, guess, len(kept)


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
    flat = targets.swapaxes(0, 1).reshape(len(folds), -1)
    flat_found = np.empty_like(flat)
    for fold in range(FOLDS):
        test = folds == fold
        flat_found[test] = ridge(states[~test], flat[~test], states[test])
    found = flat_found.reshape(len(folds), len(targets), -1).swapaxes(0, 1)
    if targets.shape[2] > 1:
        return np.asarray((found.argmax(axis=2) == targets.argmax(axis=2)).mean(axis=1))
    errors = ((found - targets) ** 2).sum(axis=(1, 2))
    variances = ((targets - targets.mean(axis=1, keepdims=True)) ** 2).sum(axis=(1, 2))
    return np.asarray(1 - errors / variances)


def ridge(x: Array, y: Array, queries: Array, strength: float = RIDGE) -> Array:
    """The prediction (M, K) at ``queries`` (M, H) of the ridge regression of y (N, K) on x (N, H).

    W = (X^T X + k I)^-1 X^T Y with both centred, where k is ``strength`` times the mean of the
    diagonal of X^T X, so that the scale of the states makes no difference.
    """
    mean, offset = x.mean(axis=0), y.mean(axis=0)
    size = np.abs(x - mean).max()
    if not size:
        return np.broadcast_to(offset, (len(queries), len(offset)))
    # Squares of huge or tiny states would overflow or vanish.
    x, y, queries = (x - mean) / size, y - offset, (queries - mean) / size
    penalty = strength * (x**2).sum() / x.shape[1]
    if len(x) < x.shape[1]:
        weights = x.T @ np.linalg.solve(x @ x.T + penalty * np.eye(len(x)), y)
    else:
        weights = np.linalg.solve(x.T @ x + penalty * np.eye(x.shape[1]), x.T @ y)
    return np.asarray(queries @ weights + offset)


class ProbeTarget(StrEnum):
    """What a probe predicts from the state after a token."""

    WORD = "word so far"
    FIRST = "first"
    BEFORE = "before"
    TARGET = "target"
    SEASON = "season"
    TREND = "trend"


class Question(NamedTuple):
    """The target of a probe: of words whether ``word`` was read, of values those of a ``channel``.

    Places count from the first token on, or back ``from_end``.
    """

    target: ProbeTarget
    word: str = ""
    channel: int = 0
    from_end: bool = False

    def labels(self, activations: Activations, data: Dataset) -> Array:
        """The label of every token, (N,): classes (GAP is unknown), or values (NaN is unknown)."""
        if self.target in (ProbeTarget.SEASON, ProbeTarget.TREND):
            return self._of_series(activations, data)
        if self.target is ProbeTarget.TARGET:
            examples = [data.train[owner] for owner in activations.examples]
            return np.concatenate([_targets(data, one)[:, self.channel] for one in examples])
        numbers = activations.numbers
        if self.target is ProbeTarget.WORD:
            numbers = np.array([word == self.word for word in activations.words], int)
        parts = map(activations.part, range(activations.count))
        return np.concatenate([_LABELS[self.target](numbers[part]) for part in parts])

    def _of_series(self, activations: Activations, data: Dataset) -> Array:
        """The quarter of the season of every step, or the trend there, (N,)."""
        season, rows = season_of(data), rows_of(data, activations)
        if self.target is ProbeTarget.SEASON and season:
            return season.quarters(season.phases[rows]).numbers
        trend = next(one for one in properties_of(data, season) if one.name == "trend")
        return np.asarray(trend.values[rows, 0])


def targets_of(data: Dataset) -> tuple[ProbeTarget, ...]:
    """The targets in the data: values have no words, an encoder has no targets."""
    if not data.tokens:
        season = (ProbeTarget.SEASON,) * (season_of(data) is not None)
        return (ProbeTarget.TARGET, *season, *(ProbeTarget.TREND,) * (data.series is not None))
    own = tuple(_LABELS)
    return own if data.source is not None else (*own, ProbeTarget.TARGET)


def encoded(activations: Activations, data: Dataset) -> Activations:
    """The activations of the encoder alone, if there is one."""
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
    lengths, steps = np.diff(activations.starts), activations.steps
    return np.repeat(lengths, lengths) - 1 - steps if from_end else steps + 1


#: From the numbers (T,) of a sequence's words to its labels, (T,).
_LABELS: dict[ProbeTarget, Callable[[Array], Array]] = {
    ProbeTarget.WORD: np.maximum.accumulate,
    ProbeTarget.FIRST: lambda numbers: np.full_like(numbers, numbers[0]),
    ProbeTarget.BEFORE: lambda numbers: np.append(GAP, numbers[:-1]),
}


def _targets(data: Dataset, example: Example) -> Array:
    """The target after every token, (T, C): by the task's rule, as if the sequence ended there.

    Without a rule all tokens have the single target.
    """
    targets, count = example.targets, len(example.inputs)
    if data.reads is OutputAt.LAST and data.rule:
        rule = data.rule
        targets = np.concatenate([rule(example.inputs[: end + 1]) for end in range(count)])
    elif data.reads is OutputAt.LAST:
        targets = targets.repeat(count, axis=0)
    return targets.reshape(count, -1)


@dataclass(frozen=True, eq=False)
class Measurement:
    """The scores at one epoch; ``key`` identifies data, layer, part and question.

    ``weights`` is a digest of the network's weights, which may be large.
    """

    key: tuple[object, ...]
    weights: object
    epoch: int
    found: ProbeScores


def _read_question(text: str) -> Question:
    parts = text.split(" ", 3)
    known = len(parts) > 2 and parts[0].upper() in ProbeTarget.__members__
    if not known or parts[1] not in ("start", "end"):
        raise ValueError("write a question like word end 1 not")
    kind, side, channel, *word = parts
    place = index_from(1)(channel)
    return Question(ProbeTarget[kind.upper()], "".join(word), place, from_end=side == "end")


def _written_question(question: Question | None) -> str:
    if question is None:
        return ""
    side = "end" if question.from_end else "start"
    word = f" {question.word}" * bool(question.word)
    return f"{question.target.name.lower()} {side} {question.channel + 1}{word}"


class LinearProbeLab:
    """The question, and a cache of its measurements."""

    marks = (Mark("carry.probe", "asked", _read_question, _written_question),)

    def __init__(self) -> None:
        #: The question of a link, until there are data.
        self._linked: Question | None = None
        self.question = Question(ProbeTarget.WORD, from_end=True)
        self._data: Dataset | None = None
        self._memo = Memo()
        #: The key, the weights, the epoch and the scores of the measurement in progress.
        self._running: tuple[tuple[object, ...], object, int, Fitting] | None = None
        self._measured: deque[Measurement] = deque(maxlen=_KEPT)

    @property
    def asked(self) -> Question | None:
        """The question, if there are data to ask it of."""
        return self.question if self._data else self._linked

    @asked.setter
    def asked(self, question: Question) -> None:
        self._linked = question

    def fit(self, activations: Activations, data: Dataset) -> None:
        """Adapt the question to the data; new data start with the target if every token has one."""
        question, allowed = self.question, targets_of(data)
        if data is not self._data:
            everywhere = bool(data.rule) or data.reads is OutputAt.EVERY
            target = everywhere and ProbeTarget.TARGET in allowed
            first = question._replace(target=ProbeTarget.TARGET if target else allowed[0])
            fits = self._linked and self._linked.target in allowed
            question = self._linked if self._linked and fits else first
            self._data, self._linked = data, None
        if question.word not in activations.vocabulary:
            question = question._replace(word=activations.most_informative_word)
        channels = 1 if data.answers_classes else len(data.classes)
        self.question = question._replace(channel=min(question.channel, channels - 1))

    def begin(self, source: StateSource, activations: Activations) -> None:
        """Begin to fit the probes to the states of the source.

        Does nothing if they were measured before, or are not finite.
        """
        if self.shown(source) or not np.isfinite(activations.states).all():
            return
        read = encoded(activations, source.dataset)
        labels = self.question.labels(read, source.dataset)
        known = np.isfinite(labels) if labels.dtype.kind == "f" else labels != GAP
        groups, where = beginnings(read.words, read.steps), places(read, self.question.from_end)
        fitting = Fitting(*(array[known] for array in (read.states, labels, groups, where)))
        weights = self._memo.network(source.state)
        self._running = self._key(source), weights, source.state.epoch, fitting

    def work(self) -> Iterator[None]:
        """Measure to the end; yields after each step."""
        if (running := self._running) is None:
            return
        key, weights, epoch, fitting = running
        while fitting.step():
            yield
        if self._running is running:
            self._measured.append(Measurement(key, weights, epoch, fitting.found))
            self._running = None

    def cancel(self) -> None:
        """Drop the measurement in progress."""
        self._running = None

    @property
    def measuring(self) -> tuple[int, float] | None:
        """The epoch and the progress, 0..1, of the measurement in progress; or None."""
        if (running := self._running) is None:
            return None
        *_, epoch, fitting = running
        return epoch, fitting.progress

    def shown(self, source: StateSource) -> Measurement | None:
        """The measurement of these very states, if there is one."""
        weights = self._memo.network(source.state)
        return next((m for m in self.every(source) if m.weights == weights), None)

    def every(self, source: StateSource) -> list[Measurement]:
        """The measurements of the same question, sorted by epoch."""
        key = self._key(source)
        return sorted((m for m in self._measured if m.key == key), key=lambda m: m.epoch)

    def _key(self, source: StateSource) -> tuple[object, ...]:
        architecture, question = source.state.parameters.architecture, self.question
        if question.target is not ProbeTarget.WORD:
            question = question._replace(word="")
        return source.dataset, architecture, source.layer, source.part, question
