"""LengthLab and ReachLab: scores by length, and the gradient by lag."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import partial
from itertools import groupby

import numpy as np

from rnnviz.engine.evaluation import Evaluator
from rnnviz.engine.layer_buffers import Array
from rnnviz.engine.parameters import Architecture, Parameters
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
from rnnviz.probe.marks import Mark
from rnnviz.probe.memory_gauge import (
    BackwardRule,
    LagNorms,
    LagProfile,
    eigenvalues,
    joined,
    lag_norms,
    last_answer_shares,
    profile_of,
    recurrent,
)
from rnnviz.probe.probe import phrase_key
from rnnviz.probe.results import wilson
from rnnviz.probe.work import ChunkedRead, chunk_indexes
from rnnviz.tasks.dataset import EXACT, Dataset, Example, guess_classes

#: New sequences of each length at least, and at most.
FEWEST, MOST = 20, 200
#: Limit of weights * tokens; beyond it fewer sequences are drawn.
_WORK = 10_000_000_000


@dataclass(frozen=True, eq=False)
class Lengths:
    """Sequences by length: ``groups`` of new ones if ``new``, else of the data set's.

    ``trained`` is the largest length in training.
    """

    groups: dict[int, tuple[Example, ...]]
    trained: int
    new: bool


@dataclass(frozen=True, eq=False)
class LengthProfile:
    """Score, 0..1, and loss of sequences by length; all (N,), ``intervals`` (N, 2).

    Every sequence counts once: by its last output, or if a sequence is scored as a whole, by all.
    So the scores are fractions of independent trials, with 95% Wilson intervals. ``guess`` is the
    score of guessing, None if it is negligible.
    """

    lengths: Array
    counts: Array
    scores: Array
    losses: Array
    intervals: Array
    guess: float | None
    trained: int
    new: bool

    @property
    def failing(self) -> int | None:
        """The first length beyond the trained one whose interval includes guessing, or None.

        If the trained length itself is no better than guessing, the first such length before it.
        """
        if self.guess is None:
            return None
        better = self.intervals[:, 0] > self.guess
        # Up to the trained length, lengths before the last one that is better don't count.
        until = np.searchsorted(self.lengths, self.trained, side="right")
        first = int(np.flatnonzero(np.append(True, better[:until]))[-1])
        worse = self.lengths[first:][~better[first:]]
        return int(worse[0]) if len(worse) else None


def by_length(dataset: Dataset, architecture: Architecture, lengths: Sequence[int] = ()) -> Lengths:
    """New sequences of the task; without a generator, those of the test or training set.

    With an encoder the length is that of the source. New ones have ``lengths``, by default the
    task's.
    """
    trained = max(map(_length, dataset.train))
    if (task := dataset.extrapolation) is None:
        some = sorted(dataset.test or dataset.train, key=_length)
        return Lengths({t: tuple(group) for t, group in groupby(some, _length)}, trained, new=False)
    lengths = lengths or task.lengths
    work = Parameters(architecture).theta.size * sum(lengths)
    count = max(FEWEST, min(MOST, _WORK // work))
    learned = {example.inputs.tobytes() for example in dataset.train}
    drawn = {length: task.new(length, count, learned) for length in lengths}
    return Lengths({t: some for t, some in drawn.items() if some}, task.trained, new=True)


def _length(example: Example) -> int:
    return len(example.inputs if example.source is None else example.source)


def length_profile(parameters: Parameters, dataset: Dataset, lengths: Lengths) -> LengthProfile:
    """Score and loss of each length, by the metric of the task."""
    own, measure = parameters.copy(), dataset.metric
    # Only the last output counts: those of one sequence depend on each other.
    last = slice(None) if dataset.metric is EXACT else slice(-1, None)
    groups = [
        [replace(example, targets=example.targets[last]) for example in group]
        for group in lengths.groups.values()
    ]
    scores = [Evaluator(group, own).score(parameters, measure) for group in groups]
    counts = np.array([len(group) for group in groups])
    shares = np.array([score.metric for score in scores])
    losses = np.array([score.loss for score in scores])
    guess = _guess([example for group in groups for example in group], dataset)
    return LengthProfile(
        np.array([*lengths.groups]), counts, shares, losses, wilson(shares, counts), guess,
        lengths.trained, lengths.new,
    )  # fmt: skip


def _guess(examples: list[Example], dataset: Dataset) -> float | None:
    """The score of guessing the last answer; None where it is negligible.

    Of classes it is the share of the most frequent one, of values the score of their mean.
    """
    if dataset.metric is EXACT:
        return None
    if dataset.answers_classes:
        last = np.array([example.targets[-1] for example in dataset.train])
        return float(guess_classes(last, len(dataset.classes)).answer.max())
    targets = np.concatenate([example.targets for example in examples])
    means = np.broadcast_to(dataset.guess.answer, targets.shape)
    return dataset.metric.score(means, targets, np.arange(len(targets)))


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


def shares_of(query: GradientQuery) -> Flow:
    """What is left of the gradient of the phrase's last answer at every token, as shares."""
    config = query.config
    rule = BackwardRule(config.gradient, config.truncate, query.layer)
    shares = last_answer_shares(query.state.parameters, query.trace, query.objective, rule)
    return Flow(query.objective, shares)


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
        self.past = Record(shares_of)
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
        return self._memo.ask(("reach", second), flow_key(query), lambda: shares_of(query))

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
