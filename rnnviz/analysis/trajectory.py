"""Trajectories: the states of many sequences in the plane of two principal components."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from rnnviz.analysis.activations import Activations
from rnnviz.analysis.notation import number, written_values
from rnnviz.analysis.projection import Plane
from rnnviz.engine.batch import Example
from rnnviz.engine.layer_buffers import Array

#: The most classes that are told apart; the rest is one more.
MOST_CLASSES = 8
#: In how many bands values are told apart.
BANDS = 5
#: What all the others are called.
OTHERS = "others"


@dataclass(frozen=True, eq=False)
class Trajectory:
    """One sequence on its way: a point after every word, (T, 2), and the words."""

    points: Array
    words: Sequence[str]


@dataclass(frozen=True, eq=False)
class Cloud:
    """All tokens in a plane, (N, 2), the class of each, and the classes in order.

    With ``ordered`` the classes are bands of a value, from the lowest to the highest.
    """

    activations: Activations
    points: Array
    labels: tuple[str, ...]
    classes: tuple[str, ...]
    ordered: bool = False


def wanted(activations: Activations, examples: Sequence[Example]) -> list[Array]:
    """What is wanted at every token, (N,): a class, or values (C,).

    Where one answer is wanted, at the end, it is that of all tokens; so is, of an encoder's, the
    first one.
    """
    found: list[Array] = []
    for k, owner in enumerate(activations.examples):
        example = examples[owner]
        length = activations.part(k).stop - activations.part(k).start
        missing = length - len(example.targets)
        found += [*example.targets[:1]] * missing + [*example.targets]
    return found


def cloud(
    activations: Activations, plane: Plane, targets: Sequence[Array], classes: Sequence[str]
) -> Cloud:
    """The activations in a plane, coloured by what is wanted at every token, (N,).

    Of very many classes the most frequent are told apart; of very many values bands of the first
    channel are.
    """
    points = plane.project(activations.states)
    names = [_named(target, classes) for target in targets]
    counts = Counter(names)
    if np.ndim(targets[0]) and len(counts) > MOST_CLASSES:
        return Cloud(
            activations, points, *_bands(np.array([target[0] for target in targets])), True
        )
    kept = [name for name, _ in counts.most_common(MOST_CLASSES)]
    labels = tuple(name if name in kept else OTHERS for name in names)
    known = sorted(kept) + [OTHERS] * (len(counts) > len(kept))
    return Cloud(activations, points, labels, tuple(known))


def _named(target: Array, classes: Sequence[str]) -> str:
    return written_values(target) if np.ndim(target) else classes[int(target)]


def _bands(values: Array) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The band of every value (N,), all equally wide, and all bands from the lowest on."""
    edges = np.linspace(values.min(), values.max(), BANDS + 1)
    names = [f"{number(low)} … {number(high)}" for low, high in pairwise(edges.tolist())]
    places = np.clip(np.searchsorted(edges, values, "right") - 1, 0, BANDS - 1)
    return tuple(names[place] for place in places), tuple(names)
