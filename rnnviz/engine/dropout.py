"""Dropout: the factors of the weights in one training step, drawn by its position in the run."""

from __future__ import annotations

import numpy as np

from rnnviz.config import RunConfig
from rnnviz.engine.graph import INPUTS, UNITS
from rnnviz.engine.layer_buffers import Array
from rnnviz.engine.parameters import DROPPING, Architecture, Parameters


def factors_at(parameters: Parameters, config: RunConfig, epoch: int, offset: int) -> Array | None:
    """The factors of all weights, (P,), in the step at this position; None without dropout."""
    return Dropout(parameters.architecture, config).at(epoch, offset) if config.drops else None


class Dropout:
    """The factors by which one training step multiplies the weights that it reads.

    A dropped input or unit has the factor 0 in every matrix that reads it, at every token (Gal and
    Ghahramani 2016). The others have 1 / (1 - rate), so that a sum has the mean that it has without
    dropout. All sequences of a batch share the factors. ``dropout`` is that of the inputs of each
    layer, ``recurrent_dropout`` that of the units that a layer's recurrent matrices read. Biases,
    vectors of weights and the readout have none.
    """

    def __init__(self, architecture: Architecture, config: RunConfig) -> None:
        self._factors, self._seed = Parameters(architecture, dtype=config.dtype.value), config.seed
        self._factors.theta.fill(1)
        equations = architecture.cell.equations
        read_x = [name for name, s in equations.shapes.items() if s == (UNITS, INPUTS)]
        self._groups = [
            (rate, [weights[name] for name in names])
            for weights in self._factors.by_layer()
            for rate, names in (
                (config.dropout, read_x), (config.recurrent_dropout, equations.recurrent),
            )
            if names
        ]  # fmt: skip

    def at(self, epoch: int, offset: int) -> Array:
        """The factors of all weights, (P,), in the step at this position; the next call changes it.

        The random numbers are those of a counter (Salmon et al. 2011): they depend on the seed and
        the position alone, and are the same for every rate.
        """
        counter = np.random.Philox(key=(self._seed, DROPPING), counter=(0, 0, offset, epoch))
        rng = np.random.Generator(counter)
        for rate, matrices in self._groups:
            kept = rng.random(matrices[0].shape[1]) >= rate
            for matrix in matrices:
                matrix[...] = kept / (1 - rate)
        return self._factors.theta
