"""Parity: whether the count of ones is even or odd."""

from __future__ import annotations

from functools import lru_cache
from itertools import product

import numpy as np

from rnnviz.config import TaskName
from rnnviz.tasks.data.vocabulary import Array, Vocabulary
from rnnviz.tasks.dataset import Dataset, Example, Extrapolation, around
from rnnviz.tasks.task import Preset, Task, adam, chance

BITS = "01"
#: The lengths of the strings.
LENGTHS = range(2, 9)
VOCABULARY = Vocabulary.of([BITS], characters=True)


@lru_cache(maxsize=16)
def parity(seed: int) -> Dataset:
    """All strings of 2 to 8 bits; of every length a fifth, at least one, is for the test."""
    rng = chance("parity", seed)
    train, test = list[Example](), list[Example]()
    for length in LENGTHS:
        texts = ["".join(bits) for bits in product(BITS, repeat=length)]
        examples = [_example(texts[i]) for i in rng.permutation(len(texts))]
        held_out = max(1, len(examples) // 5)
        train += examples[held_out:]
        test += examples[:held_out]

    def draw(rng: np.random.Generator, length: int) -> Example:
        return _example("".join(BITS[i] for i in rng.integers(len(BITS), size=length)))

    extrapolation = Extrapolation("bits", LENGTHS[-1], around(LENGTHS[-1]), draw)
    return Dataset(
        "parity", VOCABULARY, ("even", "odd"), tuple(train), tuple(test),
        rule=parity_of, extrapolation=extrapolation,
    )  # fmt: skip


def parity_of(inputs: Array) -> Array:
    """The sum of bits (T,) modulo 2, as (1,); a bit is its own token index."""
    return np.array([inputs.sum() % 2])


def _example(text: str) -> Example:
    inputs = VOCABULARY.read(text).tokens
    return Example(text, inputs, parity_of(inputs))


TASK = Task(
    TaskName.PARITY, "Parity of bits",
    "Two states and a rule for switching are the whole algorithm, but it is hard to find by "
    "following a gradient.",
    lambda lag, seed: parity(seed), probe="10110",
    presets=(
        Preset(
            "LSTM", "A long guess, then all lengths at once",
            "For tens of epochs every verdict is a guess. Then the network learns all lengths "
            "together. 34 of 40 seeds find a rule that holds for strings of 32 bits, too.",
            adam(TaskName.PARITY, "lstm", hidden=32, init="orthogonal", lr=0.01, epochs=200),
        ),
    ),
)  # fmt: skip
