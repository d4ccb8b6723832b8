"""Trajectories: the states of many sequences in the plane of two principal components."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from rnnviz.engine.batch import Example
from rnnviz.engine.layer_buffers import Array
from rnnviz.probe.activations import Activations
from rnnviz.probe.formatting import number, written_values

#: At most this many classes are distinguished; the others are one more.
MOST_CLASSES = 8
#: The number of bands of values.
BANDS = 5
#: The name of all other classes.
OTHERS = "others"


@dataclass(frozen=True, eq=False)
class Trajectory:
    """One sequence in the plane: a point after every word, (T, 2), and the words."""

    points: Array
    words: Sequence[str]


@dataclass(frozen=True, eq=False)
class Labels:
    """The label of every token, (N,), and all labels in order.

    If ``ordered``, labels are bands of a value, from the lowest to the highest.
    """

    labels: tuple[str, ...]
    classes: tuple[str, ...]
    ordered: bool = False

    @cached_property
    def numbers(self) -> Array:
        """The index of each token's label in ``classes``, (N,)."""
        index = {name: k for k, name in enumerate(self.classes)}
        return np.array([index[label] for label in self.labels])


class Cloud(NamedTuple):
    """The tokens of sequences in a plane, (N, 2), and their labels."""

    activations: Activations
    points: Array
    labels: Labels


def token_targets(activations: Activations, examples: Sequence[Example]) -> list[Array]:
    """The target at every token, (N,): a class, or values (C,).

    A single target at the end is that of all tokens. An encoder's tokens have the first target.
    """
    targets: list[Array] = []
    for owner, length in zip(activations.examples, np.diff(activations.starts), strict=True):
        own = examples[owner].targets
        targets += [own[0]] * (length - len(own)) + [*own]
    return targets


def label_tokens(targets: Sequence[Array], classes: Sequence[str]) -> Labels:
    """The labels of tokens by their targets, (N,).

    With more than ``MOST_CLASSES`` classes only the most frequent have labels of their own; with
    more different values the labels are bands of the first channel.
    """
    names = [written_values(t) if np.ndim(t) else classes[int(t)] for t in targets]
    counts = Counter(names)
    if np.ndim(targets[0]) and len(counts) > MOST_CLASSES:
        labels, bands = _bands(np.array([target[0] for target in targets]))
        return Labels(labels, bands, ordered=True)
    frequent = [name for name, _ in counts.most_common(MOST_CLASSES)]
    labels = tuple(name if name in frequent else OTHERS for name in names)
    others = [OTHERS] * (len(counts) > len(frequent))
    return Labels(labels, (*sorted(frequent), *others))


def _bands(values: Array) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The band of every value (N,), and all bands, of equal width, in order."""
    edges = np.linspace(values.min(), values.max(), BANDS + 1)
    names = [f"{number(low)} … {number(high)}" for low, high in pairwise(edges.tolist())]
    indexes = np.clip(np.searchsorted(edges, values, "right") - 1, 0, BANDS - 1)
    return tuple(names[index] for index in indexes), tuple(names)
