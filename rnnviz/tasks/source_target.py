"""Source and target: an encoder reads the source, a decoder writes the target."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from rnnviz.config import OutputAt
from rnnviz.tasks.dataset import Dataset
from rnnviz.tasks.example import Example
from rnnviz.tasks.metrics import EXACT
from rnnviz.tasks.table import Row
from rnnviz.tasks.vocabulary import (
    END,
    START,
    Unit,
    Vocabulary,
    known,
    unknown_notes,
    unknown_tokens,
    vocabulary_of,
)


def build_translation(
    name: str, train: Sequence[Row], test: Sequence[Row], unit: Unit = Unit.WORDS
) -> Dataset:
    """A dataset of sources (``text``) and targets (``label``); raise TaskError.

    The decoder reads START and the target; its targets are the target and END. Test rows with
    unknown tokens in the target are left out, with a note.
    """
    source = vocabulary_of((row.text for row in train), unit)
    target = vocabulary_of((row.label for row in train), unit)
    known_test = [row for row in test if not target.read(row.label).unknown]
    unknown = unknown_tokens((row.text for row in known_test), source)
    vocabulary = Vocabulary(tuple(sorted((*target.words, START))), target.characters)
    answers = Vocabulary((*target.words, END), target.characters)
    return Dataset(
        name,
        vocabulary,
        answers.words,
        train=tuple(_pair(row, source, vocabulary, answers, "training") for row in train),
        test=tuple(_pair(row, source, vocabulary, answers, "test") for row in known_test),
        notes=(*unknown_notes(unknown, unit), *_left_out(len(test) - len(known_test), unit)),
        reads=OutputAt.EVERY,
        source=source,
        unknown=unknown,
        metric=EXACT,
    )


def _pair(
    row: Row, source: Vocabulary, vocabulary: Vocabulary, answers: Vocabulary, role: str
) -> Example:
    tokens = vocabulary.split(row.label)
    return Example(
        row.text,
        inputs=np.array([vocabulary.number(token) for token in (START, *tokens)]),
        targets=np.array([answers.number(token) for token in (*tokens, END)]),
        source=known(row.text, source, f"The {role} phrases, row {row.line}").tokens,
    )


def _left_out(count: int, unit: Unit) -> tuple[str, ...]:
    if not count:
        return ()
    return (
        f"Test rows left out, because their target has {unit} that are not in the training: "
        f"{count:,}.",
    )
