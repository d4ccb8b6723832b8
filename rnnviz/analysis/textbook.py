"""Textbook: the network once more, from its equations and its weights alone.

Nothing of the engine's passes, losses or optimizers is used: what both compute must agree. It reads
one sequence at a time, in double precision, and is slow.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from rnnviz.config import Activation, CellKind, ClipBy, Loss, OptimizerKind, RunConfig
from rnnviz.engine.batch import Example
from rnnviz.engine.layer_buffers import Array
from rnnviz.engine.parameters import Parameters

#: The weights of one layer by their plain names.
Weights = dict[str, Array]
States = tuple[Array, ...]


def sigmoid(a: Array) -> Array:
    """1 / (1 + exp(-a))."""
    with np.errstate(over="ignore"):
        curve: Array = 1 / (1 + np.exp(-a))
    return curve


def relu(a: Array) -> Array:
    """The positive part."""
    return np.asarray(np.where(a > 0, a, 0.0))


def elman(w: Weights, x: Array, before: States, curve: Callable[[Array], Array]) -> States:
    """H <- f(W_xh x + W_hh h + b_h)."""
    (h,) = before
    return (curve(w["W_xh"] @ x + w["W_hh"] @ h + w["b_h"]),)


def gru(w: Weights, x: Array, before: States) -> States:
    """H <- (1 - z) n + z h, the reset gate after the recurrent product (Cho et al. 2014)."""
    (h,) = before
    r, z = (sigmoid(w[f"W_x{k}"] @ x + w[f"W_h{k}"] @ h + w[f"b_{k}"]) for k in "rz")
    n = np.tanh(w["W_xn"] @ x + w["b_xn"] + r * (w["W_hn"] @ h + w["b_hn"]))
    return ((1 - z) * n + z * h,)


def lstm(w: Weights, x: Array, before: States) -> States:
    """C <- f c + i g, h <- o tanh(c) (Hochreiter and Schmidhuber 1997)."""
    h, c = before
    i, f, o, g = (w[f"W_x{k}"] @ x + w[f"W_h{k}"] @ h + w[f"b_{k}"] for k in "ifog")
    c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
    return sigmoid(o) * np.tanh(c), c


def unroll(
    parameters: Parameters, inputs: Array, start: Array | None = None, stack: int = -1
) -> Array:
    """The states (T, S) of a stack after each of the inputs (T, D), from a state (S,) or zero.

    Layer by layer, first h, then c of an LSTM.
    """
    of = parameters.architecture
    layers = parameters.by_layer()[stack * of.layers :][: of.layers]
    count = 2 if of.kind is CellKind.LSTM else 1
    zeros = np.zeros(of.layers * count * of.hidden)
    states = np.reshape(zeros if start is None else start, (of.layers, count, of.hidden))
    after = []
    for x in inputs:
        rows: list[States] = []
        for w, before in zip(layers, states, strict=True):
            rows.append(_cell(parameters, w, rows[-1][0] if rows else x, tuple(before)))
        states = np.array(rows)
        after.append(states.ravel())
    return np.array(after)


def _cell(parameters: Parameters, w: Weights, x: Array, before: States) -> States:
    of = parameters.architecture
    if of.kind is CellKind.ELMAN:
        return elman(w, x, before, np.tanh if of.activation is Activation.TANH else relu)
    return (gru if of.kind is CellKind.GRU else lstm)(w, x, before)


def one_hot(inputs: Array, width: int) -> Array:
    """Tokens (T,) as rows (T, D); values (T, D) as they are."""
    return np.eye(width)[inputs] if inputs.ndim == 1 else inputs.astype(float)


def states(parameters: Parameters, example: Example, scale: float = 1.0) -> Array:
    """All states (T, S) on one example, an encoder's first; inputs are multiplied by ``scale``."""
    of = parameters.architecture
    if example.source is None:
        return unroll(parameters, scale * one_hot(example.inputs, of.inputs))
    encoded = unroll(parameters, scale * one_hot(example.source, of.source), stack=0)
    inputs = scale * one_hot(example.inputs, of.inputs)
    return np.concatenate([encoded, unroll(parameters, inputs, encoded[-1])])


def logits(parameters: Parameters, example: Example, scale: float = 1.0) -> Array:
    """The logits (N, C) of one example; all inputs are multiplied by ``scale``."""
    of, count = parameters.architecture, len(example.targets)
    tops = states(parameters, example, scale)[-count:].reshape(count, of.layers, -1)
    answers: Array = tops[:, -1, : of.hidden] @ parameters["W_hy"].T + parameters["b_y"]
    return answers


def loss(parameters: Parameters, example: Example) -> float:
    """The mean over the outputs of -log softmax(logits)[target], or of the squared difference."""
    answers, targets = logits(parameters, example), example.targets
    if parameters.architecture.loss is Loss.SQUARED_ERROR:
        return float(((answers - targets) ** 2).mean())
    most = answers.max(axis=1)
    totals = most + np.log(np.exp(answers - most[:, None]).sum(axis=1))
    return float((totals - answers[np.arange(len(targets)), targets]).mean())


def update(gradient: Array, before: tuple[Array, ...], steps: int, config: RunConfig) -> Array:
    """What step number ``steps`` (from 1) subtracts from theta, all (N,).

    ``before`` are the averages that the optimizer keeps, as they were before the step.
    """
    g, lr = gradient, config.lr
    if config.clip_by is ClipBy.VALUE:
        g = g.clip(-config.clip, config.clip)
    elif config.clip_by is ClipBy.NORM:
        g = g / max(1.0, float(np.linalg.norm(g)) / config.clip)
    if config.optimizer is OptimizerKind.SGD:
        return lr * g
    if config.optimizer is OptimizerKind.MOMENTUM:
        return lr * (0.9 * before[0] + g)
    if config.optimizer is OptimizerKind.RMSPROP:
        return lr * g / (np.sqrt(0.99 * before[0] + 0.01 * g**2) + 1e-8)
    m = (0.9 * before[0] + 0.1 * g) / (1 - 0.9**steps)
    s = (0.999 * before[1] + 0.001 * g**2) / (1 - 0.999**steps)
    return lr * m / (np.sqrt(s) + 1e-8)
