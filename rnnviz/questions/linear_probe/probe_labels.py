"""Probe labels: what a linear probe is asked for, at every token of many sequences."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from enum import StrEnum
from typing import NamedTuple

import numpy as np

from rnnviz.config import OutputAt
from rnnviz.engine.layer_buffers import Array
from rnnviz.probe.activations import Activations
from rnnviz.tasks.dataset import GAP, Dataset
from rnnviz.tasks.example import Example


class Asked(StrEnum):
    """A kind of question to the state after a token."""

    WORD = "word so far"
    FIRST = "first"
    BEFORE = "before"
    TARGET = "target"


class Question(NamedTuple):
    """What is asked: whether ``word`` was read, or the target, of values in one ``channel``.

    The places are counted from the first token on, or back ``from_end``.
    """

    asked: Asked
    word: str = ""
    channel: int = 0
    from_end: bool = False


def askable(data: Dataset) -> tuple[Asked, ...]:
    """The questions that data allow: there are no words among values, nor targets in an encoder."""
    if not data.tokens:
        return (Asked.TARGET,)
    return tuple(asked for asked in Asked if asked is not Asked.TARGET or data.source is None)


def encoded(activations: Activations, data: Dataset) -> Activations:
    """The activations of an encoder alone, if there is one."""
    if data.source is None:
        return activations
    lengths = np.array([len(e.source) if e.source is not None else 0 for e in data.train])
    mask = activations.steps < lengths[activations.owners]
    return replace(
        activations,
        words=tuple(np.array(activations.words, object)[mask].tolist()),
        states=activations.states[mask],
        owners=activations.owners[mask],
        steps=activations.steps[mask],
    )


def places(activations: Activations, from_end: bool) -> Array:
    """The number of tokens read, from 1 on, or of those still to come, from 0 on, (N,)."""
    lengths = np.diff(activations.starts)
    steps = activations.steps
    return np.repeat(lengths, lengths) - 1 - steps if from_end else steps + 1


def labels(question: Question, activations: Activations, data: Dataset) -> Array:
    """The label of every token, (N,): classes (GAP is unknown), or values (NaN is unknown)."""
    if question.asked is Asked.TARGET:
        parts = [
            _targets(data, data.train[owner])[:, question.channel] for owner in activations.examples
        ]
    else:
        numbers = activations.numbers
        if question.asked is Asked.WORD:
            numbers = np.array([word == question.word for word in activations.words], int)
        parts = [
            _LABELS[question.asked](numbers[activations.part(k)]) for k in range(activations.count)
        ]
    return np.concatenate(parts)


#: From the numbers (T,) of a sequence's words to its labels, (T,).
_LABELS: dict[Asked, Callable[[Array], Array]] = {
    Asked.WORD: np.maximum.accumulate,
    Asked.FIRST: lambda numbers: np.full_like(numbers, numbers[0]),
    Asked.BEFORE: lambda numbers: np.append(GAP, numbers[:-1]),
}


def _targets(data: Dataset, example: Example) -> Array:
    """The target after every token, (T, C); by the task's rule that if the sequence ended there.

    Without a rule a single target is that of all tokens.
    """
    count = len(example.inputs)
    targets = example.targets
    if data.reads is OutputAt.LAST:
        targets = (
            np.concatenate([*_at_ends(data, example)])
            if data.rule
            else targets.repeat(count, axis=0)
        )
    return targets.reshape(count, -1)


def _at_ends(data: Dataset, example: Example) -> Iterator[Array]:
    assert data.rule is not None
    for end in range(1, len(example.inputs) + 1):
        yield data.rule(example.inputs[:end])
