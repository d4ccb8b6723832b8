"""Results: a network's answers to a set of sequences, and its errors."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

import numpy as np

from rnnviz.engine.batch import ExampleLike
from rnnviz.engine.evaluation import batches
from rnnviz.engine.layer_buffers import Array
from rnnviz.engine.parameters import Parameters
from rnnviz.probe.passes import forward_pass


class Answers(NamedTuple):
    """The M answers to some sequences, in their order, all (M,).

    ``said`` is the class with the largest probability, which is ``sure``; -1 if the outputs are not
    finite. ``wanted`` is the target class, ``owners`` the index of the sequence, ``places`` the
    index of the answer in it.
    """

    said: Array
    sure: Array
    wanted: Array
    owners: Array
    places: Array

    @property
    def wrong(self) -> Array:
        """Which of them are wrong, (M,)."""
        return np.asarray(self.said != self.wanted)


class Values(NamedTuple):
    """The M answers of values to some sequences, in their order; see ``Answers``.

    ``said`` and ``wanted`` are (M, C).
    """

    said: Array
    wanted: Array
    owners: Array
    places: Array

    @property
    def errors(self) -> Array:
        """The largest difference of each answer's values from the target, (M,)."""
        return np.asarray(np.abs(self.said - self.wanted).max(axis=1))


def read_answers(
    parameters: Parameters, examples: Sequence[ExampleLike], indexes: Array
) -> Answers:
    """The answers to the examples with these indexes, which are the owners."""

    def reduced(probs: Array, targets: Array) -> tuple[Array, Array, Array]:
        finite = np.isfinite(probs).all(axis=1)
        said = np.where(finite, probs.argmax(axis=1), -1)
        return said, np.where(finite, probs.max(axis=1), np.nan), targets

    return Answers(*_read(parameters, examples, indexes, reduced))


def read_values(parameters: Parameters, examples: Sequence[ExampleLike], indexes: Array) -> Values:
    """The answers of values to the examples with these indexes, which are the owners."""
    return Values(*_read(parameters, examples, indexes, lambda *pair: pair))


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
    a column for each prediction. ``wanted`` and ``said`` (K,) are the numbers of its targets and of
    its predictions, those paired with other classes included.
    """

    classes: Array
    counts: Array
    wanted: Array
    said: Array
    every: int

    @property
    def recall(self) -> Array:
        """The share of each class that is predicted, (K,); NaN if it is never the target."""
        return _ratio(self.counts.diagonal(), self.wanted)

    @property
    def precision(self) -> Array:
        """The share of each class's predictions that are right, (K,); NaN without any."""
        return _ratio(self.counts.diagonal(), self.said)

    @property
    def f1(self) -> Array:
        """The harmonic mean of precision and recall, (K,); NaN if the class never occurs."""
        return _ratio(2 * self.counts.diagonal(), self.wanted + self.said)


def _ratio(part: Array, whole: Array) -> Array:
    return np.asarray(np.where(whole > 0, part / np.maximum(whole, 1), np.nan))


def confusion(answers: Answers, count: int, most: int) -> Confusion:
    """The confusion matrix of at most ``most`` of ``count`` classes, in their order."""
    wanted, said = (np.bincount(c[c >= 0], minlength=count) for c in (answers.wanted, answers.said))
    classes = np.sort(np.argsort(-wanted, kind="stable")[:most])
    rank = np.full(count + 1, -1)
    rank[classes] = np.arange(len(classes))
    rows, columns = rank[answers.wanted], rank[answers.said]
    both = (rows >= 0) & (columns >= 0)
    pairs = np.bincount(rows[both] * len(classes) + columns[both], minlength=len(classes) ** 2)
    counts = pairs.reshape(len(classes), len(classes))
    return Confusion(classes, counts, wanted[classes], said[classes], count)


#: The standard normal quantile of a 95% interval.
_Z = 1.959964


def wilson(shares: Array, counts: Array) -> Array:
    """The 95% intervals (N, 2) of shares (N,) of ``counts`` independent trials (Wilson 1927)."""
    spread = _Z**2 / counts
    middle = shares + spread / 2
    half = np.sqrt(spread * (shares * (1 - shares) + spread / 4))
    return np.asarray(np.stack([middle - half, middle + half], axis=1) / (1 + spread)[:, None])
