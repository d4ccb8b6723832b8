"""StepDecoder: a network that reads one token at a time."""

from __future__ import annotations

import numpy as np

from rnnviz.engine.batch import Batch, Sequences
from rnnviz.engine.bptt import bind_forward
from rnnviz.engine.layer_buffers import Array
from rnnviz.engine.parameters import Parameters
from rnnviz.engine.trace import Trace


class StepDecoder:
    """A network without an encoder, or a decoder, that keeps its states between tokens.

    The states begin with zeros, or with the states at which the decoder of the trace ``after``
    began its first sequence.
    """

    def __init__(self, parameters: Parameters, after: Trace | None = None) -> None:
        own = _decoder(parameters)
        zero = np.zeros(1, np.intp)
        start = Batch(Sequences(zero[None], (1,)), zero, zero, zero)
        self._trace = Trace(own.architecture, start, own.theta.dtype)
        self._forward = bind_forward(own, self._trace)
        self._states = [
            (layer.arrays[name], layer.arrays[f"{name}_before"])
            for layer in self._trace.layers
            for name in own.architecture.cell.states
        ]
        if after is not None:
            for layer, other in zip(self._trace.layers, after.stacks[-1].layers, strict=True):
                for name in own.architecture.cell.states:
                    layer.arrays[f"{name}_before"][0, 0] = other.arrays[f"{name}_before"][0, 0]

    def read(self, token: int | Array) -> Array:
        """Read a token index, or values (D,), and return the outputs after it, (C,)."""
        self._trace.stacks[0].write(np.array([[token]]))
        with np.errstate(all="ignore"):
            self._forward()
        for after, before in self._states:
            before[0] = after[0]
        outputs: Array = self._trace.probs[0].copy()
        return outputs


def _decoder(parameters: Parameters) -> Parameters:
    """The decoder, whose weights are the last ones in theta, or the whole network."""
    decoder = parameters.architecture._replace(source=0)
    size = Parameters(decoder).theta.size
    return Parameters(decoder, parameters.theta[-size:])
