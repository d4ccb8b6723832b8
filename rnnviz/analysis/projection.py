"""Projection: the principal components of the states, fitted once and then kept."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rnnviz.engine.layer_buffers import Array
from rnnviz.engine.parameters import Parameters

#: How many principal components are kept, and so can be drawn.
COMPONENTS = 3


@dataclass(frozen=True, eq=False)
class Projection:
    """Principal components of states (N, H), fitted at ``epoch``.

    ``mean`` (H,), ``axes`` (K, H) with orthonormal rows, K <= 3, and the ``variances`` of all
    min(N, H) components, the largest first. Kept from epoch to epoch, or the axes would turn.
    """

    mean: Array
    axes: Array
    variances: Array
    epoch: int = 0

    @property
    def participation(self) -> float:
        """Over how many dimensions the variance is spread, 1..H: see ``participation_ratio``."""
        return participation_ratio(self.variances)

    def project(self, states: Array) -> Array:
        """The coordinates (..., K) of states (..., H)."""
        points: Array = (states - self.mean) @ self.axes.T
        return points


def fit(states: Array, epoch: int = 0, count: int = COMPONENTS) -> Projection:
    """Principal component analysis of states (N, H), by singular value decomposition.

    The largest entry of every axis is positive, so that the picture doesn't turn by chance. States
    that are not finite are left out.
    """
    states = finite_states(states)
    mean = states.mean(axis=0)
    _, sizes, axes = np.linalg.svd(states - mean, full_matrices=False)
    kept = axes[:count]
    largest = np.abs(kept).argmax(axis=1)
    signs = np.where(kept[np.arange(len(kept)), largest] < 0, -1, 1)
    return Projection(mean, kept * signs[:, None], sizes**2 / len(states), epoch)


def participation_ratio(variances: Array) -> float:
    """(sum l)^2 / sum l^2: 1 if one component has all variance, n if n share it equally.

    Zero where nothing varies.
    """
    squares = float((variances**2).sum())
    return float(variances.sum()) ** 2 / squares if squares > 0 else 0.0


def participation(states: Array) -> float:
    """Over how many dimensions states (N, H) are spread, 1..H; 0 where they don't vary."""
    states = finite_states(states)
    sizes = np.linalg.svd(states - states.mean(axis=0), compute_uv=False)
    return participation_ratio(sizes**2)


@dataclass(frozen=True, eq=False)
class Boundary:
    """Where in the plane of two axes the readout is undecided: normal @ (x, y) + offset = 0.

    The left side is the lead of the second class in logits, for states in the plane; others lie
    before or behind it and may be decided otherwise.
    """

    normal: Array
    offset: float


def boundary(parameters: Parameters, projection: Projection, axes: tuple[int, int]) -> Boundary:
    """The decision line of a readout of two classes, from the states of the last layer."""
    lead = parameters.W_hy[1] - parameters.W_hy[0]
    bias = float(parameters.b_y[1] - parameters.b_y[0])
    return Boundary(projection.axes[list(axes)] @ lead, float(lead @ projection.mean) + bias)


@dataclass(frozen=True, eq=False)
class Plane:
    """Two axes (from 0) of a basis, and the share of the present variance along each, 0..1.

    ``boundary`` is the decision line, where there is one.
    """

    basis: Projection
    axes: tuple[int, int] = (0, 1)
    explained: tuple[float, float] = (0.0, 0.0)
    boundary: Boundary | None = None

    def project(self, states: Array) -> Array:
        """The coordinates (..., 2) of states (..., H)."""
        points: Array = self.basis.project(states)[..., list(self.axes)]
        return points

    def lift(self, points: Array) -> Array:
        """The states (..., H) of points (..., 2), in all other directions at the mean."""
        states: Array = self.basis.mean + points @ self.basis.axes[list(self.axes)]
        return states


def plane_of(
    basis: Projection, axes: tuple[int, int], states: Array, line: Boundary | None = None
) -> Plane:
    """The plane of two axes of a basis, and how much of what states (N, H) vary lies in it."""
    first, second = spread(states, basis)[list(axes)].tolist()
    return Plane(basis, axes, (first, second), line)


def spread(states: Array, projection: Projection) -> Array:
    """The share of the variance of states (N, H) along each axis of a projection, (K,), 0..1."""
    states = finite_states(states)
    total = float(states.var(axis=0).sum())
    shares: Array = projection.project(states).var(axis=0) / (total or 1.0)
    return shares


def finite_states(states: Array) -> Array:
    """Those of states (N, H) that are finite, in double precision; zero where there is none."""
    found: Array = states[np.isfinite(states).all(axis=1)].astype(float)
    return found if len(found) else np.zeros((1, states.shape[1]))
