"""Jacobians along a sequence, and their products."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from rnnviz.engine.layer_buffers import Array
from rnnviz.engine.parameters import Architecture, Parameters
from rnnviz.engine.trace import Trace
from rnnviz.probe.activations import svd
from rnnviz.probe.state_transition import StateTransition, state_size, states_of

#: Limit of tokens times the cube of the state's size; it takes about a third of a second.
_WORK = 200_000_000
#: Singular values of a product are accurate down to this share of the largest.
_RESOLVED = 1e-10
#: Entries from here on count as infinite: the norm of their products would be.
_LARGEST = 1e150


@dataclass(frozen=True, eq=False)
class Jacobians:
    """J_t = ds_t / ds_{t-1} along one sequence: ``matrices`` (n, S, S) of its last n tokens.

    s is the whole state of all layers, S numbers: h, and c for an LSTM. ``steps`` is the number of
    tokens, of the decoder if there is one; n is smaller if S is large.
    """

    matrices: Array
    steps: int

    @property
    def first(self) -> int:
        """The token (from 0) of the first matrix."""
        return self.steps - len(self.matrices)


@dataclass(frozen=True, eq=False)
class Products:
    """log10 of the largest and the smallest singular value of ds_T / ds_t, (N,) each.

    ``tokens`` (N,) are the t (from 0), ascending up to T, where both values are 0 (the identity).
    The smallest is -inf for a singular matrix, and NaN where it is lost in rounding.
    """

    tokens: Array
    largest: Array
    smallest: Array


def fits(architecture: Architecture) -> bool:
    """Whether the state is small enough for the Jacobians of at least two tokens."""
    return 2 * state_size(architecture) ** 3 <= _WORK


def covered(architecture: Architecture, steps: int) -> int:
    """The number of last tokens, of ``steps``, that have Jacobians."""
    return min(steps, _WORK // state_size(architecture) ** 3)


def jacobians_along(parameters: Parameters, trace: Trace) -> Jacobians:
    """The Jacobians of a trace's first sequence; none if S is too large."""
    path = states_of(trace)
    steps = len(path.before)
    start = steps - covered(parameters.architecture, steps)
    matrices = StateTransition(parameters).jacobian(path.before[start:], path.inputs[start:])
    return Jacobians(matrices, steps)


def products(jacobians: Jacobians) -> Products:
    """Singular values of J_T ... J_{t+1} for every t after the first matrix.

    The smallest comes from the product of the inverses. In the product itself, it would be lost to
    the rounding error of the largest.
    """
    matrices = jacobians.matrices[1:]
    largest = _largest_logs(matrices[::-1])
    # The inverses; infinite from the first singular one on.
    inverses, known = np.full(matrices.shape, np.inf), len(matrices)
    for k, matrix in enumerate(matrices[::-1]):
        try:
            inverses[k] = np.linalg.inv(matrix)
        except np.linalg.LinAlgError:
            break
        with np.errstate(over="ignore", invalid="ignore"):
            condition = np.abs(matrix).max() * np.abs(inverses[k]).max()
        if condition * np.finfo(matrix.dtype).eps * len(matrix) > 1:
            known = k
            break
    smallest = -_largest_logs(inverses, left=True)
    smallest[known + 1 :] = np.nan
    tokens = np.arange(jacobians.steps - len(largest), jacobians.steps)
    return Products(tokens, largest[::-1], smallest[::-1])


def _largest_logs(matrices: Array, left: bool = False) -> Array:
    """log10 ||M_1 ... M_k|| (or M_k ... M_1 if ``left``) for k = 0, 1, ..., (n + 1,).

    It is -inf for a product of zero, and inf from the first factor that is too large.
    """
    logs = np.full(len(matrices) + 1, -np.inf)
    total, logs[0] = np.eye(matrices.shape[-1]), 0.0
    for k, matrix in enumerate(matrices, 1):
        if not _bounded(matrix):
            logs[k:] = np.inf
            break
        total = matrix @ total if left else total @ matrix
        size = float(np.linalg.norm(total, 2))
        if not size:
            break
        # Rescaled, so that no product overflows.
        total, logs[k] = total / size, logs[k - 1] + np.log10(size)
    return logs


def _bounded(matrices: Array) -> bool:
    """Whether products of these matrices, rescaled after each, stay finite."""
    return bool((np.abs(matrices) < _LARGEST).all())


def lyapunov_exponents(jacobians: Jacobians) -> Array:
    """Finite-time Lyapunov exponents in nats per token, the largest first, (S,).

    log sigma_i / n, of the singular values of the product J_T ... J_1 of n Jacobians: they don't
    depend on how the units are numbered. Those within rounding error are -inf. All are NaN if a
    Jacobian is infinite, or so large that its products are.
    """
    factors, exponents = jacobians.matrices, np.full(jacobians.matrices.shape[-1], -np.inf)
    if not _bounded(factors):
        return np.full(len(exponents), np.nan)
    # A closed ReLU has a row of zeros, which makes the product singular.
    if (factors == 0).all(axis=2).any():
        factors = _pruned(factors)
        logs, _ = _leading(factors)
        logs = logs[logs > _rounding(factors)]
        exponents[: len(logs)] = logs / len(factors)
        return exponents
    first, rest = 0, factors
    # Only the largest singular values of a product are accurate. The rest are those of the product
    # of the factors without the directions of the largest.
    while first < len(exponents):
        logs, directions = _leading(rest)
        if not len(logs):
            break
        exponents[first : first + len(logs)] = logs / len(factors)
        first += len(logs)
        rest = _triangular(rest, directions)[:, len(logs) :, len(logs) :]
    return exponents


def _pruned(factors: Array) -> Array:
    """Factors (n, S, S) of the same product, zero where a neighbour's row or column is zero."""
    factors = factors.copy()
    for t in range(1, len(factors)):
        factors[t] *= factors[t - 1].any(axis=1)
    for t in reversed(range(1, len(factors))):
        factors[t - 1] *= factors[t].any(axis=0)[:, None]
    return factors


def _rounding(factors: Array) -> float:
    """The log of the least singular value of M_n ... M_1 of which rounding leaves six digits.

    A factor rounded by eps ||M_t|| moves the product by up to ||M_n ... M_{t+1}|| eps ||M_t||
    ||M_{t-1} ... M_1||.
    """
    before = _largest_logs(factors, left=True)[:-1]
    after = _largest_logs(factors[::-1])[-2::-1]
    sizes = np.linalg.norm(factors, 2, axis=(1, 2))
    with np.errstate(divide="ignore"):
        worst = np.max(before + np.log10(sizes) + after)
    eps = np.finfo(factors.dtype).eps * factors[0].size
    return math.log(10) * float(worst + np.log10(eps) + 6)


def _leading(factors: Array) -> tuple[Array, Array]:
    """The logs (k,) of the singular values of M_n ... M_1 above the rounding error of the largest.

    And all right singular vectors, in the columns of (S, S).
    """
    total, scale = np.eye(factors.shape[-1]), 0.0
    for factor in factors:
        total = factor @ total
        size = float(np.linalg.norm(total))
        if not size:
            return np.empty(0), total
        total, scale = total / size, scale + np.log(size)
    _, sizes, directions = svd(total)
    return np.log(sizes[sizes > _RESOLVED * sizes[0]]) + scale, directions.T


def _triangular(factors: Array, directions: Array) -> Array:
    """Upper triangular factors (n, S, S) of the same product, up to rotations at both its ends.

    A row is zero where a factor shrinks its direction below the rounding error.
    """
    triangular = np.empty_like(factors)
    for factor, out in zip(factors, triangular, strict=True):
        moved = factor @ directions
        directions, out[...] = np.linalg.qr(moved)
        rounding = len(out) * np.finfo(out.dtype).eps * np.linalg.norm(moved)
        out[np.abs(np.diag(out)) <= rounding] = 0
    return triangular
