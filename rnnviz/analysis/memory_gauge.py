"""Memory gauge: spectral radius and norm of W_hh, and the half-life of the gradient."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from rnnviz.config import CellKind
from rnnviz.engine.layer_buffers import Array
from rnnviz.engine.parameters import Parameters


class Spectrum(NamedTuple):
    """Of W_hh the spectral radius (largest |eigenvalue|) and the largest singular value."""

    radius: float
    norm: float


def eigenvalues(W_hh: Array) -> Array:
    """The eigenvalues (H,) of W_hh (H, H), the largest first."""
    found = np.linalg.eigvals(W_hh)
    return found[np.argsort(-np.abs(found), kind="stable")]


def spectrum(W_hh: Array) -> Spectrum:
    """How much W_hh (H, H) stretches a state: in the long run at most, and in one step at most.

    Both are infinite where a weight is not finite.
    """
    if not np.isfinite(W_hh).all():
        return Spectrum(math.inf, math.inf)
    radius = float(np.abs(np.linalg.eigvals(W_hh)).max())
    return Spectrum(radius, float(np.linalg.svd(W_hh, compute_uv=False)[0]))


def recurrent(parameters: Parameters, layer: int = -1) -> Array:
    """The recurrent weights (H, H) of a layer, the topmost one's; of a gated cell the candidate's.

    Of an encoder and a decoder those of the decoder.
    """
    return parameters[recurrent_name(parameters, layer)]


def recurrent_name(parameters: Parameters, layer: int = -1) -> str:
    """Their name: W_hh, W_hn of a GRU, W_hg of an LSTM, with the number of the layer."""
    gate = {CellKind.GRU: "n", CellKind.LSTM: "g"}.get(parameters.architecture.kind, "h")
    of = parameters.architecture
    before, after = of.affixes[-of.layers :][layer]
    return f"{before}W_h{gate}{after}"


def slope(norms: Array) -> float:
    """By how many decades ||dL/dh_t||, (T,), grows a token further back; below zero it shrinks.

    The slope of a least-squares line through log10 ||dL/dh_t|| over the lag T - t; NaN with fewer
    than two sizes above zero.
    """
    known = np.flatnonzero(norms > 0)
    if len(known) < 2:
        return math.nan
    lag = len(norms) - 1.0 - known
    lag -= lag.mean()
    return float(lag @ np.log10(norms[known]) / (lag @ lag))


def half_life(norms: Array) -> float:
    """After how many tokens back the gradient is halved, fitted to ||dL/dh_t||, (T,).

    log10(2) / -slope. Infinite if the gradient doesn't shrink; NaN with fewer than two sizes above
    zero.
    """
    found = slope(norms)
    if math.isnan(found):
        return math.nan
    return math.log10(2) / -found if found < 0 else math.inf


@dataclass(frozen=True, eq=False)
class MemoryGauge:
    """At ``epochs`` (N,), ascending: radius and norm of W_hh, half-life in tokens; all (N,)."""

    epochs: Array
    radius: Array
    norm: Array
    half_life: Array


@dataclass(frozen=True, eq=False)
class GradientMap:
    """||dL/dh_t|| (L2) at ``epochs`` (N,), ascending, for every token of one phrase: (N, T)."""

    epochs: Array
    norms: Array


def coarse_first(epochs: Iterable[int]) -> list[int]:
    """In an order in which what is left always lies between what has been."""
    return sorted(epochs, key=lambda epoch: -(epoch & -epoch) if epoch else -math.inf)
