"""Selectivity: how much a unit's change depends on the word, and which units are similar."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rnnviz.engine.layer_buffers import Array
from rnnviz.probe.activations import Activations

#: At most this many words have a response.
MOST_WORDS = 40


@dataclass(frozen=True, eq=False)
class Response:
    """The mean change (H, W) of each unit at each of W words, over ``counts`` (W,) tokens.

    ``units`` (H,) is an order of the rows in which similar ones are adjacent; ``words`` are already
    in such an order.
    """

    words: tuple[str, ...]
    means: Array
    counts: Array
    units: Array


def response(
    activations: Activations, most: int = MOST_WORDS, like: Response | None = None
) -> Response:
    """The mean of h_t - h_{t-1} for each of the ``most`` most frequent words.

    Rows and columns are in the order of ``like``, of the same sequences, or else sorted again.
    """
    numbers = activations.numbers[activations.moved]
    counts = np.bincount(numbers, minlength=len(activations.vocabulary))
    frequent = np.sort(np.argsort(-counts, kind="stable")[: min(most, np.count_nonzero(counts))])
    sums = _sums(activations.changes[activations.moved], numbers, len(counts))
    means = (sums[frequent] / counts[frequent, None]).T
    names = [activations.vocabulary[number] for number in frequent]
    columns = [names.index(word) for word in like.words] if like else seriation(means.T).tolist()
    words = tuple(names[column] for column in columns)
    units = like.units if like else seriation(means)
    return Response(words, means[:, columns], counts[frequent][columns], units)


def mean_change(activations: Activations, word: str) -> tuple[Array, int]:
    """The mean of h_t - h_{t-1} where the token is ``word``, (H,), and at how many places.

    NaN where there is none.
    """
    tokens = activations.occurrences(word)
    if not len(tokens):
        return np.full(activations.states.shape[1], np.nan), 0
    return activations.changes[tokens].mean(axis=0), len(tokens)


def _sums(rows: Array, groups: Array, count: int) -> Array:
    """The sum of the rows (N, H) of each of ``count`` groups, (count, H)."""
    sums = np.zeros((count, rows.shape[1]))
    np.add.at(sums, groups, rows)
    return sums


def selectivity(activations: Activations, word: str | None = None) -> Array:
    """How much each unit's change depends on the word, or on whether it is ``word``, (H,).

    The root of the variance between groups, in the unit of the state. With one word it is
    proportional to the distance of the two means. It is not divided by the whole variance, which
    would give the first ranks to units with consistent but tiny changes.
    """
    groups = activations.numbers
    if word is not None:
        groups = np.isin(np.arange(len(groups)), activations.occurrences(word)).astype(int)
    groups, changes = groups[activations.moved], activations.changes[activations.moved]
    if not len(groups):
        return np.zeros(activations.states.shape[1])
    sizes = np.bincount(groups)
    sums = _sums(changes - changes.mean(axis=0), groups, len(sizes))
    between = (sums**2 / np.maximum(sizes, 1)[:, None]).sum(axis=0)
    deviations: Array = np.sqrt(between / len(groups))
    return deviations


def seriation(rows: Array) -> Array:
    """An order (H,) of rows (H, W) in which similar ones are adjacent.

    It sorts the Fiedler vector of their cosine similarities (Atkins, Boman and Hendrickson 1998).
    Entries that are not finite count as zero.
    """
    rows = np.nan_to_num(rows, nan=0, posinf=0, neginf=0)
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    if len(rows) < 3 or not lengths.any():
        return np.arange(len(rows))
    directions = rows / np.where(lengths > 0, lengths, 1)
    similarity = (1 + directions @ directions.T) / 2
    _, vectors = np.linalg.eigh(np.diag(similarity.sum(axis=1)) - similarity)
    fiedler = vectors[:, 1]
    # The sign of an eigenvector is arbitrary: here the first row is in the first half.
    return np.argsort(fiedler if fiedler[0] <= 0 else -fiedler, kind="stable")
