"""Training: optimizer steps, and epochs of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from rnnviz.config import ClipBy, Gradient, OptimizerKind, RunConfig
from rnnviz.engine.batch import Batch, Example, collate
from rnnviz.engine.bptt import bind
from rnnviz.engine.initializers import SHUFFLING, initial_parameters
from rnnviz.engine.layer_buffers import Array
from rnnviz.engine.optimizers import OPTIMIZERS, Slots, clip, slots_for
from rnnviz.engine.parameters import Architecture, Parameters
from rnnviz.engine.trace import WIDE, Trace

#: Networks with more weights write each example into a shared trace, at 1% of a step's time.
_SMALL = 200_000
#: Most objects of cached steps. Garbage collection visits all of them and stops every thread.
_OBJECTS = 50_000


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


class Step(NamedTuple):
    """One batch, bound for training; ``outputs`` is the number of its outputs.

    If ||da||^2 <= idle * limit^2, clipping cannot act.
    """

    forward: Callable[[], object]
    backward: Callable[[float], None]
    gradient: Callable[[], object]
    outputs: int
    idle: float
    da: Array


class _Loaded(NamedTuple):
    """A trace for batches of some lengths, the step on it, and what it takes of the limits."""

    trace: Trace
    step: Step
    nbytes: int
    objects: int


class TrainBuffers:
    """The memory of a training run: its current state, an update and bound steps.

    In small networks, steps on single examples are cached, up to ``limit`` / 12 bytes of states;
    examples of equal length share what a pass overwrites. All other examples and batches are
    loaded into a trace for their lengths. With a wide vocabulary nothing can be shared, and up to
    ``limit`` bytes are cached. The number of objects that garbage collection visits is limited too.
    """

    def __init__(
        self,
        examples: Sequence[Example],
        architecture: Architecture,
        config: RunConfig,
        limit: int = 12_000_000,
    ) -> None:
        self.examples, self.architecture = examples, architecture
        self.gradient, self.truncate = config.gradient, config.truncate
        self.parameters = Parameters(architecture, dtype=config.dtype.value)
        self.update = Parameters(architecture, dtype=config.dtype.value)
        self.epoch, self.offset, self.slots = 0, 0, Slots()
        self.longest = max(len(example.inputs) for example in examples)
        self._limit = limit
        self.forget()

    def forget(self) -> None:
        """Drop all bound steps."""
        self.single: list[Step | None] = [None] * len(self.examples)
        small = self.parameters.theta.size < _SMALL
        self._free_bytes = self._limit if self.wide else small * self._limit // 12
        self._free_objects = _OBJECTS if self.wide else _OBJECTS // 2
        self._scratch: dict[object, Trace] = {}
        self._batches: dict[object, _Loaded] = {}
        self._last: tuple[Sequence[int], Step] | None = None

    def __len__(self) -> int:
        return len(self.examples)

    @property
    def now(self) -> TrainState:
        """The current state; not a copy."""
        return TrainState(self.parameters, self.epoch, self.offset, self.slots)

    def enter(self, state: TrainState) -> None:
        """Copy ``state`` in, to continue from it."""
        self.parameters.theta[...] = state.parameters.theta
        self.epoch, self.offset, self.slots = state.epoch, state.offset, state.slots.copy()

    @property
    def wide(self) -> bool:
        """Whether only the columns of tokens that occur are used."""
        return max(self.architecture.stacks.values()) > WIDE

    @property
    def plain(self) -> bool:
        """Whether one Elman tanh layer reads tokens and answers one class."""
        kind = self.architecture._replace(inputs=0, hidden=0, outputs=0)
        example = self.examples[0]
        return (
            kind == Architecture(0, 0, 0) and len(example.targets) == 1 and example.inputs.ndim == 1
        )

    def steps(self, indexes: Sequence[int], batch: int) -> Iterable[Step]:
        """The steps on these examples, ``batch`` at a time; use each before taking the next."""
        if batch == 1:
            return map(self._single, indexes)
        starts = range(0, len(indexes), batch)
        return (self._batch(indexes[start : start + batch]) for start in starts)

    def _single(self, index: int) -> Step:
        step = self.single[index]
        if step is not None:
            return step
        if self._free_bytes <= 0 or self._free_objects <= 0:
            return self._load([index])
        batch = collate([self.examples[index]])
        key = batch.shape
        trace = Trace(self.architecture, batch, self.parameters.theta.dtype, self._scratch.get(key))
        # A trace with the columns of its own tokens can't share its memory.
        if not self.wide:
            self._scratch.setdefault(key, trace)
        step = self._bind(trace)
        self.single[index] = step
        self._free_bytes -= sum(layer.z.nbytes for layer in trace.layers)
        self._free_objects -= _objects(trace)
        return step

    def _bind(self, trace: Trace) -> Step:
        bound = bind(self.parameters, trace, self.gradient, self.truncate)
        da = self.architecture.cell.all_errors(trace.layers[0])
        gradient = trace.bind_gradient(self.update)
        outputs, idle = len(trace.logits), 1 / sum(trace.batch.read.counts)
        return Step(bound.forward, bound.backward, gradient, outputs, idle, da)

    def _batch(self, indexes: Sequence[int]) -> Step:
        if len(indexes) == 1:
            return self._single(indexes[0])
        if self._last is None or self._last[0] != indexes:
            self._last = None  # Loading may overwrite its trace.
            self._last = indexes, self._load(indexes)
        return self._last[1]

    def _load(self, indexes: Sequence[int]) -> Step:
        """The step on these examples, in a cached trace of the same lengths if there is one."""
        batch = collate([self.examples[i] for i in indexes])
        key = batch.shape
        if key in self._batches:
            loaded = self._batches[key]
            loaded.trace.load(batch)
            return loaded.step
        trace = Trace(self.architecture, batch, self.parameters.theta.dtype, self._scratch.get(key))
        step = self._bind(trace)
        if not any(columns is not None for columns in trace.columns):
            self._cache(key, trace, step)
        return step

    def _cache(self, key: object, trace: Trace, step: Step) -> None:
        """Cache a step, and evict the oldest ones beyond the limits."""
        self._batches[key] = _Loaded(trace, step, trace.nbytes, _objects(trace))
        free_bytes = self._limit - sum(loaded.nbytes for loaded in self._batches.values())
        free_objects = _OBJECTS // 2 - sum(loaded.objects for loaded in self._batches.values())
        while min(free_bytes, free_objects) < 0 and len(self._batches) > 1:
            oldest = self._batches.pop(next(iter(self._batches)))
            free_bytes, free_objects = free_bytes + oldest.nbytes, free_objects + oldest.objects


def _objects(trace: Trace) -> int:
    """About how many objects of a bound step garbage collection visits, at most.

    They are those of each layer, of each product, and of each chunk of tokens.
    """
    layer_objects = 40 + 2 * len(trace.architecture.cell.blocks)
    return sum(layer_objects + layer.extent.steps for layer in trace.layers)


def begin(architecture: Architecture, config: RunConfig) -> TrainState:
    """The state at epoch 0: initial weights drawn from the seed."""
    return TrainState(initial_parameters(architecture, config))


@lru_cache(maxsize=16)
def order(seed: int, epoch: int, count: int, batch: int = 1) -> tuple[int, ...]:
    """The order of the examples in the epoch after ``epoch``; a single batch isn't shuffled."""
    if batch >= count:
        return tuple(range(count))
    rng = np.random.default_rng((seed, SHUFFLING, epoch))
    return tuple(rng.permutation(count).tolist())


def train_epoch(state: TrainState, workspace: TrainBuffers, config: RunConfig) -> TrainState:
    """Train on the rest of this epoch's examples; ``state`` isn't changed."""
    return train_examples(state, workspace, config, len(workspace) - state.offset)


def train_examples(
    state: TrainState, workspace: TrainBuffers, config: RunConfig, count: int
) -> TrainState:
    """Train on ``count`` examples within one epoch; ``state`` isn't changed."""
    workspace.enter(state)
    train_on(workspace, config, count)
    return workspace.now.copy()


def train_on(workspace: TrainBuffers, config: RunConfig, count: int) -> None:
    """Train on ``count`` examples within the current epoch, one step for each batch."""
    if workspace.truncate != config.truncate:
        workspace.forget()
        workspace.truncate = config.truncate
    start, end = workspace.offset, workspace.offset + count
    indexes = order(config.seed, workspace.epoch, len(workspace), config.batch)[start:end]
    steps = workspace.steps(indexes, config.batch)
    with np.errstate(all="ignore"):
        if config.optimizer is OptimizerKind.SGD:
            workspace.slots = _descend(steps, workspace, config)
        else:
            workspace.slots = _optimize(steps, workspace, config)
    workspace.offset = end
    if end == len(workspace):
        workspace.epoch, workspace.offset = workspace.epoch + 1, 0


def _descend(steps: Iterable[Step], workspace: TrainBuffers, config: RunConfig) -> Slots:
    """Plain gradient descent, theta -= clip(lr g, lr limit).

    The backward pass is linear in dlogits, so that scaling these by lr gives the step itself.
    """
    theta, update = workspace.parameters.theta, workspace.update.theta
    rate, limit = config.lr, config.lr * config.clip
    idle_limit, subtract = _idle_limit(config, workspace), np.subtract
    for forward, backward, gradient, outputs, idle, da in steps:
        forward()
        backward(rate / outputs)
        gradient()
        if idle_limit < 0 or not da.dot(da) <= idle_limit * idle:
            clip(update, config.clip_by, limit)
        subtract(theta, update, theta)
    return Slots()


def _idle_limit(config: RunConfig, workspace: TrainBuffers) -> float:
    """Bound on M ||lr da||^2 (M tokens) below which clipping has no effect; -1 if none is known.

    By Cauchy-Schwarz |dL/dW_ij| <= ||da_i|| ||z_j|| <= ||da|| sqrt(M), as |z| <= 1; the readout's
    gradient is at most |probs - onehot| <= 1.
    """
    if config.clip_by is ClipBy.OFF:
        return float("inf")
    provable = config.clip_by is ClipBy.VALUE and config.clip >= 1 and workspace.plain
    return (config.lr * config.clip) ** 2 if provable else -1.0


def _optimize(steps: Iterable[Step], workspace: TrainBuffers, config: RunConfig) -> Slots:
    theta, update = workspace.parameters.theta, workspace.update.theta
    slots = slots_for(config.optimizer, theta, workspace.slots)
    optimizer, count = OPTIMIZERS[config.optimizer], slots.steps
    for step in steps:
        step.forward()
        step.backward(1 / step.outputs)
        step.gradient()
        clip(update, config.clip_by, config.clip)
        count += 1
        optimizer.step(update, slots.arrays, count, config.lr)
        np.subtract(theta, update, theta)
    return replace(slots, steps=count)


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
    """The three parts of a ``Descent``, one after the other in the same memory."""
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
) -> Trace:
    """The read-only trace of a forward and backward pass; the loss is the mean over the outputs."""
    trace = Trace(parameters.architecture, batch, parameters.theta.dtype)
    bound = bind(parameters, trace, gradient, truncate)
    with np.errstate(all="ignore"):
        bound.forward()
        bound.backward(1 / len(trace.logits))
    return trace.freeze()
