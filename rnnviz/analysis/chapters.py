"""Chapters: the parts of a run's story, told by its loss and metric."""

from __future__ import annotations

from enum import IntEnum

import numpy as np

from rnnviz.engine.layer_buffers import Array

#: The loss falls below this share of that of guessing, and is learned below the second.
FALLING, LEARNED = 0.75, 0.25
#: The share of the training set that is right when it is learned.
RIGHT = 0.95
#: A chapter is that of most of so many epochs, so that none flickers.
WINDOW = 5


class Chapter(IntEnum):
    """What training has reached."""

    UNTRAINED = 0
    PLATEAU = 1
    FALLING = 2
    LEARNED = 3

    @property
    def label(self) -> str:
        """Its name on the page."""
        return self.name.capitalize()


def chapters(losses: Array, metrics: Array, guess: float) -> Array:
    """The chapter of each epoch, (N,), from the training losses and metrics (N,) from epoch 0.

    ``guess`` is the loss of guessing. The chapter of an epoch is the median of the last
    ``WINDOW`` epochs.
    """
    raw = np.where(losses < FALLING * guess, Chapter.FALLING, Chapter.PLATEAU)
    raw[(losses < LEARNED * guess) & (metrics >= RIGHT)] = Chapter.LEARNED
    padded = np.concatenate([np.full(WINDOW - 1, Chapter.PLATEAU), raw])
    windows = np.lib.stride_tricks.sliding_window_view(padded, WINDOW)
    told: Array = np.median(windows, axis=1).astype(int)
    told[0] = Chapter.UNTRAINED
    return told
