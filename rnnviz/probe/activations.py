"""Activations: the states or gates of a layer at every token of many sequences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from rnnviz.engine.batch import Example
from rnnviz.engine.layer_buffers import Array
from rnnviz.engine.parameters import Parameters
from rnnviz.probe.formatting import Names
from rnnviz.probe.passes import draw, read_all, sample
from rnnviz.probe.training_step import words_of
from rnnviz.probe.unrolled import Unrolled


@dataclass(frozen=True, eq=False)
class Activations:
    """N tokens, sequence by sequence: ``words`` (N,), and the ``states`` after each, (N, H).

    ``owners`` (N,) is the index of each token's example, ``steps`` (N,) its index in the sequence.
    ``zero`` is true for a state, which is zero before the first token, and false for a gate, which
    has no value there.
    """

    words: tuple[str, ...]
    states: Array
    owners: Array
    steps: Array
    zero: bool = True

    @property
    def count(self) -> int:
        """The number of sequences."""
        return len(self.starts) - 1

    @cached_property
    def starts(self) -> Array:
        """The index of each sequence's first token, and the end of the last one, (count + 1,)."""
        return np.append(np.flatnonzero(self.steps == 0), len(self.owners))

    def part(self, sequence: int) -> slice:
        """The tokens of one sequence."""
        return slice(int(self.starts[sequence]), int(self.starts[sequence + 1]))

    def around(self, token: int) -> slice:
        """The tokens of the sequence that contains this token."""
        return self.part(int(np.searchsorted(self.starts, token, side="right")) - 1)

    @property
    def examples(self) -> Array:
        """The index of each sequence's example, (count,)."""
        return self.owners[self.starts[:-1]]

    def drawn(self, most: int) -> Activations:
        """A sample of the sequences with at most ``most`` tokens in all; at least one."""
        mask = np.isin(self.owners, self.examples[draw(np.diff(self.starts), most)])
        words = tuple(np.array(self.words, object)[mask].tolist())
        return Activations(words, self.states[mask], self.owners[mask], self.steps[mask], self.zero)

    @cached_property
    def changes(self) -> Array:
        """The change at each token, h_t - h_{t-1}, (N, H); NaN at a gate's first token."""
        before = np.vstack([np.zeros_like(self.states[:1]), self.states[:-1]])
        before[self.steps == 0] = 0 if self.zero else np.nan
        changes: Array = self.states - before
        return changes

    @cached_property
    def moved(self) -> Array:
        """The tokens at which the change is known, (M,)."""
        return np.flatnonzero((self.steps > 0) | self.zero)

    @cached_property
    def _sorted(self) -> tuple[Array, Array]:
        words, numbers = np.unique(np.array(self.words, object), return_inverse=True)
        return words, numbers

    @property
    def vocabulary(self) -> tuple[str, ...]:
        """The distinct words, sorted."""
        return tuple(self._sorted[0].tolist())

    @property
    def numbers(self) -> Array:
        """The index of each token's word in ``vocabulary``, (N,)."""
        return self._sorted[1]

    @property
    def telling_word(self) -> str:
        """The word that stands in about half of the sequences."""
        pairs: Array = np.unique(np.column_stack([self.numbers, self.owners]), axis=0)
        shares = np.bincount(pairs[:, 0]) / self.count
        return self.vocabulary[int(np.abs(shares - 0.5).argmin())]

    def occurrences(self, word: str) -> Array:
        """The tokens that are this word and at which the change is known."""
        return self.moved[[self.words[token] == word for token in self.moved]]


def read_activations(
    parameters: Parameters,
    examples: Sequence[Example],
    names: Names,
    layer: int = -1,
    part: str = "",
) -> Activations:
    """The activations of one state or gate of a layer, on all examples or on a sample of them.

    Without a ``part`` that is the output.
    """
    part = part or parameters.architecture.out
    indexes = sample(examples)
    read = {
        k: (words_of(trace, names, k), Unrolled(trace, layer, k).of(part).copy())
        for k, trace in read_all(parameters, [examples[index] for index in indexes])
    }
    rows = [read[k] for k in range(len(indexes))]
    lengths = [len(words) for words, _ in rows]
    return Activations(
        words=tuple(word for words, _ in rows for word in words),
        states=np.concatenate([states for _, states in rows]),
        owners=np.repeat(indexes, lengths),
        steps=np.concatenate([np.arange(length) for length in lengths]),
        zero=part in parameters.architecture.cell.states,
    )
