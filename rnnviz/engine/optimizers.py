"""Optimizers: clipping, and the step that each optimizer takes from a gradient."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from rnnviz.config import ClipBy, OptimizerKind
from rnnviz.engine.buffers import copy_of
from rnnviz.engine.layer_buffers import Array

#: What momentum keeps of the step before, and how fast averages of squares forget.
MOMENTUM, RMS_DECAY = 0.9, 0.99
#: How fast Adam's averages of gradients and of their squares forget.
ADAM_DECAYS = 0.9, 0.999
#: Added to a root, so that nothing is divided by zero.
EPSILON = 1e-8


def clip(theta: Array, by: ClipBy, limit: float) -> None:
    """Bound a gradient of any shape in place: every entry, or its L2 length, to ``limit``."""
    if by is ClipBy.VALUE:
        clip_by_value(theta, limit)
    elif by is ClipBy.NORM:
        clip_by_norm(theta, limit)


def clip_by_value(theta: Array, limit: float) -> None:
    """Cut every entry to [-limit, limit], in place; this may turn the gradient's direction."""
    np.maximum(theta, -limit, out=theta)
    np.minimum(theta, limit, out=theta)


def clip_by_norm(theta: Array, limit: float) -> None:
    """Shorten (N,) in place to length ``limit``, direction kept (Pascanu et al. 2013)."""
    length = float(np.sqrt(theta.dot(theta)))
    if length > limit:
        np.multiply(theta, limit / length, out=theta)


@dataclass(frozen=True, eq=False)
class Slots:
    """What an optimizer has gathered in ``steps`` steps: arrays of theta's shape."""

    kind: OptimizerKind = OptimizerKind.SGD
    arrays: tuple[Array, ...] = ()
    steps: int = 0

    def copy(self) -> Slots:
        """The same with their own memory."""
        return replace(self, arrays=tuple(map(copy_of, self.arrays)))


class Optimizer(NamedTuple):
    """How many slots an optimizer keeps, its rule as it is written, and its step.

    ``written`` has a gap for the learning rate, {lr}; g′ is the clipped gradient.
    ``step(gradient, slots, steps, lr)`` turns the gradient, in place, into what is subtracted from
    theta; ``steps`` counts from 1.
    """

    slots: int
    written: str
    step: Callable[[Array, tuple[Array, ...], int, float], None]


def sgd(gradient: Array, slots: tuple[Array, ...], steps: int, lr: float) -> None:
    """Step lr g."""
    np.multiply(gradient, lr, gradient)


def momentum(gradient: Array, slots: tuple[Array, ...], steps: int, lr: float) -> None:
    """V <- 0.9 v + g, lr v (Polyak 1964)."""
    (v,) = slots
    np.multiply(v, MOMENTUM, v)
    np.add(v, gradient, v)
    np.multiply(v, lr, gradient)


def rmsprop(gradient: Array, slots: tuple[Array, ...], steps: int, lr: float) -> None:
    """S <- 0.99 s + 0.01 g^2, lr g / (sqrt(s) + 1e-8) (Tieleman and Hinton 2012)."""
    (s,) = slots
    _average(s, np.square(gradient), RMS_DECAY)
    np.divide(gradient, np.sqrt(s) + EPSILON, gradient)
    np.multiply(gradient, lr, gradient)


def adam(gradient: Array, slots: tuple[Array, ...], steps: int, lr: float) -> None:
    """Step lr m' / (sqrt(s') + 1e-8), with averages freed of their start (Kingma and Ba 2015)."""
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
    OptimizerKind.SGD: Optimizer(0, "W ← W − {lr} g′", sgd),
    OptimizerKind.MOMENTUM: Optimizer(1, "v ← 0.9 v + g′,  W ← W − {lr} v", momentum),
    OptimizerKind.RMSPROP: Optimizer(1, "s ← 0.99 s + 0.01 g′²,  W ← W − {lr} g′ / √s", rmsprop),
    OptimizerKind.ADAM: Optimizer(
        2, "m ← 0.9 m + 0.1 g′,  s ← 0.999 s + 0.001 g′²,  W ← W − {lr} m̂ / √ŝ", adam
    ),
}


def slots_for(kind: OptimizerKind, theta: Array, before: Slots) -> Slots:
    """What was gathered before, or, by another optimizer, nothing yet."""
    if before.kind is kind:
        return before
    return Slots(kind, tuple(np.zeros_like(theta) for _ in range(OPTIMIZERS[kind].slots)))
