"""Datasets of texts: classes, the next token, or translations, from rows."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from heapq import nsmallest

import numpy as np

from rnnviz.config import SETTINGS, OutputAt
from rnnviz.tasks.data.csv_table import MAX_CLASSES, TaskError, shown
from rnnviz.tasks.data.rows import Form, Row
from rnnviz.tasks.data.vocabulary import (
    END,
    START,
    Array,
    Unit,
    Vocabulary,
    known,
    unknown_notes,
    unknown_tokens,
    vocabulary_of,
)
from rnnviz.tasks.dataset import EXACT, GAP, Dataset, Example

#: Default number of tokens in a piece.
WINDOW: int = SETTINGS["window"].default


def build_dataset(
    name: str, train: Sequence[Row], test: Sequence[Row] = (), unit: Unit = Unit.WORDS
) -> Dataset:
    """A dataset of texts and labels; raise TaskError for a bad label or unknown words."""
    classes = _classes(train)
    vocabulary = vocabulary_of((row.text for row in train), unit)
    unknown = unknown_tokens((row.text for row in test), vocabulary)

    def phrase(row: Row, role: str) -> Example:
        where = f"The {role} phrases, row {row.line}"
        if problem := unknown_label(row.label, classes):
            raise TaskError(f"{where}: {problem}")
        tokens = known(row.text, vocabulary, where).tokens
        target = np.array([classes.index(row.label)])
        return Example(row.text, tokens, target, row=row.line, key=row.key)

    return Dataset(
        name, vocabulary, classes, tuple(phrase(row, "training") for row in train),
        tuple(phrase(row, "test") for row in test), unknown_notes(unknown, unit), unknown=unknown,
    )  # fmt: skip


def _classes(train: Sequence[Row]) -> tuple[str, ...]:
    classes = {row.label for row in train}
    if len(classes) < 2:
        raise TaskError(
            f"The training phrases all have the label {shown(next(iter(classes)))}: "
            "there must be at least two classes."
        )
    if len(classes) > MAX_CLASSES:
        raise TaskError(
            f"The training phrases have {len(classes):,} different labels, more than "
            f"{MAX_CLASSES}. Is the label column the right one? Use fewer classes."
        )
    return tuple(sorted(classes))


def unknown_label(label: str, classes: Collection[str]) -> str:
    """Why a label isn't one of the classes, or nothing."""
    if label in classes:
        return ""
    listed = ", ".join(name[:30] for name in nsmallest(8, classes))
    more = f" and {len(classes) - 8:,} more" * (len(classes) > 8)
    return f"the label {shown(label)} is unknown. The training has {listed}{more}."


def cut(rows: Iterable[Row], unit: Unit, window: int) -> Iterator[Row]:
    """Rows cut into pieces of at most ``window`` inputs and the next token.

    The last token of a piece is the first of the next, so that each pair of tokens occurs once.
    """
    for row in rows:
        tokens = unit.tokens(row.text)
        if len(tokens) <= window + 1:
            yield row
            continue
        for start in range(0, len(tokens) - 1, window):
            yield row._replace(text=unit.text(tokens[start : start + window + 1]))


def build_next(
    name: str, train: Sequence[Row], test: Sequence[Row], unit: Unit, window: int = WINDOW
) -> Dataset:
    """A dataset with the next token as the target of every token; raise TaskError.

    The text of an example has all tokens but the last, which is only a target.
    """
    vocabulary = vocabulary_of((row.text for row in train), unit)
    if len(vocabulary) < 2:
        raise TaskError(
            f"The training phrases have only one {unit.noun}, {vocabulary.words[0][:30]!r}: "
            "there must be at least two to predict the next one."
        )
    unknown = unknown_tokens((row.text for row in test), vocabulary)

    def without_unknown(row: Row) -> Row:
        where = f"The test phrases, row {row.line}"
        reading = known(row.text, vocabulary, where, Form.NEXT.least)
        return row._replace(text=vocabulary.join(reading.words)) if reading.unknown else row

    def sequences(rows: Iterable[Row]) -> Iterator[Example]:
        for row in cut(rows, unit, window):
            reading = vocabulary.read(row.text)
            text = vocabulary.join(reading.words[:-1])
            inputs, targets = reading.tokens[:-1], reading.tokens[1:]
            yield Example(text, inputs, targets, row=row.line, key=row.key)

    return Dataset(
        name, vocabulary, vocabulary.words, tuple(sequences(train)),
        tuple(sequences(map(without_unknown, test))), unknown_notes(unknown, unit),
        reads=OutputAt.EVERY, unknown=unknown, rule=next_tokens,
    )  # fmt: skip


def next_tokens(inputs: Array) -> Array:
    """The token after each of the inputs (T,); GAP after the last one."""
    return np.append(inputs[1:], GAP)


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
    notes = unknown_notes(unknown, unit)
    if left := len(test) - len(known_test):
        notes += (
            f"Test rows left out, because their target has {unit} that are not in the training: "
            f"{left:,}.",
        )

    def pair(row: Row, role: str) -> Example:
        tokens = vocabulary.split(row.label)
        inputs = np.array([vocabulary.number(token) for token in (START, *tokens)])
        targets = np.array([answers.number(token) for token in (*tokens, END)])
        read = known(row.text, source, f"The {role} phrases, row {row.line}").tokens
        return Example(row.text, inputs, targets, read, row.line, row.key)

    return Dataset(
        name, vocabulary, answers.words, tuple(pair(row, "training") for row in train),
        tuple(pair(row, "test") for row in known_test), notes,
        reads=OutputAt.EVERY, source=source, unknown=unknown, metric=EXACT,
    )  # fmt: skip
