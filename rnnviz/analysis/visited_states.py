"""Visited states: the states that training sequences lead through."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rnnviz.analysis.activations import MOST_TOKENS, draw, lengths_of
from rnnviz.analysis.flow_map import states_of
from rnnviz.engine.batch import Example
from rnnviz.engine.bptt import bind_forward
from rnnviz.engine.evaluation import batches
from rnnviz.engine.layer_buffers import Array
from rnnviz.engine.parameters import Parameters
from rnnviz.engine.trace import Trace


@dataclass(frozen=True, eq=False)
class VisitedStates:
    """The whole states of the stack that is read out, on the ways of some sequences.

    A path (T + 1, S) is one sequence's: the state before its first token and after every one;
    ``total`` is how many sequences there are, of which these were read. ``mean_input`` (D,) is the
    mean of what all their tokens bring in.
    """

    paths: tuple[Array, ...]
    states: Array
    mean_input: Array
    total: int

    @property
    def partial(self) -> bool:
        """Whether only some of the sequences were read."""
        return len(self.paths) < self.total

    @property
    def centre(self) -> Array:
        """The mean state, (S,)."""
        centre: Array = self.states.mean(axis=0)
        return centre

    @property
    def radius(self) -> float:
        """How far from the mean the farthest state is (L2)."""
        return float(np.linalg.norm(self.states - self.centre, axis=1).max())


def visit_states(parameters: Parameters, examples: Sequence[Example]) -> VisitedStates:
    """The states on the ways of these examples, or of some of them if they are many."""
    few = [examples[number] for number in draw(lengths_of(examples), MOST_TOKENS)]
    of = parameters.architecture
    paths: list[Array] = []
    for batch in batches(few, of.hidden * of.layers):
        trace = Trace(of, batch, parameters.theta.dtype)
        with np.errstate(over="ignore", invalid="ignore"):
            bind_forward(parameters, trace)()
        sequences = sorted({*batch.owners.tolist()})
        paths += [states_of(trace, k).whole.astype(float) for k in sequences]
    states = np.concatenate(paths)
    return VisitedStates(tuple(paths), states, _mean_input(few, of.inputs), len(examples))


def _mean_input(examples: Sequence[Example], width: int) -> Array:
    read = np.concatenate([example.inputs for example in examples])
    if read.ndim == 1:
        read = np.bincount(read, minlength=width)[None] / len(read)
    mean: Array = read.mean(axis=0)
    return mean
