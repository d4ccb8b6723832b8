"""Dataset: the training and test examples of a run."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from rnnviz.config import Loss, OutputAt
from rnnviz.tasks.example import Example
from rnnviz.tasks.metrics import ACCURACY, Guess, Metric, guess_classes, guess_values
from rnnviz.tasks.vocabulary import Array, Vocabulary

#: The target of an output whose class is unknown.
GAP = -1


#: The stream of ``np.random.default_rng((seed, stream, ...))`` for new sequences.
EXTRAPOLATING = 6
#: Draws for each sequence, before it is taken that there are no others.
_TRIES = 10


@dataclass(frozen=True)
class Extrapolation:
    """How a task draws sequences of any length.

    ``noun`` is what a length counts, ``trained`` the largest that is learned, ``lengths`` are those
    to measure. ``draw`` takes a generator and a length. ``note`` is a sentence about the sequences.
    """

    noun: str
    trained: int
    lengths: tuple[int, ...]
    draw: Callable[[np.random.Generator, int], Example]
    note: str = ""

    def new(self, length: int, count: int, learned: Collection[bytes]) -> tuple[Example, ...]:
        """Up to ``count`` different sequences, none of them with ``learned`` inputs.

        They are the same in every run; there are fewer where hardly any exist.
        """
        rng = np.random.default_rng((0, EXTRAPOLATING, length))
        drawn: dict[bytes, Example] = {}
        for _ in range(_TRIES * count):
            example = self.draw(rng, length)
            if (key := example.inputs.tobytes()) not in learned:
                drawn[key] = example
            if len(drawn) == count:
                break
        return tuple(drawn.values())


def around(trained: int) -> tuple[int, ...]:
    """Half of the trained length, itself, twice and four times it."""
    return trained // 2, trained, 2 * trained, 4 * trained


@dataclass(frozen=True)
class Reference:
    """A predictor of values: its short ``name``, what it is, and its formula.

    ``predict`` takes inputs (T, D) and returns outputs (N, C), one after the last step or one
    after every step; an output depends on no later input.
    """

    name: str
    text: str
    predict: Callable[[Array], Array]


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
        return {
            (e.inputs if e.source is None else e.source).tobytes(): e
            for e in (*self.test, *self.train)
        }

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
