"""How far the memory reaches: the recurrent weights as a gauge, and the gradient's half-life."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from rnnviz.engine.parameters import Array
from rnnviz.engine.training import TrainState


class Spectrum(NamedTuple):
    """Of W_hh the spectral radius (largest |eigenvalue|) and the largest singular value."""

    radius: float
    norm: float


def spectrum(W_hh: Array) -> Spectrum:
    """How much W_hh (H, H) stretches a state: in the long run at most, and in one step at most."""
    radius = float(np.abs(np.linalg.eigvals(W_hh)).max())
    return Spectrum(radius, float(np.linalg.svd(W_hh, compute_uv=False)[0]))


def half_life(norms: Array) -> float:
    """After how many tokens back the gradient is halved, fitted to ||dL/dh_t||, (T,).

    log10(2) / -slope, slope that of a least-squares line through log10 ||dL/dh_t|| over the lag
    T - t. Infinite if the gradient doesn't shrink; NaN with fewer than two sizes above zero.
    """
    known = np.flatnonzero(norms > 0)
    if len(known) < 2:
        return math.nan
    lag = len(norms) - 1.0 - known
    lag -= lag.mean()
    slope = float(lag @ np.log10(norms[known]) / (lag @ lag))
    return math.log10(2) / -slope if slope < 0 else math.inf


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
    """What is known of a run's past: a frame for each state of it that has been developed."""

    def __init__(self) -> None:
        self._spectra: dict[TrainState, Spectrum] = {}
        self._norms: dict[TrainState, Array] = {}
        self._lives: dict[TrainState, float] = {}
        self._subject: object = None

    def keep(self, states: Iterable[TrainState], subject: object) -> None:
        """Forget the frames of all other states, and the gradients of another subject (phrase)."""
        self._spectra = {s: self._spectra[s] for s in states if s in self._spectra}
        same = self._norms if subject == self._subject else {}
        self._norms = {s: same[s] for s in states if s in same}
        self._lives = {s: self._lives[s] for s in self._norms}
        self._subject = subject

    def missing(self, states: Iterable[TrainState]) -> list[TrainState]:
        """Those without a frame, coarse before fine: what is left always lies between known."""
        unknown = (s for s in states if s not in self._norms)
        return sorted(unknown, key=lambda s: -(s.epoch & -s.epoch) if s.epoch else -math.inf)

    def expose(self, state: TrainState, norms: Array) -> None:
        """Make the frame of a state whose gradient has the sizes ||dL/dh_t|| ``norms``, (T,)."""
        if state not in self._spectra:
            self._spectra[state] = spectrum(state.parameters.W_hh)
        self._norms[state], self._lives[state] = norms, half_life(norms)

    def gauge(self) -> MemoryGauge:
        """The memory gauge over all epochs that have a frame."""
        states = sorted(self._norms, key=lambda state: state.epoch)
        spectra = np.array([self._spectra[s] for s in states]).reshape(-1, 2)
        lives = np.array([self._lives[s] for s in states])
        return MemoryGauge(_epochs(states), spectra[:, 0], spectra[:, 1], lives)

    def map(self, states: Iterable[TrainState]) -> GradientMap:
        """The gradient through time at those of ``states`` that have a frame."""
        known = [s for s in states if s in self._norms]
        return GradientMap(_epochs(known), np.array([self._norms[s] for s in known]))


def _epochs(states: Sequence[TrainState]) -> Array:
    return np.array([state.epoch for state in states], int)
