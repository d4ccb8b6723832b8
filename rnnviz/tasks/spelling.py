"""Spelling: read a digit, write its name letter by letter."""

from __future__ import annotations

from functools import cache

import numpy as np

from rnnviz.config import OutputAt, TaskName
from rnnviz.tasks.data.vocabulary import END, Array, Vocabulary
from rnnviz.tasks.dataset import EXACT, GAP, Dataset, Example
from rnnviz.tasks.task import Preset, Task, adam

NAMES = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
TEXTS = tuple(f"{digit}{name}" for digit, name in enumerate(NAMES))
VOCABULARY = Vocabulary.of(TEXTS, characters=True)
CLASSES = (*sorted(set("".join(NAMES))), END)


@cache
def spelling() -> Dataset:
    """The ten digits: "7seven" is read, "seven" and END are the targets; there is no test.

    After the digit, each input is the target before (teacher forcing).
    """
    inputs = {text: VOCABULARY.read(text).tokens for text in TEXTS}
    train = tuple(Example(text, read, letters(read)) for text, read in inputs.items())
    return Dataset(
        "spelling", VOCABULARY, CLASSES, train, (), reads=OutputAt.EVERY, metric=EXACT, rule=letters
    )


def letters(inputs: Array) -> Array:
    """The target after each token (T,); GAP once the letters differ from the digit's name."""
    text = "".join(VOCABULARY.words[token] for token in inputs)
    name = NAMES[int(text[0])] if text[0].isdecimal() else ""
    targets = [*name, END] if name else []
    known = (text[1 : t + 1] == name[:t] and t < len(targets) for t in range(len(text)))
    return np.array([CLASSES.index(targets[t]) if ok else GAP for t, ok in enumerate(known)])


TASK = Task(
    TaskName.SPELLING, "Spelling digits",
    "One token in, many out: the state must hold the word and how far it has been written.",
    lambda lag, seed: spelling(), probe="7seven",
    presets=(
        Preset(
            "GRU", "Ten names, letter by letter",
            "One digit goes in, and its name comes out letter by letter. Six and seven, four and "
            "five begin with the same letter.",
            adam(TaskName.SPELLING, "gru", hidden=64, lr=0.005, batch=10, epochs=150),
        ),
    ),
    drawn=False,
)  # fmt: skip
