"""Spelling: a digit is read, its name is written letter by letter."""

from __future__ import annotations

from functools import cache

import numpy as np

from rnnviz.config import Reads
from rnnviz.tasks.dataset import Dataset
from rnnviz.tasks.example import Example
from rnnviz.tasks.vocabulary import END, Vocabulary

NAMES = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


@cache
def spelling() -> Dataset:
    """The ten digits: "7seven" is read, "seven" and the end sign are answered; there is no test.

    After the digit the network reads the letter that it should have answered before.
    """
    vocabulary = Vocabulary.of(_texts(), characters=True)
    classes = (*sorted(set("".join(NAMES))), END)
    train = tuple(_example(text, vocabulary, classes) for text in _texts())
    return Dataset("spelling", vocabulary, classes, train, (), reads=Reads.EVERY)


def _texts() -> list[str]:
    return [f"{digit}{name}" for digit, name in enumerate(NAMES)]


def _example(text: str, vocabulary: Vocabulary, classes: tuple[str, ...]) -> Example:
    answers = (*text[1:], END)
    targets = np.array([classes.index(answer) for answer in answers])
    return Example(text, vocabulary.read(text).tokens, targets)
