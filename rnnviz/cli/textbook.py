"""Textbook: a reference implementation of the network, from its equations and weights alone.

It shares none of the engine's passes, losses or optimizers, and must agree with them. The cell is
the script of ``rnnviz show --code``. It reads one sequence at a time, in double precision.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from rnnviz.config import ClipBy, Loss, OptimizerKind, RunConfig
from rnnviz.engine.batch import ExampleLike
from rnnviz.engine.cell_check import compiled
from rnnviz.engine.layer_buffers import Array
from rnnviz.engine.parameters import Parameters
from rnnviz.probe.state_transition import state_size


class StackPass(NamedTuple):
    """The forward pass of a stack on T inputs, layer by layer.

    ``states`` (T, S), all ``lines`` of the equations (T, L), and the ``outputs`` (T, H) that are
    read out.
    """

    states: Array
    lines: Array
    outputs: Array


def unroll(
    parameters: Parameters, inputs: Array, start: Array | None = None, stack: int = -1
) -> StackPass:
    """The forward pass of a stack on inputs (T, D), from a state (S,) or from zero."""
    of = parameters.architecture
    script, names = compiled(of.cell.text), of.cell.states
    first = np.zeros(state_size(of)) if start is None else start
    layers = parameters.by_layer()[stack * of.layers :][: of.layers]
    states, every, x = list[Array](), list[Array](), inputs
    for weights, before in zip(layers, first.reshape(-1, len(names), of.hidden), strict=True):
        values = [line[:-1] for line in script["forward"](x, before, **weights)]
        lines = dict(zip(script["LINES"], values, strict=True))
        states += [lines[name] for name in names]
        every += values
        x = lines[script["OUT"]]
    return StackPass(np.concatenate(states, axis=1), np.concatenate(every, axis=1), x)


def one_hot(inputs: Array, width: int) -> Array:
    """Tokens (T,) as rows (T, D); values (T, D) as they are."""
    return np.eye(width)[inputs] if inputs.ndim == 1 else inputs.astype(float)


def passed(parameters: Parameters, example: ExampleLike, scale: float = 1.0) -> StackPass:
    """The forward pass of one example, encoder first; inputs are multiplied by ``scale``."""
    of = parameters.architecture
    inputs = scale * one_hot(example.inputs, of.inputs)
    if example.source is None:
        return unroll(parameters, inputs)
    encoded = unroll(parameters, scale * one_hot(example.source, of.source), stack=0)
    decoded = unroll(parameters, inputs, encoded.states[-1])
    states = np.concatenate([encoded.states, decoded.states])
    return StackPass(states, np.concatenate([encoded.lines, decoded.lines]), decoded.outputs)


def logits(parameters: Parameters, example: ExampleLike, scale: float = 1.0) -> Array:
    """The logits (N, C) of one example; all inputs are multiplied by ``scale``."""
    outputs = passed(parameters, example, scale).outputs[-len(example.targets) :]
    answers: Array = outputs @ parameters["W_hy"].T + parameters["b_y"]
    return answers


def loss(parameters: Parameters, example: ExampleLike) -> float:
    """The mean over the outputs of -log softmax(logits)[target], or of the squared difference."""
    answers, targets = logits(parameters, example), example.targets
    if parameters.architecture.loss is Loss.SQUARED_ERROR:
        return float(((answers - targets) ** 2).mean())
    most = answers.max(axis=1)
    totals = most + np.log(np.exp(answers - most[:, None]).sum(axis=1))
    return float((totals - answers[np.arange(len(targets)), targets]).mean())


def update(
    theta: Array, gradient: Array, before: tuple[Array, ...], steps: int, config: RunConfig
) -> Array:
    """The array that step number ``steps`` (from 1) subtracts from ``theta``, all (N,).

    ``before`` are the averages of the optimizer before the step.
    """
    decay = config.weight_decay * theta
    g, lr = gradient, config.lr
    if config.clip_by is ClipBy.VALUE:
        g = g.clip(-config.clip, config.clip)
    elif config.clip_by is ClipBy.NORM:
        g = g / max(1.0, float(np.linalg.norm(g)) / config.clip)
    if config.optimizer is OptimizerKind.ADAM:
        m = (0.9 * before[0] + 0.1 * g) / (1 - 0.9**steps)
        s = (0.999 * before[1] + 0.001 * g**2) / (1 - 0.999**steps)
        return lr * m / (np.sqrt(s) + 1e-8) + lr * decay
    g = g + decay
    if config.optimizer is OptimizerKind.SGD:
        return lr * g
    if config.optimizer is OptimizerKind.MOMENTUM:
        return lr * (0.9 * before[0] + g)
    return lr * g / (np.sqrt(0.99 * before[0] + 0.01 * g**2) + 1e-8)
