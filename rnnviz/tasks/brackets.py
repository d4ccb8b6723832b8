"""Brackets: how many are open after each token."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from rnnviz.config import OutputAt
from rnnviz.tasks.dataset import GAP, Dataset
from rnnviz.tasks.example import Example
from rnnviz.tasks.rng import chance, distinct
from rnnviz.tasks.vocabulary import Array, Vocabulary

TOKENS, DEEPEST = "()x", 4
LENGTH, TRAIN, TEST = 24, 200, 100
VOCABULARY = Vocabulary.of([TOKENS], characters=True)
_TURN = {"(": 1, ")": -1, "x": 0}


@lru_cache(maxsize=16)
def brackets(seed: int) -> Dataset:
    """Strings of brackets and x; the class of each token is how many are open after it, 0 to 4."""
    rng = chance("brackets", seed)
    texts = distinct(lambda: _draw(rng), TRAIN + TEST)
    found = tuple(_example(text) for text in texts)
    return Dataset(
        "brackets",
        VOCABULARY,
        tuple(map(str, range(DEEPEST + 1))),
        found[:TRAIN],
        found[TRAIN:],
        reads=OutputAt.EVERY,
        rule=depths,
    )


def _example(text: str) -> Example:
    inputs = VOCABULARY.read(text).tokens
    return Example(text, inputs, depths(inputs))


def _draw(rng: np.random.Generator) -> str:
    text, depth = "", 0
    for _ in range(LENGTH):
        allowed = [token for token in TOKENS if 0 <= depth + _TURN[token] <= DEEPEST]
        text += allowed[rng.integers(len(allowed))]
        depth += _TURN[text[-1]]
    return text


def depths(inputs: Array) -> Array:
    """How many brackets are open after each of the tokens (T,); a gap where that has no class."""
    turns = np.array([_TURN[token] for token in VOCABULARY.words])
    found = np.cumsum(turns[inputs])
    return np.where((found >= 0) & (found <= DEEPEST), found, GAP)
