"""Trajectories: the ways of many sequences through the plane of two principal components."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rnnviz.analysis.corpus import Corpus
from rnnviz.analysis.projection import Plane
from rnnviz.analysis.symbols import written_values
from rnnviz.engine.batch import Example
from rnnviz.engine.layer import Array

#: The most classes that are told apart; the rest is one more.
MOST_CLASSES = 8
#: What all the others are called.
OTHERS = "others"


@dataclass(frozen=True, eq=False)
class Way:
    """One sequence on its way: a point after every word, (T, 2), and the words."""

    points: Array
    words: Sequence[str]


@dataclass(frozen=True, eq=False)
class Cloud:
    """All tokens of a corpus in a plane, (N, 2), the class of each, and the classes in order."""

    corpus: Corpus
    points: Array
    labels: tuple[str, ...]
    classes: tuple[str, ...]


def labels_of(corpus: Corpus, examples: Sequence[Example], classes: Sequence[str]) -> list[str]:
    """What is wanted at every token, (N,): a class, or values as they are written.

    Where one answer is wanted, at the end, it is that of all tokens; so is, of an encoder's, the
    first one.
    """
    found: list[str] = []
    for k, example in enumerate(examples[: corpus.count]):
        names = [_named(target, classes) for target in example.targets]
        length = corpus.part(k).stop - corpus.part(k).start
        found += names[:1] * (length - len(names)) + names
    return found


def _named(target: Array, classes: Sequence[str]) -> str:
    return written_values(target) if np.ndim(target) else classes[int(target)]


def cloud(corpus: Corpus, plane: Plane, labels: Sequence[str]) -> Cloud:
    """The corpus in a plane, coloured by these labels, of very many by the most frequent."""
    counts = Counter(labels)
    kept = [label for label, _ in counts.most_common(MOST_CLASSES)]
    named = tuple(label if label in kept else OTHERS for label in labels)
    classes = sorted(kept) + [OTHERS] * (len(counts) > len(kept))
    return Cloud(corpus, plane.project(corpus.states), named, tuple(classes))
