"""The unrolled network: forward pass and backpropagation through time (BPTT).

A pass is bound once to its parameters and its trace. Binding creates all array views, so that
running the pass costs little more than its arithmetic.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from rnnviz.config import Gradient, Loss
from rnnviz.engine.layer_buffers import Array, BackwardOptions, Kernel, Layer, in_order
from rnnviz.engine.losses import LOSSES
from rnnviz.engine.parameters import Parameters
from rnnviz.engine.trace import Stack, Trace


def bind_readout(trace: Trace) -> tuple[Callable[[], None], Callable[[float], None]]:
    """Two functions bound to the trace: logits to outputs, and ``scale`` times the loss to dlogits.

    A single output of two classes is computed with Python floats, which is faster.
    """
    softmax = trace.architecture.loss is Loss.CROSS_ENTROPY
    if softmax and trace.logits.shape == (1, 2) and not np.iscomplexobj(trace.logits):
        return _bind_logistic(trace)
    kind = LOSSES[trace.architecture.loss]
    logits, outputs, dlogits = trace.logits, trace.probs, trace.dlogits

    def error(scale: float) -> None:
        kind.error(outputs, trace.targets, scale, dlogits)

    return lambda: kind.answer(logits, outputs), error


def _bind_logistic(trace: Trace) -> tuple[Callable[[], None], Callable[[float], None]]:
    # A memoryview is the fastest way to write single numbers.
    probs, dlogits = memoryview(trace.probs[0]), memoryview(trace.dlogits[0])
    error = partial(_logistic_error, trace, probs, dlogits)
    return partial(_logistic, trace.logits, probs), error


def _logistic(logits: Array, probs: Any) -> None:
    """Softmax of two: p_0 = e / (1 + e), p_1 = 1 / (1 + e), e = exp(y_0 - y_1)."""
    try:
        odds = math.exp(logits.item(0) - logits.item(1))
    except OverflowError:
        probs[0], probs[1] = 1.0, 0.0
        return
    probs[0] = odds / (1 + odds)
    probs[1] = 1 / (1 + odds)


def _logistic_error(trace: Trace, probs: Any, dlogits: Any, scale: float) -> None:
    target = trace.targets.item(0)
    dlogits[0] = scale * (probs[0] - (1 - target))
    dlogits[1] = scale * (probs[1] - target)


# The unrolled network: forward pass and backpropagation through time (BPTT)


class BoundPass(NamedTuple):
    """The network bound to one trace.

    ``forward()`` computes states, logits and probabilities. ``backward(scale)`` backpropagates
    ``scale`` times the summed loss: dlogits, dh_t and the errors of every layer. ``carry()``
    backpropagates from the current dlogits.
    """

    forward: Kernel
    backward: Callable[[float], None]
    carry: Kernel


def bind(
    parameters: Parameters, trace: Trace, gradient: Gradient = Gradient.EXACT, truncate: int = 0
) -> BoundPass:
    """Bind ``trace`` to the parameters, whose values may change between passes.

    The layers run bottom-up, then logits = W_hy h + b_y. With an encoder, the decoder begins with
    the encoder's last states. The backward pass is cut after every ``truncate`` tokens (0: never).
    Raise ValueError for a thin trace.
    """
    if trace.thin:
        raise ValueError("A thin trace has no backward pass.")
    weights = _weights(parameters, trace)
    forward, error = _forward(parameters, weights, trace)
    kernels = [*_bind_top(parameters, trace), *_backward(weights, trace, gradient, truncate)]
    return BoundPass(forward, partial(_run_backward, error, kernels), in_order(kernels))


def _run_backward(error: Callable[[float], None], kernels: list[Kernel], scale: float) -> None:
    error(scale)
    for kernel in kernels:
        kernel()


def bind_forward(parameters: Parameters, trace: Trace) -> Kernel:
    """Bind the forward pass only."""
    return _forward(parameters, _weights(parameters, trace), trace)[0]


def _forward(
    parameters: Parameters, weights: list[_Weights], trace: Trace
) -> tuple[Kernel, Callable[[float], None]]:
    answer, error = bind_readout(trace)
    layers = _forward_layers(weights, trace)
    return in_order([*layers, *_bind_logits(parameters, trace), answer]), error


class _Weights(NamedTuple):
    """One layer's blocks, and kernels that gather the columns of a wide vocabulary into them."""

    blocks: list[Array]
    fill: list[Kernel]


def _weights(parameters: Parameters, trace: Trace) -> list[_Weights]:
    if not any(stack.columns is not None for stack in trace.stacks):
        return [_Weights(fused, []) for fused in parameters.fused]
    cell, hidden = parameters.architecture.cell, parameters.architecture.hidden
    layers = []
    for fused, columns in zip(parameters.fused, trace.columns, strict=True):
        layer = _Weights(list(fused), [])
        for k, block in enumerate(cell.blocks):
            if columns is not None and block.inputs:
                rows = block.rows(hidden, columns)
                layer.blocks[k] = fused[k][:, rows]
                layer.fill.append(partial(np.take, fused[k], rows, 1, layer.blocks[k]))
        layers.append(layer)
    return layers


def _forward_layers(weights: list[_Weights], trace: Trace) -> Iterator[Kernel]:
    cell, every, below = trace.architecture.cell, iter(weights), None
    for stack in trace.stacks:
        if below is not None:
            yield _bind_bridge(below, stack, trace)
        below = stack
        for k, layer in enumerate(stack.layers):
            layer_weights = next(every)
            if k:
                yield partial(np.copyto, layer.x, stack.layers[k - 1].h)
            yield from layer_weights.fill
            yield cell.bind_forward(layer_weights.blocks, layer)


def _bind_bridge(encoder: Stack, decoder: Stack, trace: Trace) -> Kernel:
    """Copy the encoder's last states to the decoder's first ones, layer by layer."""
    pairs = [
        (_rows(source.arrays[name]), target.arrays[f"{name}_before"][0])
        for source, target in zip(encoder.layers, decoder.layers, strict=True)
        for name in trace.architecture.cell.states
    ]

    def copy_states() -> None:
        rows = trace.batch.bridged
        for states, first in pairs:
            first[...] = states[rows]

    return copy_states


def _rows(states: Array) -> Array:
    """(T, B, H) as a view (T * B, H)."""
    return states.reshape(-1, states.shape[-1])


def _bind_logits(parameters: Parameters, trace: Trace) -> Iterator[Kernel]:
    rows, after, gathered = trace.batch.outputs, trace.last.after, trace.gathered
    if gathered is not None and trace.batch.whole:
        yield partial(np.copyto, gathered, after[-len(rows) :, : gathered.shape[1]])
    elif gathered is not None:
        # Unlike "raise", this mode lets NumPy write without a copy.
        yield partial(np.take, after, rows, 0, gathered, "clip")
    yield partial(np.ndarray.dot, trace.top, parameters.readout, trace.logits)


def _bind_top(parameters: Parameters, trace: Trace) -> Iterator[Kernel]:
    """dL/dh = W_hy^T dlogits in the rows that are read out; the others stay zero."""
    dh, W_hy, count = _rows(trace.last.dh), parameters.W_hy, len(trace.batch.outputs)
    if not trace.architecture.cell.recurs:
        yield partial(dh.fill, 0)
    if trace.batch.whole:
        yield partial(np.ndarray.dot, trace.dlogits, W_hy, dh[-count:])
        return
    rows, dlogits = trace.batch.outputs, trace.dlogits

    def scatter() -> None:
        dh[rows] = dlogits @ W_hy

    yield scatter


def _backward(
    weights: list[_Weights], trace: Trace, gradient: Gradient, truncate: int
) -> Iterator[Kernel]:
    blocks = [layer.blocks for layer in weights]
    *encoder, decoder = trace.stacks
    options = BackwardOptions(gradient, truncate, adds=trace.every, first=bool(encoder))
    yield from _bind_stack(blocks[-len(decoder.layers) :], decoder, trace, options)
    for stack in encoder:
        for layer in stack.layers:
            layer.ends |= {
                n: layer.scratch() for n in trace.architecture.cell.states if n != layer.out
            }
        yield from _bind_stack(
            blocks[: len(stack.layers)], stack, trace, BackwardOptions(gradient, truncate)
        )


def _bind_stack(
    blocks: list[list[Array]], stack: Stack, trace: Trace, options: BackwardOptions
) -> Iterator[Kernel]:
    cell = trace.architecture.cell
    for k, layer in reversed([*enumerate(stack.layers)]):
        top = layer is stack.top
        if stack is not trace.stacks[-1]:
            yield _bind_bridge_back(layer, trace.stacks[-1].layers[k], trace, top)
        layer_options = options if top else options._replace(adds=True)
        yield cell.bind_backward(blocks[k], layer, layer_options)
        if k:
            yield from _bind_down(blocks[k], layer, stack.layers[k - 1], trace)


def _bind_bridge_back(encoder: Layer, decoder: Layer, trace: Trace, top: bool) -> Kernel:
    """The gradient of the decoder's first states, added to the encoder's last ones."""
    dh, first, recurs = _rows(encoder.dh), decoder.first, trace.architecture.cell.recurs

    def copy_gradients() -> None:
        rows, columns = trace.batch.bridged, trace.batch.bridge
        own = first[decoder.out]
        if top and not recurs:
            dh[...] = 0
        dh[rows] = own if top else dh[rows] + own
        for name, end in encoder.ends.items():
            end[columns] = first[name]

    return copy_gradients


def _bind_down(blocks: list[Array], layer: Layer, below: Layer, trace: Trace) -> Iterator[Kernel]:
    """Kernels that write dL/dx of ``layer`` into ``below.dh``."""
    cell, hidden, dh = trace.architecture.cell, layer.extent.hidden, _rows(below.dh)
    pairs = [
        (error.reshape(len(dh), -1), matrix[block.fixed(hidden) :].T)
        for block, fused, errors in zip(cell.blocks, blocks, cell.errors(layer), strict=False)
        if block.inputs
        for error, matrix in zip(errors, fused, strict=True)
    ]
    error, W_x = pairs[0]
    yield partial(np.ndarray.dot, error, W_x, dh)
    for error, W_x in pairs[1:]:
        yield partial(_add_product, error, W_x, dh)


def _add_product(left: Array, right: Array, out: Array) -> None:
    np.add(out, left @ right, out)
