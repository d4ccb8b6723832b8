"""Dataset: what a run learns from and is tested on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

import numpy as np

from rnnviz.config import Loss, Reads
from rnnviz.tasks.example import Example
from rnnviz.tasks.table import Row, TaskError, read_file, read_table
from rnnviz.tasks.vocabulary import Reading, Vocabulary

SENTIMENT = Path(__file__).resolve().parents[2] / "data" / "sentiment"


@dataclass(frozen=True, eq=False)
class Dataset:
    """Training and test sequences, and the names of what goes in and of what comes out.

    ``vocabulary`` are the tokens, or the channels of the values that are read; ``classes`` those
    that are told apart, or the channels of the values that are answered. ``source`` are the tokens
    of an encoder, where there is one.
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

    @cached_property
    def _targets(self) -> dict[bytes, int]:
        return {phrase.inputs.tobytes(): phrase.target for phrase in (*self.test, *self.train)}

    def target_of(self, reading: Reading) -> int | None:
        """The class of a phrase that stands in the data word for word; None elsewhere."""
        return None if reading.unknown else self._targets.get(reading.tokens.tobytes())


def build_dataset(name: str, train: Sequence[Row], test: Sequence[Row] = ()) -> Dataset:
    """Put tables together; raise TaskError for one class, or what training doesn't know."""
    classes = tuple(sorted({row.label for row in train}))
    if len(classes) < 2:
        raise TaskError(
            f"The training phrases all have the label {classes[0][:30]!r}: "
            "there must be at least two classes to tell apart."
        )
    vocabulary = Vocabulary.of(row.text for row in train)
    unknown = sorted({word for row in test for word in vocabulary.read(row.text).unknown})
    return Dataset(
        name,
        vocabulary,
        classes,
        train=tuple(_phrase(row, vocabulary, classes, "training") for row in train),
        test=tuple(_phrase(row, vocabulary, classes, "test") for row in test),
        notes=_unknown_note(unknown),
    )


def _phrase(row: Row, vocabulary: Vocabulary, classes: tuple[str, ...], role: str) -> Example:
    if row.label not in classes:
        raise TaskError(
            f"The {role} phrases, row {row.line}: the label {row.label[:30]!r} is unknown. "
            f"The training phrases have {', '.join(c[:30] for c in classes[:8])}."
        )
    tokens = vocabulary.read(row.text).tokens
    if not len(tokens):
        raise TaskError(
            f"The {role} phrases, row {row.line}: no word of {row.text[:60]!r} occurs in the "
            "training phrases, so the network can't read it. Remove the row or train on its words."
        )
    return Example(row.text, tokens, np.array([classes.index(row.label)]))


def _unknown_note(unknown: list[str]) -> tuple[str, ...]:
    if not unknown:
        return ()
    more = f" and {len(unknown) - 8} more" if len(unknown) > 8 else ""
    listed = ", ".join(word[:30] for word in unknown[:8])
    return (f"Words of the test phrases that training doesn't know are skipped: {listed}{more}.",)


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
