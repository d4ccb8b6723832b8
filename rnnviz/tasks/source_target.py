"""Source and target: an encoder reads the one, a decoder says the other."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from rnnviz.config import OutputAt
from rnnviz.tasks.dataset import Dataset
from rnnviz.tasks.encoding import known, unknown_notes, unknown_tokens, vocabulary_of
from rnnviz.tasks.example import Example
from rnnviz.tasks.metrics import EXACT
from rnnviz.tasks.table import Row
from rnnviz.tasks.vocabulary import END, START, Unit, Vocabulary


def build_translation(
    name: str, train: Sequence[Row], test: Sequence[Row], unit: Unit = Unit.WORDS
) -> Dataset:
    """Sources (``text``) and their targets (``label``); raise TaskError for what can't be read.

    The decoder reads the start sign and the target, and says the target and the end sign. Test
    rows whose target training doesn't know are left out, with a note.
    """
    source = vocabulary_of((row.text for row in train), unit)
    spoken = vocabulary_of((row.label for row in train), unit)
    kept = [row for row in test if not spoken.read(row.label).unknown]
    unknown = unknown_tokens((row.text for row in kept), source)
    vocabulary = Vocabulary(tuple(sorted((*spoken.words, START))), spoken.characters)
    answers = Vocabulary((*spoken.words, END), spoken.characters)
    return Dataset(
        name,
        vocabulary,
        answers.words,
        train=tuple(_pair(row, source, vocabulary, answers, "training") for row in train),
        test=tuple(_pair(row, source, vocabulary, answers, "test") for row in kept),
        notes=(*unknown_notes(unknown, unit), *_left_out(len(test) - len(kept), unit)),
        reads=OutputAt.EVERY,
        source=source,
        unknown=unknown,
        metric=EXACT,
    )


def _pair(
    row: Row, source: Vocabulary, vocabulary: Vocabulary, answers: Vocabulary, role: str
) -> Example:
    read = known(row.text, source, f"The {role} phrases, row {row.line}").tokens
    said = vocabulary.split(row.label)
    return Example(
        row.text,
        inputs=np.array([vocabulary.number(token) for token in (START, *said)]),
        targets=np.array([answers.number(token) for token in (*said, END)]),
        source=read,
    )


def _left_out(count: int, unit: Unit) -> tuple[str, ...]:
    if not count:
        return ()
    return (
        f"Test rows that are left out, as their target has {unit} that training doesn't know: "
        f"{count:,}.",
    )
