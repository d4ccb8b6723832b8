"""Generation: what the network says when it reads its own answers."""

from __future__ import annotations

import numpy as np

from rnnviz.analysis.decoding import drawn, prompted, run_free
from rnnviz.engine.layer_buffers import Array
from rnnviz.lab.probe import Probe, spoken
from rnnviz.tasks.dataset import Dataset
from rnnviz.tasks.next_token import next_tokens
from rnnviz.tasks.waves import next_values

#: The stream of ``np.random.default_rng((seed, stream, epoch))`` that samples are drawn from.
SAMPLING = 4
#: How many tokens of a text are written, and how many values are predicted.
TOKENS, VALUES = 120, 40


def writes(dataset: Dataset) -> bool:
    """Whether the network learns the next token of a text, and so can write."""
    return dataset.rule is next_tokens


def runs_free(dataset: Dataset) -> bool:
    """Whether the network learns the next values, and so can go on by itself."""
    return dataset.rule is next_values


def written(probe: Probe, temperature: float, seed: int, epoch: int) -> str:
    """The text that the network writes after the probe; the same for the same seed and epoch."""
    data = probe.dataset
    choose = drawn(temperature, np.random.default_rng((seed, SAMPLING, epoch)))
    found = prompted(probe.parameters, data, probe.example.inputs, choose, TOKENS)
    return (" " if not data.vocabulary.characters else "") + spoken(data, found)


def free_values(probe: Probe) -> Array:
    """The values that the network predicts after the probe's, each from the last, (n, C)."""
    return run_free(probe.parameters, probe.example.inputs, VALUES)
