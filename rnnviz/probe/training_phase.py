"""Training phase: what the loss has done so far, by which the signs of health are judged."""

from __future__ import annotations

from enum import Enum, auto

import numpy as np

from rnnviz.engine.layer_buffers import Array

#: A loss below this share of that of guessing counts as learned.
LEARNED = 0.1
#: The loss falls if it lost this share within ``WINDOW`` epochs, or half the epochs so far.
FALL, WINDOW = 0.01, 10


class Phase(Enum):
    """What training has reached."""

    UNTRAINED = auto()
    PLATEAU = auto()
    FALLING = auto()
    LEARNED = auto()


def phase_of(losses: Array, guess: float) -> Phase:
    """The phase after the training losses of epoch 0 to the one shown, (N,), N >= 1.

    ``guess`` is the loss of guessing.
    """
    last = losses[-1]
    if len(losses) == 1:
        return Phase.UNTRAINED
    if last < LEARNED * guess:
        return Phase.LEARNED
    before = losses[-1 - max(1, min(WINDOW, (len(losses) - 1) // 2))]
    fell = np.isfinite(before) and last < (1 - FALL) * before
    return Phase.FALLING if fell else Phase.PLATEAU
