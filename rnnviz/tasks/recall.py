"""Recall: say at the end which token came first."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from rnnviz.tasks.dataset import GAP, Dataset
from rnnviz.tasks.example import Example
from rnnviz.tasks.rng import chance, distinct
from rnnviz.tasks.vocabulary import Array, Vocabulary

#: What is to be remembered, and what comes after it.
CUES, DISTRACTORS = "ABCD", "xyz"
#: Sequences of each cue, where the lag is long enough for so many; a third are for the test.
SEQUENCES = 105


@lru_cache(maxsize=16)
def recall(lag: int, seed: int) -> Dataset:
    """Sequences of a cue and ``lag`` distractors; the class is the cue, answered at the end."""
    rng = chance("recall", seed)
    vocabulary = Vocabulary.of([CUES, DISTRACTORS], characters=True)
    train: list[Example] = []
    test: list[Example] = []
    for target, cue in enumerate(CUES):
        texts = distinct(lambda: _distractors(rng, lag), min(SEQUENCES, len(DISTRACTORS) ** lag))
        found = [
            Example(cue + text, vocabulary.read(cue + text).tokens, np.array([target]))
            for text in texts
        ]
        held_out = len(found) // 3
        train += found[held_out:]
        test += found[:held_out]

    def first(inputs: Array) -> Array:
        cue = vocabulary.words[inputs[0]]
        return np.array([CUES.index(cue) if cue in CUES else GAP])

    return Dataset("recall", vocabulary, tuple(CUES), tuple(train), tuple(test), rule=first)


def _distractors(rng: np.random.Generator, lag: int) -> str:
    return "".join(DISTRACTORS[number] for number in rng.integers(len(DISTRACTORS), size=lag))
