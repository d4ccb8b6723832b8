"""Decoding: a network that goes on by itself and reads its own answers."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from rnnviz.engine.batch import collate
from rnnviz.engine.layer_buffers import Array
from rnnviz.engine.parameters import Parameters
from rnnviz.engine.step_decoder import StepDecoder
from rnnviz.engine.training import record
from rnnviz.tasks.dataset import Dataset
from rnnviz.tasks.example import Example
from rnnviz.tasks.vocabulary import END, START

#: From probabilities (C,) to the class that is answered.
Choice = Callable[[Array], int]


def likeliest(probs: Array) -> int:
    """The class with the largest probability."""
    return int(probs.argmax())


def drawn(temperature: float, rng: np.random.Generator) -> Choice:
    """A class by chance, with probabilities ~ p^(1 / temperature); near 0 it is the likeliest."""

    def draw(probs: Array) -> int:
        with np.errstate(divide="ignore"):
            logits = np.log(probs.astype(float)) / temperature
        weights = np.exp(logits - logits.max())
        return int(rng.choice(len(weights), p=weights / weights.sum()))

    return draw


def go_on(
    reader: StepDecoder, token: int, dataset: Dataset, choose: Choice, most: int
) -> list[int]:
    """Read a token, answer, read the answer, and so on: the classes, up to the end sign or most."""
    found: list[int] = []
    for _ in range(most):
        found.append(choose(reader.read(token)))
        name = dataset.classes[found[-1]]
        if name == END:
            break
        token = dataset.vocabulary.number(name)
    return found


def translate(parameters: Parameters, dataset: Dataset, source: Array, most: int) -> list[int]:
    """What the decoder says, always the likeliest, after the encoder has read ``source`` (S,)."""
    start = dataset.vocabulary.number(START)
    asked = Example("", np.array([start]), np.array([0]), source)
    heard = record(parameters, collate([asked]))
    return go_on(StepDecoder(parameters, heard), start, dataset, likeliest, most)


def prompted(
    parameters: Parameters, dataset: Dataset, prompt: Array, choose: Choice, most: int
) -> list[int]:
    """What follows on a prompt (T,), T at least 1."""
    reader = StepDecoder(parameters)
    for token in prompt[:-1]:
        reader.read(int(token))
    return go_on(reader, int(prompt[-1]), dataset, choose, most)


def run_free(parameters: Parameters, values: Array, most: int) -> Array:
    """Values (T, C) are read, then ``most`` more are answered, each read again: (most, C)."""
    reader, found = StepDecoder(parameters), np.zeros((most, values.shape[1]))
    for value in values[:-1]:
        reader.read(value)
    value = values[-1]
    for k in range(most):
        value = found[k] = reader.read(value)
    return found
