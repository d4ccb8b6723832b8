"""Waves: predict the next value of a sine or a square wave."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from rnnviz.config import Loss, OutputAt, TaskName
from rnnviz.tasks.data.vocabulary import Array, Vocabulary, read_values, write_values
from rnnviz.tasks.dataset import WITHIN, Dataset, Example, Extrapolation, Reference, around
from rnnviz.tasks.task import Preset, Task, adam, chance, distinct

CHANNELS = ("value",)
LENGTH = 40
#: The lengths of new waves.
LENGTHS = around(LENGTH)
#: Number of waves of each shape.
TRAIN, TEST = 26, 10
#: The shortest and the longest period, in time steps.
SHORTEST, LONGEST = 6, 12
#: The mean of c = 2 cos(2 pi / period), and its weight against what was read: the variance of the
#: rounding error over that of c.
_CURVATURE, _PRIOR = 1.48, 0.001


@lru_cache(maxsize=16)
def waves(seed: int) -> Dataset:
    """Sine and square waves (T, 1) from -1 to 1; the target of each value is the next one.

    The half period of a square wave is unknown until its second jump.
    """
    rng = chance("waves", seed)
    sines = distinct(lambda: _sine(rng, LENGTH), TRAIN + TEST)
    squares = distinct(lambda: _square(rng, LENGTH), TRAIN + TEST)

    def draw(rng: np.random.Generator, length: int) -> Example:
        return (_sine if rng.integers(2) else _square)(rng, length)

    known = "a predictor that knows the formulas of both shapes"
    return Dataset(
        "waves", Vocabulary(CHANNELS), CHANNELS,
        (*sines[:TRAIN], *squares[:TRAIN]), (*sines[TRAIN:], *squares[TRAIN:]),
        reads=OutputAt.EVERY, loss=Loss.SQUARED_ERROR, metric=WITHIN, rule=next_values,
        reference=Reference("known shapes", known, shaped_values),
        extrapolation=Extrapolation("steps", LENGTH, LENGTHS, draw),
    )  # fmt: skip


def next_values(inputs: Array) -> Array:
    """The value after each of the inputs (T, 1); NaN after the last one."""
    return np.append(inputs[1:], [[np.nan]], axis=0)


def shaped_values(inputs: Array) -> Array:
    """The value after each of the inputs (T, 1), by a predictor that knows both shapes' formulas.

    A wave that began like a square wave is continued as the mean of all square waves that fit,
    weighted by their probabilities; any other as a sine. No prediction depends on later inputs.
    """
    values = inputs[:, 0]
    halves = range(SHORTEST // 2, LONGEST // 2 + 1)
    pairs = [(half, offset) for half in halves for offset in range(2 * half)]
    squares = np.array([_square_wave(len(values) + 1, *pair) for pair in pairs])  # (K, T + 1)
    weights = np.array([1 / (2 * half * len(halves)) for half, _ in pairs])
    fits = np.logical_and.accumulate(squares[:, :-1] == values, axis=1)
    weights = fits * weights[:, None]
    total = weights.sum(axis=0)
    with np.errstate(invalid="ignore"):
        square = np.einsum("kt,kt->t", weights, squares[:, 1:]) / total
    return np.where(total > 0, square, _next_of_sine(values))[:, None]


def _next_of_sine(values: Array) -> Array:
    """The values after each of a sine's (T,): x_{t+1} = c x_t - x_{t-1}, c = 2 cos(2 pi / period).

    The least-squares fit of c to what was read so far; after the first value, x_1 = c x_0 / 2.
    """
    before = np.append(0.0, values[:-1])
    middle, around = values[1:-1], values[2:] + values[:-2]
    fit, size = (np.append([0.0, 0.0], np.cumsum(v)) for v in (around * middle, middle**2))
    c = (fit[: len(values)] + _PRIOR * _CURVATURE) / (size[: len(values)] + _PRIOR)
    c[0] /= 2
    following: Array = c * values - before
    return following


def _sine(rng: np.random.Generator, length: int) -> Example:
    period, phase = rng.uniform(SHORTEST, LONGEST), rng.uniform()
    return _example(np.sin(2 * np.pi * (np.arange(length + 1) / period + phase)))


def _square(rng: np.random.Generator, length: int) -> Example:
    # Half a period is a whole number of steps, so that all are of equal length.
    half = rng.integers(SHORTEST // 2, LONGEST // 2, endpoint=True)
    return _example(_square_wave(length + 1, int(half), int(rng.integers(2 * half))))


def _square_wave(length: int, half: int, offset: int) -> Array:
    wave: Array = 1.0 - 2 * ((np.arange(length) + offset) // half % 2)
    return wave


def _example(wave: Array) -> Example:
    text = write_values(wave.round(2)[:, None] + 0.0)  # -0 becomes 0
    values = read_values(text, CHANNELS, LENGTHS[-1] + 1)
    return Example(write_values(values[:-1]), values[:-1], values[1:])


TASK = Task(
    TaskName.WAVES, "Waves",
    "To continue a wave, the state must turn with it and hold its period and its phase.",
    lambda lag, seed: waves(seed),
    probe="0 0.5 0.87 1 0.87 0.5 0 -0.5 -0.87 -1 -0.87 -0.5 0 0.5 0.87 1 0.87 0.5 0 -0.5",
    presets=(
        Preset(
            "GRU", "Continues a wave",
            "At first the network soon goes flat on its own outputs. Later it continues the wave.",
            adam(TaskName.WAVES, "gru", hidden=32, lr=0.01, epochs=200),
        ),
        Preset(
            "LSTM, 2 layers", "Closer to the reference",
            "With 38 of 40 seeds more outputs are within 0.1 than with the GRU. With 37 the "
            "training loss ends below the line of known shapes, so some waves are memorized: the "
            "test loss rises in the end.",
            adam(TaskName.WAVES, "lstm", hidden=32, layers=2, lr=0.005, batch=4, epochs=200),
        ),
    ),
)  # fmt: skip
