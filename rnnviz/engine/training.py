"""Training: optimizer steps, and epochs of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from rnnviz.config import ClipBy, Gradient, Loss, OptimizerKind, RunConfig
from rnnviz.engine.batch import Batch, Example, collate
from rnnviz.engine.bptt import bind
from rnnviz.engine.initializers import SHUFFLING, initial_parameters
from rnnviz.engine.layer_buffers import Array
from rnnviz.engine.optimizers import OPTIMIZERS, Slots, clip, slots_for
from rnnviz.engine.parameters import Architecture, Parameters
from rnnviz.engine.trace import WIDE, Trace

#: With so many weights writing an example takes about a hundredth of a step.
_SMALL = 200_000


@dataclass(frozen=True, eq=False)
class TrainState:
    """Where a run is: parameters after ``epoch`` epochs and ``offset`` examples more."""

    parameters: Parameters
    epoch: int = 0
    offset: int = 0
    slots: Slots = field(default_factory=Slots)

    def copy(self) -> TrainState:
        """The same state with its own memory."""
        return replace(self, parameters=self.parameters.copy(), slots=self.slots.copy())


class Step(NamedTuple):
    """One batch, bound for training: forward, backward, the gradient, how many outputs it has.

    Up to ``idle``, as a share of the limit's square, ||da||^2 is too small for clipping to matter.
    """

    forward: Callable[[], object]
    backward: Callable[[float], None]
    gradient: Callable[[], object]
    outputs: int
    idle: float
    da: Array
    da_dot: Callable[[Array], Any]


class TrainBuffers:
    """The memory in which a run trains: parameters, an update, and a ``Step`` for each example.

    It is at some place of a run, and goes on from there step by step.

    Steps on single examples are made when first asked for and kept, up to a twelfth of ``limit``
    bytes of states, if the network is so small that this can be felt; examples of equal length
    share all that a pass overwrites. The others, and batches, are written one after the other into
    a trace for their lengths. With a large vocabulary nothing can be shared, and more steps are
    kept.
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
        """Let go of all steps."""
        self.single: list[Step | None] = [None] * len(self.examples)
        small = self.parameters.theta.size < _SMALL
        self._room = self._limit if self.wide else small * self._limit // 12
        self._scratch: dict[object, Trace] = {}
        self._batches: dict[object, tuple[Trace, Step]] = {}
        self._last: tuple[Sequence[int], Step] | None = None

    def __len__(self) -> int:
        return len(self.examples)

    @property
    def now(self) -> TrainState:
        """Where it is; what it goes on from is the very memory of this state."""
        return TrainState(self.parameters, self.epoch, self.offset, self.slots)

    def enter(self, state: TrainState) -> None:
        """Go on from ``state``, which stays as it is."""
        self.parameters.theta[...] = state.parameters.theta
        self.epoch, self.offset, self.slots = state.epoch, state.offset, state.slots.copy()

    @property
    def wide(self) -> bool:
        """Whether the vocabulary is read through the columns of the tokens that occur."""
        return max(self.architecture.stacks.values()) > WIDE

    @property
    def plain(self) -> bool:
        """Whether each example has one verdict of one Elman layer that reads tokens."""
        made = self.architecture._replace(inputs=0, hidden=0, outputs=0)
        example = self.examples[0]
        classes = made == Architecture(0, 0, 0) and self.architecture.loss is Loss.CROSS_ENTROPY
        return classes and len(example.targets) == 1 and example.inputs.ndim == 1

    def steps(self, indexes: Sequence[int], batch: int) -> Iterable[Step]:
        """The steps on these examples, ``batch`` at a time; each is to be taken before the next."""
        if batch == 1:
            return map(self._alone, indexes)
        starts = range(0, len(indexes), batch)
        return (self._together(indexes[start : start + batch]) for start in starts)

    def _alone(self, index: int) -> Step:
        """The step on one example, its own while there is room for it."""
        kept = self.single[index]
        if kept is None:
            kept = self._bind_single(index) if self._room > 0 else self._loaded([index])
        return kept

    def _bind_single(self, index: int) -> Step:
        """Make the step on one example, and keep it."""
        batch = collate([self.examples[index]])
        key = batch.shape
        trace = Trace(self.architecture, batch, self.parameters.theta.dtype, self._scratch.get(key))
        # Where only the columns of its own tokens are there, others can't share its memory.
        if not self.wide:
            self._scratch.setdefault(key, trace)
        step = self._bind(trace)
        self.single[index] = step
        self._room -= sum(layer.z.nbytes for layer in trace.layers)
        return step

    def _bind(self, trace: Trace) -> Step:
        there = bind(self.parameters, trace, self.gradient, self.truncate)
        da = self.architecture.cell.errors(trace.layers[0])[0].reshape(-1)
        gradient = trace.bind_gradient(self.update)
        outputs, idle = len(trace.logits), 1 / sum(trace.batch.read.counts)
        return Step(there.forward, there.backward, gradient, outputs, idle, da, da.dot)

    def _together(self, indexes: Sequence[int]) -> Step:
        """The step on these examples; what was written for it before needn't be written again."""
        if len(indexes) == 1:
            return self._alone(indexes[0])
        if self._last is None or self._last[0] != indexes:
            self._last = None  # Its trace may be the one that is written now.
            self._last = indexes, self._loaded(indexes)
        return self._last[1]

    def _loaded(self, indexes: Sequence[int]) -> Step:
        """The step on them in a trace that was there for such lengths, if one was."""
        batch = collate([self.examples[i] for i in indexes])
        key = batch.shape
        if key in self._batches:
            trace, step = self._batches[key]
            trace.load(batch)
            return step
        trace = Trace(self.architecture, batch, self.parameters.theta.dtype, self._scratch.get(key))
        step = self._bind(trace)
        if not any(columns is not None for columns in trace.columns):
            self._keep(key, trace, step)
        return step

    def _keep(self, key: object, trace: Trace, step: Step) -> None:
        """Keep a trace for batches of such lengths, and let the eldest go for it."""
        self._batches[key] = trace, step
        room = self._limit - sum(kept.nbytes for kept, _ in self._batches.values())
        while room < 0 and len(self._batches) > 1:
            eldest, _ = self._batches.pop(next(iter(self._batches)))
            room += eldest.nbytes


def begin(architecture: Architecture, config: RunConfig) -> TrainState:
    """The state at epoch 0: initial weights drawn from the seed."""
    return TrainState(initial_parameters(architecture, config))


@lru_cache(maxsize=16)
def order(seed: int, epoch: int, count: int, batch: int = 1) -> tuple[int, ...]:
    """The order in which the examples are read in the epoch after ``epoch``.

    Where one batch holds them all there is nothing to shuffle.
    """
    if batch >= count:
        return tuple(range(count))
    rng = np.random.default_rng((seed, SHUFFLING, epoch))
    return tuple(rng.permutation(count).tolist())


def train_epoch(state: TrainState, workspace: TrainBuffers, config: RunConfig) -> TrainState:
    """Read the examples that are left of this epoch; ``state`` stays as it was."""
    return train_examples(state, workspace, config, len(workspace) - state.offset)


def train_examples(
    state: TrainState, workspace: TrainBuffers, config: RunConfig, count: int
) -> TrainState:
    """Read ``count`` examples inside one epoch, a step a batch; ``state`` stays as it was."""
    workspace.enter(state)
    train_on(workspace, config, count)
    return workspace.now.copy()


def train_on(workspace: TrainBuffers, config: RunConfig, count: int) -> None:
    """Read ``count`` examples inside the epoch in which the workspace is, a step a batch."""
    if workspace.truncate != config.truncate:
        workspace.forget()
        workspace.truncate = config.truncate
    start, end = workspace.offset, workspace.offset + count
    indexes = order(config.seed, workspace.epoch, len(workspace), config.batch)[start:end]
    steps = workspace.steps(indexes, config.batch)
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        if config.optimizer is OptimizerKind.SGD:
            workspace.slots = _descend(steps, workspace, config)
        else:
            workspace.slots = _optimize(steps, workspace, config)
    workspace.offset = end
    if end == len(workspace):
        workspace.epoch, workspace.offset = workspace.epoch + 1, 0


def _descend(steps: Iterable[Step], workspace: TrainBuffers, config: RunConfig) -> Slots:
    """Plain gradient descent, theta -= clip(lr g, lr limit).

    All of the way back is linear in dL/dlogits, so the learning rate is multiplied in there and
    what comes out is the step itself.
    """
    theta, update = workspace.parameters.theta, workspace.update.theta
    rate, limit = config.lr, config.lr * config.clip
    bound, subtract = _idle(config, workspace), np.subtract
    for forward, backward, gradient, outputs, idle, da, da_dot in steps:
        forward()
        backward(rate / outputs)
        gradient()
        if bound < 0 or not da_dot(da) <= bound * idle:
            clip(update, config.clip_by, limit)
        subtract(theta, update, theta)
    return Slots()


def _idle(config: RunConfig, workspace: TrainBuffers) -> float:
    """Up to which M ||lr da||^2 clipping provably changes nothing at M tokens; -1: unknown.

    By Cauchy-Schwarz |dL/dW_ij| <= ||da_i|| ||z_j|| <= ||da|| sqrt(M), as no |z| exceeds 1; and
    the readout's gradient is at most |probs - onehot| <= 1.
    """
    if config.clip_by is ClipBy.OFF:
        return float("inf")
    provable = config.clip_by is ClipBy.VALUE and config.clip >= 1 and workspace.plain
    return (config.lr * config.clip) ** 2 if provable else -1.0


def _optimize(steps: Iterable[Step], workspace: TrainBuffers, config: RunConfig) -> Slots:
    theta, update = workspace.parameters.theta, workspace.update.theta
    slots = slots_for(config.optimizer, theta, workspace.slots)
    rule, count = OPTIMIZERS[config.optimizer], slots.steps
    for step in steps:
        step.forward()
        step.backward(1 / step.outputs)
        step.gradient()
        clip(update, config.clip_by, config.clip)
        count += 1
        rule.step(update, slots.arrays, count, config.lr)
        np.subtract(theta, update, theta)
    return replace(slots, steps=count)


class Descent(NamedTuple):
    """One step from gradient to update: before clipping, after it, and what is subtracted."""

    gradient: Parameters
    clipped: Parameters
    update: Parameters


def descent(trace: Trace, config: RunConfig, before: Slots | None = None) -> Descent:
    """The step that training with ``config`` would take on the batch of ``trace``."""
    return Descent(*(step.copy() for step in update_parts(trace, config, before)))


def update_parts(
    trace: Trace, config: RunConfig, before: Slots | None = None
) -> Iterator[Parameters]:
    """The same three, one after the other in the same memory."""
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
    """The read-only trace of some examples, forwards and back, with these parameters.

    The loss that is carried back is the mean over the outputs.
    """
    trace = Trace(parameters.architecture, batch, parameters.theta.dtype)
    there = bind(parameters, trace, gradient, truncate)
    with np.errstate(over="ignore", invalid="ignore"):
        there.forward()
        there.backward(1 / len(trace.logits))
    return trace.freeze()
