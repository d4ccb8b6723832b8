"""Brackets: how many are open after each token."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from rnnviz.config import OutputAt, TaskName
from rnnviz.tasks.data.vocabulary import Array, Vocabulary
from rnnviz.tasks.dataset import GAP, Dataset, Example, Extrapolation, around
from rnnviz.tasks.task import Preset, Task, adam, chance, distinct

TOKENS, DEEPEST = "()x", 4
LENGTH, TRAIN, TEST = 24, 200, 100
VOCABULARY = Vocabulary.of([TOKENS], characters=True)
_CHANGE = {"(": 1, ")": -1, "x": 0}


@lru_cache(maxsize=16)
def brackets(seed: int) -> Dataset:
    """Strings of brackets and x; the class of each token is the depth after it, 0 to 4."""
    rng = chance("brackets", seed)
    examples = distinct(lambda: _draw(rng, LENGTH), TRAIN + TEST)
    note = f"Longer strings are no deeper: at most {DEEPEST} brackets are open."
    return Dataset(
        "brackets", VOCABULARY, tuple(map(str, range(DEEPEST + 1))),
        examples[:TRAIN], examples[TRAIN:], reads=OutputAt.EVERY, rule=depths,
        extrapolation=Extrapolation("tokens", LENGTH, around(LENGTH), _draw, note),
    )  # fmt: skip


def _draw(rng: np.random.Generator, length: int) -> Example:
    text, depth = "", 0
    for _ in range(length):
        allowed = [token for token in TOKENS if 0 <= depth + _CHANGE[token] <= DEEPEST]
        text += allowed[rng.integers(len(allowed))]
        depth += _CHANGE[text[-1]]
    inputs = VOCABULARY.read(text).tokens
    return Example(text, inputs, depths(inputs))


def depths(inputs: Array) -> Array:
    """How many brackets are open after each token (T,); GAP where no class is that deep."""
    changes = np.array([_CHANGE[token] for token in VOCABULARY.words])
    depth = np.cumsum(changes[inputs])
    return np.where((depth >= 0) & (depth <= DEEPEST), depth, GAP)


TASK = Task(
    TaskName.BRACKETS, "Bracket depth",
    "A state can count: up at one token, down at another, no change at a third.",
    lambda lag, seed: brackets(seed), probe="(()(x))x()",
    presets=(
        Preset(
            "GRU", "Some units count",
            "Some units go up and down in steps with the brackets and stay level at x: they count.",
            adam(TaskName.BRACKETS, "gru", hidden=32, lr=0.005, epochs=60),
        ),
    ),
)  # fmt: skip
