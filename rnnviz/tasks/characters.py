"""Characters: which one comes next, in a tale or in a text of the reader's own."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np

from rnnviz.config import Reads
from rnnviz.tasks.chance import chance
from rnnviz.tasks.dataset import Dataset
from rnnviz.tasks.example import Example
from rnnviz.tasks.table import MAX_WORDS, TaskError
from rnnviz.tasks.vocabulary import Vocabulary

MOON = Path(__file__).resolve().parents[2] / "data" / "characters" / "moon.txt"
#: Tokens that are read in one go.
WINDOW = 50
#: The longest text, in tokens, and the most different tokens in it.
MAX_TOKENS, MAX_DISTINCT = 200_000, 2000
#: One in so many windows is for the test.
HELD_OUT = 8


@lru_cache(maxsize=16)
def characters(seed: int) -> Dataset:
    """A small tale of the moon, letter by letter."""
    return next_token(MOON.read_text(encoding="utf-8"), "characters", seed)


def next_token(
    text: str, name: str, seed: int, characters: bool = True, window: int = WINDOW
) -> Dataset:
    """Windows of a text; the class of every token is the next one. Tokens are characters or words.

    The test is one stretch of the text, which ``seed`` chooses; it has no window that is also in
    training, and is empty where the text is short. Raises TaskError.
    """
    vocabulary, tokens = _tokens(text, characters)
    if not 1 <= window <= MAX_WORDS:
        raise TaskError(f"A window can't have {window} tokens: from 1 to {MAX_WORDS}.")
    parts = [tokens[start : start + window + 1] for start in range(0, len(tokens), window + 1)]
    found = [_example(part, vocabulary) for part in parts if len(part) > 1]
    count = len(found) // HELD_OUT
    start = int(chance("characters", seed).integers(len(found) - count + 1))
    train = (*found[:start], *found[start + count :])
    learned = {example.inputs.tobytes() for example in train}
    test = [e for e in found[start : start + count] if e.inputs.tobytes() not in learned]
    return Dataset(name, vocabulary, vocabulary.words, train, tuple(test), reads=Reads.EVERY)


def _tokens(text: str, characters: bool) -> tuple[Vocabulary, list[str]]:
    text = "\n".join(text.splitlines())
    vocabulary = Vocabulary.of([text], characters)
    tokens = vocabulary.split(text)
    noun = vocabulary.noun
    if len(vocabulary) < 2:
        raise TaskError(
            f"The text has {len(vocabulary)} different {noun}{'s' * (not tokens)}: "
            "there must be at least two to tell what comes next."
        )
    if len(tokens) > MAX_TOKENS:
        raise TaskError(
            f"The text has {len(tokens):,} {noun}s, more than {MAX_TOKENS:,}. Use a part of it."
        )
    if len(vocabulary) > MAX_DISTINCT:
        raise TaskError(
            f"The text has {len(vocabulary):,} different {noun}s, more than {MAX_DISTINCT:,}. "
            "Use a part of it."
        )
    return vocabulary, tokens


def _example(tokens: list[str], vocabulary: Vocabulary) -> Example:
    numbers = np.array([vocabulary.number(token) for token in tokens])
    return Example(vocabulary.join(tokens[:-1]), numbers[:-1], numbers[1:])
