"""Next token: a text, learned in pieces of bounded length."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from rnnviz.config import OutputAt
from rnnviz.tasks.dataset import GAP, Dataset
from rnnviz.tasks.encoding import known, unknown_notes, unknown_tokens, vocabulary_of
from rnnviz.tasks.example import Example
from rnnviz.tasks.table import Form, Row, TaskError
from rnnviz.tasks.vocabulary import Array, Unit, Vocabulary

#: Tokens that are read in one piece, and the most that can be.
WINDOW, MAX_WINDOW = 50, 500


def cut(rows: Iterable[Row], unit: Unit, window: int) -> Iterator[Row]:
    """Rows in which at most ``window`` tokens are followed by another one.

    A longer row is cut into pieces; the last token of each is the first of the next one, so that
    whatever follows on something is learned once.
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
    """What comes next, after every token; raise TaskError for what can't be learned or tested.

    The text of an example is what is read: all but the last token, which is only answered.
    """
    vocabulary = vocabulary_of((row.text for row in train), unit)
    if len(vocabulary) < 2:
        raise TaskError(
            f"The training phrases have only one {unit.noun}, {vocabulary.words[0][:30]!r}: "
            "there must be at least two to tell what comes next."
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
    """The token after each of the inputs (T,); nobody knows what comes after the last."""
    return np.append(inputs[1:], GAP)


def _without_unknown(row: Row, vocabulary: Vocabulary) -> Row:
    where = f"The test phrases, row {row.line}"
    reading = known(row.text, vocabulary, where, Form.NEXT.least)
    return Row(row.line, vocabulary.join(reading.words)) if reading.unknown else row


def _sequence(row: Row, vocabulary: Vocabulary) -> Example:
    reading = vocabulary.read(row.text)
    return Example(vocabulary.join(reading.words[:-1]), reading.tokens[:-1], reading.tokens[1:])
