"""The last answer to a sequence with each word of the vocabulary at one place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from rnnviz.analysis.passes import forward_pass
from rnnviz.engine.evaluation import batches
from rnnviz.engine.layer_buffers import Array
from rnnviz.engine.parameters import Parameters
from rnnviz.tasks.example import Example


def with_token(example: Example, place: int, token: int, added: bool = False) -> Example:
    """The example with another token at ``place``, or with one ``added`` after it.

    Its targets are not those of the new sequence.
    """
    inputs, targets = example.inputs.copy(), example.targets
    if not added:
        inputs[place] = token
        return replace(example, inputs=inputs)
    every = len(targets) == len(inputs)
    targets = np.insert(targets, place, targets[place], axis=0) if every else targets
    return replace(example, inputs=np.insert(inputs, place + 1, token), targets=targets)


def last_answers(parameters: Parameters, examples: Sequence[Example]) -> Array:
    """The answer after the last token of every example, (N, C)."""
    of = parameters.architecture
    answers = np.empty((len(examples), of.outputs))
    for batch in batches(examples, of.hidden * of.layers):
        # They come in the order of the tokens, so the last one stays.
        answers[batch.owners] = forward_pass(parameters, batch).probs
    return answers
