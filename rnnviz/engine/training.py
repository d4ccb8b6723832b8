"""Training: forward, loss, backward, clip, update; and epochs of these steps."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from rnnviz.config import ClipBy, Gradient, OptimizerKind, RunConfig
from rnnviz.engine.batch import Batch, ExampleLike, collate
from rnnviz.engine.bptt import bind
from rnnviz.engine.layer_buffers import Array, Kernel
from rnnviz.engine.optimizers import OPTIMIZERS, Slots, clip, slots_for
from rnnviz.engine.parameters import SHUFFLING, Architecture, Parameters, initial_parameters
from rnnviz.engine.trace import WIDE, Trace

#: Networks with more weights write each example into a shared trace, at 1% of a step's time.
_SMALL = 200_000
#: Most objects of cached steps. Garbage collection visits all of them and stops every thread.
_OBJECTS = 50_000


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
    start, end = buffers.offset, buffers.offset + count
    indexes = order(config.seed, buffers.epoch, len(buffers), config.batch)[start:end]
    theta, update = buffers.parameters.theta, buffers.update.theta
    sgd, subtract = config.optimizer is OptimizerKind.SGD, np.subtract
    scale, limit = (config.lr, config.lr * config.clip) if sgd else (1.0, config.clip)
    unclipped = _unclipped(config, buffers) if sgd else -1.0
    slots = Slots() if sgd else slots_for(config.optimizer, theta, buffers.slots)
    optimizer, steps = OPTIMIZERS[config.optimizer], slots.steps
    with np.errstate(all="ignore"):
        for forward, backward, gradient, outputs, idle, da in buffers.cache.steps(
            indexes, config.batch, config.truncate
        ):
            forward()
            backward(scale / outputs)
            gradient()
            if unclipped < 0 or not da.dot(da) <= unclipped * idle:
                clip(update, config.clip_by, limit)
            if not sgd:
                steps += 1
                optimizer.step(update, slots.arrays, steps, config.lr)
            subtract(theta, update, theta)
    buffers.slots, buffers.offset = replace(slots, steps=steps), end
    if end == len(buffers):
        buffers.epoch, buffers.offset = buffers.epoch + 1, 0


def _unclipped(config: RunConfig, buffers: TrainBuffers) -> float:
    """The bound on M ||lr da||^2 (M tokens) below which clipping has no effect; -1 if unknown.

    By Cauchy-Schwarz |dL/dW_ij| <= ||da_i|| ||z_j|| <= ||da|| sqrt(M), as |z| <= 1; the readout's
    gradient is at most |probs - onehot| <= 1.
    """
    if config.clip_by is ClipBy.OFF:
        return float("inf")
    provable = config.clip_by is ClipBy.VALUE and config.clip >= 1 and buffers.plain
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
        self,
        examples: Sequence[ExampleLike],
        architecture: Architecture,
        config: RunConfig,
        limit: int = 12_000_000,
    ) -> None:
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


def descent(trace: Trace, config: RunConfig, before: Slots | None = None) -> Descent:
    """The step that training with ``config`` would take on the batch of ``trace``."""
    return Descent(*(step.copy() for step in update_parts(trace, config, before)))


def update_parts(
    trace: Trace, config: RunConfig, before: Slots | None = None
) -> Iterator[Parameters]:
    """The three parts of a ``Descent``, one after the other, in the same memory."""
    step = trace.gradient
    yield step
    clip(step.theta, config.clip_by, config.clip)
    yield step
    slots = slots_for(config.optimizer, step.theta, before or Slots()).copy()
    OPTIMIZERS[config.optimizer].step(step.theta, slots.arrays, slots.steps + 1, config.lr)
    yield step


def record(
    parameters: Parameters,
    batch: Batch,
    gradient: Gradient = Gradient.EXACT,
    truncate: int = 0,
    seed: Callable[[Trace], None] | None = None,
) -> Trace:
    """The read-only trace of a forward and backward pass; the loss is the mean over the outputs.

    With a ``seed`` the backward pass begins with the dlogits that it writes.
    """
    trace = Trace(parameters.architecture, batch, parameters.theta.dtype)
    bound = bind(parameters, trace, gradient, truncate)
    with np.errstate(all="ignore"):
        bound.forward()
        if seed is None:
            bound.backward(1 / len(trace.logits))
        else:
            seed(trace)
            bound.carry()
    return trace.freeze()


# The cache of bound steps


class BoundStep(NamedTuple):
    """A batch with this number of outputs, bound for training.

    If ||da||^2 <= idle * limit^2, clipping has no effect.
    """

    forward: Kernel
    backward: Callable[[float], None]
    gradient: Kernel
    outputs: int
    idle: float
    da: Array


class StepCache:
    """Steps that read ``parameters`` and write their gradient to ``update``.

    In small networks, steps on single examples are cached, up to ``limit`` / 12 bytes of states;
    examples of equal length share what a pass overwrites. All other examples and batches are
    loaded into a trace for their lengths. With a wide vocabulary nothing can be shared: up to
    ``limit`` bytes are cached, and all other steps are bound each time. The number of objects that
    garbage collection visits is limited too.
    """

    def __init__(
        self,
        examples: Sequence[ExampleLike],
        parameters: Parameters,
        update: Parameters,
        config: RunConfig,
        limit: int,
    ) -> None:
        self._examples, self._architecture = examples, parameters.architecture
        self._parameters, self._update = parameters, update
        self._gradient, self.truncate, self._limit = config.gradient, config.truncate, limit
        # Whether a trace has only the columns of tokens that occur in it.
        self._wide = max(self._architecture.stacks.values()) > WIDE
        self._clear()

    def _clear(self) -> None:
        self.single: list[BoundStep | None] = [None] * len(self._examples)
        small = self._parameters.theta.size < _SMALL
        self._free_bytes = self._limit if self._wide else small * self._limit // 12
        self._free_objects = _OBJECTS if self._wide else _OBJECTS // 2
        self._scratch: dict[object, Trace] = {}
        #: By the lengths of a batch, the oldest first: trace, step, bytes and objects.
        self._batches: dict[object, tuple[Trace, BoundStep, int, int]] = {}

        self._last: tuple[Sequence[int], BoundStep] | None = None

    def steps(self, indexes: Sequence[int], batch: int, truncate: int) -> Iterable[BoundStep]:
        """The steps on these examples, ``batch`` at a time; use each before taking the next."""
        if truncate != self.truncate:
            self.truncate = truncate
            self._clear()
        if batch == 1:
            return map(self._single, indexes)
        starts = range(0, len(indexes), batch)
        return (self._batch(indexes[start : start + batch]) for start in starts)

    def _single(self, index: int) -> BoundStep:
        if (step := self.single[index]) is not None:
            return step
        if self._free_bytes <= 0 or self._free_objects <= 0:
            return self._load([index])
        trace, step = self._bind(collate([self._examples[index]]))
        # A trace with the columns of its own tokens can't share its memory.
        if not self._wide:
            self._scratch.setdefault(trace.batch.shape, trace)
        self.single[index] = step
        self._free_bytes -= sum(layer.z.nbytes for layer in trace.layers)
        self._free_objects -= _objects(trace)
        return step

    def _batch(self, indexes: Sequence[int]) -> BoundStep:
        if len(indexes) == 1:
            return self._single(indexes[0])
        if self._last is None or self._last[0] != indexes:
            self._last = None  # Loading may overwrite its trace.
            self._last = indexes, self._load(indexes)
        return self._last[1]

    def _bind(self, batch: Batch) -> tuple[Trace, BoundStep]:
        dtype, share = self._parameters.theta.dtype, self._scratch.get(batch.shape)
        trace = Trace(self._architecture, batch, dtype, share)
        bound = bind(self._parameters, trace, self._gradient, self.truncate)
        da = self._architecture.cell.all_errors(trace.layers[0])
        gradient = trace.bind_gradient(self._update)
        outputs, idle = len(trace.logits), 1 / sum(batch.read.counts)
        return trace, BoundStep(bound.forward, bound.backward, gradient, outputs, idle, da)

    def _load(self, indexes: Sequence[int]) -> BoundStep:
        """The step on these examples, in a cached trace of the same lengths if there is one."""
        batch = collate([self._examples[i] for i in indexes])
        if batch.shape in self._batches:
            trace, step, *_ = self._batches[batch.shape]
            trace.load(batch)
            return step
        trace, step = self._bind(batch)
        if all(columns is None for columns in trace.columns):
            self._batches[batch.shape] = trace, step, trace.nbytes, _objects(trace)
            while len(self._batches) > 1 and (
                sum(nbytes for *_, nbytes, _ in self._batches.values()) > self._limit
                or sum(objects for *_, objects in self._batches.values()) > _OBJECTS // 2
            ):
                del self._batches[next(iter(self._batches))]
        return step


def _objects(trace: Trace) -> int:
    """An upper estimate of the objects of a bound step that garbage collection visits."""
    # Those of each layer, of each product, and of each chunk of tokens.
    layer_objects = 40 + 2 * len(trace.architecture.cell.blocks)
    return sum(layer_objects + layer.extent.steps for layer in trace.layers)
