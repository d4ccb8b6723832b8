"""Jacobians along a sequence: each by itself, and their products."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rnnviz.analysis.flow_map import FlowMap, state_size, states_of
from rnnviz.engine.layer_buffers import Array
from rnnviz.engine.parameters import Architecture, Parameters
from rnnviz.engine.trace import Trace

#: Tokens times the cube of the state's size that are worked through in about a third of a second.
_WORK = 200_000_000
#: At how many tokens at most eigenvalues are found.
_SPECTRA = 8


@dataclass(frozen=True, eq=False)
class Jacobians:
    """J_t = ds_t / ds_{t-1} along one sequence: ``matrices`` (n, S, S) of its last n tokens.

    s is the whole state of all layers, S numbers: h, and of an LSTM h and c. Of ``steps`` tokens
    in all, of an encoder and a decoder those of the decoder; n is less where S is large.
    """

    matrices: Array
    steps: int

    @property
    def first(self) -> int:
        """The number of the token, from 0, that the first matrix belongs to."""
        return self.steps - len(self.matrices)


@dataclass(frozen=True, eq=False)
class Products:
    """log10 of the largest and the smallest singular value of ds_T / ds_t, (N,) each.

    ``tokens`` (N,) are the t, from 0, ascending, the last among them, where both are 0 (the
    identity). A matrix that can't be inverted has -inf as its smallest.
    """

    tokens: Array
    largest: Array
    smallest: Array


@dataclass(frozen=True, eq=False)
class StateSpectra:
    """The eigenvalues (N, S) of J_t at some ``tokens`` (N,), evenly spread."""

    tokens: Array
    eigenvalues: Array


def fits(architecture: Architecture) -> bool:
    """Whether the state is so small that the Jacobians of two tokens at least are found."""
    return 2 * state_size(architecture) ** 3 <= _WORK


def covered(architecture: Architecture, steps: int) -> int:
    """At how many of so many tokens, the last ones, the Jacobians are found."""
    return min(steps, _WORK // state_size(architecture) ** 3)


def jacobians_along(parameters: Parameters, trace: Trace) -> Jacobians:
    """The Jacobians of a trace's first sequence; without any where S is too large."""
    path = states_of(trace)
    steps = len(path.before)
    start = steps - covered(parameters.architecture, steps)
    found = FlowMap(parameters).jacobian(path.before[start:], path.inputs[start:])
    return Jacobians(found, steps)


def products(jacobians: Jacobians) -> Products:
    """Singular values of J_T ... J_{t+1} for every t after the first matrix.

    The smallest is that of the product of the inverses: in a product itself it would be lost in
    the rounding of the largest.
    """
    matrices = jacobians.matrices[1:]
    largest = _largest_logs(matrices[::-1])
    smallest = -_largest_logs(_inverses(matrices[::-1]), left=True)
    tokens = np.arange(jacobians.steps - len(largest), jacobians.steps)
    return Products(tokens, largest[::-1], smallest[::-1])


def _largest_logs(matrices: Array, left: bool = False) -> Array:
    """log10 ||M_1 ... M_k|| (or M_k ... M_1, ``left``) for k = 0, 1, ..., (n + 1,).

    Rescaled at every factor, so that nothing overflows; -inf where all is lost, and inf from a
    factor on that isn't finite.
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
        total, logs[k] = total / size, logs[k - 1] + np.log10(size)
    return logs


def _inverses(matrices: Array) -> Array:
    """Their inverses; of what can't be inverted infinite."""
    found = np.full(matrices.shape, np.inf)
    for matrix, out in zip(matrices, found, strict=True):
        try:
            out[...] = np.linalg.inv(matrix)
        except np.linalg.LinAlgError:
            break
    return found


def state_spectra(jacobians: Jacobians) -> StateSpectra:
    """The eigenvalues of the Jacobians themselves, as far as these are finite."""
    known = np.flatnonzero(np.isfinite(jacobians.matrices).all(axis=(1, 2)))
    count = len(known)
    some = known[np.unique(np.linspace(0, count - 1, min(count, _SPECTRA)).round()).astype(int)]
    return StateSpectra(some + jacobians.first, np.linalg.eigvals(jacobians.matrices[some]))


def lyapunov_exponents(jacobians: Jacobians) -> Array:
    """Finite-time Lyapunov exponents in nats a token, the largest first, (S,).

    Q, R = qr(J_t Q) from Q = I on; the mean of log |diag R| (Vogt et al. 2022). A direction that
    is lost altogether has -inf; so has one of which a single token leaves less than rounding does.
    """
    directions = np.eye(jacobians.matrices.shape[-1])
    total = np.zeros(len(directions))
    for matrix in jacobians.matrices:
        moved = matrix @ directions
        directions, stretched = np.linalg.qr(moved)
        sizes = np.abs(np.diag(stretched))
        lost = sizes <= len(sizes) * np.finfo(sizes.dtype).eps * np.linalg.norm(moved)
        with np.errstate(divide="ignore"):
            total += np.log(np.where(lost, 0, sizes))
    exponents: Array = np.sort(total / len(jacobians.matrices))[::-1]
    return exponents
