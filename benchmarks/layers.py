"""The engine's layers on large batches: against PyTorch, and against the notebook's loop."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from statistics import median

import numpy as np

from benchmarks.table import Row
from rnnviz.config import Init, Precision, RunConfig
from rnnviz.engine.parameters import Architecture
from rnnviz.engine.training import TrainBuffers, begin, train_epoch
from rnnviz.tasks.dataset import Example

#: Tokens, sequences, units and different tokens of the batch.
T, B, H, V = 100, 32, 128, 65
WANTED = {"elman": 1.5, "gru": 1.2, "lstm": 0.8}
REPETITIONS = 41


def step_of(kind: str, examples: list[Example]) -> Callable[[], object]:
    """One training step of the engine in float32: forward, back, clipping by value and SGD."""
    number = Precision.SINGLE
    config = RunConfig(cell=kind, hidden=H, batch=B, dtype=number, init=Init.XAVIER, lr=0.01)
    network = Architecture(V, H, V, kind)
    workspace, state = TrainBuffers(examples, network, config), begin(network, config)
    return lambda: train_epoch(state, workspace, config)


def against_pytorch() -> Iterator[Row]:
    """How many times PyTorch's speed the engine has; nothing where PyTorch isn't installed."""
    try:
        from benchmarks.torch_layers import TorchStep  # noqa: PLC0415 - it may not be there
    except ImportError:
        return
    tokens = np.random.default_rng(0).integers(0, V, (T + 1, B))
    examples = [Example("", tokens[:-1, b], tokens[1:, b]) for b in range(B)]
    for kind, wanted in WANTED.items():
        theirs = TorchStep(kind, V, H, tokens[:-1], tokens[1:].reshape(-1))
        ratio = _ratio(theirs, step_of(kind, examples))
        name = f"{kind}, {B} x {T} tokens, H {H}, times PyTorch"
        yield Row(name, ratio, "x", at_least=wanted)


def _ratio(theirs: Callable[[], object], ours: Callable[[], object]) -> float:
    """The ratio of median CPU times, measured in turns after a few steps to warm up."""
    times = [[_seconds(theirs), _seconds(ours)] for _ in range(REPETITIONS + 4)][4:]
    first, second = (float(median(column)) for column in zip(*times, strict=True))
    return first / second


def _seconds(run: Callable[[], object]) -> float:
    before = time.process_time()
    run()
    return time.process_time() - before
