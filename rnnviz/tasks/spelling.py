"""Spelling: a digit is read, its name is written letter by letter."""

from __future__ import annotations

from functools import cache

import numpy as np

from rnnviz.config import OutputAt
from rnnviz.tasks.dataset import GAP, Dataset
from rnnviz.tasks.example import Example
from rnnviz.tasks.metrics import EXACT
from rnnviz.tasks.vocabulary import END, Array, Vocabulary

NAMES = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
TEXTS = tuple(f"{digit}{name}" for digit, name in enumerate(NAMES))
VOCABULARY = Vocabulary.of(TEXTS, characters=True)
CLASSES = (*sorted(set("".join(NAMES))), END)


@cache
def spelling() -> Dataset:
    """The ten digits: "7seven" is read, "seven" and the end sign are answered; there is no test.

    After the digit the network reads the letter that it should have answered before.
    """
    inputs = {text: VOCABULARY.read(text).tokens for text in TEXTS}
    train = tuple(Example(text, read, letters(read)) for text, read in inputs.items())
    return Dataset(
        "spelling", VOCABULARY, CLASSES, train, (), reads=OutputAt.EVERY, metric=EXACT, rule=letters
    )


def letters(inputs: Array) -> Array:
    """What is to be written after each token (T,): a gap where what was read has gone astray."""
    read = "".join(VOCABULARY.words[token] for token in inputs)
    name = NAMES[int(read[0])] if read[0].isdecimal() else ""
    wanted = [*name, END] if name else []
    right = (read[1 : t + 1] == name[:t] and t < len(wanted) for t in range(len(read)))
    return np.array([CLASSES.index(wanted[t]) if fine else GAP for t, fine in enumerate(right)])
