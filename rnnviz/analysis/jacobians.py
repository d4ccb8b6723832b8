"""Jacobians along a sequence, and their products."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from rnnviz.analysis.state_transition import StateTransition, state_size, states_of
from rnnviz.engine.layer_buffers import Array
from rnnviz.engine.parameters import Architecture, Parameters
from rnnviz.engine.trace import Trace

#: Limit of tokens times the cube of the state's size; it takes about a third of a second.
_WORK = 200_000_000
#: Steps of the QR iteration: after them, sizes e^8 apart are coupled by e^-32. In a window of so
#: many nats, all sizes are right but those within the margins.
_STEPS, _WINDOW, _MARGIN = 4, 32.0, 8.0
#: At most this many tokens have eigenvalues.
_SPECTRA = 8


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
    The smallest is -inf for a singular matrix.
    """

    tokens: Array
    largest: Array
    smallest: Array


@dataclass(frozen=True, eq=False)
class StateSpectra:
    """The eigenvalues (N, S) of J_t at some evenly spaced ``tokens`` (N,)."""

    tokens: Array
    eigenvalues: Array


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
    smallest = -_largest_logs(_inverses(matrices[::-1]), left=True)
    tokens = np.arange(jacobians.steps - len(largest), jacobians.steps)
    return Products(tokens, largest[::-1], smallest[::-1])


def _largest_logs(matrices: Array, left: bool = False) -> Array:
    """log10 ||M_1 ... M_k|| (or M_k ... M_1 if ``left``) for k = 0, 1, ..., (n + 1,).

    It is -inf for a product of zero, and inf from the first factor that isn't finite.
    """
    logs = np.full(len(matrices) + 1, -np.inf)
    total, logs[0] = np.eye(matrices.shape[-1]), 0.0
    for k, matrix in enumerate(matrices, 1):
        if not np.isfinite(matrix).all():
            logs[k:] = np.inf
            break
        total = matrix @ total if left else total @ matrix
        size = float(np.linalg.norm(total, 2))
        if not size:
            break
        # Rescaled, so that no product overflows.
        total, logs[k] = total / size, logs[k - 1] + np.log10(size)
    return logs


def _inverses(matrices: Array) -> Array:
    """The inverses of the matrices; infinite from the first singular one on."""
    inverses = np.full(matrices.shape, np.inf)
    for matrix, out in zip(matrices, inverses, strict=True):
        try:
            out[...] = np.linalg.inv(matrix)
        except np.linalg.LinAlgError:
            break
    return inverses


def state_spectra(jacobians: Jacobians) -> StateSpectra:
    """The eigenvalues of finite Jacobians, at evenly spaced tokens."""
    finite = np.flatnonzero(np.isfinite(jacobians.matrices).all(axis=(1, 2)))
    count = len(finite)
    some = finite[np.linspace(0, count - 1, min(count, _SPECTRA)).round().astype(int)]
    return StateSpectra(some + jacobians.first, np.linalg.eigvals(jacobians.matrices[some]))


def lyapunov_exponents(jacobians: Jacobians) -> Array:
    """Finite-time Lyapunov exponents in nats per token, the largest first, (S,).

    log sigma_i / n, of the singular values of the product J_T ... J_1 of n Jacobians: they don't
    depend on how the units are numbered. The exponent of a direction that one token shrinks below
    the rounding error is -inf. All are NaN if a Jacobian isn't finite.
    """
    factors, exponents = jacobians.matrices, np.full(jacobians.matrices.shape[-1], -np.inf)
    if not np.isfinite(factors).all():
        return np.full(len(exponents), np.nan)
    logs = _log_singular_values(_graded_product(factors))
    exponents[: len(logs)] = np.sort(logs)[::-1] / len(factors)
    return exponents


class _Graded(NamedTuple):
    """The matrix diag(e^logs) @ unit, (r,) and (r, S); e^logs may be too small for a float.

    The rows are smaller the lower they stand, so that the numbers in ``unit`` are moderate.
    """

    logs: Array
    unit: Array

    def after(self, triangle: Array, kept: Array | slice = slice(None)) -> _Graded:
        """The ``kept`` rows of triangle @ this, of an upper triangle (r, r)."""
        pivots = np.abs(np.diag(triangle))[kept]
        ratios = np.exp(np.triu(self.logs - self.logs[:, None]))
        rows = (triangle * ratios)[kept] / pivots[:, None]
        return _Graded(self.logs[kept] + np.log(pivots), rows @ self.unit)

    @property
    def transposed(self) -> _Graded:
        """A triangle (r, r) with the same singular values: a step of the QR iteration for them."""
        sizes = _Graded(self.logs, np.eye(len(self.logs)))
        triangle: Array = np.linalg.qr(self.unit.T).R
        return sizes.after(triangle)

    @property
    def singular(self) -> Array:
        """The logs of the singular values of a triangle (r, r), the largest first.

        The smaller half comes from the inverse: here they are lost in the rounding of the largest.
        """
        low, high = self.logs.min(), self.logs.max()
        matrix = np.exp(self.logs - high)[:, None] * self.unit
        inverse = np.linalg.inv(self.unit) * np.exp(low - self.logs)
        sizes, inverses = (np.linalg.svd(m, compute_uv=False) for m in (matrix, inverse))
        half = np.exp((low - high) / 2)
        logs: Array = np.log(np.where(sizes > half, sizes, 1.0)) + high
        return np.where(sizes > half, logs, low - np.log(inverses[::-1]))


def _graded_product(factors: Array) -> _Graded:
    """M_n ... M_1 up to rotations at both its ends.

    A row is left out from where a factor shrinks its direction below the rounding error.
    """
    size = factors.shape[-1]
    # From random directions the rows come out by their sizes (Demmel, Dumitriu and Holtz 2007).
    directions = np.linalg.qr(np.random.default_rng(0).normal(size=(size, size)))[0]
    product = _Graded(np.zeros(size), np.eye(size))
    for factor in factors:
        moved = factor @ directions
        directions, triangle = np.linalg.qr(moved)
        rounding = size * np.finfo(moved.dtype).eps * np.linalg.norm(moved)
        kept = np.abs(np.diag(triangle)) > rounding
        directions, product = directions[:, kept], product.after(triangle, kept)
    return product


def _log_singular_values(matrix: _Graded) -> Array:
    """The logs of the singular values, (r,), window by window of their sizes."""
    for _ in range(_STEPS):
        matrix = matrix.transposed
    falling, found = np.maximum.accumulate(-matrix.logs), np.empty(len(matrix.logs))
    known = 0
    while known < len(found):
        start = np.searchsorted(falling, falling[known] - _MARGIN)
        end, told = np.searchsorted(falling, falling[start] + [_WINDOW, _WINDOW - _MARGIN])
        told = end if end == len(found) else told
        window = _Graded(matrix.logs[start:end], matrix.unit[start:end, start:end])
        found[known:told] = window.singular[known - start : told - start]
        known = told
    return found
