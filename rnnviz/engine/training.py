"""Training: forward, loss, backward, clip, update; and epochs of these steps."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from rnnviz.config import ClipBy, Gradient, OptimizerKind, RunConfig
from rnnviz.engine.batch import Batch, ExampleLike
from rnnviz.engine.bptt import bind, bind_backward
from rnnviz.engine.dropout import Dropout
from rnnviz.engine.layer_buffers import Array
from rnnviz.engine.optimizers import OPTIMIZERS, Slots, clip, slots_for
from rnnviz.engine.parameters import SHUFFLING, Architecture, Parameters, initial_parameters
from rnnviz.engine.step_cache import BoundStep, StepCache
from rnnviz.engine.trace import Trace


def train_epoch(state: TrainState, buffers: TrainBuffers, config: RunConfig) -> TrainState:
    """Train on the rest of this epoch's examples; ``state`` isn't changed."""
    return train_examples(state, buffers, config, len(buffers) - state.offset)


def train_examples(
    state: TrainState, buffers: TrainBuffers, config: RunConfig, count: int
) -> TrainState:
    """Train on ``count`` examples within one epoch; ``state`` isn't changed."""
    buffers.enter(state)
    train_on(buffers, config, count)
    return buffers.now.copy()


def train_on(buffers: TrainBuffers, config: RunConfig, count: int) -> None:
    """Train on ``count`` examples within the current epoch, one step for each batch.

    The backward pass is linear in dlogits. Plain gradient descent scales these by lr, so that the
    gradient is the update: clip(lr g, lr limit) = lr clip(g, limit).
    """
    theta, update = buffers.parameters.theta, buffers.update.theta
    sgd, subtract = config.optimizer is OptimizerKind.SGD, np.subtract
    scale, limit = (config.lr, config.lr * config.clip) if sgd else (1.0, config.clip)
    unclipped = _unclipped(config, buffers) if sgd else -1.0
    slots = Slots() if sgd else slots_for(config.optimizer, theta, buffers.slots)
    optimizer, steps = OPTIMIZERS[config.optimizer], slots.steps
    decay, shrink = optimizer.decays(config.weight_decay, config.lr)
    with np.errstate(all="ignore"):
        for forward, backward, gradient, outputs, idle, da in _steps(buffers, config, count):
            forward()
            backward(scale / outputs)
            gradient()
            if unclipped < 0 or not da.dot(da) <= unclipped * idle:
                clip(update, config.clip_by, limit)
            if decay:
                np.add(update, decay * theta, update)
            if not sgd:
                steps += 1
                optimizer.step(update, slots.arrays, steps, config.lr)
            if shrink:
                np.multiply(theta, 1 - shrink, theta)
            subtract(theta, update, theta)
    buffers.slots, buffers.offset = replace(slots, steps=steps), buffers.offset + count
    if buffers.offset == len(buffers):
        buffers.epoch, buffers.offset = buffers.epoch + 1, 0


def _steps(buffers: TrainBuffers, config: RunConfig, count: int) -> Iterable[BoundStep]:
    """The steps on the next ``count`` examples of the epoch; use each before taking the next."""
    positions = range(buffers.offset, buffers.offset + count)
    indexes = order(config.seed, buffers.epoch, len(buffers), config.batch)
    steps = buffers.cache.steps(
        indexes[positions.start : positions.stop], config.batch, config.truncate
    )
    if not config.drops:
        return steps
    dropout = Dropout(buffers.parameters.architecture, config)
    return (
        _dropped(step, buffers, dropout.at(buffers.epoch, offset))
        for offset, step in zip(positions[:: config.batch], steps, strict=True)
    )


def _dropped(step: BoundStep, buffers: TrainBuffers, factors: Array) -> BoundStep:
    """The step through the weights times ``factors``; its gradient is that of the whole weights."""
    theta, update = buffers.parameters.theta, buffers.update.theta
    whole = theta.copy()

    def forward() -> None:
        np.multiply(theta, factors, theta)
        step.forward()

    def gradient() -> None:
        step.gradient()
        theta[...] = whole
        np.multiply(update, factors, update)

    return step._replace(forward=forward, gradient=gradient)


def _unclipped(config: RunConfig, buffers: TrainBuffers) -> float:
    """The bound on M ||lr da||^2 (M tokens) below which clipping has no effect; -1 if unknown.

    By Cauchy-Schwarz |dL/dW_ij| <= ||da_i|| ||z_j|| <= ||da|| sqrt(M), as |z| <= 1; the readout's
    gradient is at most |probs - onehot| <= 1.
    """
    if config.clip_by is ClipBy.OFF:
        return float("inf")
    by_value = config.clip_by is ClipBy.VALUE and config.clip >= 1
    provable = by_value and buffers.plain and not config.drops
    return (config.lr * config.clip) ** 2 if provable else -1.0


@lru_cache(maxsize=16)
def order(seed: int, epoch: int, count: int, batch: int = 1) -> tuple[int, ...]:
    """The order of the examples in the epoch after ``epoch``; a single batch isn't shuffled."""
    if batch >= count:
        return tuple(range(count))
    rng = np.random.default_rng((seed, SHUFFLING, epoch))
    return tuple(rng.permutation(count).tolist())


@dataclass(frozen=True, eq=False)
class TrainState:
    """The state of a run after ``epoch`` epochs and ``offset`` examples of the next one."""

    parameters: Parameters
    epoch: int = 0
    offset: int = 0
    slots: Slots = field(default_factory=Slots)

    def copy(self) -> TrainState:
        """An independent copy."""
        return replace(self, parameters=self.parameters.copy(), slots=self.slots.copy())


def begin(architecture: Architecture, config: RunConfig) -> TrainState:
    """The state at epoch 0: initial weights drawn from the seed."""
    return TrainState(initial_parameters(architecture, config))


class TrainBuffers:
    """The memory of a training run: its current state, an update and cached steps.

    ``limit`` is the size of the ``StepCache`` in bytes.
    """

    def __init__(
        self, examples: Sequence[ExampleLike], architecture: Architecture, config: RunConfig,
        limit: int = 12_000_000,
    ) -> None:  # fmt: skip
        self.parameters = Parameters(architecture, dtype=config.dtype.value)
        self.update = Parameters(architecture, dtype=config.dtype.value)
        self.epoch, self.offset, self.slots = 0, 0, Slots()
        self.cache = StepCache(examples, self.parameters, self.update, config, limit)
        self._count, self.longest = len(examples), max(len(one.inputs) for one in examples)
        kind, first = architecture._replace(inputs=0, hidden=0, outputs=0), examples[0]
        #: Whether one Elman tanh layer reads tokens and predicts one class.
        self.plain = (
            kind == Architecture(0, 0, 0) and len(first.targets) == 1 and first.inputs.ndim == 1
        )

    def __len__(self) -> int:
        return self._count

    @property
    def now(self) -> TrainState:
        """The current state, not a copy."""
        return TrainState(self.parameters, self.epoch, self.offset, self.slots)

    def enter(self, state: TrainState) -> None:
        """Copy ``state`` in, to continue from it."""
        self.parameters.theta[...] = state.parameters.theta
        self.epoch, self.offset, self.slots = state.epoch, state.offset, state.slots.copy()


class Descent(NamedTuple):
    """One optimizer step: gradient, clipped gradient, and the update subtracted from theta."""

    gradient: Parameters
    clipped: Parameters
    update: Parameters

    @property
    def changed(self) -> Array:
        """Whether clipping changes each entry, (P,)."""
        return np.asarray(self.gradient.theta != self.clipped.theta)

    @property
    def lost(self) -> float:
        """The share of the gradient's L2 norm that clipping cuts off, 0..1."""
        thetas = (p.theta.astype(float) for p in (self.gradient, self.clipped))
        before, after = (float(np.linalg.norm(theta)) for theta in thetas)
        return 1 - after / before if before else 0.0

    @property
    def angle(self) -> float:
        """The angle between the raw and the clipped gradient, in degrees; 0 if one is zero."""
        raw, clipped = (p.theta.astype(float) for p in (self.gradient, self.clipped))
        sizes = [float(np.linalg.norm(g)) for g in (raw, clipped)]
        if not min(sizes):
            return 0.0
        # This form is accurate for small angles too (Kahan 2006).
        u, v = raw / sizes[0], clipped / sizes[1]
        return float(np.degrees(2 * np.arctan2(np.linalg.norm(u - v), np.linalg.norm(u + v))))


def descent(
    parameters: Parameters, trace: Trace, config: RunConfig, before: Slots | None = None,
    factors: Array | None = None,
) -> Descent:  # fmt: skip
    """The step that training with ``config`` would take on the batch of ``trace``.

    With dropout, the trace is that of the weights times ``factors``, (P,).
    """
    parts = update_parts(parameters, trace, config, before, factors)
    return Descent(*(step.copy() for step in parts))


def update_parts(
    parameters: Parameters, trace: Trace, config: RunConfig, before: Slots | None = None,
    factors: Array | None = None,
) -> Iterator[Parameters]:  # fmt: skip
    """The three parts of a ``Descent``, one after the other, in the same memory."""
    step, optimizer = trace.gradient, OPTIMIZERS[config.optimizer]
    if factors is not None:
        step.theta[...] *= factors
    yield step
    clip(step.theta, config.clip_by, config.clip)
    yield step
    slots = slots_for(config.optimizer, step.theta, before or Slots()).copy()
    decay, shrink = optimizer.decays(config.weight_decay, config.lr)
    step.theta[...] += decay * parameters.theta if decay else 0.0
    optimizer.step(step.theta, slots.arrays, slots.steps + 1, config.lr)
    step.theta[...] += shrink * parameters.theta if shrink else 0.0
    yield step


def record(
    parameters: Parameters, batch: Batch, gradient: Gradient = Gradient.EXACT, truncate: int = 0,
    seed: Callable[[Trace], None] | None = None, *, aim: Callable[[Array], Array] | None = None,
) -> Trace:  # fmt: skip
    """The read-only trace of a forward and backward pass; the loss is the mean over the outputs.

    With a ``seed`` the backward pass begins with the dlogits that it writes. ``aim`` computes the
    targets, (M,) or (M, C), from the outputs (M, C); by default they are the batch's.
    """
    trace = Trace(parameters.architecture, batch, parameters.theta.dtype)
    bound = bind(parameters, trace, gradient, truncate)
    with np.errstate(all="ignore"):
        bound.forward()
        if aim is not None:
            trace.aim(aim(trace.probs))
        if seed is None:
            bound.backward(1 / len(trace.logits))
        else:
            seed(trace)
            bound.carry()
    return trace.freeze()


def backward_again(
    parameters: Parameters, trace: Trace, seed: Callable[[Trace], None],
    gradient: Gradient = Gradient.EXACT, truncate: int = 0,
) -> Trace:  # fmt: skip
    """The read-only trace of the same forward pass, and of a backward pass from another gradient.

    It begins with the dlogits that ``seed`` writes; ``parameters`` are those of the forward pass.
    """
    again = trace.again()
    carry = bind_backward(parameters, again, gradient, truncate)
    with np.errstate(all="ignore"):
        seed(again)
        carry()
    return again.freeze()
