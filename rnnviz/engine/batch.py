"""Batch: examples side by side, as the network reads them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

import numpy as np

from rnnviz.engine.layer_buffers import Array


class Example(Protocol):
    """One sequence to learn.

    ``inputs`` are token numbers (T,) or values (T, D); ``targets`` class numbers (N,) or values
    (N, C) with N = 1, after the last token, or N = T, after every token; ``source`` (S,) are the
    token numbers that an encoder reads first, if there is one.
    """

    @property
    def inputs(self) -> Array:
        """What is read."""

    @property
    def targets(self) -> Array:
        """What is wanted."""

    @property
    def source(self) -> Array | None:
        """What an encoder reads first."""


class Sequences(NamedTuple):
    """Inputs (T, B) or (T, B, D) with zeros after an end; at token t the first counts[t] go on."""

    inputs: Array
    counts: tuple[int, ...]

    @property
    def shape(self) -> tuple[int, int]:
        """T and B."""
        steps, batch = self.inputs.shape[:2]
        return steps, batch

    @property
    def equal(self) -> bool:
        """Whether all are of one length."""
        return self.counts[-1] == self.counts[0]

    @property
    def ends(self) -> Array:
        """The row t B + b at which each sequence ends, (B,)."""
        batch = self.counts[0]
        lengths = (np.array(self.counts)[:, None] > np.arange(batch)).sum(axis=0)
        rows: Array = (lengths - 1) * batch + np.arange(batch)
        return rows

    @property
    def all(self) -> Array:
        """The rows t B + b at which there is a token, (M,)."""
        batch = self.counts[0]
        there = np.array(self.counts)[:, None] > np.arange(batch)
        return np.flatnonzero(there)


class Batch(NamedTuple):
    """B examples, the longest first.

    ``targets`` (M,) or (M, C) lie in the order of the ``outputs`` (M,), which are rows t B + b;
    ``owners`` (M,) say which of the examples, as they were given, each belongs to. Encoder and
    decoder sort on their own: the decoder's sequence b has the encoder's number ``bridge[b]``.
    """

    read: Sequences
    targets: Array
    outputs: Array
    owners: Array
    source: Sequences | None = None
    bridge: Array | None = None

    @property
    def shape(self) -> tuple[object, ...]:
        """What is equal for batches that fit the same trace: all lengths, and how many outputs."""
        return self.read.counts, self.source and self.source.counts, len(self.outputs)

    @property
    def whole(self) -> bool:
        """Whether the outputs are all rows of the last token, or all rows there are."""
        steps, batch = self.read.shape
        return self.read.equal and len(self.outputs) in (batch, steps * batch)

    @property
    def bridged(self) -> Array:
        """The encoder's row at which each of the decoder's sequences begins, (B,)."""
        if self.source is None or self.bridge is None:
            raise ValueError("There is no encoder.")
        rows: Array = self.source.ends[self.bridge]
        return rows


def collate(examples: Sequence[Example]) -> Batch:
    """Put examples of one kind side by side."""
    if len(examples) == 1:
        return _alone(examples[0])
    order = _longest_first([example.inputs for example in examples])
    read = _side_by_side([examples[i].inputs for i in order])
    every = sum(len(example.targets) for example in examples) == sum(read.counts)
    outputs = read.all if every else read.ends
    place = outputs // len(examples) if every else np.zeros_like(outputs)
    column = outputs % len(examples)
    wanted = _side_by_side([examples[i].targets for i in order]).inputs
    batch = Batch(read, wanted[place, column], outputs, np.array(order)[column])
    return batch if examples[0].source is None else _with_source(batch, examples, order)


def _alone(example: Example) -> Batch:
    """The same of a single example, for which nothing has to be sorted."""
    steps, count = len(example.inputs), len(example.targets)
    read = Sequences(example.inputs[:, None], (1,) * steps)
    outputs, owners = np.arange(steps - count, steps), np.zeros(count, np.intp)
    batch = Batch(read, example.targets, outputs, owners)
    if example.source is None:
        return batch
    source = Sequences(example.source[:, None], (1,) * len(example.source))
    return batch._replace(source=source, bridge=np.zeros(1, np.intp))


def _with_source(batch: Batch, examples: Sequence[Example], order: list[int]) -> Batch:
    sources = [example.source for example in examples]
    known = [source for source in sources if source is not None]
    first = _longest_first(known)
    bridge = np.array([first.index(i) for i in order])
    return batch._replace(source=_side_by_side([known[i] for i in first]), bridge=bridge)


def _longest_first(arrays: Sequence[Array]) -> list[int]:
    lengths = np.fromiter(map(len, arrays), np.intp, len(arrays))
    order: list[int] = np.argsort(-lengths, kind="stable").tolist()
    return order


def _side_by_side(arrays: Sequence[Array]) -> Sequences:
    lengths = np.fromiter(map(len, arrays), np.intp, len(arrays))
    joined = np.zeros((lengths[0], len(arrays), *arrays[0].shape[1:]), arrays[0].dtype)
    there = lengths > np.arange(lengths[0])[:, None]
    # Sequence by sequence, in which order they are written one behind the other.
    joined.swapaxes(0, 1)[there.T] = np.concatenate(arrays)
    return Sequences(joined, tuple(there.sum(axis=1).tolist()))
