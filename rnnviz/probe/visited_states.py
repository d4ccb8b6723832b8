"""Visited states: the states that the network passes through on training sequences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rnnviz.engine.batch import Example
from rnnviz.engine.layer_buffers import Array
from rnnviz.engine.parameters import Parameters
from rnnviz.probe.passes import read_all, sample
from rnnviz.probe.state_transition import states_of


@dataclass(frozen=True, eq=False)
class VisitedStates:
    """The whole states of the last stack, on some of ``total`` sequences.

    A path (T + 1, S) has the state before the first token of a sequence and after every token;
    ``states`` (N, S) are those of all paths. ``mean_input`` (D,) is the mean of all inputs x_t.
    """

    paths: tuple[Array, ...]
    states: Array
    mean_input: Array
    total: int

    @property
    def partial(self) -> bool:
        """Whether only a sample of the sequences was read."""
        return len(self.paths) < self.total

    @property
    def centre(self) -> Array:
        """The mean state, (S,)."""
        centre: Array = self.states.mean(axis=0)
        return centre

    @property
    def radius(self) -> float:
        """The largest distance (L2) of a state from the mean."""
        return float(np.linalg.norm(self.states - self.centre, axis=1).max())


def visit_states(parameters: Parameters, examples: Sequence[Example]) -> VisitedStates:
    """The states on all examples, or on a sample of them."""
    few = [examples[index] for index in sample(examples)]
    paths = tuple(states_of(trace, k).whole.astype(float) for k, trace in read_all(parameters, few))
    mean_input = _mean_input(few, parameters.architecture.inputs)
    return VisitedStates(paths, np.concatenate(paths), mean_input, len(examples))


def _mean_input(examples: Sequence[Example], width: int) -> Array:
    read = np.concatenate([example.inputs for example in examples])
    if read.ndim == 1:
        read = np.bincount(read, minlength=width)[None] / len(read)
    mean: Array = read.mean(axis=0)
    return mean
