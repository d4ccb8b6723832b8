"""Waves: predict the next value of a sine or a square wave."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from rnnviz.config import Loss, OutputAt
from rnnviz.tasks.dataset import Dataset
from rnnviz.tasks.example import Example
from rnnviz.tasks.extrapolation import Extrapolation, around
from rnnviz.tasks.metrics import WITHIN
from rnnviz.tasks.number_text import read_values, write_values
from rnnviz.tasks.rng import chance, distinct
from rnnviz.tasks.vocabulary import Array, Vocabulary

CHANNELS = ("value",)
LENGTH = 40
#: The lengths of new waves.
LENGTHS = around(LENGTH)
#: Number of waves of each shape.
TRAIN, TEST = 26, 10
#: The shortest and the longest period, in time steps.
SHORTEST, LONGEST = 6, 12


@lru_cache(maxsize=16)
def waves(seed: int) -> Dataset:
    """Sine and square waves (T, 1) from -1 to 1; the target of each value is the next one.

    The half period of a square wave is unknown until its second jump.
    """
    rng = chance("waves", seed)
    sines = [_example(text) for text in distinct(lambda: _sine(rng, LENGTH), TRAIN + TEST)]
    squares = [_example(text) for text in distinct(lambda: _square(rng, LENGTH), TRAIN + TEST)]
    return Dataset(
        "waves",
        Vocabulary(CHANNELS),
        CHANNELS,
        (*sines[:TRAIN], *squares[:TRAIN]),
        (*sines[TRAIN:], *squares[TRAIN:]),
        reads=OutputAt.EVERY,
        loss=Loss.SQUARED_ERROR,
        metric=WITHIN,
        rule=next_values,
        extrapolation=Extrapolation("steps", LENGTH, LENGTHS, _draw),
    )


def _draw(rng: np.random.Generator, length: int) -> Example:
    shape = _sine if rng.integers(2) else _square
    return _example(shape(rng, length))


def next_values(inputs: Array) -> Array:
    """The value after each of the inputs (T, 1); NaN after the last one."""
    return np.append(inputs[1:], [[np.nan]], axis=0)


def _sine(rng: np.random.Generator, length: int) -> str:
    period, phase = rng.uniform(SHORTEST, LONGEST), rng.uniform()
    return _write(np.sin(2 * np.pi * (np.arange(length + 1) / period + phase)))


def _square(rng: np.random.Generator, length: int) -> str:
    # Half a period is a whole number of steps, so that all are of equal length.
    half = rng.integers(SHORTEST // 2, LONGEST // 2, endpoint=True)
    steps = np.arange(length + 1) + rng.integers(2 * half)
    return _write(1.0 - 2 * (steps // half % 2))


def _write(wave: Array) -> str:
    return write_values(wave.round(2)[:, None] + 0.0)  # -0 becomes 0


def _example(text: str) -> Example:
    wave = read_values(text, CHANNELS, LENGTHS[-1] + 1)
    return Example(write_values(wave[:-1]), wave[:-1], wave[1:])
