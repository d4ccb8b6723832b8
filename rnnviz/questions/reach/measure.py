"""LengthLab and ReachLab: scores by length, and the gradient by lag."""

from __future__ import annotations

import math
from collections.abc import Iterator
from enum import StrEnum
from functools import partial

import numpy as np

from rnnviz.engine.layer_buffers import Array
from rnnviz.engine.training import TrainState
from rnnviz.probe.cache import Memo
from rnnviz.probe.epoch_series import EpochSeries, Record
from rnnviz.probe.gradient_flow import Flow, GradientQuery, connectivity, flow_key
from rnnviz.probe.jacobians import (
    Jacobians,
    Products,
    jacobians_along,
    lyapunov_exponents,
    products,
)
from rnnviz.probe.lengths import LengthProfile, Lengths, by_length, length_profile
from rnnviz.probe.marks import Mark
from rnnviz.probe.memory_gauge import (
    BackwardRule,
    LagNorms,
    LagProfile,
    answer_flow,
    eigenvalues,
    joined,
    lag_norms,
    profile_of,
    recurrent,
)
from rnnviz.probe.probe import phrase_key
from rnnviz.probe.work import ChunkedRead, chunk_indexes
from rnnviz.tasks.dataset import Dataset


class LengthLab:
    """Scores by length, cached until the weights or the data change."""

    marks = (Mark("reach.longer", "asked", bool, lambda asked: "1" * asked),)

    def __init__(self) -> None:
        #: Whether the reader has turned the scores on.
        self.asked = False
        self._memo = Memo()

    def lengths(self, state: TrainState, dataset: Dataset) -> Lengths:
        """The sequences to be scored: the same for all states of a run."""
        key = dataset, state.parameters.architecture
        return self._memo.ask("lengths", key, lambda: by_length(*key))

    def profile(self, state: TrainState, dataset: Dataset) -> LengthProfile:
        """Score and loss by length."""
        measure = partial(length_profile, state.parameters, dataset, self.lengths(state, dataset))
        return self._memo.ask("profile", (state, dataset), measure)

    def known(self, state: TrainState, dataset: Dataset) -> LengthProfile | None:
        """The last profile, if it is of these weights."""
        profile: LengthProfile | None = self._memo.known("profile", (state, dataset))
        return profile


#: At most this many tokens have eigenvalues.
_SPECTRA = 8


def state_spectra(jacobians: Jacobians) -> tuple[Array, Array]:
    """Some evenly spaced tokens (N,), and the eigenvalues (N, S) of their Jacobians.

    They are the middles of chunks of tokens with a finite Jacobian, counted from the end.
    """
    finite = np.flatnonzero(np.isfinite(jacobians.matrices).all(axis=(1, 2)))
    # An odd number has a middle, with as much room on either side.
    every = math.ceil(len(finite) / _SPECTRA) | 1
    margin = every // 2
    some = finite[margin : len(finite) - margin][::-every][::-1]
    return some + jacobians.first, np.linalg.eigvals(jacobians.matrices[some])


#: The number of largest eigenvalues that are kept for an epoch.
TRAIL = 8


class BandSource(StrEnum):
    """The sequences whose gradients are drawn as the band around the phrase's."""

    TRAIN = "training"
    TEST = "test"


def last_starved(history: EpochSeries[Flow], limit: float) -> int | None:
    """The epoch up to which less than ``limit`` of the gradient reached the first token.

    None if more did at the first epoch.
    """
    starved = np.array([row.norms[0] < limit for row in history.rows])
    count = len(starved) if starved.all() else int(starved.argmin())
    return int(history.epochs[count - 1]) if count else None


class ReachLab:
    """How far the gradient reaches back, each analysis cached until its input changes."""

    marks = (Mark.option("reach.band", "band", BandSource),)

    def __init__(self) -> None:
        self.band = BandSource.TRAIN
        self._memo = Memo()
        #: The shares at every token.
        self.past = Record(answer_flow)
        #: The largest eigenvalues (k,) of the recurrent weights.
        self.eigenvalues = Record(
            lambda query: eigenvalues(recurrent(query.state.parameters, query.layer))[:TRAIL]
        )

    def lag(self, query: GradientQuery) -> LagProfile:
        """The gradient by lag, over what has been read of the query's examples: the ``band``.

        Of many that is a random sample first; ``read_on`` reads the others.
        """
        chunks, parameters = self._lags(query), query.state.parameters
        return self._memo.ask(
            "lag", (chunks, len(chunks.results)),
            lambda: profile_of(parameters, joined(chunks.results), query.objective, query.layer),
        )  # fmt: skip

    def read_on(self, query: GradientQuery) -> Iterator[None]:
        """Read the rest of the band; yields before each chunk."""
        return self._lags(query).develop()

    def _lags(self, query: GradientQuery) -> ChunkedRead[LagNorms]:
        parameters, examples, objective = query.state.parameters, query.examples, query.objective
        carried = BackwardRule(query.config.gradient, query.config.truncate, query.layer)

        def read(chunk: Array) -> LagNorms:
            some = [examples[k] for k in chunk.tolist()]
            return lag_norms(parameters, some, objective, carried)

        key = query.state, objective, carried, self.band
        return self._memo.ask(
            "lags", key, lambda: ChunkedRead(chunk_indexes(examples, parameters.theta.size), read)
        )

    def reach(self, query: GradientQuery, second: bool = False) -> Flow:
        """The shares of the gradient of the phrase's last answer at every token.

        Those of a ``second`` state are cached separately.
        """
        return self._memo.ask(("reach", second), flow_key(query), lambda: answer_flow(query))

    def jacobians(self, query: GradientQuery, second: bool = False) -> Jacobians:
        """The Jacobians along the phrase; those of a ``second`` state are cached separately."""
        state, trace = query.state, query.trace
        key = state, phrase_key(trace)
        return self._memo.ask(
            ("jacobians", second), key, lambda: jacobians_along(state.parameters, trace)
        )

    def products(self, query: GradientQuery, second: bool = False) -> tuple[Products, Array]:
        """Products and exponents of the Jacobians; those of a ``second`` state apart."""
        along = self.jacobians(query, second)
        return self._memo.ask(
            ("products", second), (query.state, phrase_key(query.trace)),
            lambda: (products(along), lyapunov_exponents(along)),
        )  # fmt: skip

    def connectivity(self, query: GradientQuery) -> tuple[Array, Array]:
        """How much each output of the phrase depends on each of its states: ``connectivity``."""
        state, trace, layer = query.state, query.trace, query.layer
        key = state, layer, phrase_key(trace)
        return self._memo.ask(
            "connectivity", key, lambda: connectivity(state.parameters, trace, layer)
        )
