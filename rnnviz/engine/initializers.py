"""Initial weights: normal, Xavier, orthogonal, identity."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from rnnviz.cells import KEEPING
from rnnviz.config import Init, RunConfig
from rnnviz.engine.derived_cell import DerivedCell
from rnnviz.engine.layer_buffers import Array
from rnnviz.engine.parameters import Architecture, Parameters, plain

#: Streams of ``np.random.default_rng((seed, stream, ...))``, one for each use of randomness.
INITIALISATION, SHUFFLING = 1, 2

#: A function of (rng, shape, scale) that returns weights.
Draw = Callable[[np.random.Generator, tuple[int, ...], float], Array]


def initial_parameters(architecture: Architecture, config: RunConfig) -> Parameters:
    """Matrices drawn by ``config.init`` from ``config.seed``, vectors as the cell says, or zero."""
    parameters = Parameters(architecture, dtype=config.dtype.value)
    rng = np.random.default_rng((config.seed, INITIALISATION))
    recurrent, others = _DRAWS[config.init]
    cell = architecture.cell
    first = first_formulas(cell)
    for name, array in parameters.named().items():
        kind = plain(name)
        if array.ndim == 2:
            draw = recurrent if kind in cell.equations.recurrent else others
            array[...] = draw(rng, array.shape, config.init_scale)
        elif kind in first:
            known = {"np": np, "rng": rng, "HIDDEN": len(array), "FORGET_BIAS": config.forget_bias}
            # A formula of the table of cells; a text of one's own has none.
            array[...] = eval(first[kind], known)
    return parameters


def first_formulas(cell: DerivedCell) -> dict[str, str]:
    """The formulas of the vectors of weights that don't begin at 0, by name."""
    found = {f"b_{cell.equations.keeps}": KEEPING, **cell.text.first}
    return {name: formula for name, formula in found.items() if name in cell.equations.shapes}


def normal(rng: np.random.Generator, shape: tuple[int, ...], scale: float) -> Array:
    """Independent normal numbers of standard deviation ``scale``."""
    return scale * rng.standard_normal(shape)


def xavier(rng: np.random.Generator, shape: tuple[int, ...], scale: float) -> Array:
    """Uniform in ±sqrt(6 / (fan_in + fan_out)) (Glorot and Bengio 2010); ``scale`` is unused."""
    limit = (6 / sum(shape)) ** 0.5
    weights: Array = rng.uniform(-limit, limit, shape)
    return weights


def orthogonal(rng: np.random.Generator, shape: tuple[int, ...], scale: float) -> Array:
    """A random orthogonal matrix (Saxe et al. 2014); ``scale`` is unused."""
    q, r = np.linalg.qr(rng.standard_normal(shape))
    # The signs of R's diagonal make the distribution uniform.
    weights: Array = q * np.sign(np.diag(r))
    return weights


def identity(rng: np.random.Generator, shape: tuple[int, ...], scale: float) -> Array:
    """The identity matrix (Le et al. 2015); ``scale`` is unused."""
    return np.eye(shape[0], shape[1])


#: For each kind, how square recurrent weights are drawn, and how all others are.
_DRAWS: dict[Init, tuple[Draw, Draw]] = {
    Init.NORMAL: (normal, normal),
    Init.XAVIER: (xavier, xavier),
    Init.ORTHOGONAL: (orthogonal, xavier),
    Init.IDENTITY: (identity, normal),
}
