"""Trace: the record of one forward and backward pass."""

from __future__ import annotations

from collections.abc import Iterator
from copy import copy
from functools import partial
from typing import Any

import numpy as np

from rnnviz.cancellation import check_cancelled
from rnnviz.config import Loss
from rnnviz.engine.batch import Batch, Sequences, token_mask
from rnnviz.engine.layer_buffers import Array, Dims, Kernel, Layer, in_order
from rnnviz.engine.losses import LOSSES
from rnnviz.engine.parameters import Architecture, Parameters

#: For vocabularies larger than this, only the columns of tokens that occur are used.
WIDE = 256
#: Number of outputs from which the states that are read out are copied to one array.
_GATHER_FROM = 512
#: If the share of rows that hold a token is lower, only these rows are multiplied.
_PACK_BELOW = 0.8


class Stack:
    """Stacked layers: the lowest reads tokens or values, each other one the layer below.

    Of a wide vocabulary, x of the lowest layer has only the ``columns`` of tokens that occur.
    Its layers share the memory of ``other``'s, or if ``thin`` that of the lowest one, for
    everything but their rows.
    """

    def __init__(
        self, architecture: Architecture, inputs: int, read: Sequences, dtype: Any,
        other: Stack | None, *, thin: bool,
    ) -> None:  # fmt: skip
        self.columns: Array | None = None
        tokens, width = read.inputs, inputs
        if tokens.ndim == 2 and inputs > WIDE:
            self.columns, tokens = np.unique(tokens, return_inverse=True)
            width = len(self.columns)
        self.layers: list[Layer] = []
        for k in range(architecture.layers):
            shared = other.layers[k] if other else self.layers[0] if thin and k else None
            extent = Dims(*read.shape, architecture.hidden, architecture.hidden if k else width)
            layer = Layer(extent, read.counts, dtype, shared, architecture.cell.layout.rows)
            if shared is None:
                architecture.cell.allocate(layer)
            self.layers.append(layer)
            layer.workspace = self.layers[0].workspace
        self.write(tokens)

    def write(self, inputs: Array) -> None:
        """Write tokens (T, B), one-hot, or values (T, B, D) into x."""
        x = self.layers[0].x
        if inputs.ndim == 3:
            x[...] = inputs
            return
        steps, batch = inputs.shape
        x[...] = 0
        x[np.arange(steps)[:, None], np.arange(batch), inputs] = 1

    @property
    def top(self) -> Layer:
        """The last layer."""
        return self.layers[-1]


class Trace:
    """Everything computed for a batch.

    ``stacks`` are the encoder, if any, and the decoder; ``layers`` are all their layers. At the M
    outputs there are ``logits``, ``probs`` (probabilities, or the logits themselves) and
    ``dlogits``, (M, C). Loss and gradient are computed from them on access.

    With ``share``, everything but inputs and states uses the other trace's memory, for training,
    where each pass overwrites the last. A ``thin`` trace has no backward pass: its layers share the
    memory of the lowest one. With an encoder or a single layer, no trace is thin.
    """

    def __init__(
        self, architecture: Architecture, batch: Batch, dtype: Any = float,
        share: Trace | None = None, thin: bool = False,
    ) -> None:  # fmt: skip
        check_cancelled()
        self.architecture, self.batch, self.dtype = architecture, batch, np.dtype(dtype)
        self.targets = batch.targets
        widths = list(architecture.stacks.values())
        reads = batch.reads
        others: list[Stack] | list[None] = share.stacks if share else [None] * len(reads)
        self.thin = thin and len(reads) == 1 and architecture.layers > 1
        self.stacks: list[Stack] = [
            Stack(architecture, width, read, dtype, other, thin=self.thin)
            for width, read, other in zip(widths, reads, others, strict=True)
        ]
        self.layers = [layer for stack in self.stacks for layer in stack.layers]
        shape = len(batch.outputs), architecture.outputs
        self.logits: Array = share.logits if share else np.empty(shape, dtype)
        self.dlogits: Array = share.dlogits if share else np.empty(shape, dtype)
        self.probs: Array = share.probs if share else self.logits
        if share is None and architecture.loss is Loss.CROSS_ENTROPY:
            self.probs = np.empty(shape, dtype)
        self.top = self._rows()

    def _rows(self) -> Array:
        """The rows [h_t, 1] that are read out, (M, H + 1).

        They are ``gathered`` if they aren't adjacent, or so many that a contiguous copy is faster.
        """
        after, count, width = self.last.after, len(self.batch.outputs), self.last.extent.hidden + 1
        self.gathered: Array | None = None
        if not self.batch.whole or count >= _GATHER_FROM:
            columns = width if self.batch.whole else after.shape[1]
            after = self.gathered = np.ones((count, columns), self.dtype)
        top: Array = after[-count:, :width]
        return top

    @property
    def last(self) -> Layer:
        """The layer that is read out."""
        return self.stacks[-1].top

    @property
    def every(self) -> bool:
        """Whether there is an output after every token."""
        return len(self.batch.outputs) == sum(self.batch.read.counts)

    def load(self, batch: Batch) -> None:
        """Replace the batch by another of the same shape."""
        self.batch, self.targets = batch, batch.targets
        for stack, read in zip(self.stacks, batch.reads, strict=True):
            stack.write(read.inputs)

    def aim(self, targets: Array) -> None:
        """Replace the targets by others of the same shape."""
        self.batch, self.targets = self.batch._replace(targets=targets), targets

    def again(self) -> Trace:
        """A trace that shares this forward pass and has room for a backward pass of its own."""
        check_cancelled()
        other, cell = copy(self), self.architecture.cell
        other.stacks, other.dlogits = [copy(stack) for stack in self.stacks], self.dlogits.copy()
        for stack in other.stacks:
            stack.layers = [cell.again(layer) for layer in stack.layers]
        other.layers = [layer for stack in other.stacks for layer in stack.layers]
        return other

    @property
    def nbytes(self) -> int:
        """The memory of layers and outputs; an array and its views count once."""
        owners = [a if a.base is None else a.base for a in self._arrays()]
        return sum({id(owner): owner.nbytes for owner in owners}.values())

    def freeze(self) -> Trace:
        """Make every array read-only, and return the trace."""
        for array in self._arrays():
            array.setflags(write=False)
        return self

    def _arrays(self) -> Iterator[Array]:
        yield from (self.logits, self.probs, self.dlogits, self.top, self.targets)
        for layer in self.layers:
            yield from (a for a in vars(layer).values() if isinstance(a, np.ndarray))
            yield from (*layer.arrays.values(), *layer.first.values(), *layer.ends.values())

    def bind_gradient(self, out: Parameters) -> Kernel:
        """A kernel that writes dL/dW of every parameter, summed over time, into ``out``."""
        kernels: list[Kernel] = [partial(np.ndarray.dot, self.top.T, self.dlogits, out.readout)]
        for layer, fused, columns in zip(self.layers, out.fused, self.columns, strict=True):
            kernels += self._bind_blocks(layer, fused, columns)
        return in_order(kernels)

    @property
    def columns(self) -> list[Array | None]:
        """For every layer the columns of x, or None for all."""
        above = [None] * (self.architecture.layers - 1)
        return [columns for stack in self.stacks for columns in (stack.columns, *above)]

    def _bind_blocks(
        self, layer: Layer, fused: list[Array], columns: Array | None
    ) -> Iterator[Kernel]:
        cell, hidden, rows = self.architecture.cell, self.architecture.hidden, layer.rows
        packed = None
        if sum(layer.counts) < _PACK_BELOW * len(rows):
            packed = np.flatnonzero(token_mask(layer.counts))
            rows = np.empty((len(packed), rows.shape[1]), layer.dtype)
            yield partial(np.take, layer.rows, packed, 0, rows, "clip")
        if cell.vectors:
            yield cell.bind_vectors(layer, fused[-1])
        for block, error, out in zip(cell.blocks, cell.errors(layer), fused, strict=False):
            errors = error.reshape(len(error), -1, hidden)
            if (value := cell.read(block, layer)) is not None:
                yield partial(np.matmul, value.reshape(-1, hidden).T, errors, out)
                continue
            if packed is not None:
                every, errors = errors, np.empty((len(errors), len(rows), hidden), errors.dtype)
                yield partial(np.take, every, packed, 1, errors, "clip")
            read = rows[:, block.columns(hidden)].T
            if columns is not None and block.inputs:
                yield partial(_scatter, read, errors, out, block.rows(hidden, columns))
            elif len(errors) == 1:
                yield partial(np.ndarray.dot, read, errors[0], out[0])
            else:
                yield partial(np.matmul, read, errors, out)

    @property
    def gradient(self) -> Parameters:
        """dL/dW of every parameter, before clipping."""
        out = Parameters(self.architecture, dtype=self.dtype)
        with np.errstate(all="ignore"):
            self.bind_gradient(out)()
        return out

    @property
    def loss(self) -> Array:
        """The loss of every output, (M,): cross-entropy in nats, or the mean squared error."""
        with np.errstate(divide="ignore"):
            return LOSSES[self.architecture.loss].of(self.probs, self.targets)


def _scatter(left: Array, right: Array, out: Array, rows: Array) -> None:
    """Write a product into some ``rows`` of ``out``, and zeros elsewhere."""
    out[...] = 0
    out[:, rows] = left @ right
