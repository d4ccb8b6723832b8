"""Training: one step a phrase, epochs of them, and how well the network does."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import NamedTuple, Protocol

import numpy as np

from rnnviz.config import ClipBy, Gradient, RunConfig
from rnnviz.engine.losses import accuracy, cross_entropy
from rnnviz.engine.model import backward, forward, gradient_of
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
    def tokens(self) -> Array:
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


class Tapes(Sequence[Trace]):
    """One trace for each example, made when first read and kept, up to ``limit`` bytes.

    Those of equal length share the memory of all that a pass overwrites.
    """

    def __init__(self, examples: Sequence[Example], sizes: Sizes, limit: int = 32_000_000) -> None:
        self.examples, self.sizes = examples, sizes
        self._room = limit
        self._kept: dict[int, Trace] = {}
        self._scratch: dict[int, Trace] = {}

    def __len__(self) -> int:
        return len(self.examples)

    def __getitem__(self, index: int) -> Trace:  # type: ignore[override]
        trace = self._kept.get(index)
        return self._make(index) if trace is None else trace

    def _make(self, index: int) -> Trace:
        example = self.examples[index]
        tokens, targets = example.tokens[:, None], np.array([example.target])
        trace = Trace(self.sizes, tokens, targets, share=self._scratch.get(len(tokens)))
        self._scratch.setdefault(len(tokens), trace)
        if self._room > 0:
            self._kept[index] = trace
            self._room -= trace.z.nbytes
        return trace


def begin(sizes: Sizes, config: RunConfig) -> TrainState:
    """The state at epoch 0: initial weights drawn from the seed."""
    return TrainState(initial_parameters(sizes, config.init_scale, config.seed))


@lru_cache(maxsize=16)
def order(seed: int, epoch: int, count: int) -> tuple[int, ...]:
    """The order in which the phrases are read in the epoch after ``epoch``."""
    rng = np.random.default_rng((seed, SHUFFLING, epoch))
    return tuple(rng.permutation(count).tolist())


def train_epoch(state: TrainState, tapes: Tapes, config: RunConfig) -> TrainState:
    """Read the phrases that are left of this epoch, one step each; ``state`` stays as it was."""
    return train_phrases(state, tapes, config, len(tapes) - state.position)


def train_step(state: TrainState, tapes: Tapes, config: RunConfig) -> TrainState:
    """Read one phrase and take one step; ``state`` stays as it was."""
    return train_phrases(state, tapes, config, 1)


def train_phrases(state: TrainState, tapes: Tapes, config: RunConfig, count: int) -> TrainState:
    """Take ``count`` steps of gradient descent inside one epoch, on a copy of the parameters.

    All of the way back is linear in dL/dlogits, so the learning rate is multiplied in there and
    what comes out is the step itself: theta -= clip(lr * gradient, lr * limit).
    """
    parameters, step = state.parameters.copy(), Parameters(state.parameters.sizes)
    rate, end = np.array(config.lr), state.position + count
    with np.errstate(over="ignore", invalid="ignore"):
        for index in order(config.seed, state.epoch, len(tapes))[state.position : end]:
            trace = tapes[index]
            forward(parameters, trace)
            backward(parameters, trace, config.gradient, rate)
            gradient_of(trace, step)
            if _may_clip(trace, config):
                clip(step.theta, config.clip_by, config.lr * config.clip)
            np.subtract(parameters.theta, step.theta, parameters.theta)
    if end == len(tapes):
        return TrainState(parameters, state.epoch + 1)
    return replace(state, parameters=parameters, position=end)


def _may_clip(trace: Trace, config: RunConfig) -> bool:
    """Whether clipping could change anything; False only where that is proved.

    By Cauchy-Schwarz |dL/dW_ij| <= ||da_i|| ||z_j|| <= ||da|| sqrt(T B), as no |z| exceeds 1. The
    gradient of the readout is at most |probs - onehot| <= 1.
    """
    if config.clip_by is not ClipBy.VALUE or config.clip < 1:
        return config.clip_by is not ClipBy.OFF
    da = trace.da_flat
    return bool(da.dot(da) * trace.z_columns.shape[1] > (config.lr * config.clip) ** 2)


def record(
    parameters: Parameters, tokens: Array, target: int, gradient: Gradient = Gradient.EXACT
) -> Trace:
    """The read-only trace of one phrase, forwards and back, with these parameters."""
    trace = Trace(parameters.sizes, tokens[:, None], np.array([target]))
    with np.errstate(over="ignore", invalid="ignore"):
        forward(parameters, trace)
        backward(parameters, trace, gradient)
    return trace.freeze()


def batches(examples: Sequence[Example], size: int = 256) -> list[tuple[Array, Array]]:
    """Examples of equal length side by side: pairs of tokens (T, B) and targets (B,), B <= size."""
    by_length: dict[int, list[Example]] = {}
    for example in examples:
        by_length.setdefault(len(example.tokens), []).append(example)
    parts = (g[i : i + size] for g in by_length.values() for i in range(0, len(g), size))
    return [
        (np.stack([e.tokens for e in part], axis=1), np.array([e.target for e in part]))
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
            forward(parameters, trace)
            probs.append(trace.probs)
            targets.append(wanted)
        every = np.concatenate(probs), np.concatenate(targets)
        return Score(float(cross_entropy(*every).mean()), accuracy(*every))
