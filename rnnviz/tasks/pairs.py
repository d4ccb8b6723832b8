"""Pairs: a source, which an encoder reads, and the target that a decoder is to say."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from rnnviz.config import Reads
from rnnviz.tasks.dataset import Dataset
from rnnviz.tasks.encode import known, unknown_notes, unknown_tokens, vocabulary_of
from rnnviz.tasks.example import Example
from rnnviz.tasks.table import Row
from rnnviz.tasks.vocabulary import END, START, Unit, Vocabulary


def build_translation(
    name: str, train: Sequence[Row], test: Sequence[Row], unit: Unit = Unit.WORDS
) -> Dataset:
    """Sources (``text``) and their targets (``label``); raise TaskError for what can't be read.

    A class has the number of its token, so what the decoder says it can read next.
    """
    source = vocabulary_of((row.text for row in train), unit)
    spoken = vocabulary_of((row.label for row in train), unit)
    vocabulary = Vocabulary(tuple(sorted((*spoken.words, START, END))), spoken.characters)
    unread = unknown_tokens((row.text for row in test), source)
    unsaid = unknown_tokens((row.label for row in test), spoken)
    unknown = tuple(sorted({*unread, *unsaid}))
    return Dataset(
        name,
        vocabulary,
        vocabulary.words,
        train=tuple(_pair(row, source, vocabulary, "training") for row in train),
        test=tuple(_pair(row, source, vocabulary, "test") for row in test),
        notes=unknown_notes(unknown, unit),
        reads=Reads.EVERY,
        source=source,
        unknown=unknown,
    )


def _pair(row: Row, source: Vocabulary, vocabulary: Vocabulary, role: str) -> Example:
    where = f"The {role} phrases, row {row.line}"
    read = known(row.text, source, where).tokens
    said = known(row.label, vocabulary, where).tokens
    start, end = ([vocabulary.number(sign)] for sign in (START, END))
    return Example(
        row.text, np.concatenate([start, said]), np.concatenate([said, end]), source=read
    )
