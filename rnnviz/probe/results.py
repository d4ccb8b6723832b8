"""Results: a network's answers to a set of sequences, its errors, and simple models to compare."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from rnnviz.config import OutputAt
from rnnviz.engine.batch import ExampleLike
from rnnviz.engine.evaluation import batches
from rnnviz.engine.layer_buffers import Array
from rnnviz.engine.parameters import Parameters
from rnnviz.probe.passes import forward_pass
from rnnviz.tasks.dataset import Dataset, Example


class Answers(NamedTuple):
    """The M answers to some sequences, in their order, all (M,).

    ``predicted`` is the class with the largest ``probability``; -1 if the outputs are not finite.
    ``targets`` are the target classes, ``owners`` the indexes of the sequences, ``places`` those
    of the answers in them.
    """

    predicted: Array
    probability: Array
    targets: Array
    owners: Array
    places: Array

    @property
    def wrong(self) -> Array:
        """Which of them are wrong, (M,)."""
        return np.asarray(self.predicted != self.targets)


class Values(NamedTuple):
    """The M answers of values to some sequences, in their order; see ``Answers``.

    ``predicted`` and ``targets`` are (M, C).
    """

    predicted: Array
    targets: Array
    owners: Array
    places: Array

    @property
    def errors(self) -> Array:
        """The largest difference of each answer's values from the target, (M,)."""
        return np.asarray(np.abs(self.predicted - self.targets).max(axis=1))

    @property
    def squares(self) -> Array:
        """The squared error of each answer, averaged over its values, (M,)."""
        return np.asarray(((self.predicted - self.targets) ** 2).mean(axis=1))


def read_answers(
    parameters: Parameters, examples: Sequence[ExampleLike], indexes: Array
) -> Answers:
    """The answers to the examples with these indexes, which are the owners."""

    def reduced(probs: Array, targets: Array) -> tuple[Array, Array, Array]:
        finite = np.isfinite(probs).all(axis=1)
        predicted = np.where(finite, probs.argmax(axis=1), -1)
        return predicted, np.where(finite, probs.max(axis=1), np.nan), targets

    return Answers(*_read(parameters, examples, indexes, reduced))


def read_values(parameters: Parameters, examples: Sequence[ExampleLike], indexes: Array) -> Values:
    """The answers of values to the examples with these indexes, which are the owners."""
    return Values(*_read(parameters, examples, indexes, lambda *pair: pair))


def read_last_values(parameters: Parameters, examples: Sequence[Example], indexes: Array) -> Values:
    """The last answer alone to each of the examples, which is much faster than all of them."""
    short = [replace(examples[i], targets=examples[i].targets[-1:]) for i in indexes.tolist()]
    found = read_values(parameters, short, np.arange(len(short)))
    return found._replace(owners=indexes[found.owners])


def _read(
    parameters: Parameters,
    examples: Sequence[ExampleLike],
    indexes: Array,
    reduced: Callable[[Array, Array], tuple[Array, ...]],
) -> list[Array]:
    """The ``reduced`` outputs and targets, the owners and the places, in the order of the owners.

    With a large vocabulary, all probabilities of all answers would not fit into memory.
    """
    of, parts = parameters.architecture, list[Sequence[Array]]()
    for batch in batches([examples[i] for i in indexes], of.hidden * of.layers):
        probs = forward_pass(parameters, batch, thin=True).probs
        parts.append((*reduced(probs, batch.targets), indexes[batch.owners]))
    return merged(parts)


def merged(parts: Iterable[Sequence[Array]]) -> list[Array]:
    """The columns of several parts, sorted by the last one, the owners; and the places.

    No sequence is in two parts.
    """
    columns = [np.concatenate(column) for column in zip(*parts, strict=True)]
    order = np.argsort(columns[-1], kind="stable")
    columns = [column[order] for column in columns]
    _, first, counts = np.unique(columns[-1], return_index=True, return_counts=True)
    return [*columns, np.arange(len(order)) - np.repeat(first, counts)]


class Confusion(NamedTuple):
    """The confusion matrix of K classes; ``every`` is the number of all classes.

    ``classes`` (K,) are the most frequent targets. ``counts`` (K, K) has a row for each target and
    a column for each prediction. ``targets`` and ``predicted`` (K,) are how often a class is the
    target and the prediction, with other classes too.
    """

    classes: Array
    counts: Array
    targets: Array
    predicted: Array
    every: int

    @property
    def recall(self) -> Array:
        """The share of each class that is predicted, (K,); NaN if it is never the target."""
        return _ratio(self.counts.diagonal(), self.targets)

    @property
    def precision(self) -> Array:
        """The share of each class's predictions that are right, (K,); NaN without any."""
        return _ratio(self.counts.diagonal(), self.predicted)

    @property
    def f1(self) -> Array:
        """The harmonic mean of precision and recall, (K,); NaN if the class never occurs."""
        return _ratio(2 * self.counts.diagonal(), self.targets + self.predicted)


def _ratio(part: Array, whole: Array) -> Array:
    return np.asarray(np.where(whole > 0, part / np.maximum(whole, 1), np.nan))


def confusion(answers: Answers, count: int, most: int) -> Confusion:
    """The confusion matrix of at most ``most`` of ``count`` classes, in their order."""
    targets, predicted = (
        np.bincount(c[c >= 0], minlength=count) for c in (answers.targets, answers.predicted)
    )
    classes = np.sort(np.argsort(-targets, kind="stable")[:most])
    rank = np.full(count + 1, -1)
    rank[classes] = np.arange(len(classes))
    rows, columns = rank[answers.targets], rank[answers.predicted]
    both = (rows >= 0) & (columns >= 0)
    pairs = np.bincount(rows[both] * len(classes) + columns[both], minlength=len(classes) ** 2)
    counts = pairs.reshape(len(classes), len(classes))
    return Confusion(classes, counts, targets[classes], predicted[classes], count)


#: The standard normal quantile of a 95% interval.
_Z = 1.959964


def wilson(shares: Array, counts: Array) -> Array:
    """The 95% intervals (N, 2) of shares (N,) of ``counts`` independent trials (Wilson 1927)."""
    spread = _Z**2 / counts
    middle = shares + spread / 2
    half = np.sqrt(spread * (shares * (1 - shares) + spread / 4))
    return np.asarray(np.stack([middle - half, middle + half], axis=1) / (1 + spread)[:, None])


def counted(count: int, of: int) -> str:
    """A count with the 95% interval of its share (Wilson): "28 of 40 (55 to 82%)"."""
    low, high = 100 * wilson(np.array([count / of]), np.array([of]))[0]
    return f"{count} of {of} ({low:.0f} to {high:.0f}%)"


# Baselines: the best answers to the training sequences from a part of the input


#: The most baselines of a data set.
_MOST = 3
#: A baseline this close to the loss of guessing, or to 0, is left out: a share of that loss.
_NEAR = 0.04


@dataclass(frozen=True)
class Baseline:
    """A simple model: its short ``name``, a ``text`` that describes it, its mean loss.

    ``right`` is the accuracy of its likeliest classes, or, for values, the task's metric.
    """

    name: str
    text: str
    loss: float
    right: float


def baselines(dataset: Dataset) -> tuple[Baseline, ...]:
    """At most three baselines on the training sequences, each clearly below guessing, best last.

    One close to zero is left out: its input identifies every sequence. There are none for networks
    that read values and answer classes, or read tokens and answer values.
    """
    if dataset.tokens != dataset.answers_classes:
        return ()
    made = _of_classes(dataset) if dataset.answers_classes else _of_values(dataset)
    low, high = _NEAR * dataset.guess.loss, (1 - _NEAR) * dataset.guess.loss
    between = [baseline for baseline in made if low < baseline.loss < high]
    return tuple(sorted(between[:_MOST], key=lambda baseline: -baseline.loss))


def conditional_entropy(contexts: Array, classes: Array) -> tuple[float, float]:
    """H(class | context) in nats, and the share of the likeliest classes; both arrays are (M,).

    The contexts are numbers from 0 on. No function of the context alone has a smaller mean
    cross-entropy on these classes (Cover and Thomas 2006, chapter 2).
    """
    width = classes.max() + 1
    pairs, counts = np.unique(contexts * width + classes, return_counts=True)
    starts = np.flatnonzero(np.diff(pairs // width, prepend=-1))
    totals = np.add.reduceat(counts, starts)
    within = np.repeat(totals, np.diff(starts, append=len(pairs)))
    entropy = counts @ np.log(within / counts) / len(classes)
    return float(entropy), float(np.maximum.reduceat(counts, starts).sum() / len(classes))


def _of_classes(dataset: Dataset) -> Iterator[Baseline]:
    train, every = dataset.train, dataset.reads is OutputAt.EVERY
    noun = "token" if dataset.vocabulary.characters else "word"
    classes = np.concatenate([example.targets for example in train])
    # The token of every output and the one before it, (M,), from 1 on; 0 before the first one.
    ends = slice(None) if every else slice(-1, None)
    last = np.concatenate([(e.inputs + 1)[ends] for e in train])
    before = np.concatenate([np.append(0, e.inputs[:-1] + 1)[ends] for e in train])
    pairs = before * (last.max() + 1) + last
    contexts = [
        (f"last {noun}", f"the best from the last {noun} alone", last),
        (f"last 2 {noun}s", f"the best from the last two {noun}s alone", pairs),
    ]
    if not every:
        bags = dict[tuple[int, ...], int]()
        numbers = [bags.setdefault(tuple(np.sort(e.inputs)), len(bags)) for e in train]
        text = f"the best from the {noun}s without their order"
        contexts.append((f"bag of {noun}s", text, np.array(numbers)))
    for name, text, read in contexts:
        yield Baseline(name, text, *conditional_entropy(read, classes))


def _of_values(dataset: Dataset) -> Iterator[Baseline]:
    train, every = dataset.train, dataset.reads is OutputAt.EVERY
    targets = np.concatenate([example.targets for example in train])
    rows = np.concatenate([_last_two(example.inputs, every) for example in train])
    channels = train[0].inputs.shape[1]
    for name, text, width in (
        ("last input", "the best linear function of the last input", channels + 1),
        ("last 2 inputs", "the best linear function of the last two inputs", 2 * channels + 1),
    ):
        known = rows[:, :width]
        outputs = known @ np.linalg.lstsq(known, targets)[0]
        yield Baseline(name, text, *_scores(dataset, outputs, targets))
    if dataset.reference:
        outputs = np.concatenate([dataset.reference.predict(e.inputs) for e in train])
        scores = _scores(dataset, outputs, targets)
        yield Baseline(dataset.reference.name, dataset.reference.text, *scores)


def _last_two(inputs: Array, every: bool) -> Array:
    """A row for every output: 1, the last input, and the one before it or zeros, (N, 1 + 2D)."""
    before = np.concatenate([np.zeros_like(inputs[:1]), inputs[:-1]])
    rows = np.column_stack([np.ones(len(inputs)), inputs, before])
    return rows if every else rows[-1:]


def _scores(dataset: Dataset, outputs: Array, targets: Array) -> tuple[float, float]:
    error = float(np.mean((outputs - targets) ** 2))
    owners = np.repeat(np.arange(len(dataset.train)), [len(e.targets) for e in dataset.train])
    return error, dataset.metric.score(outputs, targets, owners)
