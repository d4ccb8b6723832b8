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


class BoundPass(NamedTuple):
    """The network bound to one trace.

    ``forward()`` computes states, logits and probabilities. ``backward(scale)`` backpropagates
    ``scale`` times the summed loss: dlogits, dh_t and the errors of every layer. ``carry()``
    backpropagates from the current dlogits.
    """

    forward: Kernel
    error: Callable[[float], None]
    carry: Kernel

    def backward(self, scale: float) -> None:
        """The gradients of ``scale`` times the summed loss."""
        self.error(scale)
        self.carry()


def bind(
    parameters: Parameters, trace: Trace, gradient: Gradient = Gradient.EXACT, truncate: int = 0
) -> BoundPass:
    """Bind ``trace`` to the parameters, whose values may change between passes.

    The layers run bottom-up, then logits = W_hy h + b_y. With an encoder, the decoder begins with
    the encoder's last states. The backward pass is cut after every ``truncate`` tokens (0: never).
    Raises ValueError for a thin trace.
    """
    if trace.thin:
        raise ValueError("A thin trace has no backward pass.")
    weights = _weights(parameters, trace)
    forward, error = _forward(parameters, weights, trace)
    return BoundPass(forward, error, _carry(parameters, weights, trace, gradient, truncate))


def bind_forward(parameters: Parameters, trace: Trace) -> Kernel:
    """Bind the forward pass only."""
    return _forward(parameters, _weights(parameters, trace), trace)[0]


def bind_backward(
    parameters: Parameters, trace: Trace, gradient: Gradient = Gradient.EXACT, truncate: int = 0
) -> Kernel:
    """Bind the backward pass only, which begins with the current dlogits; for a single run."""
    return _carry(parameters, _weights(parameters, trace), trace, gradient, truncate)


def _carry(
    parameters: Parameters, weights: list[_Weights], trace: Trace, gradient: Gradient, truncate: int
) -> Kernel:
    kernels = [*_bind_top(parameters, trace), *_backward(weights, trace, gradient, truncate)]
    return in_order(kernels)


def _forward(
    parameters: Parameters, weights: list[_Weights], trace: Trace
) -> tuple[Kernel, Callable[[float], None]]:
    kernels = [*_forward_layers(weights, trace)]
    rows, after, gathered = trace.batch.outputs, trace.last.after, trace.gathered
    if gathered is not None and trace.batch.whole:
        kernels.append(partial(np.copyto, gathered, after[-len(rows) :, : gathered.shape[1]]))
    elif gathered is not None:
        # Unlike "raise", this mode lets NumPy write without a copy.
        kernels.append(partial(np.take, after, rows, 0, gathered, "clip"))
    answer, error = bind_readout(trace)
    logits = partial(np.ndarray.dot, trace.top, parameters.readout, trace.logits)
    return in_order([*kernels, logits, answer]), error


#: One layer's blocks, and kernels that gather the columns of a wide vocabulary into them.
_Weights = tuple[list[Array], list[Kernel]]


def _weights(parameters: Parameters, trace: Trace) -> list[_Weights]:
    cell, hidden = parameters.architecture.cell, parameters.architecture.hidden
    layers = []
    for fused, columns in zip(parameters.fused, trace.columns, strict=True):
        blocks, fill = [*fused], list[Kernel]()
        for k, block in enumerate(cell.blocks):
            if columns is not None and block.inputs:
                rows = block.rows(hidden, columns)
                blocks[k] = fused[k][:, rows]
                fill.append(partial(np.take, fused[k], rows, 1, blocks[k]))
        layers.append((blocks, fill))
    return layers


def _forward_layers(weights: list[_Weights], trace: Trace) -> Iterator[Kernel]:
    cell, every, below = trace.architecture.cell, iter(weights), None
    for stack in trace.stacks:
        if below is not None:
            yield _bind_bridge(below, stack, trace)
        below = stack
        for k, layer in enumerate(stack.layers):
            blocks, fill = next(every)
            if k:
                yield partial(np.copyto, layer.x, stack.layers[k - 1].h)
            yield from fill
            yield cell.bind_forward(blocks, layer)


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


def _bind_top(parameters: Parameters, trace: Trace) -> Iterator[Kernel]:
    """dL/dh = W_hy^T dlogits in the rows that are read out; it stays zero in the others."""
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
    blocks = [blocks for blocks, _ in weights]
    *encoder, decoder = trace.stacks
    options = BackwardOptions(gradient, truncate, adds=trace.every, first=bool(encoder))
    yield from _bind_stack(blocks[-len(decoder.layers) :], decoder, trace, options)
    for stack in encoder:
        for layer in stack.layers:
            others = (name for name in trace.architecture.cell.states if name != layer.out)
            layer.ends |= {name: layer.scratch() for name in others}
        options = BackwardOptions(gradient, truncate)
        yield from _bind_stack(blocks[: len(stack.layers)], stack, trace, options)


def _bind_stack(
    blocks: list[list[Array]], stack: Stack, trace: Trace, options: BackwardOptions
) -> Iterator[Kernel]:
    cell = trace.architecture.cell
    for k, layer in reversed([*enumerate(stack.layers)]):
        top = layer is stack.top
        if stack is not trace.stacks[-1]:
            yield _bind_bridge_back(layer, trace.stacks[-1].layers[k], trace, top)
        yield cell.bind_backward(blocks[k], layer, options._replace(adds=options.adds or not top))
        if k:
            yield from _bind_down(blocks[k], layer, stack.layers[k - 1], trace)


def _bind_bridge_back(encoder: Layer, decoder: Layer, trace: Trace, top: bool) -> Kernel:
    """Add the gradient of the decoder's first states to that of the encoder's last ones."""
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
    dh, pairs = _rows(below.dh), trace.architecture.cell.input_errors(layer, blocks)
    for k, (error, W_x) in enumerate(pairs):
        yield partial(_add_product if k else np.ndarray.dot, _rows(error), W_x, dh)


def _add_product(left: Array, right: Array, out: Array) -> None:
    np.add(out, left @ right, out)


def bind_readout(trace: Trace) -> tuple[Callable[[], None], Callable[[float], None]]:
    """Two functions bound to the trace: logits to outputs, and ``scale`` times the loss to dlogits.

    A single output of two classes is computed with Python floats, which is faster.
    """
    kind, logits = trace.architecture.loss, trace.logits
    outputs, dlogits = trace.probs, trace.dlogits
    if kind is Loss.CROSS_ENTROPY and logits.shape == (1, 2) and not np.iscomplexobj(logits):
        # A memoryview is the fastest way to write single numbers.
        views = memoryview(outputs[0]), memoryview(dlogits[0])
        return partial(_logistic, logits, views[0]), partial(_logistic_error, trace, *views)
    loss = LOSSES[kind]

    def error(scale: float) -> None:
        loss.error(outputs, trace.targets, scale, dlogits)

    return lambda: loss.answer(logits, outputs), error


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
