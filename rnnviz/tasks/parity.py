"""Parity: whether the number of ones is even or odd."""

from __future__ import annotations

from functools import lru_cache
from itertools import product

import numpy as np

from rnnviz.tasks.dataset import Dataset
from rnnviz.tasks.example import Example
from rnnviz.tasks.rng import chance
from rnnviz.tasks.vocabulary import Array, Vocabulary

BITS, CLASSES = "01", ("even", "odd")
#: From the shortest string of bits to the longest.
LENGTHS = range(2, 9)
VOCABULARY = Vocabulary.of([BITS], characters=True)


@lru_cache(maxsize=16)
def parity(seed: int) -> Dataset:
    """All strings of 2 to 8 bits; a fifth of every length, and at least one, are for the test."""
    rng = chance("parity", seed)
    train: list[Example] = []
    test: list[Example] = []
    for length in LENGTHS:
        texts = ["".join(bits) for bits in product(BITS, repeat=length)]
        found = [_example(texts[place]) for place in rng.permutation(len(texts))]
        held_out = max(1, len(found) // 5)
        train += found[held_out:]
        test += found[:held_out]
    return Dataset("parity", VOCABULARY, CLASSES, tuple(train), tuple(test), rule=parity_of)


def parity_of(inputs: Array) -> Array:
    """Whether bits (T,), which are their own numbers, have an odd sum: (1,)."""
    return np.array([inputs.sum() % 2])


def _example(text: str) -> Example:
    inputs = VOCABULARY.read(text).tokens
    return Example(text, inputs, parity_of(inputs))
