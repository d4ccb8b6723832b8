"""Selectivity: how much a unit's change depends on the word, and which units are alike."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rnnviz.analysis.activations import Activations
from rnnviz.engine.layer_buffers import Array

#: The most words of which the response is shown.
MOST_WORDS = 40


@dataclass(frozen=True, eq=False)
class Response:
    """The mean change (H, W) that each of W words makes to each unit, over ``counts`` (W,) places.

    ``units`` (H,) is an order of the rows in which alike ones stand together; ``words`` stand in
    such an order already.
    """

    words: tuple[str, ...]
    means: Array
    counts: Array
    units: Array


def response(
    activations: Activations, most: int = MOST_WORDS, like: Response | None = None
) -> Response:
    """The mean of h_t - h_{t-1} for each word, of very many words for the most frequent.

    Rows and columns stand as in ``like``, of the same sequences, or else in orders of their own.
    """
    numbers = activations.numbers[activations.moved]
    counts = np.bincount(numbers, minlength=len(activations.vocabulary))
    kept = np.sort(np.argsort(-counts, kind="stable")[: min(most, np.count_nonzero(counts))])
    sums = _sums(activations.changes[activations.moved], numbers, len(counts))
    means = (sums[kept] / counts[kept, None]).T
    known = [activations.vocabulary[number] for number in kept]
    columns = [known.index(w) for w in like.words] if like else seriation(means.T).tolist()
    words = tuple(known[column] for column in columns)
    units = like.units if like else seriation(means)
    return Response(words, means[:, columns], counts[kept][columns], units)


def _sums(rows: Array, groups: Array, count: int) -> Array:
    """The sum of the rows (N, H) of each of ``count`` groups, (count, H)."""
    sums = np.zeros((count, rows.shape[1]))
    np.add.at(sums, groups, rows)
    return sums


def selectivity(activations: Activations, word: str | None = None) -> Array:
    """How much each unit's change depends on the word, or on whether it is this ``word``, (H,).

    The standard deviation of its mean change from group to group, in the unit of the state: the
    root of the variance that lies between the groups. For one word it goes with the distance of
    the two means. The share of all variance would rank first what is pure, however small.
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
    """An order (H,) of rows (H, W) in which alike ones are neighbours.

    By the Fiedler vector of their cosine similarities (Atkins, Boman and Hendrickson 1998). What
    is no finite number counts as zero.
    """
    rows = np.nan_to_num(rows, nan=0, posinf=0, neginf=0)
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    if len(rows) < 3 or not lengths.any():
        return np.arange(len(rows))
    directions = rows / np.where(lengths > 0, lengths, 1)
    alike = (1 + directions @ directions.T) / 2
    _, vectors = np.linalg.eigh(np.diag(alike.sum(axis=1)) - alike)
    fiedler = vectors[:, 1]
    # Of the two directions that in which the first row comes sooner.
    order: Array = np.argsort(fiedler if fiedler[0] <= 0 else -fiedler, kind="stable")
    return order
