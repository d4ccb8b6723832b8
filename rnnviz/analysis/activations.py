"""Activations: what every unit of a layer does at every token of many sequences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from rnnviz.analysis.notation import Names
from rnnviz.analysis.training_step import words_of
from rnnviz.analysis.unrolled import Unrolled
from rnnviz.engine.batch import Example
from rnnviz.engine.bptt import bind_forward
from rnnviz.engine.evaluation import batches
from rnnviz.engine.layer_buffers import Array
from rnnviz.engine.parameters import Parameters
from rnnviz.engine.trace import Trace

#: The most tokens that are looked at together.
MOST_TOKENS = 4_000
#: The seed of the draw where there are more: always the same sequences, of every kind alike.
_DRAWING = 7


@dataclass(frozen=True, eq=False)
class Activations:
    """N tokens, sequence by sequence: ``words`` (N,), the state or gate after each, (N, H).

    ``owners`` (N,) says of which of the examples each is, ``steps`` (N,) at which of its places.
    ``zero`` says whether it is zero before the first token, as a state is; a gate isn't there yet.
    """

    words: tuple[str, ...]
    states: Array
    owners: Array
    steps: Array
    zero: bool = True

    @property
    def count(self) -> int:
        """How many sequences there are."""
        return len(self.starts) - 1

    @cached_property
    def starts(self) -> Array:
        """Where each sequence begins, and where the last one ends, (count + 1,)."""
        return np.append(np.flatnonzero(self.steps == 0), len(self.owners))

    def part(self, sequence: int) -> slice:
        """The tokens of one sequence."""
        return slice(int(self.starts[sequence]), int(self.starts[sequence + 1]))

    def around(self, token: int) -> slice:
        """The tokens of the sequence that this one belongs to."""
        return self.part(int(np.searchsorted(self.starts, token, side="right")) - 1)

    @property
    def examples(self) -> Array:
        """Which of the examples each sequence is, (count,)."""
        numbers: Array = self.owners[self.starts[:-1]]
        return numbers

    def drawn(self, most: int) -> Activations:
        """Some of the sequences, with no more than ``most`` tokens together; at least one."""
        kept = np.isin(self.owners, self.examples[draw(np.diff(self.starts), most)])
        words = tuple(word for word, keep in zip(self.words, kept, strict=True) if keep)
        return Activations(words, self.states[kept], self.owners[kept], self.steps[kept], self.zero)

    @cached_property
    def changes(self) -> Array:
        """What each token changes, h_t - h_{t-1}, (N, H); of a gate NaN at the first one."""
        before = np.vstack([np.zeros_like(self.states[:1]), self.states[:-1]])
        before[self.steps == 0] = 0 if self.zero else np.nan
        changes: Array = self.states - before
        return changes

    @cached_property
    def moved(self) -> Array:
        """The tokens of which is known what they change, (M,)."""
        return np.flatnonzero((self.steps > 0) | self.zero)

    @cached_property
    def _sorted(self) -> tuple[Array, Array]:
        known, numbers = np.unique(np.array(self.words, object), return_inverse=True)
        return known, numbers

    @property
    def vocabulary(self) -> tuple[str, ...]:
        """The different words, sorted."""
        return tuple(self._sorted[0].tolist())

    @property
    def numbers(self) -> Array:
        """Which of the vocabulary stands at each token, (N,)."""
        return self._sorted[1]

    def occurrences(self, word: str) -> Array:
        """The tokens that are this word, of those of which is known what they change."""
        found: Array = self.moved[[self.words[token] == word for token in self.moved]]
        return found


def lengths_of(examples: Sequence[Example]) -> Array:
    """How many tokens each has, those that an encoder reads included."""
    return np.array([len(e.inputs) + (0 if e.source is None else len(e.source)) for e in examples])


def draw(lengths: Array, most: int) -> Array:
    """The places of all lengths, or of some that sum up to no more than ``most``; at least one.

    By chance, for often examples stand in the order of their classes.
    """
    order = np.random.default_rng(_DRAWING).permutation(len(lengths))
    count = max(1, int(np.searchsorted(np.cumsum(lengths[order]), most, side="right")))
    return np.sort(order[:count])


def read_activations(
    parameters: Parameters,
    examples: Sequence[Example],
    names: Names,
    layer: int = -1,
    part: str = "h",
) -> Activations:
    """Read examples, of many some, and keep what a state or gate of a layer was at each token."""
    numbers = draw(lengths_of(examples), MOST_TOKENS)
    examples = [examples[number] for number in numbers]
    architecture = parameters.architecture
    found: dict[int, tuple[tuple[str, ...], Array]] = {}
    for batch in batches(examples, architecture.hidden * architecture.layers):
        trace = Trace(architecture, batch, parameters.theta.dtype)
        with np.errstate(over="ignore", invalid="ignore"):
            bind_forward(parameters, trace)()
        for k in set(batch.owners.tolist()):
            found[k] = words_of(trace, names, k), Unrolled(trace, layer, k).of(part).copy()
    rows = [found[k] for k in range(len(examples))]
    lengths = [len(words) for words, _ in rows]
    return Activations(
        words=tuple(word for words, _ in rows for word in words),
        states=np.concatenate([states for _, states in rows]),
        owners=np.repeat(numbers, lengths),
        steps=np.concatenate([np.arange(length) for length in lengths]),
        zero=part in architecture.cell.states,
    )
