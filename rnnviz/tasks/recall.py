"""Recall: name the first token after the last one."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from rnnviz.tasks.dataset import GAP, Dataset
from rnnviz.tasks.example import Example
from rnnviz.tasks.extrapolation import Extrapolation
from rnnviz.tasks.rng import chance, distinct
from rnnviz.tasks.vocabulary import Array, Vocabulary

#: The first tokens, and the tokens that follow.
CUES, DISTRACTORS = "ABCD", "xyz"
#: Sequences of each cue, or fewer if the lag is short; a third are for the test.
SEQUENCES = 105


@lru_cache(maxsize=16)
def recall(lag: int, seed: int) -> Dataset:
    """Sequences of a cue and ``lag`` distractors; the target is the cue, after the last token."""
    rng = chance("recall", seed)
    vocabulary = Vocabulary.of([CUES, DISTRACTORS], characters=True)
    train: list[Example] = []
    test: list[Example] = []

    def example(target: int, text: str) -> Example:
        tokens = vocabulary.read(CUES[target] + text).tokens
        return Example(CUES[target] + text, tokens, np.array([target]))

    for target in range(len(CUES)):
        texts = distinct(lambda: _distractors(rng, lag), min(SEQUENCES, len(DISTRACTORS) ** lag))
        examples = [example(target, text) for text in texts]
        held_out = len(examples) // 3
        train += examples[held_out:]
        test += examples[:held_out]

    def first(inputs: Array) -> Array:
        cue = vocabulary.words[inputs[0]]
        return np.array([CUES.index(cue) if cue in CUES else GAP])

    def draw(rng: np.random.Generator, length: int) -> Example:
        return example(int(rng.integers(len(CUES))), _distractors(rng, length))

    note = f"All sequences learned have lag {lag}."
    return Dataset(
        "recall",
        vocabulary,
        tuple(CUES),
        tuple(train),
        tuple(test),
        rule=first,
        extrapolation=Extrapolation("lag", lag, _lags(lag), draw, note),
    )


def _lags(lag: int) -> tuple[int, ...]:
    """1, 2, 3, 5, 8, ... up to four times the lag, with the lag, its double and its fourfold."""
    lags, following = [1], 2
    while following <= 4 * lag:
        lags, following = [*lags, following], lags[-1] + following
    return tuple(sorted({*lags, lag, 2 * lag, 4 * lag}))


def _distractors(rng: np.random.Generator, lag: int) -> str:
    return "".join(DISTRACTORS[i] for i in rng.integers(len(DISTRACTORS), size=lag))
