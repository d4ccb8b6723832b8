"""Memory gauge: spectral radius and norm of W_hh, and the half-life of the gradient."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from rnnviz.engine.layer_buffers import Array
from rnnviz.engine.parameters import Parameters, plain
from rnnviz.probe.cell_parts import cell_parts


class Spectrum(NamedTuple):
    """The spectral radius (largest |eigenvalue|) of W_hh, and its largest singular value."""

    radius: float
    norm: float


def eigenvalues(W_hh: Array) -> Array:
    """The eigenvalues (H,) of W_hh (H, H), the largest first."""
    values = np.linalg.eigvals(W_hh)
    return values[np.argsort(-np.abs(values), kind="stable")]


def spectrum(W_hh: Array) -> Spectrum:
    """The most that W_hh (H, H) stretches a state per step: in the long run, and in one step.

    Both are infinite if a weight is not finite, and NaN if there are none.
    """
    if not W_hh.size:
        return Spectrum(math.nan, math.nan)
    if not np.isfinite(W_hh).all():
        return Spectrum(math.inf, math.inf)
    radius = float(np.abs(np.linalg.eigvals(W_hh)).max())
    return Spectrum(radius, float(np.linalg.svd(W_hh, compute_uv=False)[0]))


def recurrent(parameters: Parameters, layer: int = -1) -> Array:
    """The recurrent weights (H, H) of a layer of the last stack; of a gated cell's candidate.

    A cell whose state enters no matrix has none, (0, 0).
    """
    name = recurrent_name(parameters, layer)
    return parameters[name] if name else np.empty((0, 0))


def recurrent_name(parameters: Parameters, layer: int = -1) -> str:
    """Their name: W_hh, W_hn of a GRU, W_hg of an LSTM, with the number of the layer; or empty."""
    of = parameters.architecture
    name = cell_parts(of.cell).recurrent_matrix
    prefix, suffix = of.affixes[-of.layers :][layer]
    return f"{prefix}{name}{suffix}" if name else ""


def slope(norms: Array) -> float:
    """The growth of ||dL/dh_t||, (T,), per token of lag, in decades; negative if it shrinks.

    The slope of a least-squares line through log10 ||dL/dh_t|| over the lag T - t; NaN with fewer
    than two norms above zero.
    """
    lag, logs = _points(norms)
    return float(lag @ logs / (lag @ lag)) if len(lag) > 1 else math.nan


def _points(norms: Array) -> tuple[Array, Array]:
    """The lags of the norms above zero, less their mean, and the logarithms less theirs."""
    known = np.flatnonzero(norms > 0)
    lag, logs = len(norms) - 1.0 - known, np.log10(norms[known])
    return (lag - lag.mean(), logs - logs.mean()) if len(known) else (lag, logs)


def half_life(norms: Array) -> float:
    """The lag in tokens at which the gradient is halved, log10(2) / -slope, fitted to norms (T,).

    Infinite if the gradient doesn't shrink; NaN with fewer than two norms above zero.
    """
    return _halving(slope(norms))


def half_life_interval(norms: Array) -> tuple[float, float]:
    """The 95% interval of the half-life, in tokens, from that of the fitted slope.

    By Student's t of the residuals; from 0 to infinity with fewer than three norms above zero.
    """
    lag, logs = _points(norms)
    freedom = len(lag) - 2
    if freedom < 1:
        return 0.0, math.inf
    decades = slope(norms)
    residuals = logs - decades * lag
    error = math.sqrt(residuals @ residuals / freedom / (lag @ lag)) * _student(freedom)
    return _halving(decades - error), _halving(decades + error)


def _halving(decades: float) -> float:
    return math.inf if decades >= 0 else math.log10(2) / -decades


def _student(freedom: int) -> float:
    """The 97.5% quantile of Student's t, to 1% (Abramowitz and Stegun 26.7.5)."""
    z = 1.959964
    terms = (
        z,
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
    )
    series = sum(term / freedom**power for power, term in enumerate(terms))
    return {1: 12.7062, 2: 4.3027}.get(freedom, float(series))


@dataclass(frozen=True, eq=False)
class MemoryGauge:
    """Radius and norm of W_hh, and half-life in tokens, at ascending ``epochs``; all (N,).

    ``interval`` (N, 2) is the 95% interval of the half-life, ``weights`` the name of W_hh.
    """

    epochs: Array
    radius: Array
    norm: Array
    half_life: Array
    interval: Array
    weights: str = "W_hh"

    def radii(self, epochs: Array) -> Array:
        """The radius at ascending ``epochs`` (N,), NaN where it was not measured.

        All are NaN for gated cells, whose memory is not in these weights alone.
        """
        radii = np.full(len(epochs), np.nan)
        if plain(self.weights) == "W_hh":
            radii[np.searchsorted(epochs, self.epochs)] = self.radius
        return radii


@dataclass(frozen=True, eq=False)
class GradientMap:
    """||dL/dh_t|| (L2) at ascending ``epochs`` (N,), for every token of one phrase: (N, T)."""

    epochs: Array
    norms: Array


def last_epoch_without_gradient(flows: GradientMap, limit: float) -> int | None:
    """The epoch up to which the first token got less than ``limit`` of the last one's gradient.

    None if it got more at the first epoch.
    """
    starved = flows.norms[:, 0] < limit * flows.norms[:, -1]
    count = len(starved) if starved.all() else int(starved.argmin())
    return int(flows.epochs[count - 1]) if count else None
