"""Chapters: the parts of a run's story, told by its loss, its metric and the radius of W_hh."""

from __future__ import annotations

import math
from enum import IntEnum
from typing import NamedTuple

import numpy as np

from rnnviz.engine.layer_buffers import Array
from rnnviz.tasks.dataset import Dataset
from rnnviz.tasks.metrics import ACCURACY

#: The loss falls below this share of that of guessing, and is learned below the second.
FALLING, LEARNED = 0.75, 0.25
#: The share of the training set that is right when it is learned.
RIGHT = 0.95
#: Beyond this share of the loss of guessing a large radius is a run out of control, not a memory.
WORSE = 1.1
#: The spectral radius of W_hh with which memory grows, and with which it opens.
GROWS, OPENS = 0.1, 1.0
#: It must also be so many times that of epoch 0: some initial weights have a large one.
GROWN = 2.0
#: A chapter begins with the second epoch in a row that asks for it, and ends when most of the last
#: ``WINDOW`` epochs ask for an earlier one, so that none flickers.
WINDOW = 5


class Chapter(IntEnum):
    """What training has reached."""

    UNTRAINED = 0
    PLATEAU = 1
    MEMORY_GROWS = 2
    MEMORY_OPENS = 3
    FALLING = 4
    MEMORIZED = 5
    LEARNED = 6

    @property
    def label(self) -> str:
        """Its name on the page."""
        return self.name.capitalize().replace("_", " ")


class Scores(NamedTuple):
    """The scores at all epochs from 0 on, (E,): loss and metric in training, metric of the test.

    ``guess`` is the loss of guessing, ``chance`` the most of the test metric that is chance.
    """

    losses: Array
    metrics: Array
    tests: Array
    guess: float
    chance: float = math.nan


def chance_of(data: Dataset) -> float:
    """The most of the test accuracy that is chance; NaN if the task has no such accuracy.

    Always to say the commonest class is right this often, give or take one standard error.
    """
    if data.metric is not ACCURACY or not data.answers_classes or not data.test:
        return math.nan
    targets = np.concatenate([example.targets for example in data.test])
    share = float(np.bincount(targets[targets >= 0]).max(initial=0)) / max(1, len(targets))
    return share + math.sqrt(share * (1 - share) / max(1, len(targets)))


def chapters(scores: Scores, radii: Array, epochs: Array) -> Array:
    """The chapter at each of ``epochs`` (N,).

    ``radii`` are the spectral radius of W_hh, NaN where it was not measured. By the scores the
    chapter of an epoch is the median of the last ``WINDOW`` epochs, or what the last two reach.
    While the loss is near that of guessing, the radius decides.
    """
    losses, guess = scores.losses, scores.guess
    raw = np.where(losses < WORSE * guess, Chapter.MEMORY_GROWS, Chapter.PLATEAU)
    raw[losses < FALLING * guess] = Chapter.FALLING
    known = (losses < LEARNED * guess) & (scores.metrics >= RIGHT)
    raw[known] = Chapter.LEARNED
    raw[known & (scores.tests <= scores.chance)] = Chapter.MEMORIZED
    rows = _windows(raw, Chapter.PLATEAU)[epochs]
    by_scores = np.maximum(np.median(rows, axis=1), rows[:, -2:].min(axis=1)).astype(int)
    told: Array = np.where(by_scores == Chapter.MEMORY_GROWS, _of_memory(radii, epochs), by_scores)
    told[epochs == 0] = Chapter.UNTRAINED
    return told


def _of_memory(radii: Array, epochs: Array) -> Array:
    """PLATEAU, MEMORY_GROWS or MEMORY_OPENS, by the median of the radii of the last epochs.

    Of two in the middle the smaller counts; if the last two radii are larger, the smaller of them.
    Without any, that of the last ones measured.
    """
    measured = np.flatnonzero(~np.isnan(radii))
    if 0 not in measured[:1]:
        return np.full(len(epochs), Chapter.PLATEAU)
    last = measured[np.searchsorted(measured, epochs, side="right") - 1]
    windows = _windows(radii, np.nan)[last]
    rows = np.sort(windows, axis=1)  # NaN comes last
    middle = (np.count_nonzero(~np.isnan(rows), axis=1) - 1) // 2
    usual = np.fmax(rows[np.arange(len(rows)), middle], windows[:, -2:].min(axis=1))
    grown = usual >= GROWN * radii[0]
    told: Array = Chapter.PLATEAU + grown * np.digitize(usual, (GROWS, OPENS))
    return told


def _windows(values: Array, before: float) -> Array:
    """The last ``WINDOW`` values at every epoch, (N, WINDOW), with ``before`` before epoch 0."""
    padded = np.concatenate([np.full(WINDOW - 1, before), values])
    return np.lib.stride_tricks.sliding_window_view(padded, WINDOW)
