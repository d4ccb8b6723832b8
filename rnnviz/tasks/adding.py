"""Adding: the sum of two marked numbers (after Hochreiter and Schmidhuber 1997)."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from rnnviz.config import Loss, TaskName
from rnnviz.tasks.data.vocabulary import Array, Vocabulary, read_values, write_values
from rnnviz.tasks.dataset import WITHIN, Dataset, Example, Extrapolation, Reference, around
from rnnviz.tasks.task import Preset, Task, adam, chance, distinct

CHANNELS = "value", "marker"
LENGTH, TRAIN, TEST = 12, 300, 100
#: The lengths of new sequences.
LENGTHS = around(LENGTH)


@lru_cache(maxsize=16)
def adding(seed: int) -> Dataset:
    """Values (T, 2) from 0 to 1, two of them marked; the target is their sum, at the end."""
    rng = chance("adding", seed)
    examples = distinct(lambda: _draw(rng, LENGTH), TRAIN + TEST)
    known = "the best from the second of the two numbers alone"
    return Dataset(
        "adding", Vocabulary(CHANNELS), ("sum",), examples[:TRAIN], examples[TRAIN:],
        loss=Loss.SQUARED_ERROR, metric=WITHIN, rule=marked_sum,
        reference=Reference("one number", known, second_and_mean),
        extrapolation=Extrapolation("numbers", LENGTH, LENGTHS, _draw, shortest=2),
    )  # fmt: skip


def marked_sum(inputs: Array) -> Array:
    """The sum of the marked values in inputs (T, 2), as (1, 1)."""
    return np.array([[inputs[:, 0] @ inputs[:, 1]]])


def second_and_mean(inputs: Array) -> Array:
    """The second marked value of inputs (T, 2), and 0.5, the mean of the first: (1, 1).

    Its mean squared error is the variance of the first, 1/12.
    """
    half = len(inputs) // 2
    return marked_sum(inputs[half:]) + 0.5


def _draw(rng: np.random.Generator, length: int) -> Example:
    # One mark in each half, so that the sum isn't known early.
    marks = np.zeros(length)
    marks[[rng.integers(length // 2), rng.integers(length // 2, length)]] = 1
    text = write_values(np.column_stack([rng.uniform(size=length).round(2), marks]))
    inputs = read_values(text, CHANNELS, LENGTHS[-1])
    return Example(text, inputs, marked_sum(inputs))


TASK = Task(
    TaskName.ADDING, "Adding problem",
    "A state can hold a number, not only a yes or no, while the network reads others.",
    lambda lag, seed: adding(seed),
    probe="0.31 0.7* 0.12 0.95 0.44 0.08 0.63 0.55* 0.9 0.27 0.36 0.81",
    presets=(
        Preset(
            "GRU", "Close to nearly every sum",
            "By epoch 50 nearly every output is within 0.1 of the sum of the two numbers with a "
            "star. Change a number without a star: the output hardly moves.",
            adam(TaskName.ADDING, "gru", hidden=32, lr=0.003, epochs=150),
        ),
    ),
)  # fmt: skip
