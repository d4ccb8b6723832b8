"""Gradient clipping, and the optimizers."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from rnnviz.config import ClipBy, OptimizerKind
from rnnviz.engine.layer_buffers import Array
from rnnviz.engine.parameters import copy_of

#: Momentum's coefficient, and the decay of RMSprop's average of squared gradients.
MOMENTUM, RMS_DECAY = 0.9, 0.99
#: The decays of Adam's averages of gradients and of squared gradients.
ADAM_DECAYS = 0.9, 0.999
#: Added to a square root to avoid division by zero.
EPSILON = 1e-8


def clip(theta: Array, by: ClipBy, limit: float) -> None:
    """Clip a gradient (N,) in place: every entry to [-limit, limit], or its L2 norm to ``limit``.

    Only clipping by norm keeps the direction (Pascanu et al. 2013).
    """
    if by is ClipBy.VALUE:
        np.maximum(theta, -limit, out=theta)
        np.minimum(theta, limit, out=theta)
    elif by is ClipBy.NORM and (norm := float(np.sqrt(theta.dot(theta)))) > limit:
        if math.isinf(norm):  # Squares of float32 overflow.
            norm = float(np.linalg.norm(theta.astype(float)))
        np.multiply(theta, limit / norm, out=theta)


@dataclass(frozen=True, eq=False)
class Slots:
    """The state of an optimizer after ``steps`` steps: arrays of theta's shape."""

    kind: OptimizerKind = OptimizerKind.SGD
    arrays: tuple[Array, ...] = ()
    steps: int = 0

    def copy(self) -> Slots:
        """An independent copy."""
        return replace(self, arrays=tuple(map(copy_of, self.arrays)))


class Optimizer(NamedTuple):
    """An optimizer: its number of slots, its formula and its step.

    ``written`` is the formula, with a placeholder {lr}; g′ is the clipped gradient.
    ``step(gradient, slots, steps, lr)`` replaces the gradient in place by the update that is
    subtracted from theta; ``steps`` counts from 1. Weight decay is added to the gradient, or is
    ``decoupled``: each step then shrinks theta (Loshchilov and Hutter 2019).
    """

    slots: int
    written: str
    step: Callable[[Array, tuple[Array, ...], int, float], None]
    decoupled: bool = False

    def decays(self, decay: float, lr: float) -> tuple[float, float]:
        """What is added to the gradient, in theta, and by how much a step shrinks theta."""
        return (0.0, lr * decay) if self.decoupled else (decay, 0.0)


def sgd(gradient: Array, slots: tuple[Array, ...], steps: int, lr: float) -> None:
    """Plain gradient descent: lr g."""
    np.multiply(gradient, lr, gradient)


def momentum(gradient: Array, slots: tuple[Array, ...], steps: int, lr: float) -> None:
    """Momentum: v <- 0.9 v + g, lr v (Polyak 1964)."""
    (v,) = slots
    np.multiply(v, MOMENTUM, v)
    np.add(v, gradient, v)
    np.multiply(v, lr, gradient)


def rmsprop(gradient: Array, slots: tuple[Array, ...], steps: int, lr: float) -> None:
    """RMSprop: s <- 0.99 s + 0.01 g^2, lr g / (sqrt(s) + 1e-8) (Tieleman and Hinton 2012)."""
    (s,) = slots
    _average(s, np.square(gradient), RMS_DECAY)
    np.divide(gradient, np.sqrt(s) + EPSILON, gradient)
    np.multiply(gradient, lr, gradient)


def adam(gradient: Array, slots: tuple[Array, ...], steps: int, lr: float) -> None:
    """Adam: lr m' / (sqrt(s') + 1e-8) of bias-corrected averages (Kingma and Ba 2015)."""
    m, s = slots
    first, second = ADAM_DECAYS
    _average(m, gradient, first)
    _average(s, np.square(gradient, gradient), second)
    np.divide(s, 1 - second**steps, gradient)
    np.sqrt(gradient, gradient)
    np.add(gradient, EPSILON, gradient)
    np.divide(m, gradient, gradient)
    np.multiply(gradient, lr / (1 - first**steps), gradient)


def _average(mean: Array, new: Array, decay: float) -> None:
    np.multiply(mean, decay, mean)
    np.add(mean, new * (1 - decay), mean)


OPTIMIZERS: dict[OptimizerKind, Optimizer] = {
    # With plain gradient descent both kinds of weight decay are the same.
    OptimizerKind.SGD: Optimizer(0, "W ← W − {lr} g′", sgd, decoupled=True),
    OptimizerKind.MOMENTUM: Optimizer(1, "v ← 0.9 v + g′,  W ← W − {lr} v", momentum),
    OptimizerKind.RMSPROP: Optimizer(
        1, "s ← 0.99 s + 0.01 g′²,  W ← W − {lr} g′ / (√s + 10⁻⁸)", rmsprop
    ),
    OptimizerKind.ADAM: Optimizer(
        2,
        "m ← 0.9 m + 0.1 g′,  s ← 0.999 s + 0.001 g′²,  W ← W − {lr} m̂ / (√ŝ + 10⁻⁸)",
        adam,
        decoupled=True,
    ),
}


def slots_for(kind: OptimizerKind, theta: Array, before: Slots) -> Slots:
    """The slots ``before``, or new ones if they belong to another optimizer."""
    if before.kind is kind:
        return before
    return Slots(kind, tuple(np.zeros_like(theta) for _ in range(OPTIMIZERS[kind].slots)))
