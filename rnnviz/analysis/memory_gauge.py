"""How far the memory reaches: the recurrent weights as a gauge, and the gradient's half-life."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from rnnviz.config import CellKind
from rnnviz.engine.layer_buffers import Array
from rnnviz.engine.parameters import Parameters
from rnnviz.training.schedule import Schedule

#: The most epochs of which there are frames: more than a chart has pixels.
MOST_FRAMES = 2_000


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


class Film:
    """What is known of a run's past: a frame for each epoch of it that has been developed.

    Of so many epochs that there would be more than ``MOST_FRAMES``, every ``stride``-th has one.
    """

    def __init__(self) -> None:
        self.stride = 1
        self._spectra: dict[int, Spectrum] = {}
        self._norms: dict[int, Array] = {}
        self._lives: dict[int, float] = {}
        self._schedule: Schedule | None = None
        self._subject: object = None
        self._data: object = None

    def keep(self, schedule: Schedule, subject: object, data: object = None) -> None:
        """Forget what other settings or data led to, and gradients of another subject (phrase)."""
        if (schedule, subject, data) == (self._schedule, self._subject, self._data):
            return
        known = self._schedule if data == self._data else None
        last = known.shared(schedule) if known else -1
        same = subject == self._subject
        self._spectra = {e: frame for e, frame in self._spectra.items() if e <= last}
        # Where a setting changes the weights are the same, but not what is sent back through them.
        self._norms = {e: frame for e, frame in self._norms.items() if same and e < last}
        self._lives = {e: life for e, life in self._lives.items() if same and e < last}
        self._schedule, self._subject, self._data = schedule, subject, data

    def missing(self, epochs: Iterable[int]) -> Iterator[int]:
        """Those without a frame."""
        return (epoch for epoch in epochs if epoch not in self._lives)

    def frames(self, count: int) -> range:
        """Of which of the first ``count`` epochs there should be a frame."""
        needed = 1 << (max(count - 1, 0) // MOST_FRAMES).bit_length()
        return range(0, count, max(self.stride, needed))

    def thin(self, kept: Collection[int]) -> None:
        """Forget the gradients of all epochs but these, and of too many frames every other one."""
        self._norms = {e: self._norms[e] for e in kept if e in self._norms}
        while len(self._lives) > MOST_FRAMES:
            self.stride *= 2
            self._lives = {e: life for e, life in self._lives.items() if e % self.stride == 0}
            self._spectra = {e: s for e, s in self._spectra.items() if e % self.stride == 0}

    def expose(self, epoch: int, W_hh: Array, norms: Array) -> None:
        """Make the frame of an epoch: its W_hh (H, H), and sizes ||dL/dh_t|| ``norms`` (T,)."""
        if epoch not in self._spectra:
            self._spectra[epoch] = spectrum(W_hh)
        self._norms[epoch], self._lives[epoch] = norms, half_life(norms)

    def gauge(self, last: int) -> MemoryGauge:
        """The memory gauge over all epochs up to ``last`` that have a frame."""
        epochs = sorted(epoch for epoch in self._lives if epoch <= last)
        spectra = np.array([self._spectra[e] for e in epochs]).reshape(-1, 2)
        lives = np.array([self._lives[e] for e in epochs])
        return MemoryGauge(np.array(epochs, int), spectra[:, 0], spectra[:, 1], lives)

    def map(self, epochs: Iterable[int]) -> GradientMap:
        """The gradient through time at those of ``epochs`` that have a frame."""
        known = [epoch for epoch in epochs if epoch in self._norms]
        return GradientMap(np.array(known, int), np.array([self._norms[e] for e in known]))


def coarse_first(epochs: Iterable[int]) -> list[int]:
    """In an order in which what is left always lies between what has been."""
    return sorted(epochs, key=lambda epoch: -(epoch & -epoch) if epoch else -math.inf)
