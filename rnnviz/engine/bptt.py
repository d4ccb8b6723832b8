"""The network unrolled: forward, and backpropagation through time.

A pass is bound to its parameters and its trace once, when all views into them are cut; run as
often as wanted it then costs little but its arithmetic. Training, traces and tests share it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import NamedTuple

import numpy as np

from rnnviz.config import Gradient
from rnnviz.engine.cell import BackwardOptions, Kernel, in_order
from rnnviz.engine.layer_buffers import Array, Layer
from rnnviz.engine.parameters import Parameters
from rnnviz.engine.readout import bind_readout
from rnnviz.engine.trace import Stack, Trace


class Pass(NamedTuple):
    """The network bound to one trace.

    ``forward()`` reads the sequences into states, logits and answers. ``backward(scale)`` carries
    ``scale`` times the summed loss back: dlogits, dh_t, and the errors of every layer. ``carry()``
    is its second half: it carries back whatever stands in dlogits.
    """

    forward: Kernel
    backward: Callable[[float], None]
    carry: Kernel


def bind(
    parameters: Parameters, trace: Trace, gradient: Gradient = Gradient.EXACT, truncate: int = 0
) -> Pass:
    """The pass of ``trace`` through the network with these parameters, which may change.

    Layer by layer, then logits = W_hy h + b_y; with an encoder the decoder begins with the
    encoder's last states. The way back is cut after every ``truncate`` tokens (0: nowhere). Raise
    ValueError if the trace is a thin one.
    """
    if trace.thin:
        raise ValueError("A thin trace can't go back.")
    weights = _weights(parameters, trace)
    forward, error = _forward(parameters, weights, trace)
    acts = [*_bind_top(parameters, trace), *_back(weights, trace, gradient, truncate)]
    carry = in_order(acts)

    def backward(scale: float) -> None:
        error(scale)
        for act in acts:
            act()

    return Pass(forward, backward, carry)


def bind_forward(parameters: Parameters, trace: Trace) -> Kernel:
    """The first half of the pass alone, where nothing is to be learned."""
    return _forward(parameters, _weights(parameters, trace), trace)[0]


def _forward(
    parameters: Parameters, weights: list[_Weights], trace: Trace
) -> tuple[Kernel, Callable[[float], None]]:
    """The way there, and the error with which the way back begins."""
    answer, error = bind_readout(trace)
    there = [*_there(weights, trace), *_bind_logits(parameters, trace), answer]
    return in_order(there), error


class _Weights(NamedTuple):
    """Of one layer: its blocks, and what fills them where only some columns are there."""

    blocks: list[Array]
    fill: list[Kernel]


def _weights(parameters: Parameters, trace: Trace) -> list[_Weights]:
    if not any(stack.columns is not None for stack in trace.stacks):
        return [_Weights(fused, []) for fused in parameters.fused]
    cell, hidden = parameters.architecture.cell, parameters.architecture.hidden
    found = []
    for fused, columns in zip(parameters.fused, trace.columns, strict=True):
        used = _Weights(list(fused), [])
        for k, block in enumerate(cell.blocks):
            if columns is not None and block.inputs:
                rows = block.rows(hidden, columns)
                used.blocks[k] = fused[k][:, rows]
                used.fill.append(partial(np.take, fused[k], rows, 1, used.blocks[k]))
        found.append(used)
    return found


def _there(weights: list[_Weights], trace: Trace) -> Iterator[Kernel]:
    """All layers forwards, each copying its states to the one above."""
    cell, every, below = trace.architecture.cell, iter(weights), None
    for stack in trace.stacks:
        if below is not None:
            yield _bind_bridge(below, stack, trace)
        below = stack
        for k, layer in enumerate(stack.layers):
            used = next(every)
            if k:
                yield partial(np.copyto, layer.x, stack.layers[k - 1].h)
            yield from used.fill
            yield cell.bind_forward(used.blocks, layer)


def _bind_bridge(encoder: Stack, decoder: Stack, trace: Trace) -> Kernel:
    """Every layer of the decoder begins with the encoder's states at the ends of its sequences."""
    pairs = [
        (_rows(before.arrays[name]), after.arrays[f"{name}_before"][0])
        for before, after in zip(encoder.layers, decoder.layers, strict=True)
        for name in trace.architecture.cell.states
    ]

    def cross() -> None:
        rows = trace.batch.bridged
        for states, first in pairs:
            first[...] = states[rows]

    return cross


def _rows(states: Array) -> Array:
    """(T, B, H) as a view (T * B, H)."""
    return states.reshape(-1, states.shape[-1])


def _bind_logits(parameters: Parameters, trace: Trace) -> Iterator[Kernel]:
    rows, after, gathered = trace.batch.outputs, trace.last.after, trace.gathered
    if gathered is not None and trace.batch.whole:
        yield partial(np.copyto, gathered, after[-len(rows) :, : gathered.shape[1]])
    elif gathered is not None:
        # Any mode but raise lets NumPy write without a copy.
        yield partial(np.take, after, rows, 0, gathered, "clip")
    yield partial(trace.top.dot, parameters.readout, trace.logits)


def _bind_top(parameters: Parameters, trace: Trace) -> Iterator[Kernel]:
    """dL/dh = W_hy^T dlogits, into the rows that are read out; the others are zero."""
    dh, W_hy, count = _rows(trace.last.dh), parameters.W_hy, len(trace.batch.outputs)
    if trace.batch.whole:
        yield partial(trace.dlogits.dot, W_hy, dh[-count:])
        return
    rows, dlogits = trace.batch.outputs, trace.dlogits

    def scatter() -> None:
        dh[rows] = dlogits @ W_hy

    yield scatter


def _back(
    weights: list[_Weights], trace: Trace, gradient: Gradient, truncate: int
) -> Iterator[Kernel]:
    """All layers backwards, each handing its errors to the one below."""
    blocks = [used.blocks for used in weights]
    *encoder, decoder = trace.stacks
    back = BackwardOptions(gradient, truncate, adds=trace.every, first=bool(encoder))
    yield from _bind_stack(blocks[-len(decoder.layers) :], decoder, trace, back)
    for stack in encoder:
        for layer in stack.layers:
            layer.ends |= {n: layer.scratch() for n in trace.architecture.cell.states if n != "h"}
        yield from _bind_stack(
            blocks[: len(stack.layers)], stack, trace, BackwardOptions(gradient, truncate)
        )


def _bind_stack(
    blocks: list[list[Array]], stack: Stack, trace: Trace, back: BackwardOptions
) -> Iterator[Kernel]:
    cell = trace.architecture.cell
    for k, layer in reversed([*enumerate(stack.layers)]):
        top = layer is stack.top
        if stack is not trace.stacks[-1]:
            yield _bind_bridge_back(layer, trace.stacks[-1].layers[k], trace, top)
        yield cell.bind_backward(blocks[k], layer, back if top else back._replace(adds=True))
        if k:
            yield from _bind_down(blocks[k], layer, stack.layers[k - 1], trace)


def _bind_bridge_back(encoder: Layer, decoder: Layer, trace: Trace, top: bool) -> Kernel:
    """What the decoder's first states are worth to the encoder's last ones."""
    dh, first = _rows(encoder.dh), decoder.first

    def cross() -> None:
        rows, columns = trace.batch.bridged, trace.batch.bridge
        dh[rows] = first["h"] if top else dh[rows] + first["h"]
        for name, end in encoder.ends.items():
            end[columns] = first[name]

    return cross


def _bind_down(blocks: list[Array], layer: Layer, below: Layer, trace: Trace) -> Iterator[Kernel]:
    """dL/dx of a layer is what the states of the one below get from it."""
    cell, hidden, dh = trace.architecture.cell, layer.extent.hidden, _rows(below.dh)
    pairs = [
        (error.reshape(len(dh), -1), matrix[hidden * block.state + 1 :].T)
        for block, fused, errors in zip(cell.blocks, blocks, cell.errors(layer), strict=True)
        if block.inputs
        for error, matrix in zip(errors, fused, strict=True)
    ]
    error, W_x = pairs[0]
    yield partial(error.dot, W_x, dh)
    for error, W_x in pairs[1:]:
        yield _bind_added(error, W_x, dh)


def _bind_added(left: Array, right: Array, out: Array) -> Kernel:
    def add() -> None:
        np.add(out, left @ right, out)

    return add
