"""Dataset: what a run learns from and is tested on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

import numpy as np

from rnnviz.config import Loss, Reads
from rnnviz.tasks.encode import known, unknown_notes, unknown_tokens, vocabulary_of
from rnnviz.tasks.example import Example
from rnnviz.tasks.table import MAX_CLASSES, Row, TaskError, read_file, read_table
from rnnviz.tasks.vocabulary import Reading, Unit, Vocabulary

SENTIMENT = Path(__file__).resolve().parents[2] / "data" / "sentiment"


@dataclass(frozen=True, eq=False)
class Dataset:
    """Training and test sequences, and the names of what goes in and of what comes out.

    ``vocabulary`` are the tokens, or the channels of the values that are read; ``classes`` those
    that are told apart, or the channels of the values that are answered. ``source`` are the tokens
    of an encoder, where there is one. ``unknown`` are the tokens of the test sequences that are
    skipped because training doesn't know them.
    """

    name: str
    vocabulary: Vocabulary
    classes: tuple[str, ...]
    train: tuple[Example, ...]
    test: tuple[Example, ...]
    notes: tuple[str, ...] = ()
    reads: Reads = Reads.LAST
    loss: Loss = Loss.CROSS_ENTROPY
    source: Vocabulary | None = None
    unknown: tuple[str, ...] = ()

    @cached_property
    def _targets(self) -> dict[bytes, int]:
        if self.reads is not Reads.LAST or self.loss is not Loss.CROSS_ENTROPY:
            return {}
        return {phrase.inputs.tobytes(): phrase.target for phrase in (*self.test, *self.train)}

    def target_of(self, reading: Reading) -> int | None:
        """The class of a phrase that stands in the data word for word; None elsewhere.

        None, too, where a phrase has more answers than one, or its answer is a value.
        """
        return None if reading.unknown else self._targets.get(reading.tokens.tobytes())


def build_dataset(
    name: str, train: Sequence[Row], test: Sequence[Row] = (), unit: Unit = Unit.WORDS
) -> Dataset:
    """Put tables together; raise TaskError for one class, or what training doesn't know."""
    classes = _classes(train)
    vocabulary = vocabulary_of((row.text for row in train), unit)
    unknown = unknown_tokens((row.text for row in test), vocabulary)
    return Dataset(
        name,
        vocabulary,
        classes,
        train=tuple(_phrase(row, vocabulary, classes, "training") for row in train),
        test=tuple(_phrase(row, vocabulary, classes, "test") for row in test),
        notes=unknown_notes(unknown, unit),
        unknown=unknown,
    )


def _classes(train: Sequence[Row]) -> tuple[str, ...]:
    classes = tuple(sorted({row.label for row in train}))
    if len(classes) < 2:
        raise TaskError(
            f"The training phrases all have the label {classes[0][:30]!r}: "
            "there must be at least two classes to tell apart."
        )
    if len(classes) > MAX_CLASSES:
        raise TaskError(
            f"The training phrases have {len(classes):,} different labels, more than "
            f"{MAX_CLASSES}. Is the column label the right one? Use fewer classes."
        )
    return classes


def _phrase(row: Row, vocabulary: Vocabulary, classes: tuple[str, ...], role: str) -> Example:
    if row.label not in classes:
        raise TaskError(
            f"The {role} phrases, row {row.line}: the label {row.label[:30]!r} is unknown. "
            f"The training phrases have {', '.join(c[:30] for c in classes[:8])}."
        )
    tokens = known(row.text, vocabulary, f"The {role} phrases, row {row.line}").tokens
    return Example(row.text, tokens, np.array([classes.index(row.label)]))


@cache
def sentiment() -> Dataset:
    """The phrases that rnnviz comes with, each positive or negative."""
    train, test = (read_file(SENTIMENT / f"{part}.csv") for part in ("train", "test"))
    return build_dataset("sentiment", train, test)


def dataset_from(train: tuple[str, bytes] | None, test: tuple[str, bytes] | None) -> Dataset:
    """A dataset from names and contents of CSV files; by default trained on the sentiment phrases.

    Raises TaskError.
    """
    if train is None and test is None:
        return sentiment()
    learned = read_table(train[1], train[0]) if train else read_file(SENTIMENT / "train.csv")
    tested = read_table(test[1], test[0]) if test else []
    return build_dataset(train[0] if train else "sentiment", learned, tested)
