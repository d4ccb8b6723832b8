"""Generation: sequences that the network generates from its own outputs."""

from __future__ import annotations

import numpy as np

from rnnviz.engine.evaluation import StepDecoder
from rnnviz.engine.layer_buffers import Array
from rnnviz.engine.parameters import Parameters
from rnnviz.probe.continuation import Continuation, continuation
from rnnviz.probe.probe import Choice, Probe, prompted, spoken
from rnnviz.tasks.data.series import Series
from rnnviz.tasks.dataset import Dataset
from rnnviz.tasks.forecasts import expected_values
from rnnviz.tasks.text_datasets import next_tokens
from rnnviz.tasks.waves import next_values

#: Samples are drawn from ``np.random.default_rng((seed, SAMPLING, epoch))``.
SAMPLING = 4
#: Number of tokens, and of values, to generate.
TOKENS, VALUES = 120, 40
#: Maximum length of a continuation, in windows and in steps.
WINDOWS, MOST_STEPS = 3, 200


def writes(dataset: Dataset) -> bool:
    """Whether the network learns the next token, so that it can generate text."""
    return dataset.rule is next_tokens


def runs_free(dataset: Dataset) -> bool:
    """Whether the network learns the next values, so that it can run on its own outputs."""
    return dataset.rule is next_values


def written(probe: Probe, temperature: float, seed: int, epoch: int) -> str:
    """The text generated after the probe; deterministic given seed and epoch."""
    data = probe.dataset
    choose = drawn(temperature, np.random.default_rng((seed, SAMPLING, epoch)))
    classes = prompted(probe.parameters, data, probe.example.inputs, choose, TOKENS)
    return (" " if not data.vocabulary.characters else "") + spoken(data, classes)


def continued_series(probe: Probe) -> tuple[Series, Continuation]:
    """The last two windows of the training part of the series that is read, and its continuation.

    That is as long as the test part, but at least one window and at most three.
    """
    of = expected_values(probe.dataset)
    window = probe.dataset.window_at(probe.reading.text)
    name = window.piece.name if window else of.train[-1].name
    piece = max((k for k, one in enumerate(of.train) if one.name == name), default=-1)
    came = max((len(one) for one in of.test if one.name == of.train[piece].name), default=0)
    steps = min(max(came, of.window), WINDOWS * of.window, MOST_STEPS)
    past = of.train[piece].at(slice(-2 * of.window, None))
    return past, continuation(probe.dataset, probe.parameters, steps, piece)


def free_values(probe: Probe) -> Array:
    """The values predicted after the probe, each fed back as the next input, (VALUES, C)."""
    return run_free(probe.parameters, probe.example.inputs, VALUES)


def drawn(temperature: float, rng: np.random.Generator) -> Choice:
    """Sample a class with probability ~ p^(1 / temperature); near 0 it is the most likely one."""

    def draw(probs: Array) -> int:
        with np.errstate(divide="ignore"):
            logits = np.log(probs.astype(float)) / temperature
        weights = np.exp(logits - logits.max())
        return int(rng.choice(len(weights), p=weights / weights.sum()))

    return draw


def run_free(parameters: Parameters, values: Array, most: int) -> Array:
    """Read values (T, C), then ``most`` of the network's own answers: (most, C)."""
    reader, answers = StepDecoder(parameters), np.zeros((most, values.shape[1]))
    for value in values[:-1]:
        reader.read(value)
    value = values[-1]
    for k in range(most):
        value = answers[k] = reader.read(value)
    return answers
