"""Next token: predict each next token of a text, cut into pieces."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from rnnviz.config import OutputAt
from rnnviz.tasks.columns import Form
from rnnviz.tasks.csv_table import TaskError
from rnnviz.tasks.dataset import GAP, Dataset
from rnnviz.tasks.example import Example
from rnnviz.tasks.table import Row
from rnnviz.tasks.vocabulary import (
    Array,
    Unit,
    Vocabulary,
    known,
    unknown_notes,
    unknown_tokens,
    vocabulary_of,
)

#: Default and maximum number of tokens in a piece.
WINDOW, MAX_WINDOW = 50, 500


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
            yield Row(row.line, unit.text(tokens[start : start + window + 1]))


def build_next(
    name: str, train: Sequence[Row], test: Sequence[Row], unit: Unit, window: int = WINDOW
) -> Dataset:
    """A dataset that predicts the next token after every token; raise TaskError.

    The text of an example has all tokens but the last, which is only a target.
    """
    vocabulary = vocabulary_of((row.text for row in train), unit)
    if len(vocabulary) < 2:
        raise TaskError(
            f"The training phrases have only one {unit.noun}, {vocabulary.words[0][:30]!r}: "
            "there must be at least two to predict the next one."
        )
    unknown = unknown_tokens((row.text for row in test), vocabulary)
    tested = (_without_unknown(row, vocabulary) for row in test)
    return Dataset(
        name,
        vocabulary,
        vocabulary.words,
        rule=next_tokens,
        train=tuple(_sequence(row, vocabulary) for row in cut(train, unit, window)),
        test=tuple(_sequence(row, vocabulary) for row in cut(tested, unit, window)),
        notes=unknown_notes(unknown, unit),
        reads=OutputAt.EVERY,
        unknown=unknown,
    )


def next_tokens(inputs: Array) -> Array:
    """The token after each of the inputs (T,); GAP after the last one."""
    return np.append(inputs[1:], GAP)


def _without_unknown(row: Row, vocabulary: Vocabulary) -> Row:
    where = f"The test phrases, row {row.line}"
    reading = known(row.text, vocabulary, where, Form.NEXT.least)
    return Row(row.line, vocabulary.join(reading.words)) if reading.unknown else row


def _sequence(row: Row, vocabulary: Vocabulary) -> Example:
    reading = vocabulary.read(row.text)
    return Example(vocabulary.join(reading.words[:-1]), reading.tokens[:-1], reading.tokens[1:])
