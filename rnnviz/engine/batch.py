"""Batch: examples padded to one array, as the network reads them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

import numpy as np

from rnnviz.engine.layer_buffers import Array


class ExampleLike(Protocol):
    """One sequence to learn, such as an ``Example`` of a task."""

    @property
    def inputs(self) -> Array:
        """Token indices (T,) or values (T, D)."""

    @property
    def targets(self) -> Array:
        """Class indices (N,) or values (N, C): N = 1 after the last token, or N = T."""

    @property
    def source(self) -> Array | None:
        """Token indices (S,) of the encoder; None without an encoder."""


class Sequences(NamedTuple):
    """Inputs (T, B) or (T, B, D), padded with zeros; ``counts[t]`` sequences have a token t."""

    inputs: Array
    counts: tuple[int, ...]

    @property
    def shape(self) -> tuple[int, int]:
        """(T, B)."""
        steps, batch = self.inputs.shape[:2]
        return steps, batch

    @property
    def equal(self) -> bool:
        """Whether all sequences have the same length."""
        return self.counts[-1] == self.counts[0]

    @property
    def ends(self) -> Array:
        """The row t B + b of each sequence's last token, (B,)."""
        batch = self.counts[0]
        rows: Array = (token_mask(self.counts).sum(axis=0) - 1) * batch + np.arange(batch)
        return rows

    @property
    def all(self) -> Array:
        """The rows t B + b that hold a token, (M,)."""
        return np.flatnonzero(token_mask(self.counts))


def token_mask(counts: Sequence[int]) -> Array:
    """Whether sequence b has a token t, (T, B)."""
    mask: Array = np.array(counts)[:, None] > np.arange(counts[0])
    return mask


class Batch(NamedTuple):
    """B examples, the longest first.

    ``outputs`` (M,) are the rows t B + b that are read out, with ``targets`` (M,) or (M, C) and
    ``owners`` (M,), the index of each output's example before sorting. The encoder's sequences are
    sorted separately: the decoder's sequence b is the encoder's ``bridge[b]``.
    """

    read: Sequences
    targets: Array
    outputs: Array
    owners: Array
    source: Sequences | None = None
    bridge: Array | None = None

    @property
    def reads(self) -> list[Sequences]:
        """The sequences of the encoder, if any, and of the decoder or only stack."""
        return [self.read] if self.source is None else [self.source, self.read]

    @property
    def shape(self) -> tuple[object, ...]:
        """Lengths and number of outputs: equal for batches that fit the same trace."""
        return self.read.counts, self.source and self.source.counts, len(self.outputs)

    @property
    def whole(self) -> bool:
        """Whether the outputs are all rows, or all rows of the last token."""
        steps, batch = self.read.shape
        return self.read.equal and len(self.outputs) in (batch, steps * batch)

    @property
    def bridged(self) -> Array:
        """The encoder's last row for each sequence of the decoder, (B,)."""
        if self.source is None or self.bridge is None:
            raise ValueError("There is no encoder.")
        rows: Array = self.source.ends[self.bridge]
        return rows


def collate(examples: Sequence[ExampleLike]) -> Batch:
    """Combine examples of one kind into a batch."""
    if len(examples) == 1:  # Faster than the general case: nothing to sort, nothing to pad.
        return _single(examples[0])
    order = _longest_first([example.inputs for example in examples])
    read = _pad([examples[i].inputs for i in order])
    every = sum(len(example.targets) for example in examples) == sum(read.counts)
    outputs = read.all if every else read.ends
    t = outputs // len(examples) if every else np.zeros_like(outputs)
    column = outputs % len(examples)
    targets = _pad([examples[i].targets for i in order]).inputs
    batch = Batch(read, targets[t, column], outputs, np.array(order)[column])
    sources = [example.source for example in examples if example.source is not None]
    if not sources:
        return batch
    source_order = _longest_first(sources)
    bridge = np.array([source_order.index(i) for i in order])
    return batch._replace(source=_pad([sources[i] for i in source_order]), bridge=bridge)


def _single(example: ExampleLike) -> Batch:
    steps, count = len(example.inputs), len(example.targets)
    read = Sequences(example.inputs[:, None], (1,) * steps)
    outputs, owners = np.arange(steps - count, steps), np.zeros(count, np.intp)
    batch = Batch(read, example.targets, outputs, owners)
    if example.source is None:
        return batch
    source = Sequences(example.source[:, None], (1,) * len(example.source))
    return batch._replace(source=source, bridge=np.zeros(1, np.intp))


def _longest_first(arrays: Sequence[Array]) -> list[int]:
    lengths = np.fromiter(map(len, arrays), np.intp, len(arrays))
    order: list[int] = np.argsort(-lengths, kind="stable").tolist()
    return order


def _pad(arrays: Sequence[Array]) -> Sequences:
    lengths = np.fromiter(map(len, arrays), np.intp, len(arrays))
    padded = np.zeros((lengths[0], len(arrays), *arrays[0].shape[1:]), arrays[0].dtype)
    mask = lengths > np.arange(lengths[0])[:, None]
    # Batch-first, because np.concatenate lists sequence after sequence.
    padded.swapaxes(0, 1)[mask.T] = np.concatenate(arrays)
    return Sequences(padded, tuple(mask.sum(axis=1).tolist()))
