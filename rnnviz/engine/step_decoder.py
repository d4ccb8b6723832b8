"""StepDecoder: a network that reads one token at a time and answers after each."""

from __future__ import annotations

import numpy as np

from rnnviz.engine.batch import Batch, Sequences
from rnnviz.engine.bptt import bind_forward
from rnnviz.engine.layer_buffers import Array
from rnnviz.engine.parameters import Parameters
from rnnviz.engine.trace import Trace


class StepDecoder:
    """The network, or of an encoder and decoder the decoder, with a memory of what was read.

    ``after`` is a trace at whose end (of its first sequence's encoder) it begins; by default its
    memory is empty.
    """

    def __init__(self, parameters: Parameters, after: Trace | None = None) -> None:
        own = _decoder(parameters)
        start = Batch(
            Sequences(np.zeros((1, 1), np.intp), (1,)),
            np.zeros(1, np.intp),
            np.zeros(1, np.intp),
            np.zeros(1, np.intp),
        )
        self._trace = Trace(own.architecture, start, own.theta.dtype)
        self._forward = bind_forward(own, self._trace)
        self._states = [
            (layer.arrays[name], layer.arrays[f"{name}_before"])
            for layer in self._trace.layers
            for name in own.architecture.cell.states
        ]
        if after is not None:
            self._begin(after)

    def _begin(self, after: Trace) -> None:
        decoder = after.stacks[-1].layers
        firsts = [
            layer.arrays[f"{name}_before"][0, 0]
            for layer in decoder
            for name in after.architecture.cell.states
        ]
        for (_, before), first in zip(self._states, firsts, strict=True):
            before[0, 0] = first

    def read(self, token: int | Array) -> Array:
        """Read a token's number, or values (D,); returns the answers after it, (C,)."""
        one = np.array([[token]])
        self._trace.stacks[0].write(one)
        with np.errstate(over="ignore", invalid="ignore"):
            self._forward()
        for after, before in self._states:
            before[0] = after[0]
        answers: Array = self._trace.probs[0].copy()
        return answers


def _decoder(parameters: Parameters) -> Parameters:
    """The decoder alone, whose weights are the last ones in theta; or the whole network."""
    alone = parameters.architecture._replace(source=0)
    size = Parameters(alone).theta.size
    return Parameters(alone, parameters.theta[-size:])
