"""Score and loss of a network by the length of its sequences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby

import numpy as np

from rnnviz.engine.evaluation import Evaluator
from rnnviz.engine.layer_buffers import Array
from rnnviz.engine.parameters import Architecture, Parameters
from rnnviz.probe.results import wilson
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
