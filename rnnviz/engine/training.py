"""Training: one step a phrase, epochs of them, and how well the network does."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, NamedTuple, Protocol

import numpy as np

from rnnviz.config import ClipBy, Gradient, RunConfig
from rnnviz.engine.losses import accuracy, cross_entropy
from rnnviz.engine.model import bind
from rnnviz.engine.optimizers import clip
from rnnviz.engine.parameters import (
    SHUFFLING,
    Array,
    Parameters,
    Sizes,
    initial_parameters,
)
from rnnviz.engine.trace import Trace


class Example(Protocol):
    """A phrase to learn: token numbers (T,) and the number of its class."""

    @property
    def inputs(self) -> Array:
        """Token numbers, (T,)."""

    @property
    def target(self) -> int:
        """The number of the class."""


class Score(NamedTuple):
    """How well a set of phrases is known: mean loss in nats, and share answered rightly."""

    loss: float
    accuracy: float


@dataclass(frozen=True, eq=False)
class TrainState:
    """Where a run is: parameters after ``epoch`` epochs and ``position`` phrases more."""

    parameters: Parameters
    epoch: int = 0
    position: int = 0


class Step(NamedTuple):
    """One phrase, bound for training: forward, backward, the gradient of the parameters."""

    forward: Callable[[], None]
    backward: Callable[[float], None]
    gradient: Callable[[], None]
    da: Array
    da_dot: Callable[[Array], Any]


class Workspace:
    """The memory in which a run trains: parameters, an update, and a ``Step`` for each example.

    Steps are made when first asked for and kept, up to ``limit`` bytes; examples of equal length
    share all that a pass overwrites.
    """

    def __init__(
        self,
        examples: Sequence[Example],
        sizes: Sizes,
        gradient: Gradient = Gradient.EXACT,
        limit: int = 32_000_000,
    ) -> None:
        self.examples, self.gradient = examples, gradient
        self.parameters, self.update = Parameters(sizes), Parameters(sizes)
        self.longest = max(len(example.inputs) for example in examples)
        self.steps: list[Step | None] = [None] * len(examples)
        self._room = limit
        self._scratch: dict[int, Trace] = {}

    def __len__(self) -> int:
        return len(self.examples)

    def bind(self, index: int) -> Step:
        """Make the step on one example, and keep it while there is room."""
        example = self.examples[index]
        tokens, targets = example.inputs[:, None], np.array([example.target])
        shared = self._scratch.get(len(tokens))
        trace = Trace(self.parameters.sizes, tokens, targets, share=shared)
        self._scratch.setdefault(len(tokens), trace)
        there = bind(self.parameters, trace, self.gradient)
        gradient = trace.bind_gradient(self.update)
        da = trace.da.reshape(-1)
        step = Step(there.forward, there.backward, gradient, da, da.dot)
        if self._room > 0:
            self.steps[index] = step
            self._room -= trace.z.nbytes
        return step


def begin(sizes: Sizes, config: RunConfig) -> TrainState:
    """The state at epoch 0: initial weights drawn from the seed."""
    return TrainState(initial_parameters(sizes, config.init_scale, config.seed))


@lru_cache(maxsize=16)
def order(seed: int, epoch: int, count: int) -> tuple[int, ...]:
    """The order in which the phrases are read in the epoch after ``epoch``."""
    rng = np.random.default_rng((seed, SHUFFLING, epoch))
    return tuple(rng.permutation(count).tolist())


def train_epoch(state: TrainState, workspace: Workspace, config: RunConfig) -> TrainState:
    """Read the phrases that are left of this epoch, one step each; ``state`` stays as it was."""
    return train_phrases(state, workspace, config, len(workspace) - state.position)


def train_phrases(
    state: TrainState, workspace: Workspace, config: RunConfig, count: int
) -> TrainState:
    """Take ``count`` steps of gradient descent inside one epoch; ``state`` stays as it was.

    All of the way back is linear in dL/dlogits, so the learning rate is multiplied in there and
    what comes out is the step itself: theta -= clip(lr * gradient, lr * limit).
    """
    theta, update = workspace.parameters.theta, workspace.update.theta
    theta[...] = state.parameters.theta
    end = state.position + count
    rate, limit = config.lr, config.lr * config.clip
    idle = _idle(config, workspace.longest)
    steps, subtract = workspace.steps, np.subtract
    with np.errstate(over="ignore", invalid="ignore"):
        for index in order(config.seed, state.epoch, len(workspace))[state.position : end]:
            forward, backward, gradient, da, da_dot = steps[index] or workspace.bind(index)
            forward()
            backward(rate)
            gradient()
            if not da_dot(da) <= idle:
                clip(update, config.clip_by, limit)
            subtract(theta, update, theta)
    after = workspace.parameters.copy()
    if end == len(workspace):
        return TrainState(after, state.epoch + 1)
    return replace(state, parameters=after, position=end)


def _idle(config: RunConfig, tokens: int) -> float:
    """Up to which ||lr da||^2 clipping provably changes nothing, for phrases of so many tokens.

    By Cauchy-Schwarz |dL/dW_ij| <= ||da_i|| ||z_j|| <= ||da|| sqrt(T), as no |z| exceeds 1; and the
    readout's gradient is at most |probs - onehot| <= 1.
    """
    if config.clip_by is ClipBy.OFF:
        return float("inf")
    provable = config.clip_by is ClipBy.VALUE and config.clip >= 1
    return (config.lr * config.clip) ** 2 / tokens if provable else -1.0


class Descent(NamedTuple):
    """One step from gradient to update: before clipping, after it, and what is subtracted."""

    gradient: Parameters
    clipped: Parameters
    update: Parameters


def descent(trace: Trace, config: RunConfig) -> Descent:
    """The step that training with ``config`` would take on the phrase of ``trace``."""
    gradient = trace.gradient
    clipped = gradient.copy()
    clip(clipped.theta, config.clip_by, config.clip)
    return Descent(gradient, clipped, Parameters(trace.sizes, config.lr * clipped.theta))


def record(
    parameters: Parameters, tokens: Array, target: int, gradient: Gradient = Gradient.EXACT
) -> Trace:
    """The read-only trace of one phrase, forwards and back, with these parameters."""
    trace = Trace(parameters.sizes, tokens[:, None], np.array([target]))
    there = bind(parameters, trace, gradient)
    with np.errstate(over="ignore", invalid="ignore"):
        there.forward()
        there.backward(1.0)
    return trace.freeze()


def batches(examples: Sequence[Example], size: int = 256) -> list[tuple[Array, Array]]:
    """Examples of equal length side by side: pairs of tokens (T, B) and targets (B,), B <= size."""
    by_length: dict[int, list[Example]] = {}
    for example in examples:
        by_length.setdefault(len(example.inputs), []).append(example)
    parts = (g[i : i + size] for g in by_length.values() for i in range(0, len(g), size))
    return [
        (np.stack([e.inputs for e in part], axis=1), np.array([e.target for e in part]))
        for part in parts
    ]


def evaluate(parameters: Parameters, groups: Iterable[tuple[Array, Array]]) -> Score:
    """Loss and accuracy over all the phrases of ``batches``; no step is taken.

    The loss is infinite or not a number where the network has diverged.
    """
    probs, targets = [], []
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        for tokens, wanted in groups:
            trace = Trace(parameters.sizes, tokens, wanted)
            bind(parameters, trace).forward()
            probs.append(trace.probs)
            targets.append(wanted)
        every = np.concatenate(probs), np.concatenate(targets)
        return Score(float(cross_entropy(*every).mean()), accuracy(*every))
