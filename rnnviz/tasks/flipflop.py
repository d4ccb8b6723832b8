"""Flip-flop: three channels, each keeps its last pulse (after Sussillo and Barak 2013)."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from rnnviz.config import Loss, OutputAt, TaskName
from rnnviz.tasks.data.vocabulary import Array, Vocabulary, read_values, write_values
from rnnviz.tasks.dataset import SIGNS, Dataset, Example, Extrapolation, around
from rnnviz.tasks.task import Preset, Task, adam, chance, distinct

CHANNELS = ("bit 1", "bit 2", "bit 3")
LENGTH, TRAIN, TEST = 30, 120, 40
#: The lengths of new sequences.
LENGTHS = around(LENGTH)
#: Probability of a pulse at each time step after the first.
RATE = 0.2


@lru_cache(maxsize=16)
def flipflop(seed: int) -> Dataset:
    """Pulses (T, 3) of -1, 0 and 1; the targets (T, 3), -1 or 1, are each channel's last pulse."""
    rng = chance("flipflop", seed)
    examples = distinct(lambda: _draw(rng, LENGTH), TRAIN + TEST)
    return Dataset(
        "flipflop", Vocabulary(CHANNELS), CHANNELS, examples[:TRAIN], examples[TRAIN:],
        reads=OutputAt.EVERY, loss=Loss.SQUARED_ERROR, metric=SIGNS, rule=last_pulses,
        extrapolation=Extrapolation("steps", LENGTH, LENGTHS, _draw),
    )  # fmt: skip


def last_pulses(pulses: Array) -> Array:
    """The last pulse of each channel after each time step, (T, D); 0 before its first one."""
    times = np.arange(len(pulses))[:, None]
    latest = np.maximum.accumulate(np.where(pulses != 0, times, 0))
    return np.take_along_axis(pulses, latest, axis=0)


def _draw(rng: np.random.Generator, length: int) -> Example:
    size = length, len(CHANNELS)
    pulses = rng.choice([-1.0, 1.0], size) * (rng.uniform(size=size) < RATE)
    # Every channel begins with a pulse, so that its target is always defined.
    pulses[0] = rng.choice([-1.0, 1.0], len(CHANNELS))
    text = write_values(pulses + 0.0)  # -0 becomes 0
    pulses = read_values(text, CHANNELS, LENGTHS[-1])
    return Example(text, pulses, last_pulses(pulses))


TASK = Task(
    TaskName.FLIPFLOP, "3-bit flip-flop",
    "A memory can be a stable point of the state: three bits need eight points, the corners of "
    "a box.",
    lambda lag, seed: flipflop(seed),
    probe="1,-1,1 0,0,0 0,0,0 -1,0,0 0,0,0 0,1,0 0,0,0 0,0,-1 0,0,0 1,0,1 0,0,0 0,0,0",
    presets=(
        Preset(
            "Elman", "Eight stable points",
            "The line of each channel becomes a switch: it jumps at a pulse and stays until the "
            "next one. The page Dynamics shows eight stable points, one for each state of the "
            "three switches.",
            adam(TaskName.FLIPFLOP, "elman", hidden=32, lr=0.003, epochs=150),
        ),
        Preset(
            "GRU", "Three of 40 seeds remember, the others drift",
            "As good as Elman for the thirty steps of its sequences. The page Dynamics shows two "
            "stable points with seed 0: a third of the bits are lost after a hundred steps without "
            "a pulse. Of forty seeds three, 1 and 2 among them, have all eight and remember.",
            adam(TaskName.FLIPFLOP, "gru", hidden=32, lr=0.003, epochs=120),
        ),
    ),
)  # fmt: skip
