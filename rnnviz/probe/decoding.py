"""Decoding: what a network answers and writes, and by how much its answer leads."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from rnnviz.engine.batch import collate
from rnnviz.engine.evaluation import StepDecoder
from rnnviz.engine.layer_buffers import Array
from rnnviz.engine.losses import margin
from rnnviz.engine.parameters import Parameters
from rnnviz.engine.trace import Trace
from rnnviz.engine.training import record
from rnnviz.probe.unrolled import Unrolled
from rnnviz.tasks.dataset import Dataset
from rnnviz.tasks.example import Example
from rnnviz.tasks.vocabulary import END, START

#: Chooses a class from probabilities (C,).
Choice = Callable[[Array], int]


def likeliest(probs: Array) -> int:
    """The class with the largest probability."""
    return int(probs.argmax())


def drawn(temperature: float, rng: np.random.Generator) -> Choice:
    """Sample a class with probability ~ p^(1 / temperature); near 0 it is the most likely one."""

    def draw(probs: Array) -> int:
        with np.errstate(divide="ignore"):
            logits = np.log(probs.astype(float)) / temperature
        weights = np.exp(logits - logits.max())
        return int(rng.choice(len(weights), p=weights / weights.sum()))

    return draw


def _decode(
    reader: StepDecoder, token: int, dataset: Dataset, choose: Choice, most: int
) -> list[int]:
    """Read a token, answer, read the answer, and so on, up to the end sign or ``most`` classes.

    A network whose output is not finite has no answer: it ends there.
    """
    answers: list[int] = []
    for _ in range(most):
        probs = reader.read(token)
        if not np.isfinite(probs).all():
            break
        answers.append(choose(probs))
        name = dataset.classes[answers[-1]]
        if name == END:
            break
        token = dataset.vocabulary.number(name)
    return answers


def translate(parameters: Parameters, dataset: Dataset, source: Array, most: int) -> list[int]:
    """The decoder's most likely answers after the encoder has read ``source`` (S,)."""
    start = dataset.vocabulary.number(START)
    example = Example("", np.array([start]), np.array([0]), source)
    trace = record(parameters, collate([example]))
    return _decode(StepDecoder(parameters, trace), start, dataset, likeliest, most)


def prompted(
    parameters: Parameters, dataset: Dataset, prompt: Array, choose: Choice, most: int
) -> list[int]:
    """The answers that follow a prompt (T,), T >= 1."""
    reader = StepDecoder(parameters)
    for token in prompt[:-1]:
        reader.read(int(token))
    return _decode(reader, int(prompt[-1]), dataset, choose, most)


def run_free(parameters: Parameters, values: Array, most: int) -> Array:
    """Read values (T, C), then ``most`` of the network's own answers: (most, C)."""
    reader, answers = StepDecoder(parameters), np.zeros((most, values.shape[1]))
    for value in values[:-1]:
        reader.read(value)
    value = values[-1]
    for k in range(most):
        value = answers[k] = reader.read(value)
    return answers


@dataclass(frozen=True, eq=False)
class RunningMargin:
    """The logit margin of ``target`` after every token, (T,)."""

    target: int
    values: Array


def running_logits(parameters: Parameters, trace: Trace) -> Array:
    """The logits after every token, as if the sequence ended there, (T, C)."""
    return Unrolled(trace).h @ parameters.W_hy.T + parameters.b_y


def running_margin(parameters: Parameters, trace: Trace, target: int) -> RunningMargin:
    """m_t = logit of ``target`` less the largest other, as if the sequence ended at t."""
    logits = running_logits(parameters, trace)
    return RunningMargin(target, margin(logits, np.full(len(logits), target)))
