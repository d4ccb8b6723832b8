"""Evaluator: loss and metric of a network on a set of examples."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple, Protocol

import numpy as np

from rnnviz.cancellation import check_cancelled
from rnnviz.engine.batch import Batch, ExampleLike, Sequences, collate
from rnnviz.engine.bptt import bind_forward
from rnnviz.engine.layer_buffers import Array, Kernel
from rnnviz.engine.losses import LOSSES
from rnnviz.engine.parameters import Parameters
from rnnviz.engine.trace import Trace

#: Most tokens of one batch, and most numbers in the states and gates of all layers.
_TOKENS, _NUMBERS = 2_048, 800_000


class Measure(Protocol):
    """A metric, 0..1, of outputs (M, C)."""

    def right(self, outputs: Array, targets: Array, /) -> Array:
        """Which outputs (M, C) are right, (M,), given targets (M,) or (M, C)."""

    def share(self, right: Array, owners: Array, /) -> float:
        """The metric; ``owners`` (M,) are the examples of the outputs."""


class Score(NamedTuple):
    """The mean loss of the outputs, and a metric, 0..1."""

    loss: float
    metric: float


def batches(examples: Sequence[ExampleLike], units: int = 1) -> list[Batch]:
    """Batches of examples, sorted by length; ``owners`` index into ``examples``.

    A network with more ``units``, in all layers, gets smaller batches.
    """
    tokens = max(1, min(_TOKENS, _NUMBERS // (8 * units)))
    lengths = [len(example.inputs) for example in examples]
    order = sorted(range(len(examples)), key=lambda i: -lengths[i])
    made, start = [], 0
    while start < len(order):
        end = start + max(1, tokens // lengths[order[start]])
        part = np.array(order[start:end])
        batch = collate([examples[i] for i in part])
        made.append(batch._replace(owners=part[batch.owners]))
        start = end
    return made


class Evaluator:
    """A set of examples on which networks are scored.

    The weights of a network are copied into ``parameters``, to which the passes are bound; up to
    ``limit`` bytes of these are cached. ``owners`` (M,) are in the order of the outputs.
    """

    def __init__(
        self, examples: Sequence[ExampleLike], parameters: Parameters, limit: int = 2_000_000
    ) -> None:
        architecture, self._parameters = parameters.architecture, parameters
        self._batches = batches(examples, architecture.hidden * architecture.layers)
        self._cache: dict[int, tuple[Trace, Kernel]] = {}
        self._free_bytes = limit
        self.owners = np.concatenate([batch.owners for batch in self._batches])

    def score(self, parameters: Parameters, measure: Measure) -> Score:
        """Loss and metric of all examples; the loss of a diverged network is inf or NaN."""
        # All outputs of many sentences over many words would take gigabytes.
        of, losses, right = LOSSES[parameters.architecture.loss].of, [], []
        with np.errstate(all="ignore"):
            for outputs, batch in zip(self._each(parameters), self._batches, strict=True):
                losses.append(of(outputs, batch.targets))
                right.append(measure.right(outputs, batch.targets))
            loss = np.concatenate(losses).mean()
            return Score(float(loss), measure.share(np.concatenate(right), self.owners))

    def outputs(self, parameters: Parameters) -> Array:
        """The outputs of all examples, (M, C), of the example ``owners`` (M,)."""
        return np.concatenate([outputs.copy() for outputs in self._each(parameters)])

    def answers(self, parameters: Parameters) -> Array:
        """The class with the largest output, (M,)."""
        return np.concatenate([outputs.argmax(axis=1) for outputs in self._each(parameters)])

    def _each(self, parameters: Parameters) -> Iterator[Array]:
        """The outputs of each batch, until the next one is read."""
        self._parameters.theta[...] = parameters.theta
        for k in range(len(self._batches)):
            check_cancelled()
            with np.errstate(all="ignore"):
                outputs = self._outputs(k)
            yield outputs

    def _outputs(self, index: int) -> Array:
        own = self._parameters
        if index in self._cache:
            trace, forward = self._cache[index]
        else:
            trace = Trace(own.architecture, self._batches[index], own.theta.dtype, thin=True)
            forward = bind_forward(own, trace)
            if trace.nbytes <= self._free_bytes:
                self._free_bytes -= trace.nbytes
                self._cache[index] = trace, forward
        forward()
        return trace.probs


class StepDecoder:
    """A network without an encoder, or a decoder, that keeps its states between tokens.

    The initial states are zeros, or those of the first sequence of the decoder of ``after``.
    """

    def __init__(self, parameters: Parameters, after: Trace | None = None) -> None:
        # The weights of the decoder, or of the whole network, are the last ones in theta.
        decoder = parameters.architecture._replace(source=0)
        own = Parameters(decoder, parameters.theta[-Parameters(decoder).theta.size :])
        zero = np.zeros(1, np.intp)
        # As values: with tokens of a wide vocabulary, x would have only the column of token 0.
        first = np.zeros((1, 1, decoder.inputs))
        start = Batch(Sequences(first, (1,)), zero, zero, zero)
        self._trace = Trace(own.architecture, start, own.theta.dtype)
        self._forward = bind_forward(own, self._trace)
        layers, names = self._trace.layers, own.architecture.cell.states
        others = after.stacks[-1].layers if after else layers
        self._states = []
        for layer, other in zip(layers, others, strict=True):
            for name in names:
                before = layer.arrays[f"{name}_before"]
                before[0, 0] = other.arrays[f"{name}_before"][0, 0]
                self._states.append((layer.arrays[name], before))

    def read(self, token: int | Array) -> Array:
        """Read a token index, or values (D,); return the outputs after it, (C,)."""
        self._trace.stacks[0].write(np.array([[token]]))
        with np.errstate(all="ignore"):
            self._forward()
        for after, before in self._states:
            before[0] = after[0]
        outputs: Array = self._trace.probs[0].copy()
        return outputs
