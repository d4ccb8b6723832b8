"""The answer to a sequence with each word of the vocabulary at one place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from rnnviz.engine.evaluation import batches
from rnnviz.engine.layer_buffers import Array
from rnnviz.engine.parameters import Parameters
from rnnviz.probe.passes import forward_pass
from rnnviz.tasks.example import Example


def with_token(example: Example, place: int, token: int, added: bool = False) -> Example:
    """The example with another token at ``place``, or with one ``added`` after it.

    With an encoder it is a token of the source. Its targets are not those of the new sequence.
    """
    if example.source is not None:
        return replace(example, source=_changed(example.source, place, token, added))
    inputs, targets = _changed(example.inputs, place, token, added), example.targets
    if added and len(targets) == len(example.inputs):
        targets = np.insert(targets, place, targets[place], axis=0)
    return replace(example, inputs=inputs, targets=targets)


def _changed(tokens: Array, place: int, token: int, added: bool) -> Array:
    if added:
        return np.insert(tokens, place + 1, token)
    changed = tokens.copy()
    changed[place] = token
    return changed


def last_answers(parameters: Parameters, examples: Sequence[Example]) -> Array:
    """The answer after the last token of every example, (N, C).

    A decoder answers in many tokens: there it is the probability of the whole target, (N, 1).
    """
    if examples[0].source is not None:
        return _target_probability(parameters, examples)
    of = parameters.architecture
    answers = np.empty((len(examples), of.outputs))
    for batch in batches(examples, of.hidden * of.layers):
        # They come in the order of the tokens, so the last one stays.
        answers[batch.owners] = forward_pass(parameters, batch).probs
    return answers


def _target_probability(parameters: Parameters, examples: Sequence[Example]) -> Array:
    """The product of the probabilities of all tokens of the target, (N, 1)."""
    of = parameters.architecture
    logarithms = np.zeros((len(examples), 1))
    for batch in batches(examples, of.hidden * of.layers):
        probabilities = forward_pass(parameters, batch).probs
        of_targets = probabilities[np.arange(len(batch.targets)), batch.targets]
        with np.errstate(divide="ignore"):
            np.add.at(logarithms[:, 0], batch.owners, np.log(of_targets))
    return np.exp(logarithms)
