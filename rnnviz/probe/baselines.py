"""Baselines: the best answers to the training sequences from a part of the input."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from rnnviz.config import OutputAt
from rnnviz.engine.layer_buffers import Array
from rnnviz.tasks.dataset import Dataset

#: The most baselines of a data set.
_MOST = 3
#: A baseline this close to the loss of guessing, or to 0, is left out: a share of that loss.
_NEAR = 0.05


@dataclass(frozen=True)
class Baseline:
    """A simple model: its short ``name``, a ``text`` that describes it, its mean loss.

    ``right`` is the accuracy of its likeliest classes, or, for values, the task's metric.
    """

    name: str
    text: str
    loss: float
    right: float


def baselines(dataset: Dataset) -> tuple[Baseline, ...]:
    """At most three baselines on the training sequences, each clearly below guessing, best last.

    One close to zero is left out: its input identifies every sequence. There are none for networks
    that read values and answer classes, or read tokens and answer values.
    """
    if dataset.tokens != dataset.answers_classes:
        return ()
    made = _of_classes(dataset) if dataset.answers_classes else _of_values(dataset)
    low, high = _NEAR * dataset.guess.loss, (1 - _NEAR) * dataset.guess.loss
    between = [baseline for baseline in made if low < baseline.loss < high]
    return tuple(sorted(between[:_MOST], key=lambda baseline: -baseline.loss))


def conditional_entropy(contexts: Array, classes: Array) -> tuple[float, float]:
    """H(class | context) in nats, and the share of the likeliest classes; both arrays are (M,).

    The contexts are numbers from 0 on. No function of the context alone has a smaller mean
    cross-entropy on these classes (Cover and Thomas 2006, chapter 2).
    """
    width = classes.max() + 1
    pairs, counts = np.unique(contexts * width + classes, return_counts=True)
    starts = np.flatnonzero(np.diff(pairs // width, prepend=-1))
    totals = np.add.reduceat(counts, starts)
    within = np.repeat(totals, np.diff(starts, append=len(pairs)))
    entropy = counts @ np.log(within / counts) / len(classes)
    return float(entropy), float(np.maximum.reduceat(counts, starts).sum() / len(classes))


def _of_classes(dataset: Dataset) -> Iterator[Baseline]:
    train, every = dataset.train, dataset.reads is OutputAt.EVERY
    noun = "token" if dataset.vocabulary.characters else "word"
    classes = np.concatenate([example.targets for example in train])
    # The token of every output and the one before it, (M,), from 1 on; 0 before the first one.
    ends = slice(None) if every else slice(-1, None)
    last = np.concatenate([(e.inputs + 1)[ends] for e in train])
    before = np.concatenate([np.append(0, e.inputs[:-1] + 1)[ends] for e in train])
    pairs = before * (last.max() + 1) + last
    contexts = [
        ("frequencies", "the best from the frequencies of the answers alone", np.zeros_like(last)),
        (f"last {noun}", f"the best from the last {noun} alone", last),
        (f"last 2 {noun}s", f"the best from the last two {noun}s alone", pairs),
    ]
    if not every:
        bags = dict[tuple[int, ...], int]()
        numbers = [bags.setdefault(tuple(np.sort(e.inputs)), len(bags)) for e in train]
        text = f"the best from the {noun}s without their order"
        contexts.append((f"bag of {noun}s", text, np.array(numbers)))
    for name, text, read in contexts:
        yield Baseline(name, text, *conditional_entropy(read, classes))


def _of_values(dataset: Dataset) -> Iterator[Baseline]:
    train, every = dataset.train, dataset.reads is OutputAt.EVERY
    targets = np.concatenate([example.targets for example in train])
    rows = np.concatenate([_last_two(example.inputs, every) for example in train])
    channels = train[0].inputs.shape[1]
    for name, text, width in (
        ("last input", "the best linear function of the last input", channels + 1),
        ("last 2 inputs", "the best linear function of the last two inputs", 2 * channels + 1),
    ):
        known = rows[:, :width]
        outputs = known @ np.linalg.lstsq(known, targets)[0]
        yield Baseline(name, text, *_scores(dataset, outputs, targets))
    if dataset.reference:
        outputs = np.concatenate([dataset.reference.predict(e.inputs) for e in train])
        scores = _scores(dataset, outputs, targets)
        yield Baseline(dataset.reference.name, dataset.reference.text, *scores)


def _last_two(inputs: Array, every: bool) -> Array:
    """A row for every output: 1, the last input, and the one before it or zeros, (N, 1 + 2D)."""
    before = np.concatenate([np.zeros_like(inputs[:1]), inputs[:-1]])
    rows = np.column_stack([np.ones(len(inputs)), inputs, before])
    return rows if every else rows[-1:]


def _scores(dataset: Dataset, outputs: Array, targets: Array) -> tuple[float, float]:
    error = float(np.mean((outputs - targets) ** 2))
    owners = np.repeat(np.arange(len(dataset.train)), [len(e.targets) for e in dataset.train])
    return error, dataset.metric.score(outputs, targets, owners)
