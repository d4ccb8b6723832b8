"""First weights of the vectors that decide how long a cell remembers."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from rnnviz.config import RunConfig
from rnnviz.engine.layer_buffers import Array

#: A function that returns the first weights, (H,), of a vector.
First = Callable[[np.random.Generator, RunConfig, int], Array]
#: The share of the state that is kept at each token, at first, of cells whose units decay.
SLOWEST, FASTEST = 0.999, 0.9


def forget_bias(_: np.random.Generator, config: RunConfig, hidden: int) -> Array:
    """The bias of a gate that keeps where it is 1."""
    return np.full(hidden, config.forget_bias)


def admitting_bias(_: np.random.Generator, config: RunConfig, hidden: int) -> Array:
    """The bias of a gate that keeps where it is 0."""
    return np.full(hidden, -config.forget_bias)


def griffin_decay(rng: np.random.Generator, _: RunConfig, hidden: int) -> Array:
    """The L in a = exp(-8 r softplus(L)): a at r = 1 is uniform on a ring (De et al. 2024)."""
    rate = -np.log(rng.uniform(FASTEST, SLOWEST, hidden)) / 8
    decay: Array = np.log(np.expm1(rate))
    return decay


def ring(rng: np.random.Generator, _: RunConfig, hidden: int) -> Array:
    """The nu in l = exp(-exp(nu)): eigenvalues uniform on a ring (Orvieto et al. 2023)."""
    nu: Array = np.log(-0.5 * np.log(rng.uniform(FASTEST**2, SLOWEST**2, hidden)))
    return nu


def angle(rng: np.random.Generator, _: RunConfig, hidden: int) -> Array:
    """The logarithm of an angle that is uniform on the circle (Orvieto et al. 2023)."""
    theta: Array = np.log(rng.uniform(1e-6, 2 * np.pi, hidden))
    return theta
