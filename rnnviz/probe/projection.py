"""Projection: the principal components of the states."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from rnnviz.engine.layer_buffers import Array
from rnnviz.engine.parameters import Parameters


def svd(matrix: Array) -> tuple[Array, Array, Array]:
    """U (M, K), the singular values (K,), the largest first, and V^T (K, N) of an (M, N) matrix.

    LAPACK's divide and conquer does not converge for a few matrices, but does for their transposes.
    """
    try:
        left, sizes, right = np.linalg.svd(matrix, full_matrices=False)
    except np.linalg.LinAlgError:
        right, sizes, left = (part.T for part in np.linalg.svd(matrix.T, full_matrices=False))
    return left, sizes, right


#: The number of principal components that are kept.
COMPONENTS = 3
#: With more than this many units, at most this many states are decomposed: a second of work.
_SAMPLE = 1_000
#: The participation ratio takes fourth powers: with larger states they overflow.
_LARGEST = 1e70


@dataclass(frozen=True, eq=False)
class Projection:
    """Principal components of states (N, H), fitted at ``epoch``.

    ``mean`` (H,), ``axes`` (K, H) with orthonormal rows, K <= 3, and the ``variances`` of all
    min(N, H) components, the largest first.
    """

    mean: Array
    axes: Array
    variances: Array
    epoch: int = 0

    @property
    def participation(self) -> float:
        """The effective number of dimensions, 1..H: see ``participation_ratio``."""
        return participation_ratio(self.variances)

    def project(self, states: Array) -> Array:
        """The coordinates (..., K) of states (..., H)."""
        return (states - self.mean) @ self.axes.T


def fit(states: Array, epoch: int = 0) -> Projection:
    """Principal component analysis of states (N, H), by singular value decomposition.

    The entry of every axis with the largest absolute value is positive, so signs are not random.
    States that are not finite, or so large that their variances would not be, are left out. For
    very wide states an evenly spaced sample is decomposed.
    """
    states = _finite(states)
    if states.shape[1] > _SAMPLE:
        states = states[:: math.ceil(len(states) / _SAMPLE)]
    mean = states.mean(axis=0)
    _, sizes, axes = svd(states - mean)
    axes = axes[:COMPONENTS]
    largest = np.abs(axes).argmax(axis=1)
    signs = np.where(axes[np.arange(len(axes)), largest] < 0, -1, 1)
    return Projection(mean, axes * signs[:, None], sizes**2 / len(states), epoch)


def participation_ratio(variances: Array) -> float:
    """(sum l)^2 / sum l^2: 1 if one component has all variance, n if n share it equally, or 0."""
    squares = float((variances**2).sum())
    return float(variances.sum()) ** 2 / squares if squares > 0 else 0.0


def variances_of(states: Array) -> Array:
    """The variances of the principal components of states (N, H), (H,), the largest first."""
    states = _finite(states)
    centered = states - states.mean(axis=0)
    return np.maximum(np.linalg.eigvalsh(centered.T @ centered / len(states))[::-1], 0)


@dataclass(frozen=True, eq=False)
class Boundary:
    """The decision boundary in the plane of two axes: normal @ (x, y) + offset = 0.

    The left side is the logit margin of the second class, for states in the plane.
    """

    normal: Array
    offset: float


def boundary(parameters: Parameters, projection: Projection, axes: tuple[int, int]) -> Boundary:
    """The decision boundary of a readout with two classes, for states of the last layer."""
    weights = parameters.W_hy[1] - parameters.W_hy[0]
    bias = float(parameters.b_y[1] - parameters.b_y[0])
    return Boundary(projection.axes[list(axes)] @ weights, float(weights @ projection.mean) + bias)


@dataclass(frozen=True, eq=False)
class Plane:
    """Two axes (from 0) of a basis, and the share of the current variance along each, 0..1.

    ``boundary`` is the decision boundary, if there is one.
    """

    basis: Projection
    axes: tuple[int, int] = (0, 1)
    explained: tuple[float, float] = (0.0, 0.0)
    boundary: Boundary | None = None

    def project(self, states: Array) -> Array:
        """The coordinates (..., 2) of states (..., H)."""
        return self.basis.project(states)[..., list(self.axes)]

    def lift(self, points: Array) -> Array:
        """The states (..., H) of points (..., 2), at the mean along all other axes."""
        return np.asarray(self.basis.mean + points @ self.basis.axes[list(self.axes)])


def plane_of(
    basis: Projection, axes: tuple[int, int], states: Array, line: Boundary | None = None
) -> Plane:
    """The plane of two axes of a basis, with the share of the variance of states (N, H) in it."""
    states = _finite(states)
    total = float(states.var(axis=0).sum())
    shares = basis.project(states).var(axis=0) / (total or 1.0)
    first, second = shares[list(axes)].tolist()
    return Plane(basis, axes, (first, second), line)


def _finite(states: Array) -> Array:
    """The states of (N, H) with finite variances, in double precision; one of zeros if none."""
    finite: Array = states[(np.abs(states) < _LARGEST).all(axis=1)].astype(float)
    return finite if len(finite) else np.zeros((1, states.shape[1]))
