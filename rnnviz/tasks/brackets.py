"""Brackets: how many are open after each token."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from rnnviz.config import Reads
from rnnviz.tasks.chance import chance, distinct
from rnnviz.tasks.dataset import Dataset
from rnnviz.tasks.example import Example
from rnnviz.tasks.vocabulary import Array, Vocabulary

TOKENS, DEEPEST = "()x", 4
LENGTH, TRAIN, TEST = 24, 200, 100
_TURN = {"(": 1, ")": -1, "x": 0}


@lru_cache(maxsize=16)
def brackets(seed: int) -> Dataset:
    """Strings of brackets and x; the class of each token is how many are open after it, 0 to 4."""
    rng = chance("brackets", seed)
    vocabulary = Vocabulary.of([TOKENS], characters=True)
    texts = distinct(lambda: _draw(rng), TRAIN + TEST)
    found = tuple(Example(text, vocabulary.read(text).tokens, _depths(text)) for text in texts)
    return Dataset(
        "brackets",
        vocabulary,
        tuple(map(str, range(DEEPEST + 1))),
        found[:TRAIN],
        found[TRAIN:],
        reads=Reads.EVERY,
    )


def _draw(rng: np.random.Generator) -> str:
    text, depth = "", 0
    for _ in range(LENGTH):
        allowed = [token for token in TOKENS if 0 <= depth + _TURN[token] <= DEEPEST]
        text += allowed[rng.integers(len(allowed))]
        depth += _TURN[text[-1]]
    return text


def _depths(text: str) -> Array:
    return np.cumsum([_TURN[token] for token in text], dtype=np.intp)
