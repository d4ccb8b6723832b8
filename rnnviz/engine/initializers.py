"""Initial weights: normal, Xavier, orthogonal, identity."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from rnnviz.config import Init, RunConfig
from rnnviz.engine.layer_buffers import Array
from rnnviz.engine.parameters import Architecture, Parameters, plain

#: Streams of ``np.random.default_rng((seed, stream, ...))``; every kind of chance has its own.
INITIALISATION, SHUFFLING = 1, 2

#: The biases of the gates that keep what is remembered: an LSTM's forget gate, a GRU's update gate.
KEEPING = ("b_f", "b_z")

#: From (rng, shape, scale) to weights.
Draw = Callable[[np.random.Generator, tuple[int, ...], float], Array]


def initial_parameters(architecture: Architecture, config: RunConfig) -> Parameters:
    """Weights drawn as ``config.init`` says, from its seed; biases zero, or the forget bias."""
    parameters = Parameters(architecture, dtype=config.dtype.value)
    rng = np.random.default_rng((config.seed, INITIALISATION))
    recurrent, others = _DRAWS[config.init]
    for name, array in parameters.named().items():
        kind = plain(name)
        if kind in KEEPING:
            array[...] = config.forget_bias
        elif kind.startswith("W"):
            draw = recurrent if kind.startswith("W_h") and kind != "W_hy" else others
            array[...] = draw(rng, array.shape, config.init_scale)
    return parameters


def normal(rng: np.random.Generator, shape: tuple[int, ...], scale: float) -> Array:
    """Independent normal numbers of standard deviation ``scale``."""
    return scale * rng.standard_normal(shape)


def xavier(rng: np.random.Generator, shape: tuple[int, ...], scale: float) -> Array:
    """Uniform in ±sqrt(6 / (inputs + outputs)) (Glorot and Bengio 2010); no scale."""
    limit = (6 / sum(shape)) ** 0.5
    weights: Array = rng.uniform(-limit, limit, shape)
    return weights


def orthogonal(rng: np.random.Generator, shape: tuple[int, ...], scale: float) -> Array:
    """A random square matrix that keeps lengths (Saxe et al. 2014); no scale."""
    q, r = np.linalg.qr(rng.standard_normal(shape))
    # Without the signs of R's diagonal some rotations would be more likely than others.
    turned: Array = q * np.sign(np.diag(r))
    return turned


def identity(rng: np.random.Generator, shape: tuple[int, ...], scale: float) -> Array:
    """The square matrix that hands a state on unchanged (Le et al. 2015)."""
    return np.eye(shape[0], shape[1])


#: Of each kind the draw of square recurrent weights, and that of all the others.
_DRAWS: dict[Init, tuple[Draw, Draw]] = {
    Init.NORMAL: (normal, normal),
    Init.XAVIER: (xavier, xavier),
    Init.ORTHOGONAL: (orthogonal, xavier),
    Init.IDENTITY: (identity, normal),
}
