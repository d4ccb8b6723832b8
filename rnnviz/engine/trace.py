"""Trace: the record of one forward and backward pass."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np

from rnnviz.config import Loss
from rnnviz.engine.batch import Batch, Sequences
from rnnviz.engine.cell import Kernel, in_order
from rnnviz.engine.layer_buffers import Array, Dims, Layer
from rnnviz.engine.losses import LOSSES
from rnnviz.engine.parameters import Architecture, Parameters

#: Vocabularies larger than this are read through the columns of the tokens that occur.
WIDE = 256
#: From so many outputs on the states that are read out are copied side by side.
_MANY = 512
#: Of a layer's rows, if less than this share go on, only these are multiplied.
_MOSTLY = 0.8


#: From the layers below to the one in whose memory the next is to write, if not in its own.
Whose = Callable[[list[Layer]], Layer | None]


class Stack:
    """Layers one above the other: the lowest reads tokens or values, each other the one below.

    Of a large vocabulary only the ``columns`` of tokens that occur stand in the lowest layer's x.
    ``whose`` says, of the layers below a new one, in whose memory it writes all but its rows.
    """

    def __init__(
        self,
        architecture: Architecture,
        inputs: int,
        read: Sequences,
        dtype: Any,
        whose: Whose,
    ) -> None:
        self.columns: Array | None = None
        tokens, width = read.inputs, inputs
        if tokens.ndim == 2 and inputs > WIDE:
            self.columns, tokens = np.unique(tokens, return_inverse=True)
            width = len(self.columns)
        self.layers: list[Layer] = []
        for k in range(architecture.layers):
            shared = whose(self.layers)
            extent = Dims(*read.shape, architecture.hidden, architecture.hidden if k else width)
            layer = Layer(extent, read.counts, dtype, shared)
            if shared is None:
                architecture.cell.allocate(layer)
            self.layers.append(layer)
        self.write(tokens)

    def write(self, inputs: Array) -> None:
        """Write tokens (T, B), as ones in their columns, or values (T, B, D) into x."""
        x = self.layers[0].x
        if inputs.ndim == 3:
            x[...] = inputs
            return
        steps, batch = inputs.shape
        x[...] = 0
        x[np.arange(steps)[:, None], np.arange(batch), inputs] = 1

    @property
    def top(self) -> Layer:
        """The layer that is read out, or handed over."""
        return self.layers[-1]


def _whose(share: Stack | None, thin: bool) -> Whose:
    """The same layer's of a stack that shares its memory, or of a thin one the lowest layer's."""
    if share:
        return lambda below: share.layers[len(below)]
    return lambda below: below[0] if thin and below else None


class Trace:
    """Everything computed for a batch; the engine writes straight into its rows.

    ``stacks`` are the layers, of an encoder first; ``layers`` are all of them in order. At the M
    outputs stand ``logits``, ``probs`` (the answers: probabilities, or the logits themselves) and
    ``dlogits``, (M, C). The loss and the gradients follow from these and are made when asked for.

    With ``share`` all but what is read and the states lies in the other trace's memory: right for
    training, where each pass overwrites the last. Of a ``thin`` trace, which can't go back, each
    layer writes over the one below, but for its rows; with an encoder, which is read from, none is.
    """

    def __init__(
        self,
        architecture: Architecture,
        batch: Batch,
        dtype: Any = float,
        share: Trace | None = None,
        thin: bool = False,
    ) -> None:
        self.architecture, self.batch, self.dtype = architecture, batch, np.dtype(dtype)
        self.targets = batch.targets
        widths = list(architecture.stacks.values())
        reads = [read for read in (batch.source, batch.read) if read is not None]
        self.thin = thin = thin and len(reads) == 1 and architecture.layers > 1
        self.stacks: list[Stack] = [
            Stack(
                architecture, width, read, dtype, _whose(share.stacks[k] if share else None, thin)
            )
            for k, (width, read) in enumerate(zip(widths, reads, strict=True))
        ]
        self.layers = [layer for stack in self.stacks for layer in stack.layers]
        self._answers(share)
        self.top = self._top()

    def _answers(self, share: Trace | None) -> None:
        shape = len(self.batch.outputs), self.architecture.outputs
        new = [np.empty(shape, self.dtype) for _ in range(3)] if share is None else None
        logits, probs, dlogits = new or (share.logits, share.probs, share.dlogits)  # type: ignore[union-attr]
        self.logits: Array = logits
        self.dlogits: Array = dlogits
        self.probs: Array = probs if self.architecture.loss is Loss.CROSS_ENTROPY else logits

    def _top(self) -> Array:
        """The rows [h_t, 1] that are read out, (M, H + 1).

        They are ``gathered`` if they don't lie together, or are so many that a copy without gaps
        pays.
        """
        after, count, width = self.last.after, len(self.batch.outputs), self.last.extent.hidden + 1
        self.gathered: Array | None = None
        if not self.batch.whole:
            after = self.gathered = np.ones((count, after.shape[1]), self.dtype)
        elif count >= _MANY:
            after = self.gathered = np.ones((count, width), self.dtype)
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
        """Take another batch with the same counts in place of the one before."""
        self.batch, self.targets = batch, batch.targets
        reads = [read for read in (batch.source, batch.read) if read is not None]
        for stack, read in zip(self.stacks, reads, strict=True):
            stack.write(read.inputs)

    @property
    def nbytes(self) -> int:
        """The memory of what the layers and the answers take, views counted once."""
        owners = {id(a if a.base is None else a.base): a for a in self._arrays()}
        return sum(a.nbytes if a.base is None else a.base.nbytes for a in owners.values())

    def freeze(self) -> Trace:
        """Make every array read-only, and return the trace."""
        for array in self._arrays():
            array.flags.writeable = False
        return self

    def _arrays(self) -> Iterator[Array]:
        yield from (self.logits, self.probs, self.dlogits, self.top, self.targets)
        for layer in self.layers:
            yield from (a for a in vars(layer).values() if isinstance(a, np.ndarray))
            yield from (*layer.arrays.values(), *layer.first.values(), *layer.ends.values())

    def bind_gradient(self, out: Parameters) -> Kernel:
        """A function that writes dL/dW, summed over time, of every parameter into ``out``.

        One product for each gate.
        """
        acts: list[Kernel] = [partial(self.top.T.dot, self.dlogits, out.readout)]
        for layer, fused, columns in zip(self.layers, out.fused, self.columns, strict=True):
            acts += self._bind_blocks(layer, fused, columns)
        return in_order(acts)

    @property
    def columns(self) -> list[Array | None]:
        """For every layer the columns of the tokens that it reads, where not all are there."""
        return [
            stack.columns if layer is stack.layers[0] else None
            for stack in self.stacks
            for layer in stack.layers
        ]

    def _bind_blocks(
        self, layer: Layer, fused: list[Array], columns: Array | None
    ) -> Iterator[Kernel]:
        cell, hidden = self.architecture.cell, self.architecture.hidden
        pack = _Pack(layer)
        yield from pack.rows_in
        for block, error, out in zip(cell.blocks, cell.errors(layer), fused, strict=True):
            rows = pack.rows[:, block.columns(hidden)].T
            errors, errors_in = pack.errors(error)
            yield from errors_in
            if columns is not None and block.inputs:
                yield _bind_scatter(rows, errors, out, block.rows(hidden, columns))
            elif len(errors) == 1:
                yield partial(rows.dot, errors[0], out[0])
            else:
                yield partial(np.matmul, rows, errors, out)

    @property
    def gradient(self) -> Parameters:
        """dL/dW of every parameter, before clipping."""
        out = Parameters(self.architecture, dtype=self.dtype)
        self.bind_gradient(out)()
        return out

    @property
    def loss(self) -> Array:
        """The loss of every output, (M,): cross-entropy in nats, or the mean squared error."""
        with np.errstate(divide="ignore"):
            return LOSSES[self.architecture.loss].of(self.probs, self.targets)


class _Pack:
    """The rows of a layer where a sequence goes on, side by side; all rows, if these are most.

    ``rows_in`` brings the layer's rows there.
    """

    def __init__(self, layer: Layer) -> None:
        self._there, self._width = None, layer.extent.hidden
        self.rows, self.rows_in = layer.rows, list[Kernel]()
        batch, active = layer.extent.batch, sum(layer.counts)
        if active < _MOSTLY * len(layer.rows):
            lengths = np.array(layer.counts)[:, None]
            self._there = np.flatnonzero(lengths > np.arange(batch))
            self.rows = np.empty((active, layer.rows.shape[1]), layer.dtype)
            self.rows_in = [partial(np.take, layer.rows, self._there, 0, self.rows, "clip")]

    def errors(self, errors: Array) -> tuple[Array, list[Kernel]]:
        """Errors (G, T, B, H) as (G, rows, H), and what brings them there."""
        flat = errors.reshape(len(errors), -1, self._width)
        if self._there is None:
            return flat, []
        packed = np.empty((len(flat), *self.rows.shape[:1], self._width), errors.dtype)
        return packed, [partial(np.take, flat, self._there, 1, packed, "clip")]


def _bind_scatter(left: Array, right: Array, out: Array, rows: Array) -> Kernel:
    """A function that writes a product into some ``rows`` of ``out``, and zeros into the others."""

    def scatter() -> None:
        out[...] = 0
        out[:, rows] = left @ right

    return scatter
