"""Probe: one phrase through a network, and all that the pictures show of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rnnviz.analysis.activity import RunningMargin, running_margin
from rnnviz.config import RunConfig
from rnnviz.engine.batch import collate
from rnnviz.engine.parameters import Parameters
from rnnviz.engine.trace import Trace
from rnnviz.engine.training import record
from rnnviz.tasks.dataset import Dataset
from rnnviz.tasks.example import Example
from rnnviz.tasks.table import MAX_WORDS, TaskError
from rnnviz.tasks.vocabulary import Reading, split_words

#: The longest probe, which also keeps the link short.
MAX_CHARACTERS = 2_000


@dataclass(frozen=True, eq=False)
class Probe:
    """One phrase through the present network: its trace and what the pictures show of it."""

    reading: Reading
    example: Example
    trace: Trace
    verdict: str
    probability: float
    label: str | None
    margin: RunningMargin

    @property
    def words(self) -> tuple[str, ...]:
        """The words that the network read, one for each token."""
        return self.reading.words

    @property
    def side(self) -> int | None:
        """Of two classes the verdict's number, 0 or 1; None where there are more."""
        return None if self.trace.architecture.outputs > 2 else int(self.trace.probs[0].argmax())

    @property
    def basis(self) -> str:
        """Against which answer the loss of this phrase is measured."""
        if self.label is None:
            return (
                f"The data don't label this phrase: its own verdict, {self.verdict}, is the target."
            )
        return f"Target: {self.label}, its label in the data."


def read(dataset: Dataset, text: str) -> Reading:
    """The words of ``text`` that the network knows; raise TaskError with a sentence if none."""
    count = len(split_words(text))
    if count > MAX_WORDS:
        raise TaskError(
            f"The phrase has {count:,} words; the most that can be read is {MAX_WORDS}."
        )
    if len(text) > MAX_CHARACTERS:
        raise TaskError(
            f"The phrase has {len(text):,} characters; the most that can be read is "
            f"{MAX_CHARACTERS:,}."
        )
    reading = dataset.vocabulary.read(text)
    if not text.strip():
        raise TaskError("The phrase is empty. Type some words, for example: this is not bad")
    if not len(reading.tokens):
        raise TaskError("None of these words is in the vocabulary, so there is nothing to read.")
    return reading


def inspect(dataset: Dataset, parameters: Parameters, text: str, config: RunConfig) -> Probe:
    """Read ``text`` with these parameters, forwards and back; raise TaskError if it can't be read.

    The loss is taken against the phrase's label, or, where it has none, against the verdict.
    """
    reading = read(dataset, text)
    wanted = dataset.target_of(reading)
    first = _record(parameters, reading, 0 if wanted is None else wanted, config)
    probs = first.probs[0]
    verdict = int(probs.argmax())
    trace = first if wanted is not None else _record(parameters, reading, verdict, config)
    shown = len(dataset.classes) - 1 if len(dataset.classes) == 2 else verdict
    return Probe(
        reading,
        Example(text, reading.tokens, trace.targets),
        trace,
        verdict=dataset.classes[verdict],
        probability=float(probs[verdict]),
        label=None if wanted is None else dataset.classes[wanted],
        margin=running_margin(parameters, trace, shown),
    )


def _record(parameters: Parameters, reading: Reading, target: int, config: RunConfig) -> Trace:
    example = Example(reading.text, reading.tokens, np.array([target]))
    return record(parameters, collate([example]), config.gradient, config.truncate)
