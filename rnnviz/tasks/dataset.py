"""Dataset: the training and test examples of a run."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice

import numpy as np

from rnnviz.config import Loss, OutputAt
from rnnviz.tasks.csv_table import MAX_CLASSES, TaskError, shown
from rnnviz.tasks.example import Example
from rnnviz.tasks.extrapolation import Extrapolation
from rnnviz.tasks.metrics import ACCURACY, Guess, Metric, guess_classes, guess_values
from rnnviz.tasks.reference import Reference
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

#: The target of an output whose class is unknown.
GAP = -1


@dataclass(frozen=True, eq=False)
class Dataset:
    """Training and test examples, and the names of inputs and outputs.

    ``vocabulary`` are the tokens, or the channels, of the inputs; ``classes`` the classes, or the
    channels, of the outputs; ``source`` the tokens of the encoder, if any. ``unknown`` are the test
    tokens that are skipped because no training example has them. ``rule`` computes the targets of
    inputs, (N,) or (N, C), with gaps where it doesn't apply. ``reference`` is a predictor of values
    to compare a network with; ``extrapolation`` draws new sequences. Unless they are ``labelled``,
    the targets of the examples are a network's own answers. ``role`` is what ``train`` is for: the
    probe examples of a recording train nothing.
    """

    name: str
    vocabulary: Vocabulary
    classes: tuple[str, ...]
    train: tuple[Example, ...]
    test: tuple[Example, ...]
    notes: tuple[str, ...] = ()
    reads: OutputAt = OutputAt.LAST
    loss: Loss = Loss.CROSS_ENTROPY
    source: Vocabulary | None = None
    unknown: tuple[str, ...] = ()
    metric: Metric = ACCURACY
    rule: Callable[[Array], Array] | None = None
    reference: Reference | None = None
    extrapolation: Extrapolation | None = None
    labelled: bool = True
    role: str = "training"

    @property
    def tokens(self) -> bool:
        """Whether the inputs are tokens, not values."""
        return self.train[0].inputs.ndim == 1

    @property
    def answers_classes(self) -> bool:
        """Whether the outputs are classes, not values."""
        return self.loss is Loss.CROSS_ENTROPY

    @cached_property
    def _by_inputs(self) -> dict[bytes, Example]:
        return {_key(example): example for example in (*self.test, *self.train)}

    @cached_property
    def _by_text(self) -> dict[str, Example]:
        return {example.text: example for example in (*self.test, *self.train)}

    @cached_property
    def longest_text(self) -> int:
        """The number of characters of the longest example."""
        return max(len(example.text) for example in (*self.test, *self.train))

    @property
    def one_class_at_end(self) -> bool:
        """Whether the output is a single class, after the last token."""
        return self.answers_classes and self.reads is OutputAt.LAST

    @cached_property
    def guess(self) -> Guess:
        """The loss of guessing: uniform over the classes, or the mean of every channel."""
        if self.answers_classes:
            return guess_classes(len(self.classes))
        return guess_values(np.concatenate([example.targets for example in self.train]))

    def lookup(self, inputs: Array) -> Example | None:
        """The example with exactly these inputs; with an encoder, with this source."""
        return self._by_inputs.get(inputs.tobytes())

    def lookup_text(self, text: str) -> Example | None:
        """The example with exactly this text, of which some tokens may be skipped."""
        return self._by_text.get(text)

    def targets_of(self, inputs: Array) -> Array:
        """The targets of inputs, by the rule or else from the data.

        Where they are unknown there is a gap: -1 for a class, NaN for a value.
        """
        if self.rule:
            return self.rule(inputs)
        example = self.lookup(inputs) if self.labelled else None
        count = len(inputs) if self.reads is OutputAt.EVERY else 1
        return example.targets if example else self.unknown_targets(count)

    def unknown_targets(self, count: int) -> Array:
        """So many targets that are unknown, (N,) or (N, C)."""
        if self.answers_classes:
            return np.full(count, GAP)
        return np.full((count, len(self.classes)), np.nan)


def _key(example: Example) -> bytes:
    return (example.inputs if example.source is None else example.source).tobytes()


def build_dataset(
    name: str, train: Sequence[Row], test: Sequence[Row] = (), unit: Unit = Unit.WORDS
) -> Dataset:
    """A dataset of texts and labels; raise TaskError for a bad label or unknown words."""
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
            f"The training phrases all have the label {shown(classes[0])}: "
            "there must be at least two classes."
        )
    if len(classes) > MAX_CLASSES:
        raise TaskError(
            f"The training phrases have {len(classes):,} different labels, more than "
            f"{MAX_CLASSES}. Is the column label the right one? Use fewer classes."
        )
    return classes


def _phrase(row: Row, vocabulary: Vocabulary, classes: tuple[str, ...], role: str) -> Example:
    where = f"The {role} phrases, row {row.line}"
    if problem := unknown_label(row.label, classes):
        raise TaskError(f"{where}: {problem}")
    tokens = known(row.text, vocabulary, where).tokens
    return Example(row.text, tokens, np.array([classes.index(row.label)]))


def unknown_label(label: str, classes: Collection[str]) -> str:
    """Why a label isn't one of the classes; empty if it is."""
    if label in classes:
        return ""
    listed = ", ".join(name[:30] for name in islice(classes, 8))
    return f"the label {shown(label)} is unknown. The training phrases have {listed}."
